// Matrix products of doubles or floats, blocked for the caches and vector units.
#pragma once

#include <cstdint>
#include <vector>

namespace nib::golden {

/// A k x n matrix, packed for multiply(): panels of kColumns columns, zero-filled.
template <class T>
struct PackedMatrix {
  static constexpr std::int64_t kColumns = 64 / static_cast<std::int64_t>(sizeof(T));

  std::int64_t k = 0, n = 0;
  std::vector<T> panels;

  PackedMatrix() = default;
  /// From C order.
  PackedMatrix(std::int64_t inner, std::int64_t columns, const std::vector<double>& values)
      : k(inner), n(columns) {
    const std::int64_t count = (n + kColumns - 1) / kColumns;
    panels.assign(static_cast<std::size_t>(count * k * kColumns), T{});
    for (std::int64_t i = 0; i < k; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        panels[static_cast<std::size_t>((j / kColumns * k + i) * kColumns + j % kColumns)] =
            static_cast<T>(values[static_cast<std::size_t>(i * n + j)]);
      }
    }
  }
};

/// out (rows x n) = x (rows x k) w. The order of the sums is not specified and products may be
/// fused: exact where no partial sum rounds, else within the usual k-term bound.
void multiply(const double* x, std::int64_t rows, const PackedMatrix<double>& w, double* out);
void multiply(const float* x, std::int64_t rows, const PackedMatrix<float>& w, float* out);

}  // namespace nib::golden
