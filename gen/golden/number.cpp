// Exact reals with square roots and transcendental functions.
#include "nib/golden/number.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::golden {
namespace {

constexpr std::size_t kFirstPrecision = 96;

/// The root of a rational square; false where x is none.
bool square_root(const Rational& x, Rational& root) {
  if (mpz_perfect_square_p(x.get_num_mpz_t()) == 0 ||
      mpz_perfect_square_p(x.get_den_mpz_t()) == 0) {
    return false;
  }
  root = Rational(sqrt(x.get_num()), sqrt(x.get_den()));
  root.canonicalize();
  return true;
}

/// sqrt(x) lies in [root, root + 2^-precision].
Rational root_below(const Rational& x, std::size_t precision) {
  const Integer scaled = floor(scale2(x, 2 * static_cast<int>(precision)));
  return scale2(Rational(sqrt(scaled)), -static_cast<int>(precision));
}

}  // namespace

std::size_t Number::bits() const {
  std::size_t most = size_bits(rational_);
  for (const Root& root : roots_) {
    most = std::max({most, size_bits(root.radicand), size_bits(root.factor)});
  }
  for (const Function& term : functions_) {
    most = std::max({most, size_bits(term.argument), size_bits(term.factor)});
  }
  return most;
}

void Number::add_function(const Function& term) {
  if (sgn(term.factor) == 0) return;
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    Function& own = functions_[i];
    if (own.function != term.function || own.argument != term.argument) continue;
    own.factor += term.factor;
    if (sgn(own.factor) == 0) functions_.erase(functions_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  functions_.push_back(term);
}

void Number::add_root(const Rational& radicand, const Rational& factor) {
  if (sgn(factor) == 0) return;
  Rational ratio;
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    // sqrt(r) = sqrt(r / q) sqrt(q), rational in front of sqrt(q) where r / q is a square.
    if (!square_root(radicand / roots_[i].radicand, ratio)) continue;
    roots_[i].factor += factor * ratio;
    if (sgn(roots_[i].factor) == 0) roots_.erase(roots_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  roots_.push_back({radicand, factor});
}

Number& Number::operator+=(const Number& other) {
  rational_ += other.rational_;
  if (&other == this) {
    for (Root& root : roots_) root.factor *= 2;
    for (Function& term : functions_) term.factor *= 2;
    return *this;
  }
  for (const Root& root : other.roots_) add_root(root.radicand, root.factor);
  for (const Function& term : other.functions_) add_function(term);
  return *this;
}

Number Number::operator-() const {
  Number result = *this;
  result.rational_ = -result.rational_;
  for (Root& root : result.roots_) root.factor = -root.factor;
  for (Function& term : result.functions_) term.factor = -term.factor;
  return result;
}

Number Number::operator*(const Number& other) const {
  if ((!functions_.empty() && !other.is_rational()) ||
      (!other.functions_.empty() && !is_rational())) {
    fail(ErrorCode::E309, "a product of a transcendental number and another irrational one");
  }
  Number result(rational_ * other.rational_);
  for (const Function& term : functions_) {
    result.add_function({term.function, term.argument, term.factor * other.rational_});
  }
  for (const Function& term : other.functions_) {
    result.add_function({term.function, term.argument, term.factor * rational_});
  }
  for (const Root& root : roots_) result.add_root(root.radicand, root.factor * other.rational_);
  for (const Root& root : other.roots_) result.add_root(root.radicand, root.factor * rational_);
  Rational exact_root;
  for (const Root& a : roots_) {
    for (const Root& b : other.roots_) {
      const Rational radicand = a.radicand * b.radicand, factor = a.factor * b.factor;
      if (square_root(radicand, exact_root)) {
        result.rational_ += factor * exact_root;
      } else {
        result.add_root(radicand, factor);
      }
    }
  }
  return result;
}

void Number::bounds(std::size_t precision, Rational& low, Rational& high) const {
  low = high = rational_;
  const Rational width = scale2(Rational(1), -static_cast<int>(precision));
  for (const Root& root : roots_) {
    const Rational below = root_below(root.radicand, precision);
    const Rational a = below * root.factor, b = (below + width) * root.factor;
    low += std::min(a, b);
    high += std::max(a, b);
  }
  for (const Function& term : functions_) {
    Rational below, above;
    transcendental_bounds(term.function, term.argument, precision, below, above);
    const Rational a = below * term.factor, b = above * term.factor;
    low += std::min(a, b);
    high += std::max(a, b);
  }
}

int Number::sign_by_limits() const {
  if (functions_.size() != 1 || !roots_.empty()) return 0;
  const Function& term = functions_[0];
  const OpenBounds limits = open_bounds(term.function, term.argument);
  const Rational zero_at = -rational_ / term.factor;
  if (limits.has_high && zero_at >= limits.high) return -sgn(term.factor);
  return zero_at <= limits.low ? sgn(term.factor) : 0;
}

int Number::sign() const {
  if (is_rational()) return sgn(rational_);
  if (const int known = sign_by_limits(); known != 0) return known;
  // Roots are independent, so without functions the bounds leave zero at some precision.
  Rational low, high;
  for (std::size_t p = kFirstPrecision; p <= 16 * kMaxExactBits; p *= 2) {
    bounds(p, low, high);
    if (sgn(low) > 0) return 1;
    if (sgn(high) < 0) return -1;
  }
  fail(ErrorCode::E407, "the sign of a sum of irrational numbers");
}

Integer Number::round(Rounding mode) const {
  if (is_rational()) return nib::round(rational_, mode);
  // Irrational: neither a tie nor an integer, so both bounds round alike at some precision.
  Rational low, high;
  for (std::size_t p = kFirstPrecision; p <= 16 * kMaxExactBits; p *= 2) {
    bounds(p, low, high);
    Integer result = nib::round(low, mode);
    if (result == nib::round(high, mode)) return result;
    // Close to a multiple of 1/2, where modes change their mind: on which side is left to sign().
    if (high - low > Rational(1, 8)) continue;
    const Rational boundary = Rational(nib::ceil(Rational(low * 2))) / 2;
    if (boundary > high) continue;
    Number away = *this;
    away += Number(-boundary);
    return nib::round(Rational(boundary + Rational(away.sign(), 4)), mode);
  }
  fail(ErrorCode::E407, "the rounding of a sum of irrational numbers");
}

double Number::approximate(double& error) const {
  if (is_rational()) {
    const double value = to_double(rational_);
    if (!std::isfinite(value)) {
      error = std::numeric_limits<double>::infinity();
      return 0;
    }
    error = 0;
    if (exact(value) != rational_) error = std::max(std::abs(value) * 0x1p-52, 0x1p-1000);
    return value;
  }
  Rational low, high;
  for (std::size_t p = 2 * kFirstPrecision;; p *= 2) {
    bounds(p, low, high);
    const double value = to_double(low);
    if (!std::isfinite(value) || p > 16 * kMaxExactBits) break;
    error = std::max(std::abs(value) * 0x1p-51, 0x1p-1000);
    if (high <= exact(value) + exact(error) && low >= exact(value) - exact(error)) return value;
  }
  error = std::numeric_limits<double>::infinity();
  return 0;
}

Number Number::root_of(const Rational& x) {
  NIB_CHECK(sgn(x) > 0, "the root of a positive number");
  Number result;
  Rational root;
  if (square_root(x, root)) {
    result.rational_ = root;
  } else {
    result.roots_.push_back({x, 1});
  }
  return result;
}

Number Number::of(Transcendental f, const Number& x, const std::string& node) {
  if (!x.is_rational()) fail(ErrorCode::E309, "a function of an irrational number", node);
  if (x.sign() == 0 && f != Transcendental::kSoftplus) {
    switch (f) {
      case Transcendental::kSigmoid:
        return Rational(1, 2);
      case Transcendental::kExp:
        return Rational(1);
      case Transcendental::kTanh:
      case Transcendental::kExpm1:
      case Transcendental::kErf:
      case Transcendental::kSoftplus:
        return {};
    }
  }
  if (abs(x.rational_) > kLargestArgument) {
    fail(ErrorCode::E309, "a function of a number beyond 32768", node);
  }
  Number result;
  result.functions_.push_back({f, x.rational_, 1});
  return result;
}

bool Number::reciprocal(const Number& x, Number& result) {
  result = Number();
  if (!x.functions_.empty()) return false;
  if (x.roots_.empty()) {
    NIB_CHECK(sgn(x.rational_) != 0, "a divisor that is not zero");
    result.rational_ = 1 / x.rational_;
    return true;
  }
  if (x.roots_.size() > 1) return false;
  // 1 / (a + b sqrt(r)) = (a - b sqrt(r)) / (a^2 - b^2 r); the divisor is no zero as r is no
  // square.
  const Root& root = x.roots_[0];
  const Rational norm = x.rational_ * x.rational_ - root.factor * root.factor * root.radicand;
  result.rational_ = x.rational_ / norm;
  result.roots_.push_back({root.radicand, -root.factor / norm});
  return true;
}

Number operator+(Number a, const Number& b) {
  a += b;
  return a;
}

Number operator-(Number a, const Number& b) {
  a += -b;
  return a;
}

int compare(const Number& a, const Number& b) {
  if (a.is_rational() && b.is_rational()) return cmp(a.rational(), b.rational());
  return (a - b).sign();
}

}  // namespace nib::golden
