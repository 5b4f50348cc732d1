// Doubles with proven error bounds: the filter in front of exact arithmetic.
#pragma once

#include <cmath>
#include <limits>

namespace nib::golden {

/// |value - exact| <= error. An infinite error says that nothing is known.
struct Approx {
  double value = 0;
  double error = 0;
};

/// A bound computed in round-to-nearest, widened over its own rounding; 0 stays 0. Where the value
/// or the bound is not finite, nothing is known.
[[nodiscard]] inline Approx widened(double value, double error) {
  if (error == 0 && std::abs(value) <= std::numeric_limits<double>::max()) return {value, 0};
  error = error * (1 + 0x1p-48) + 0x1p-1060;
  if (!(error <= std::numeric_limits<double>::max()) ||
      !(std::abs(value) <= std::numeric_limits<double>::max())) {
    return {0, std::numeric_limits<double>::infinity()};
  }
  return {value, error};
}

/// Knuth's TwoSum gives the rounding error of a sum exactly, so an exact sum keeps the bound 0.
[[nodiscard]] inline Approx operator+(Approx a, Approx b) {
  const double sum = a.value + b.value;
  const double b_part = sum - a.value;
  const double residual = (a.value - (sum - b_part)) + (b.value - b_part);
  return widened(sum, a.error + b.error + std::abs(residual));
}

[[nodiscard]] inline Approx operator-(Approx a) { return {-a.value, a.error}; }
[[nodiscard]] inline Approx operator-(Approx a, Approx b) { return a + (-b); }

/// Products below this may have lost bits that the fused residual does not show.
inline constexpr double kUnderflow = 0x1p-900;

/// fma gives the rounding error of a product exactly.
[[nodiscard]] inline Approx operator*(Approx a, Approx b) {
  const double product = a.value * b.value;
  double error = std::abs(std::fma(a.value, b.value, -product));
  if (a.error != 0 || b.error != 0) {
    error += std::abs(a.value) * b.error + std::abs(b.value) * a.error + a.error * b.error;
  }
  if (std::abs(product) < kUnderflow && a.value != 0 && b.value != 0) error += 0x1p-950;
  return widened(product, error);
}

/// (a - q b) is exact by fma, so an exact quotient keeps the bound 0.
[[nodiscard]] inline Approx operator/(Approx a, Approx b) {
  const double margin = std::abs(b.value) - b.error;
  if (!(margin > 0)) return {0, std::numeric_limits<double>::infinity()};
  const double quotient = a.value / b.value;
  double error = std::abs(std::fma(-quotient, b.value, a.value));
  if (a.error != 0 || b.error != 0) error += a.error + std::abs(quotient) * b.error;
  if (error != 0) error = error / margin * (1 + 0x1p-48);
  if (a.value != 0 && (std::abs(quotient) < kUnderflow || std::abs(a.value) < kUnderflow)) {
    error += 0x1p-950 + 0x1p-950 / margin;
  }
  return widened(quotient, error);
}

}  // namespace nib::golden
