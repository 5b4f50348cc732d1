// Interval arithmetic with directed rounding.
#include "nib/lower/enclosure.h"

#include <cstdlib>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::lower {
namespace {

/// f(y) rounded one way, in place. Each function increases, so that its argument was rounded the
/// same way; within a function each step is rounded the way that moves the result so.
void map_bound(mpfr_t y, Curve function, mpfr_rnd_t way) {
  const mpfr_rnd_t other = way == MPFR_RNDD ? MPFR_RNDU : MPFR_RNDD;
  switch (function) {
    case Curve::kSigmoid:  // 1 / (1 + exp(-y)): what divides goes the other way
      mpfr_neg(y, y, other);
      mpfr_exp(y, y, other);
      mpfr_add_ui(y, y, 1, other);
      mpfr_ui_div(y, 1, y, way);
      return;
    case Curve::kTanh:
      mpfr_tanh(y, y, way);
      return;
    case Curve::kExp:
      mpfr_exp(y, y, way);
      return;
    case Curve::kExpm1:
      mpfr_expm1(y, y, way);
      return;
    case Curve::kSoftplus:
      mpfr_exp(y, y, way);
      mpfr_log1p(y, y, way);
      return;
    case Curve::kErf:
      mpfr_erf(y, y, way);
      return;
    case Curve::kSqrt:
      mpfr_sqrt(y, y, way);
      return;
  }
  NIB_CHECK(false, "a function");
}

Rational rational(const mpfr_t& bound) {
  constexpr mpfr_exp_t kFar = 1 << 16;
  const bool usual = mpfr_zero_p(bound) != 0 ||
                     (mpfr_number_p(bound) != 0 && std::abs(mpfr_get_exp(bound)) < kFar);
  if (!usual) fail(ErrorCode::E407, "a function value beyond 2^65536");
  Rational result;
  mpfr_get_q(result.get_mpq_t(), bound);
  return result;
}

}  // namespace

Enclosure::Enclosure(int bits) : bits_(bits) {
  mpfr_init2(low_, bits);
  mpfr_init2(high_, bits);
  mpfr_set_zero(low_, 1);
  mpfr_set_zero(high_, 1);
}

Enclosure::Enclosure(const Surd& x, int bits) : Enclosure(bits) {
  mpfr_set_q(low_, x.rational().get_mpq_t(), MPFR_RNDD);
  mpfr_set_q(high_, x.rational().get_mpq_t(), MPFR_RNDU);
  for (const Surd::Root& root : x.roots()) {
    const Enclosure radicand(Surd(root.radicand), bits), factor(Surd(root.factor), bits);
    *this = plus(factor.times(radicand.mapped(Curve::kSqrt)));
  }
  for (const Surd::CurvePoint& point : x.curves()) {
    const Enclosure argument(Surd(point.argument), bits);
    *this = plus(argument.mapped(point.curve).times(Surd(point.factor)));
  }
}

Enclosure::Enclosure(const Enclosure& other) : Enclosure(other.bits_) {
  mpfr_set(low_, other.low_, MPFR_RNDD);
  mpfr_set(high_, other.high_, MPFR_RNDU);
  above_low_ = other.above_low_;
  below_high_ = other.below_high_;
}

Enclosure& Enclosure::operator=(const Enclosure& other) {
  if (this == &other) return *this;
  bits_ = other.bits_;
  mpfr_set_prec(low_, bits_);
  mpfr_set_prec(high_, bits_);
  mpfr_set(low_, other.low_, MPFR_RNDD);
  mpfr_set(high_, other.high_, MPFR_RNDU);
  above_low_ = other.above_low_;
  below_high_ = other.below_high_;
  return *this;
}

Enclosure::~Enclosure() {
  mpfr_clear(low_);
  mpfr_clear(high_);
}

Rational Enclosure::low() const { return rational(low_); }
Rational Enclosure::high() const { return rational(high_); }

int Enclosure::compare(const Rational& y) const {
  const int low = mpfr_cmp_q(low_, y.get_mpq_t()), high = mpfr_cmp_q(high_, y.get_mpq_t());
  if (low > 0 || (low == 0 && above_low_)) return 1;
  if (high < 0 || (high == 0 && below_high_)) return -1;
  return low == 0 && high == 0 ? 0 : 2;
}

int Enclosure::sign() const {
  const int low = mpfr_sgn(low_), high = mpfr_sgn(high_);
  if (low > 0 || (low == 0 && above_low_)) return 1;
  if (high < 0 || (high == 0 && below_high_)) return -1;
  return low == 0 && high == 0 ? 0 : 2;
}

Enclosure Enclosure::plus(const Enclosure& other) const {
  Enclosure result(bits_);
  mpfr_add(result.low_, low_, other.low_, MPFR_RNDD);
  mpfr_add(result.high_, high_, other.high_, MPFR_RNDU);
  result.above_low_ = above_low_ || other.above_low_;
  result.below_high_ = below_high_ || other.below_high_;
  return result;
}

Enclosure Enclosure::times(const Enclosure& other) const {
  Enclosure result(bits_);
  mpfr_t product;
  mpfr_init2(product, bits_);
  bool first = true;
  const auto take = [&](const mpfr_t& a, const mpfr_t& b) {
    mpfr_mul(product, a, b, MPFR_RNDD);
    if (first || mpfr_less_p(product, result.low_) != 0) {
      mpfr_set(result.low_, product, MPFR_RNDD);
    }
    mpfr_mul(product, a, b, MPFR_RNDU);
    if (first || mpfr_greater_p(product, result.high_) != 0) {
      mpfr_set(result.high_, product, MPFR_RNDU);
    }
    first = false;
  };
  take(low_, other.low_);
  take(low_, other.high_);
  take(high_, other.low_);
  take(high_, other.high_);
  mpfr_clear(product);
  return result;
}

Enclosure Enclosure::negated() const {
  Enclosure result(bits_);
  mpfr_neg(result.low_, high_, MPFR_RNDD);
  mpfr_neg(result.high_, low_, MPFR_RNDU);
  result.above_low_ = below_high_;
  result.below_high_ = above_low_;
  return result;
}

Enclosure Enclosure::times(const Surd& factor) const {
  Enclosure result = times(Enclosure(factor, bits_));
  const int sign = factor.sign();
  if (sign != 0) {
    result.above_low_ = sign > 0 ? above_low_ : below_high_;
    result.below_high_ = sign > 0 ? below_high_ : above_low_;
  }
  return result;
}

Enclosure Enclosure::inverse() const {
  NIB_CHECK(sign() == 1 || sign() == -1, "a number apart from 0");
  Enclosure result(bits_);
  mpfr_ui_div(result.low_, 1, high_, MPFR_RNDD);
  mpfr_ui_div(result.high_, 1, low_, MPFR_RNDU);
  return result;
}

Enclosure Enclosure::at_most(const Enclosure& other) const {
  return negated().at_least(other.negated()).negated();
}

Enclosure Enclosure::at_least(const Enclosure& other) const {
  Enclosure result(bits_);
  mpfr_max(result.low_, low_, other.low_, MPFR_RNDD);
  mpfr_max(result.high_, high_, other.high_, MPFR_RNDU);
  const int low = mpfr_cmp(low_, other.low_), high = mpfr_cmp(high_, other.high_);
  result.above_low_ = (low >= 0 && above_low_) || (low <= 0 && other.above_low_);
  result.below_high_ = (high < 0 || below_high_) && (high > 0 || other.below_high_);
  return result;
}

Enclosure Enclosure::hull(const Enclosure& other) const {
  Enclosure result(bits_);
  mpfr_min(result.low_, low_, other.low_, MPFR_RNDD);
  mpfr_max(result.high_, high_, other.high_, MPFR_RNDU);
  const int low = mpfr_cmp(low_, other.low_), high = mpfr_cmp(high_, other.high_);
  result.above_low_ = (low > 0 || above_low_) && (low < 0 || other.above_low_);
  result.below_high_ = (high < 0 || below_high_) && (high > 0 || other.below_high_);
  return result;
}

Enclosure Enclosure::mapped(Curve function) const {
  Enclosure result = *this;
  if (function == Curve::kSqrt && mpfr_sgn(result.low_) < 0) {
    mpfr_set_zero(result.low_, 1);  // the number itself is not negative
  }
  map_bound(result.low_, function, MPFR_RNDD);
  map_bound(result.high_, function, MPFR_RNDU);
  // The functions that approach a limit never reach it.
  const bool from_zero =
      function == Curve::kSigmoid || function == Curve::kExp || function == Curve::kSoftplus;
  const bool to_one =
      function == Curve::kSigmoid || function == Curve::kTanh || function == Curve::kErf;
  const bool from_minus_one =
      function == Curve::kTanh || function == Curve::kErf || function == Curve::kExpm1;
  result.above_low_ = above_low_ || (from_zero && mpfr_sgn(result.low_) <= 0) ||
                      (from_minus_one && mpfr_cmp_si(result.low_, -1) <= 0);
  result.below_high_ = below_high_ || (to_one && mpfr_cmp_si(result.high_, 1) >= 0);
  return result;
}

}  // namespace nib::lower
