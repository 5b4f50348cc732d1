// Real networks and data of the shared folder, for tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nib/base/check.h"
#include "nib/graph/graph.h"
#include "nib/import/import.h"
#include "nib/num/npy.h"
#include "nib/num/port_type.h"

namespace nib::testing {

inline std::string shared(const std::string& path) {
  return std::string(NIB_SHARED_DIR) + "/" + path;
}
/// False, with a message, where the shared file is missing.
inline bool have(const std::string& path) {
  if (std::filesystem::exists(shared(path))) return true;
  MESSAGE("skipped: no " << shared(path));
  return false;
}

inline graph::Graph model(const std::string& file, const std::string& type = {},
                          bool argmax = false) {
  importer::Options options;
  options.argmax = argmax;
  if (!type.empty()) {
    options.input_types.push_back({"", graph::InputType{parse_port_type(type).value(), {}}});
  }
  return importer::read_model(shared("models/" + file), options);
}

/// Bytes of an IDX.gz file behind its header of `header` bytes.
inline std::vector<std::uint8_t> idx_bytes(const std::string& path, std::size_t header) {
  std::vector<std::uint8_t> bytes;
  FILE* pipe = popen(("gzip -dc '" + shared(path) + "'").c_str(), "r");
  NIB_CHECK(pipe != nullptr, "gzip");
  std::uint8_t buffer[65536];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    bytes.insert(bytes.end(), buffer, buffer + n);
  }
  NIB_CHECK(pclose(pipe) == 0 && bytes.size() > header, path);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
  return bytes;
}
/// The first `rows` MNIST test digits as bytes, 784 each.
inline std::vector<std::uint8_t> digits(std::int64_t rows) {
  auto bytes = idx_bytes("data/mnist-t10k-images-idx3-ubyte.gz", 16);
  bytes.resize(static_cast<std::size_t>(rows) * 784);
  return bytes;
}
inline std::vector<std::uint8_t> digit_labels(std::int64_t rows) {
  auto bytes = idx_bytes("data/mnist-t10k-labels-idx1-ubyte.gz", 8);
  bytes.resize(static_cast<std::size_t>(rows));
  return bytes;
}

/// The first `rows` rows of an array, flat; all where rows < 0.
inline Tensor<double> rows_of(const std::string& path, std::int64_t rows = -1) {
  Tensor<double> all = to_reals(read_npy(shared(path)));
  const std::int64_t total = all.shape.at(0), width = all.size() / total;
  if (rows < 0 || rows > total) rows = total;
  all.data.resize(static_cast<std::size_t>(rows * width));
  all.shape = {rows, width};
  return all;
}

/// Reals on the grid 2^-fraction within a signed word, half-up: what a front end would send.
inline Tensor<double> on_grid(Tensor<double> reals, int bits, int fraction) {
  const double step = std::ldexp(1, -fraction), peak = std::ldexp(1, bits - 1);
  for (double& x : reals.data) {
    x = std::clamp(std::floor(x / step + 0.5), -peak, peak - 1) * step;
  }
  return reals;
}

}  // namespace nib::testing
