// Transcendental functions by directed rounding.
#include "nib/golden/transcendental.h"

// After gmp.h, so that the conversions to and from rationals are declared.
#include <mpfr.h>

namespace nib::golden {
namespace {

/// f(x) rounded in one direction. Each function increases in x, so the argument is rounded in the
/// same direction; within a function, each operation is rounded the way that moves its result so.
Rational bound(Transcendental f, const Rational& x, std::size_t precision, mpfr_rnd_t direction) {
  const mpfr_rnd_t opposite = direction == MPFR_RNDD ? MPFR_RNDU : MPFR_RNDD;
  mpfr_t y;
  mpfr_init2(y, static_cast<mpfr_prec_t>(precision));
  mpfr_set_q(y, x.get_mpq_t(), direction);
  switch (f) {
    case Transcendental::kSigmoid:
      // 1 / (1 + exp(-x)): what is divided by goes the other way.
      mpfr_neg(y, y, opposite);
      mpfr_exp(y, y, opposite);
      mpfr_add_ui(y, y, 1, opposite);
      mpfr_ui_div(y, 1, y, direction);
      break;
    case Transcendental::kTanh:
      mpfr_tanh(y, y, direction);
      break;
    case Transcendental::kExpm1:
      mpfr_expm1(y, y, direction);
      break;
    case Transcendental::kSoftplus:
      mpfr_exp(y, y, direction);
      mpfr_log1p(y, y, direction);
      break;
    case Transcendental::kExp:
      mpfr_exp(y, y, direction);
      break;
    case Transcendental::kErf:
      mpfr_erf(y, y, direction);
      break;
  }
  Rational result;
  mpfr_get_q(result.get_mpq_t(), y);
  mpfr_clear(y);
  return result;
}

}  // namespace

OpenBounds open_bounds(Transcendental f, const Rational& x) {
  const bool positive = sgn(x) > 0;
  switch (f) {
    case Transcendental::kSigmoid:
      return positive ? OpenBounds{Rational(1, 2), 1} : OpenBounds{0, Rational(1, 2)};
    case Transcendental::kTanh:
    case Transcendental::kErf:
      return positive ? OpenBounds{0, 1} : OpenBounds{-1, 0};
    case Transcendental::kExpm1:  // exp(x) > 1 + x
      return positive ? OpenBounds{x, 0, false} : OpenBounds{-1, 0};
    case Transcendental::kExp:
      return positive ? OpenBounds{Rational(1 + x), 0, false} : OpenBounds{0, 1};
    case Transcendental::kSoftplus:  // log(1 + exp(x)) - max(x, 0) = log(1 + exp(-|x|)) <= log 2
      return positive ? OpenBounds{x, Rational(x + 1)} : OpenBounds{0, 1};
  }
  return {0, 0, false};
}

void transcendental_bounds(Transcendental f, const Rational& x, std::size_t precision,
                           Rational& low, Rational& high) {
  low = bound(f, x, precision, MPFR_RNDD);
  high = bound(f, x, precision, MPFR_RNDU);
}

}  // namespace nib::golden
