// Exact numbers (GMP): conversions, text, rounding modes.
#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nib {

using Integer = mpz_class;
using Rational = mpq_class;

/// Most bits that a numerator or denominator may have (exactness.md, settled point 13).
inline constexpr std::size_t kMaxExactBits = 4096;

/// Rounding of a real to an integer, by the names of QONNX.
enum class Rounding {
  kHalfEven,  ///< ROUND, HALF_EVEN: nearest, ties to even
  kHalfUp,    ///< HALF_UP: nearest, ties away from zero
  kHalfDown,  ///< HALF_DOWN: nearest, ties toward zero
  kCeil,      ///< CEIL
  kFloor,     ///< FLOOR
  kUp,        ///< UP: away from zero
  kDown,      ///< DOWN, ROUND_TO_ZERO: toward zero
  kDpu,       ///< DPU: half-even for x >= 0, negative ties toward plus infinity
};

/// The mode that a QONNX attribute names, in any case; nullopt if unknown.
[[nodiscard]] std::optional<Rounding> rounding_from(std::string_view name);
[[nodiscard]] std::string_view to_string(Rounding mode);

/// `x` rounded by `mode`, exactly.
[[nodiscard]] Integer round(const Rational& x, Rounding mode);
/// The same for a double that is taken as exact; the result is exact.
[[nodiscard]] double round(double x, Rounding mode);

[[nodiscard]] Integer floor(const Rational& x);
[[nodiscard]] Integer ceil(const Rational& x);

/// The double (or float) as the dyadic rational that it is; must be finite.
[[nodiscard]] Rational exact(double x);
/// int64 to Integer (gmpxx lacks long long).
[[nodiscard]] Integer to_integer(std::int64_t x);
[[nodiscard]] Rational to_rational(std::int64_t x);
/// Integer to int64; nullopt where it does not fit.
[[nodiscard]] std::optional<std::int64_t> to_int64(const Integer& x);
/// Nearest double, ties to even.
[[nodiscard]] double to_double(const Rational& x);
/// x * 2^k.
[[nodiscard]] Rational scale2(const Rational& x, int k);
/// log2 of x where x is a power of two (k may be negative); nullopt otherwise.
[[nodiscard]] std::optional<int> log2_exact(const Rational& x);
/// True where the denominator is a power of two.
[[nodiscard]] bool is_dyadic(const Rational& x);
/// Bits of the larger of numerator and denominator.
[[nodiscard]] std::size_t size_bits(const Rational& x);

/// "a/b", or "a" where b is 1.
[[nodiscard]] std::string to_string(const Rational& x);
/// Reads "a/b", "a" or a finite decimal such as "0.25"; nullopt if it is none of these.
[[nodiscard]] std::optional<Rational> parse_rational(std::string_view text);

}  // namespace nib
