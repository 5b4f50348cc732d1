// Register-blocked matrix products, with a second version for AVX2 and FMA.
#include "nib/golden/multiply.h"

#include <algorithm>
#include <cstring>

namespace nib::golden {
namespace {

constexpr std::int64_t kTileRows = 4;

template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(32)));  // NOLINT: the attribute needs a typedef
};

/// kRows rows of x times one panel; two vectors of columns.
template <class T, std::int64_t kRows>
__attribute__((always_inline)) inline void tile(const T* x, std::int64_t k, const T* panel, T* out,
                                                std::int64_t n, std::int64_t columns) {
  using V = typename Vector<T>::Type;
  constexpr std::int64_t kWidth = 32 / static_cast<std::int64_t>(sizeof(T));
  V sums[kRows][2] = {};
  for (std::int64_t i = 0; i < k; ++i) {
    V w0, w1;
    std::memcpy(&w0, panel + i * 2 * kWidth, sizeof(V));
    std::memcpy(&w1, panel + i * 2 * kWidth + kWidth, sizeof(V));
    for (std::int64_t r = 0; r < kRows; ++r) {
      const T value = x[r * k + i];
      sums[r][0] += value * w0;
      sums[r][1] += value * w1;
    }
  }
  for (std::int64_t r = 0; r < kRows; ++r) {
    std::memcpy(out + r * n, sums[r], static_cast<std::size_t>(columns) * sizeof(T));
  }
}

template <class T>
__attribute__((always_inline)) inline void blocks(const T* x, std::int64_t rows,
                                                  const PackedMatrix<T>& w, T* out) {
  constexpr std::int64_t kColumns = PackedMatrix<T>::kColumns;
  for (std::int64_t first = 0; first < w.n; first += kColumns) {
    const T* panel = w.panels.data() + first * w.k;
    const std::int64_t columns = std::min(kColumns, w.n - first);
    std::int64_t row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
      tile<T, kTileRows>(x + row * w.k, w.k, panel, out + row * w.n + first, w.n, columns);
    }
    for (; row < rows; ++row) {
      tile<T, 1>(x + row * w.k, w.k, panel, out + row * w.n + first, w.n, columns);
    }
  }
}

#if defined(__x86_64__)
#define NIB_TARGET_AVX2 __attribute__((target("avx2,fma")))
bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}
NIB_TARGET_AVX2 void multiply_avx2(const double* x, std::int64_t rows,
                                   const PackedMatrix<double>& w, double* out) {
  blocks(x, rows, w, out);
}
NIB_TARGET_AVX2 void multiply_avx2(const float* x, std::int64_t rows, const PackedMatrix<float>& w,
                                   float* out) {
  blocks(x, rows, w, out);
}
#endif

template <class T>
void dispatch(const T* x, std::int64_t rows, const PackedMatrix<T>& w, T* out) {
#if defined(__x86_64__)
  if (has_avx2()) {
    multiply_avx2(x, rows, w, out);
    return;
  }
#endif
  blocks(x, rows, w, out);
}

}  // namespace

void multiply(const double* x, std::int64_t rows, const PackedMatrix<double>& w, double* out) {
  dispatch(x, rows, w, out);
}

void multiply(const float* x, std::int64_t rows, const PackedMatrix<float>& w, float* out) {
  dispatch(x, rows, w, out);
}

}  // namespace nib::golden
