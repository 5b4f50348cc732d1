// Reads gzipped IDX files (the format of MNIST) for tests.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace nib::test {

/// An array of bytes: images are count x rows x columns, labels count.
struct IdxArray {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> data;
};

/// The bytes of a gzipped file.
inline std::string read_gz(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::string bytes, buffer(1 << 16, '\0');
  int got = 0;
  while ((got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    bytes.append(buffer, 0, static_cast<std::size_t>(got));
  }
  gzclose(file);
  if (got < 0) throw std::runtime_error("cannot unpack " + path.string());
  return bytes;
}

/// A gzipped IDX file of unsigned bytes.
inline IdxArray read_idx_gz(const std::filesystem::path& path) {
  const std::string bytes = read_gz(path);
  const auto byte = [&](std::size_t i) -> std::int64_t {
    if (i >= bytes.size()) throw std::runtime_error("truncated: " + path.string());
    return static_cast<unsigned char>(bytes[i]);
  };
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != 8) {
    throw std::runtime_error("no IDX file of bytes: " + path.string());
  }
  IdxArray array;
  std::size_t at = 4;
  std::int64_t count = 1;
  for (std::int64_t axis = 0; axis < byte(3); ++axis, at += 4) {
    array.shape.push_back(byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3));
    count *= array.shape.back();
  }
  if (static_cast<std::int64_t>(bytes.size() - at) != count) {
    throw std::runtime_error("wrong length: " + path.string());
  }
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
  return array;
}

}  // namespace nib::test
