// Exact reals of the form r + sum of rationals times square roots and function values: what batch
// norms, Pow(c, 0.5) and functions of constants make of rationals. Every comparison is decided
// exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/num/rational.h"

namespace nib::lower {

/// Increasing functions of a real number; all but the root are transcendental.
enum class Curve { kSigmoid, kTanh, kExp, kExpm1, kSoftplus, kErf, kSqrt };

/// rational + sum of factor * sqrt(radicand). No radicand is the square of a rational, no ratio of
/// two radicands is: then the roots are linearly independent over the rationals (Besicovitch 1940)
/// and the number is zero only if all of its parts are.
/// Besides, a sum of factor * curve(argument). Nothing is known of the independence of these: a
/// comparison that bounds of 65536 bits do not decide is an error (E0407).
class Surd {
 public:
  struct Root {
    Rational factor;    ///< not 0
    Rational radicand;  ///< > 0
  };
  struct CurvePoint {
    Rational factor;  ///< not 0
    Curve curve = Curve::kExp;
    Rational argument;
  };

  Surd() = default;
  Surd(Rational value) : rational_(std::move(value)) {}  // NOLINT: a rational is a surd
  /// The square root of `value` >= 0.
  [[nodiscard]] static Surd sqrt_of(const Rational& value);
  /// curve(x), where that is a rational the rational. Errors E0502: x beyond kLargestArgument.
  [[nodiscard]] static Surd value_of(Curve curve, const Rational& x);
  /// What value_of takes at most.
  static constexpr int kLargestArgument = 32768;

  [[nodiscard]] bool is_rational() const { return roots_.empty() && is_algebraic(); }
  /// Rationals and roots only: what has products.
  [[nodiscard]] bool is_algebraic() const { return curves_.empty(); }
  [[nodiscard]] const Rational& rational() const { return rational_; }
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }
  [[nodiscard]] const std::vector<CurvePoint>& curves() const { return curves_; }
  /// The product has this form too: both are algebraic, or one is rational.
  [[nodiscard]] bool multiplies(const Surd& other) const {
    return is_rational() || other.is_rational() || (is_algebraic() && other.is_algebraic());
  }
  /// -1, 0 or 1, exactly.
  [[nodiscard]] int sign() const;
  /// One part only: a rational, or a rational times one root. Products and inverses are, too.
  [[nodiscard]] bool is_monomial() const;
  /// A rational and one root at most: what can be divided by.
  [[nodiscard]] bool has_inverse() const { return is_algebraic() && roots_.size() <= 1; }
  /// 1 / this; this must have an inverse and not be 0.
  [[nodiscard]] Surd inverse() const;
  [[nodiscard]] Integer floor() const;
  [[nodiscard]] Integer ceil() const;
  [[nodiscard]] Integer round(Rounding mode) const;
  /// Bits of the longest numerator or denominator.
  [[nodiscard]] std::size_t bits() const;
  /// A double near the value; |estimate - value| <= error (0 where they are equal, infinite where
  /// a double cannot say).
  [[nodiscard]] double estimate(double& error) const;

  Surd& operator+=(const Surd& other);
  /// Errors E0502: not multiplies(other).
  Surd& operator*=(const Surd& other);
  friend Surd operator+(Surd a, const Surd& b) { return a += b; }
  friend Surd operator*(Surd a, const Surd& b) { return a *= b; }
  [[nodiscard]] Surd operator-() const;
  friend Surd operator-(Surd a, const Surd& b) { return a += -b; }
  friend bool operator==(const Surd& a, const Surd& b) { return (a - b).sign() == 0; }

 private:
  void add_root(const Rational& factor, const Rational& radicand);
  void add_curve(const CurvePoint& point);
  /// All parts times a rational.
  void scale(const Rational& factor);

  Rational rational_;
  std::vector<Root> roots_;
  std::vector<CurvePoint> curves_;
};

/// The square root of a rational that is a square; false otherwise.
[[nodiscard]] bool exact_sqrt(const Rational& value, Rational& root);

}  // namespace nib::lower
