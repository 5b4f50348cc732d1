// Exact reals with square roots and function values.
#include "nib/lower/surd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/enclosure.h"

namespace nib::lower {
namespace {

/// Bits of the finest bounds that a comparison asks for.
constexpr int kFinest = 1 << 16;

/// Bounds of sqrt(value) on the grid 2^-bits.
std::pair<Rational, Rational> sqrt_bounds(const Rational& value, int bits) {
  const Integer scaled = nib::floor(scale2(value, 2 * bits));
  const Integer low = sqrt(scaled);
  return {scale2(Rational(low), -bits), scale2(Rational(Integer(low + 1)), -bits)};
}

}  // namespace

bool exact_sqrt(const Rational& value, Rational& root) {
  if (sgn(value) < 0) return false;
  if (!mpz_perfect_square_p(value.get_num_mpz_t()) ||
      !mpz_perfect_square_p(value.get_den_mpz_t())) {
    return false;
  }
  root = Rational(Integer(sqrt(value.get_num())), Integer(sqrt(value.get_den())));
  return true;
}

Surd Surd::sqrt_of(const Rational& value) {
  NIB_CHECK(sgn(value) >= 0, "the root of a negative number");
  Surd result;
  if (sgn(value) != 0) result.add_root(1, value);
  return result;
}

Surd Surd::value_of(Curve curve, const Rational& x) {
  if (curve == Curve::kSqrt) return sqrt_of(x);
  if (sgn(x) == 0 && curve != Curve::kSoftplus) {
    if (curve == Curve::kSigmoid) return Rational(1, 2);
    return Rational(curve == Curve::kExp ? 1 : 0);
  }
  if (abs(x) > kLargestArgument) {
    fail(ErrorCode::E502, "a function of a number beyond 32768");
  }
  Surd result;
  result.curves_.push_back({1, curve, x});
  return result;
}

void Surd::add_curve(const CurvePoint& point) {
  if (sgn(point.factor) == 0) return;
  for (auto own = curves_.begin(); own != curves_.end(); ++own) {
    if (own->curve != point.curve || own->argument != point.argument) continue;
    own->factor += point.factor;
    if (sgn(own->factor) == 0) curves_.erase(own);
    return;
  }
  curves_.push_back(point);
}

void Surd::scale(const Rational& factor) {
  rational_ *= factor;
  if (sgn(factor) == 0) {
    roots_.clear();
    curves_.clear();
  }
  for (Root& root : roots_) root.factor *= factor;
  for (CurvePoint& point : curves_) point.factor *= factor;
}

void Surd::add_root(const Rational& factor, const Rational& radicand) {
  if (sgn(factor) == 0) return;
  Rational root;
  if (exact_sqrt(radicand, root)) {
    rational_ += factor * root;
    return;
  }
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    if (!exact_sqrt(Rational(radicand / roots_[i].radicand), root)) continue;
    roots_[i].factor += factor * root;
    if (sgn(roots_[i].factor) == 0) roots_.erase(roots_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  roots_.push_back({factor, radicand});
}

int Surd::sign() const {
  if (is_rational()) return sgn(rational_);
  if (!is_algebraic()) {
    for (int bits = 64; bits <= kFinest; bits *= 4) {
      const int sign = Enclosure(*this, bits).sign();
      if (sign != 2) return sign;
    }
    fail(ErrorCode::E407, "the sign of a sum of function values");
  }
  if (roots_.size() == 1) {
    // r + f sqrt(d): where the signs differ, compare r^2 with f^2 d; they are never equal.
    const int r = sgn(rational_), f = sgn(roots_[0].factor);
    if (r == 0 || r == f) return f;
    const Rational root_part = roots_[0].factor * roots_[0].factor * roots_[0].radicand;
    return cmp(root_part, Rational(rational_ * rational_)) > 0 ? f : r;
  }
  for (int bits = 64; bits <= 1 << 20; bits *= 2) {
    Rational low = rational_, high = rational_;
    for (const Root& root : roots_) {
      auto [below, above] = sqrt_bounds(root.radicand, bits);
      if (sgn(root.factor) < 0) std::swap(below, above);
      low += root.factor * below;
      high += root.factor * above;
    }
    if (sgn(low) > 0) return 1;
    if (sgn(high) < 0) return -1;
  }
  NIB_CHECK(false, "a sum of independent roots is not zero");
}

bool Surd::is_monomial() const {
  return is_rational() || (is_algebraic() && roots_.size() == 1 && sgn(rational_) == 0);
}

Surd Surd::inverse() const {
  NIB_CHECK(has_inverse() && sign() != 0, "an inverse");
  if (roots_.empty()) return Rational(1 / rational_);
  // 1 / (r + f sqrt(d)) = (r - f sqrt(d)) / (r^2 - f^2 d); the norm is not 0, as d is no square.
  const Root& root = roots_[0];
  const Rational norm = rational_ * rational_ - root.factor * root.factor * root.radicand;
  Surd result(Rational(rational_ / norm));
  result.roots_.push_back({-root.factor / norm, root.radicand});
  return result;
}

Integer Surd::floor() const {
  if (is_rational()) return nib::floor(rational_);
  if (!is_algebraic()) {
    for (int bits = 64; bits <= kFinest; bits *= 4) {
      const Enclosure bounds(*this, bits);
      const Integer down = nib::floor(bounds.low()), up = nib::floor(bounds.high());
      if (down == up) return down;
      if (up == down + 1) return (*this - Surd(Rational(up))).sign() < 0 ? down : up;
    }
    fail(ErrorCode::E407, "the floor of a sum of function values");
  }
  for (int bits = 8; bits <= 1 << 20; bits *= 2) {
    Rational low = rational_, high = rational_;
    for (const Root& root : roots_) {
      auto [below, above] = sqrt_bounds(root.radicand, bits);
      if (sgn(root.factor) < 0) std::swap(below, above);
      low += root.factor * below;
      high += root.factor * above;
    }
    const Integer at = nib::floor(low);
    if (at == nib::floor(high)) return at;
  }
  NIB_CHECK(false, "an irrational number lies between two integers");
}

Integer Surd::ceil() const {
  if (is_rational()) return nib::ceil(rational_);
  return Integer(floor() + 1);
}

Integer Surd::round(Rounding mode) const {
  if (is_rational()) return nib::round(rational_, mode);
  // Irrational, so neither a whole number nor a tie: its quarter says as much as itself.
  const Rational down(floor());
  const int side = (*this - Surd(Rational(down + Rational(1, 2)))).sign();
  return nib::round(Rational(down + Rational(side < 0 ? 1 : 3, 4)), mode);
}

std::size_t Surd::bits() const {
  std::size_t most = size_bits(rational_);
  for (const Root& root : roots_) {
    most = std::max({most, size_bits(root.factor), size_bits(root.radicand)});
  }
  for (const CurvePoint& point : curves_) {
    most = std::max({most, size_bits(point.factor), size_bits(point.argument)});
  }
  return most;
}

double Surd::estimate(double& error) const {
  if (!is_algebraic()) {
    const Enclosure bounds(*this, 128);
    const Rational low = bounds.low();
    const double near = to_double(low), width = to_double(Rational(bounds.high() - low));
    error = std::abs(near) < 1e140
                ? 2 * (width + std::abs(near) * std::numeric_limits<double>::epsilon()) + 1e-280
                : std::numeric_limits<double>::infinity();
    return near;
  }
  // mpq_get_d truncates (one ulp); a product and a root add one each, a sum one more. Near the ends
  // of the double range these relative bounds do not hold: then the bound is infinite.
  constexpr double kUlp = std::numeric_limits<double>::epsilon();
  const auto usual = [](double x) { return std::abs(x) > 1e-140 && std::abs(x) < 1e140; };
  double value = rational_.get_d();
  if (roots_.empty() && std::isfinite(value) && cmp(rational_, value) == 0) {
    error = 0;
    return value;
  }
  double magnitude = std::abs(value);
  bool safe = sgn(rational_) == 0 || usual(value);
  for (const Root& root : roots_) {
    const double factor = root.factor.get_d(), radicand = root.radicand.get_d();
    safe = safe && usual(factor) && usual(radicand);
    value += factor * std::sqrt(radicand);
    magnitude += std::abs(factor * std::sqrt(radicand));
  }
  error = safe ? magnitude * kUlp * (4.0 + static_cast<double>(roots_.size()))
               : std::numeric_limits<double>::infinity();
  return value;
}

Surd& Surd::operator+=(const Surd& other) {
  rational_ += other.rational_;
  const std::vector<Root> roots = other.roots_;  // a copy: `other` may be *this
  for (const Root& root : roots) add_root(root.factor, root.radicand);
  const std::vector<CurvePoint> points = other.curves_;
  for (const CurvePoint& point : points) add_curve(point);
  return *this;
}

Surd& Surd::operator*=(const Surd& other) {
  if (other.is_rational()) {
    scale(Rational(other.rational_));  // a copy: `other` may be *this
    return *this;
  }
  if (is_rational()) {
    const Rational factor = rational_;
    *this = other;
    scale(factor);
    return *this;
  }
  if (!multiplies(other)) {
    fail(ErrorCode::E502, "a product of a function value and an irrational number");
  }
  Surd result(Rational(rational_ * other.rational_));
  for (const Root& b : other.roots_) result.add_root(rational_ * b.factor, b.radicand);
  for (const Root& a : roots_) {
    result.add_root(a.factor * other.rational_, a.radicand);
    for (const Root& b : other.roots_) {
      result.add_root(a.factor * b.factor, a.radicand * b.radicand);
    }
  }
  return *this = std::move(result);
}

Surd Surd::operator-() const {
  Surd result = *this;
  result.rational_ = -result.rational_;
  for (Root& root : result.roots_) root.factor = -root.factor;
  for (CurvePoint& point : result.curves_) point.factor = -point.factor;
  return result;
}

}  // namespace nib::lower
