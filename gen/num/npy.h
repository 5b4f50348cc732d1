// NumPy .npy files, format versions 1 to 3, C order, any real or integer dtype.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "nib/num/big_int.h"
#include "nib/num/tensor.h"

namespace nib {

/// An array as stored: integers stay exact in `integers`, floats in `reals` (float16/32/64 are all
/// exact as double).
struct NpyArray {
  bool is_integer = false;
  Tensor<double> reals{Shape{0}};
  Tensor<std::int64_t> integers{Shape{0}};

  [[nodiscard]] const Shape& shape() const { return is_integer ? integers.shape : reals.shape; }
};

/// Reads a file. Errors: E0101 unreadable, E0104 not a real or integer .npy array, truncated, of
/// Fortran order, of rank over 8, or uint64 beyond int64.
[[nodiscard]] NpyArray read_npy(const std::filesystem::path& path);
/// The same from bytes, for tests and fuzzing.
[[nodiscard]] NpyArray parse_npy(std::string_view bytes);
/// The array as doubles. Errors: E0106 NaN or infinity (with its index); E0104 an integer beyond
/// 2^53.
[[nodiscard]] Tensor<double> to_reals(const NpyArray& array);
/// The array as integers. Errors: E0104 where an element is no whole number.
[[nodiscard]] Tensor<std::int64_t> to_integers(const NpyArray& array);

/// Format 1.0 bytes, little endian: '<f8' or '<i8'.
[[nodiscard]] std::string npy_bytes(const Tensor<double>& array);
[[nodiscard]] std::string npy_bytes(const Tensor<std::int64_t>& array);
/// Integers of at most `bits` bits: '<i8' up to 64; beyond, which NumPy has no type for, decimal
/// text ('|S<n>', n for the longest that `bits` can take): int(x) of an element is its value.
[[nodiscard]] std::string npy_bytes(const Tensor<BigInt>& array, int bits);
/// Reads both forms back. Errors: E0104 as parse_npy, or text that is no integer.
[[nodiscard]] Tensor<BigInt> parse_npy_integers(std::string_view bytes);

}  // namespace nib
