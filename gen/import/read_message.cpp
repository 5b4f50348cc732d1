// Bytes -> protobuf message, within limits.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

namespace io = google::protobuf::io;

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

/// Decompresses all members of a gzip file (RFC 1952); the result is at most `limit` bytes.
std::string inflate(std::string_view bytes, std::uintmax_t limit) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 1 << 16> chunk{};
  for (int state = Z_OK; state != Z_STREAM_END || stream.avail_in > 0;) {
    if (state == Z_STREAM_END) inflateReset(&stream);  // the next member
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    state = ::inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) {
      fail(ErrorCode::E202, "the gzip data is damaged or cut short");
    }
    const std::size_t size = chunk.size() - stream.avail_out;
    if (out.size() + size > limit) {
      fail(ErrorCode::E201, "more than " + std::to_string(limit) + " bytes when decompressed");
    }
    out.append(chunk.data(), size);
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
