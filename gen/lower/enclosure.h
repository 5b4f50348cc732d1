// Real numbers between two bounds of chosen precision, for what has no closed form: directed
// rounding by MPFR.
#pragma once

#include <gmp.h>
// After gmp.h, so that the conversions from rationals are declared.
#include <mpfr.h>

#include "nib/graph/ops.h"
#include "nib/lower/surd.h"
#include "nib/num/rational.h"

namespace nib::lower {

/// low <= x <= high, both of `bits` bits; x may be known not to be a bound itself.
class Enclosure {
 public:
  /// The number 0.
  explicit Enclosure(int bits);
  Enclosure(const Surd& x, int bits);
  Enclosure(const Enclosure& other);
  Enclosure& operator=(const Enclosure& other);
  ~Enclosure();

  [[nodiscard]] int bits() const { return bits_; }
  /// The bounds. Errors E407: beyond 2^65536 or so.
  [[nodiscard]] Rational low() const;
  [[nodiscard]] Rational high() const;
  /// The sign of x - y where the bounds decide it; 2 where they do not.
  [[nodiscard]] int compare(const Rational& y) const;
  /// The sign where the bounds agree on it; 2 where they do not.
  [[nodiscard]] int sign() const;

  [[nodiscard]] Enclosure plus(const Enclosure& other) const;
  [[nodiscard]] Enclosure times(const Enclosure& other) const;
  [[nodiscard]] Enclosure negated() const;
  [[nodiscard]] Enclosure times(const Surd& factor) const;
  /// 1 / x; x does not enclose 0.
  [[nodiscard]] Enclosure inverse() const;
  /// The smaller (larger) of two.
  [[nodiscard]] Enclosure at_most(const Enclosure& other) const;
  [[nodiscard]] Enclosure at_least(const Enclosure& other) const;
  /// Smallest interval around both.
  [[nodiscard]] Enclosure hull(const Enclosure& other) const;
  [[nodiscard]] Enclosure mapped(Curve function) const;

 private:
  int bits_;
  mpfr_t low_, high_;
  bool above_low_ = false, below_high_ = false;  ///< x is not that bound
};

}  // namespace nib::lower
