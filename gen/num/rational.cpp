// Exact numbers.
#include "nib/num/rational.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "nib/base/check.h"

namespace nib {

std::optional<Rounding> rounding_from(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper == "ROUND" || upper == "HALF_EVEN") return Rounding::kHalfEven;
  if (upper == "HALF_UP") return Rounding::kHalfUp;
  if (upper == "HALF_DOWN") return Rounding::kHalfDown;
  if (upper == "CEIL") return Rounding::kCeil;
  if (upper == "FLOOR") return Rounding::kFloor;
  if (upper == "UP") return Rounding::kUp;
  if (upper == "DOWN" || upper == "ROUND_TO_ZERO") return Rounding::kDown;
  if (upper == "DPU") return Rounding::kDpu;
  return std::nullopt;
}

std::string_view to_string(Rounding mode) {
  switch (mode) {
    case Rounding::kHalfEven:
      return "ROUND";
    case Rounding::kHalfUp:
      return "HALF_UP";
    case Rounding::kHalfDown:
      return "HALF_DOWN";
    case Rounding::kCeil:
      return "CEIL";
    case Rounding::kFloor:
      return "FLOOR";
    case Rounding::kUp:
      return "UP";
    case Rounding::kDown:
      return "DOWN";
    case Rounding::kDpu:
      return "DPU";
  }
  NIB_CHECK(false, "rounding mode");
}

Integer floor(const Rational& x) {
  Integer q;
  mpz_fdiv_q(q.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
  return q;
}

Integer ceil(const Rational& x) {
  Integer q;
  mpz_cdiv_q(q.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
  return q;
}

Integer round(const Rational& x, Rounding mode) {
  const Integer down = floor(x);
  const Rational rest = x - Rational(down);
  const int half = cmp(rest, Rational(1, 2));  // < 0 below the tie, 0 on it
  const bool negative = sgn(x) < 0;
  const bool odd = mpz_odd_p(down.get_mpz_t()) != 0;
  bool up = false;
  switch (mode) {
    case Rounding::kHalfEven:
      up = half > 0 || (half == 0 && odd);
      break;
    case Rounding::kHalfUp:
      up = half > 0 || (half == 0 && !negative);
      break;
    case Rounding::kHalfDown:
      up = half > 0 || (half == 0 && negative);
      break;
    case Rounding::kDpu:
      up = half > 0 || (half == 0 && (negative || odd));
      break;
    case Rounding::kCeil:
      up = sgn(rest) != 0;
      break;
    case Rounding::kFloor:
      up = false;
      break;
    case Rounding::kUp:
      up = sgn(rest) != 0 && !negative;
      break;
    case Rounding::kDown:
      up = sgn(rest) != 0 && negative;
      break;
  }
  return up ? Integer(down + 1) : down;
}

double round(double x, Rounding mode) {
  const double down = std::floor(x);
  const double rest = x - down;  // exact: Sterbenz, or x is an integer already
  const bool negative = x < 0;
  const bool odd = std::fmod(down, 2.0) != 0;
  bool up = false;
  switch (mode) {
    case Rounding::kHalfEven:
      up = rest > 0.5 || (rest == 0.5 && odd);
      break;
    case Rounding::kHalfUp:
      up = rest > 0.5 || (rest == 0.5 && !negative);
      break;
    case Rounding::kHalfDown:
      up = rest > 0.5 || (rest == 0.5 && negative);
      break;
    case Rounding::kDpu:
      up = rest > 0.5 || (rest == 0.5 && (negative || odd));
      break;
    case Rounding::kCeil:
      return std::ceil(x);
    case Rounding::kFloor:
      return down;
    case Rounding::kUp:
      return negative ? down : std::ceil(x);
    case Rounding::kDown:
      return std::trunc(x);
  }
  return up ? down + 1 : down;
}

Rational exact(double x) {
  NIB_CHECK(std::isfinite(x), "a finite number");
  return Rational(x);
}

Integer to_integer(std::int64_t x) {
  static_assert(sizeof(long) == 8);
  return Integer(static_cast<long>(x));
}

Rational to_rational(std::int64_t x) { return Rational(to_integer(x)); }

std::optional<std::int64_t> to_int64(const Integer& x) {
  if (!x.fits_slong_p()) return std::nullopt;
  return x.get_si();
}

double to_double(const Rational& x) {
  // mpq_get_d truncates; compare the exact remainder with half of the distance to the next double.
  const double low = x.get_d();
  if (!std::isfinite(low)) return low;
  const double away = std::nextafter(low, sgn(x) < 0 ? -std::numeric_limits<double>::infinity()
                                                     : std::numeric_limits<double>::infinity());
  if (!std::isfinite(away)) return low;
  const Rational middle = (Rational(low) + Rational(away)) / 2;
  const int side = cmp(x, middle) * (sgn(x) < 0 ? -1 : 1);
  if (side != 0) return side > 0 ? away : low;
  int exponent = 0;
  const double mantissa = std::ldexp(std::frexp(low, &exponent), 53);
  return std::fmod(mantissa, 2.0) == 0 ? low : away;
}

Rational scale2(const Rational& x, int k) {
  Rational y;
  if (k >= 0) {
    mpq_mul_2exp(y.get_mpq_t(), x.get_mpq_t(), static_cast<mp_bitcnt_t>(k));
  } else {
    mpq_div_2exp(y.get_mpq_t(), x.get_mpq_t(), static_cast<mp_bitcnt_t>(-static_cast<long>(k)));
  }
  return y;
}

namespace {
std::optional<int> log2_integer(const mpz_class& x) {
  if (sgn(x) <= 0) return std::nullopt;
  const mp_bitcnt_t low = mpz_scan1(x.get_mpz_t(), 0);
  if (low + 1 != mpz_sizeinbase(x.get_mpz_t(), 2)) return std::nullopt;
  return static_cast<int>(low);
}
}  // namespace

std::optional<int> log2_exact(const Rational& x) {
  const auto top = log2_integer(x.get_num()), bottom = log2_integer(x.get_den());
  if (!top || !bottom) return std::nullopt;
  return *top - *bottom;
}

bool is_dyadic(const Rational& x) { return log2_integer(x.get_den()).has_value(); }

std::size_t size_bits(const Rational& x) {
  return std::max(mpz_sizeinbase(x.get_num_mpz_t(), 2), mpz_sizeinbase(x.get_den_mpz_t(), 2));
}

std::string to_string(const Rational& x) { return x.get_str(); }

std::optional<Rational> parse_rational(std::string_view text) {
  constexpr std::size_t kMostDigits = 8000;  // of scales behind long chains of factors
  const auto digits = [](std::string_view s) {
    return !s.empty() && s.size() <= kMostDigits &&
           std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isdigit(c); });
  };
  const bool negative = text.starts_with('-');
  const std::string_view body = negative ? text.substr(1) : text;
  Rational value;
  if (const auto slash = body.find('/'); slash != std::string_view::npos) {
    const std::string_view top = body.substr(0, slash), bottom = body.substr(slash + 1);
    if (!digits(top) || !digits(bottom)) return std::nullopt;
    const Integer denominator(std::string(bottom), 10);
    if (sgn(denominator) == 0) return std::nullopt;
    value = Rational(Integer(std::string(top), 10), denominator);
    value.canonicalize();
  } else if (const auto dot = body.find('.'); dot != std::string_view::npos) {
    const std::string_view whole = body.substr(0, dot), part = body.substr(dot + 1);
    if (!digits(whole) || !digits(part)) return std::nullopt;
    Integer power;
    mpz_ui_pow_ui(power.get_mpz_t(), 10, part.size());
    value = Rational(Integer(std::string(whole) + std::string(part), 10), power);
    value.canonicalize();
  } else {
    if (!digits(body)) return std::nullopt;
    value = Rational(Integer(std::string(body), 10));
  }
  return negative ? Rational(-value) : value;
}

}  // namespace nib
