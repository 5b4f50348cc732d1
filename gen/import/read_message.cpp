// Bytes -> protobuf message, within limits.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstring>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

namespace io = google::protobuf::io;

constexpr std::size_t kTrailer = 18;  // header, CRC and length of an empty gzip file

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

/// Decompresses; the result is at most `limit` bytes.
std::string inflate(std::string_view bytes, std::uintmax_t limit) {
  io::ArrayInputStream packed(bytes.data(), static_cast<int>(bytes.size()));
  io::GzipInputStream stream(&packed, io::GzipInputStream::GZIP);
  std::string out;
  const void* chunk = nullptr;
  int size = 0;
  while (stream.Next(&chunk, &size)) {
    if (out.size() + static_cast<std::size_t>(size) > limit) {
      fail(ErrorCode::E201, "more than " + std::to_string(limit) + " bytes when decompressed");
    }
    out.append(static_cast<const char*>(chunk), static_cast<std::size_t>(size));
  }
  // At the end of its input the stream reports an end whether or not the data is complete: the last
  // four bytes of a gzip file are the length of what it holds.
  std::uint32_t stated = 0;
  if (bytes.size() >= kTrailer) {
    std::memcpy(&stated, bytes.data() + bytes.size() - sizeof(stated), sizeof(stated));
  }
  if (stream.ZlibErrorCode() < 0 || bytes.size() < kTrailer || stated != out.size()) {
    fail(ErrorCode::E202, "the gzip data is damaged or cut short");
  }
  return out;
}

}  // namespace

void read_message(std::string_view bytes, std::uintmax_t max_bytes, onnx::ModelProto& model) {
  constexpr std::uintmax_t kHardLimit = (std::uintmax_t{1} << 31) - 1;  // int32 of protobuf
  const std::uintmax_t limit = std::min(max_bytes, kHardLimit);
  if (bytes.size() > limit) {
    fail(ErrorCode::E201,
         std::to_string(bytes.size()) + " bytes, at most " + std::to_string(limit) + " are read");
  }
  std::string inflated;
  if (is_gzip(bytes)) {
    inflated = inflate(bytes, limit);
    bytes = inflated;
  }
  if (bytes.empty()) fail(ErrorCode::E202, "the file is empty");
  scan_wire(bytes);
  io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxNesting);  // scan_wire counted already
  stream.SetTotalBytesLimit(static_cast<int>(bytes.size()));
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    fail(ErrorCode::E202, "the bytes are no ONNX message, are cut short, or nest too deeply");
  }
  if (!model.has_graph()) fail(ErrorCode::E202, "the file has no graph");
}

}  // namespace nib::importer
