// Scalar operators on reals, as they stand between an integer tensor and the next quantiser.
#pragma once

#include <optional>

#include "nib/graph/ops.h"
#include "nib/lower/enclosure.h"
#include "nib/lower/surd.h"

namespace nib::lower {

/// One scalar operator on a real x.
struct ScalarOp {
  enum class Kind {
    kAffine,  ///< a x + b
    kLeaky,   ///< x < 0 ? a x : x (Relu: a = 0)
    kClip,    ///< min(max(x, a), b), where the limits are there
    kPower,   ///< x^exponent
    kUnary,   ///< function(x) with the parameters a, b
  };
  Kind kind = Kind::kAffine;
  Surd a{}, b{};
  bool has_low = true, has_high = true;                ///< kClip
  graph::UnaryKind function = graph::UnaryKind::kAbs;  ///< kUnary
  int exponent = 1;                                    ///< kPower, at least 1
};

/// A line on each side of each of its bends, with factors that have an inverse (see Surd).
[[nodiscard]] bool is_piecewise_linear(const ScalarOp& op);
/// Rationals go to rationals.
[[nodiscard]] bool is_rational(const ScalarOp& op);
/// x <= y gives op(x) <= op(y).
[[nodiscard]] bool never_falls(const ScalarOp& op);
/// x < y gives op(x) < op(y).
[[nodiscard]] bool always_rises(const ScalarOp& op);
/// Where a function that falls on one side and rises on the other has its turn; none for those
/// that never do both.
[[nodiscard]] std::optional<Rational> turn_of(const ScalarOp& op);

/// The exact value, where it is a sum of rationals and roots in closed form.
[[nodiscard]] std::optional<Surd> apply(const ScalarOp& op, const Surd& x);
/// Bounds of the value.
[[nodiscard]] Enclosure apply(const ScalarOp& op, const Enclosure& x);

}  // namespace nib::lower
