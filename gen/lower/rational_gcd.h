// The greatest common divisor of rationals.
#pragma once

#include "nib/num/rational.h"

namespace nib::lower {

/// The largest g >= 0 such that a and b are whole multiples of it; gcd_of(0, b) = |b|.
[[nodiscard]] inline Rational gcd_of(const Rational& a, const Rational& b) {
  // gcd(p/q, r/s) = gcd(p s, r q) / (q s)
  if (sgn(a) == 0) return abs(b);
  if (sgn(b) == 0) return abs(a);
  Rational result(gcd(Integer(a.get_num() * b.get_den()), Integer(b.get_num() * a.get_den())),
                  Integer(a.get_den() * b.get_den()));
  result.canonicalize();
  return result;
}

}  // namespace nib::lower
