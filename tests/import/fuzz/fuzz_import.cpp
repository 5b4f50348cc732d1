// libFuzzer target: any bytes are read, or refused with a numbered error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nib/base/error.h"
#include "nib/import/import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  nib::importer::Options options;
  options.max_file_bytes = std::uintmax_t{1} << 20;
  options.argmax = size % 2 == 1;
  try {
    (void)nib::importer::parse_model(bytes, "fuzz.onnx", options);
  } catch (const nib::Error&) {
  }
  return 0;
}
