// Inside emit: the C++17 text that all emulator headers carry.
#pragma once

#include <string_view>

namespace nib::emit {

/// What all emulators share. Types: W weights, B biases, X input codes, Y output codes; Y holds
/// every partial sum.
inline constexpr std::string_view kEmulatorKernels = R"(namespace detail {

constexpr int popcount(std::uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + ((x >> 2) & 0x3333333333333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return static_cast<int>((x * 0x0101010101010101U) >> 56);
}

// y[r][o] = bias[o] + sum of weights[o][i] * x[r][i].
template <class W, class B, class X, class Y>
void dense(const W* weights, const B* bias, const X* x, Y* y, std::size_t rows, std::size_t outputs,
           std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      Y sum = static_cast<Y>(bias[o]);
      for (std::size_t i = 0; i < inputs; ++i) {
        sum += static_cast<Y>(weights[o * inputs + i]) * static_cast<Y>(x[r * inputs + i]);
      }
      y[r * outputs + o] = sum;
    }
  }
}

// The same with only the nonzero weights: those of output o are begin[o] .. begin[o + 1].
template <class W, class I, class B, class X, class Y>
void sparse(const W* weights, const I* index, const std::uint32_t* begin, const B* bias, const X* x,
            Y* y, std::size_t rows, std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      Y sum = static_cast<Y>(bias[o]);
      for (std::size_t k = begin[o]; k < begin[o + 1]; ++k) {
        sum += static_cast<Y>(weights[k]) * static_cast<Y>(x[r * inputs + index[k]]);
      }
      y[r * outputs + o] = sum;
    }
  }
}

// Bit p of the codes x as words of 64.
template <class X>
void plane(const X* x, std::size_t inputs, int p, std::uint64_t* words) {
  for (std::size_t i = 0; i < inputs; ++i) {
    if (i % 64 == 0) words[i / 64] = 0;
    words[i / 64] |= ((static_cast<std::uint64_t>(x[i]) >> p) & 1U) << (i % 64);
  }
}

// The same for weights of -1, 0, 1 as masks, Words words for each output, bit i for input i. The
// codes have Planes bits; the top one counts negative where they are signed.
template <std::size_t Words, int Planes, bool Signed, class B, class X, class Y>
void masks(const std::uint64_t* plus, const std::uint64_t* minus, const B* bias, const X* x, Y* y,
           std::size_t rows, std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) y[r * outputs + o] = static_cast<Y>(bias[o]);
    for (int p = 0; p < Planes; ++p) {
      std::uint64_t bits[Words];
      plane(x + r * inputs, inputs, p, bits);
      const Y weight = static_cast<Y>(Signed && p == Planes - 1 ? -1 : 1) * (Y{1} << p);
      for (std::size_t o = 0; o < outputs; ++o) {
        int count = 0;
        for (std::size_t w = 0; w < Words; ++w) {
          count += popcount(plus[o * Words + w] & bits[w]);
          count -= popcount(minus[o * Words + w] & bits[w]);
        }
        y[r * outputs + o] += static_cast<Y>(count) * weight;
      }
    }
  }
}

// The same for weights of -1 and 1 only: every bit that is not in the mask counts -1.
template <std::size_t Words, int Planes, bool Signed, class B, class X, class Y>
void signs(const std::uint64_t* plus, const B* bias, const X* x, Y* y, std::size_t rows,
           std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) y[r * outputs + o] = static_cast<Y>(bias[o]);
    for (int p = 0; p < Planes; ++p) {
      std::uint64_t bits[Words];
      plane(x + r * inputs, inputs, p, bits);
      int all = 0;
      for (std::size_t w = 0; w < Words; ++w) all += popcount(bits[w]);
      const Y weight = static_cast<Y>(Signed && p == Planes - 1 ? -1 : 1) * (Y{1} << p);
      for (std::size_t o = 0; o < outputs; ++o) {
        int count = -all;
        for (std::size_t w = 0; w < Words; ++w) {
          count += 2 * popcount(plus[o * Words + w] & bits[w]);
        }
        y[r * outputs + o] += static_cast<Y>(count) * weight;
      }
    }
  }
}

// Uniform steps: level, plus (or minus) one for each 2^shift from `first` on, at most `count`.
struct ShiftClip {
  std::int64_t first;
  std::int64_t count;
  std::int64_t level;
  int shift;
  int sign;
};
constexpr std::int64_t shift_clip(const ShiftClip& s, std::int64_t x) {
  if (x < s.first) return s.level;
  const std::int64_t steps = ((x - s.first) >> s.shift) + 1;
  return s.level + s.sign * (steps < s.count ? steps : s.count);
}

// Number of thresholds that x reaches; they ascend.
template <class T, class X>
constexpr std::size_t reached(const T* thresholds, std::size_t count, const X& x) {
  std::size_t low = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (!(x < static_cast<X>(thresholds[low + half]))) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace detail
)";

}  // namespace nib::emit
