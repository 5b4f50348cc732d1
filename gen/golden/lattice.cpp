// Units and multiples.
#include "nib/golden/lattice.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace nib::golden {
namespace {

/// Bounds are sums in double; this covers their rounding.
constexpr double kSlack = 1 + 0x1p-30;
/// Exponents outside of this are left to the error bounds: no underflow inside.
constexpr int kMaxExponent = 800;

Unit normalised(std::uint64_t odd, int exponent) {
  if (odd == 0) return {};
  const int zeros = std::countr_zero(odd);
  return {odd >> zeros, exponent + zeros};
}

}  // namespace

Unit unit_of(double x) {
  int exponent = 0;
  const double fraction = std::frexp(std::abs(x), &exponent);
  return normalised(static_cast<std::uint64_t>(std::ldexp(fraction, 53)), exponent - 53);
}

std::optional<Unit> product(const Unit& a, const Unit& b) {
  if (a.is_zero() || b.is_zero()) return Unit{};
  Unit result{0, a.exponent + b.exponent};
  if (__builtin_mul_overflow(a.odd, b.odd, &result.odd)) return std::nullopt;
  return result;
}

Unit common(const Unit& a, const Unit& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const std::uint64_t odd = a.odd == b.odd             ? a.odd
                            : a.odd == 1 || b.odd == 1 ? 1
                                                       : std::gcd(a.odd, b.odd);
  return {odd, std::min(a.exponent, b.exponent)};
}

double ratio(const Unit& a, const Unit& b) {
  if (a.is_zero()) return 0;
  return std::ldexp(static_cast<double>(a.odd / b.odd), a.exponent - b.exponent);
}

double to_double(const Unit& unit) {
  return std::ldexp(static_cast<double>(unit.odd), unit.exponent);
}

bool Multiple::is_double() const {
  if (unit.is_zero() || bound == 0) return true;
  if (unit.exponent < -kMaxExponent || unit.exponent > kMaxExponent) return false;
  // odd * multiple < 2^53, so the mantissa of every value fits.
  return static_cast<double>(unit.odd) * bound <= 0x1p52;
}

bool all_doubles(const Lattice& lattice) {
  return std::all_of(lattice.begin(), lattice.end(),
                     [](const Multiple& m) { return m.is_double(); });
}

Multiple multiple_of(double x) { return {unit_of(x), x == 0 ? 0.0 : 1.0}; }

Multiple sum(const Multiple& a, const Multiple& b) {
  Multiple result{common(a.unit, b.unit), 0};
  if (result.unit.is_zero()) return result;
  result.bound =
      (a.bound * ratio(a.unit, result.unit) + b.bound * ratio(b.unit, result.unit)) * kSlack;
  return result;
}

Multiple hull(const Multiple& a, const Multiple& b) {
  Multiple result{common(a.unit, b.unit), 0};
  if (result.unit.is_zero()) return result;
  result.bound =
      std::max(a.bound * ratio(a.unit, result.unit), b.bound * ratio(b.unit, result.unit)) * kSlack;
  return result;
}

std::optional<Multiple> product(const Multiple& a, const Multiple& b) {
  const auto unit = product(a.unit, b.unit);
  if (!unit) return std::nullopt;
  return Multiple{*unit, a.bound * b.bound * kSlack};
}

}  // namespace nib::golden
