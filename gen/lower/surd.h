// Exact reals of the form r + sum of rationals times square roots: what batch norms and Pow(c, 0.5)
// make of rationals. Every comparison is decided exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/num/rational.h"

namespace nib::lower {

/// rational + sum of factor * sqrt(radicand). No radicand is the square of a rational, no ratio of
/// two radicands is: then the roots are linearly independent over the rationals (Besicovitch 1940)
/// and the number is zero only if all of its parts are.
class Surd {
 public:
  struct Root {
    Rational factor;    ///< not 0
    Rational radicand;  ///< > 0
  };

  Surd() = default;
  Surd(Rational value) : rational_(std::move(value)) {}  // NOLINT: a rational is a surd
  /// The square root of `value` >= 0.
  [[nodiscard]] static Surd sqrt_of(const Rational& value);

  [[nodiscard]] bool is_rational() const { return roots_.empty(); }
  [[nodiscard]] const Rational& rational() const { return rational_; }
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }
  /// -1, 0 or 1, exactly.
  [[nodiscard]] int sign() const;
  /// One part only (a rational, or a rational times one root): what can be divided by here.
  [[nodiscard]] bool is_monomial() const;
  /// 1 / this; this must be a monomial and not 0.
  [[nodiscard]] Surd inverse() const;
  [[nodiscard]] Integer floor() const;
  [[nodiscard]] Integer ceil() const;
  /// A double near the value; |estimate - value| <= error (0 where they are equal, infinite where
  /// a double cannot say).
  [[nodiscard]] double estimate(double& error) const;

  Surd& operator+=(const Surd& other);
  Surd& operator*=(const Surd& other);
  friend Surd operator+(Surd a, const Surd& b) { return a += b; }
  friend Surd operator*(Surd a, const Surd& b) { return a *= b; }
  [[nodiscard]] Surd operator-() const;
  friend Surd operator-(Surd a, const Surd& b) { return a += -b; }
  friend bool operator==(const Surd& a, const Surd& b) { return (a - b).sign() == 0; }

 private:
  void add_root(const Rational& factor, const Rational& radicand);

  Rational rational_;
  std::vector<Root> roots_;
};

/// The square root of a rational that is a square; false otherwise.
[[nodiscard]] bool exact_sqrt(const Rational& value, Rational& root);

}  // namespace nib::lower
