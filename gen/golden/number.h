// Exact reals: a rational plus rational multiples of square roots and of transcendental functions
// of rationals. Batch norms and Pow(c, 0.5) need the roots, activations the functions.
#pragma once

#include <string>
#include <vector>

#include "nib/golden/transcendental.h"
#include "nib/num/rational.h"

namespace nib::golden {

/// An exact real number. The radicands are positive, no squares, and no ratio of two of them is a
/// square; so the roots and 1 are linearly independent over the rationals, and a number is zero
/// only where every coefficient is. Nothing of the sort is known of several transcendental numbers:
/// where bounds do not separate such a sum from what it is compared with, that is an error (E0407).
/// A single one of these is irrational at every rational but 0, where it is replaced by its value:
/// sigmoid, tanh, exp and softplus by Lindemann and Weierstrass.
class Number {
 public:
  Number() = default;
  Number(Rational value) : rational_(std::move(value)) {}  // NOLINT: a rational is a number

  [[nodiscard]] bool is_rational() const { return roots_.empty() && functions_.empty(); }
  /// The rational part; the number itself where is_rational().
  [[nodiscard]] const Rational& rational() const { return rational_; }
  /// Bits of the longest numerator or denominator.
  [[nodiscard]] std::size_t bits() const;

  Number& operator+=(const Number& other);
  [[nodiscard]] Number operator-() const;
  /// Errors: E0309 a product of a transcendental number and another irrational one.
  [[nodiscard]] Number operator*(const Number& other) const;

  /// -1, 0 or 1, exactly.
  [[nodiscard]] int sign() const;
  /// The integer that the mode gives, exactly.
  [[nodiscard]] Integer round(Rounding mode) const;
  /// A double within `error` of the number; error is 0 where the double is the number.
  [[nodiscard]] double approximate(double& error) const;

  /// sqrt(x) of a positive rational; exact where x is a square.
  [[nodiscard]] static Number root_of(const Rational& x);
  /// f(x). Errors: E0309 an irrational x, or one beyond kLargestArgument.
  [[nodiscard]] static Number of(Transcendental f, const Number& x, const std::string& node);
  /// 1 / x for a rational or a multiple of one root, not zero; false for a sum of several.
  [[nodiscard]] static bool reciprocal(const Number& x, Number& result);

 private:
  struct Root {
    Rational radicand, factor;
  };
  struct Function {
    Transcendental function;
    Rational argument, factor;
  };
  /// Rational bounds whose distance falls as `precision` (bits) grows.
  void bounds(std::size_t precision, Rational& low, Rational& high) const;
  /// The sign where what a function only approaches decides it, else 0.
  [[nodiscard]] int sign_by_limits() const;
  void add_root(const Rational& radicand, const Rational& factor);
  void add_function(const Function& term);

  Rational rational_;
  std::vector<Root> roots_;          ///< factors are not zero
  std::vector<Function> functions_;  ///< neither
};

[[nodiscard]] Number operator+(Number a, const Number& b);
[[nodiscard]] Number operator-(Number a, const Number& b);
/// The sign of a - b.
[[nodiscard]] int compare(const Number& a, const Number& b);

}  // namespace nib::golden
