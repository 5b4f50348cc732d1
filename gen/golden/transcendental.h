// Proven bounds of transcendental functions, of any precision (MPFR).
#pragma once

#include <cstddef>

#include "nib/num/rational.h"

namespace nib::golden {

/// All of them increase.
enum class Transcendental { kSigmoid, kTanh, kExpm1, kSoftplus, kExp, kErf };

/// Arguments beyond this have no exact form here.
inline constexpr int kLargestArgument = 32768;

/// low <= f(x) <= high, for |x| <= kLargestArgument; they meet as `precision` (bits) grows.
void transcendental_bounds(Transcendental f, const Rational& x, std::size_t precision,
                           Rational& low, Rational& high);

/// low < f(x) < high for x other than 0, whatever the precision: what f only ever approaches. False
/// where `high` is infinite.
struct OpenBounds {
  Rational low, high;
  bool has_high = true;
};
[[nodiscard]] OpenBounds open_bounds(Transcendental f, const Rational& x);

}  // namespace nib::golden
