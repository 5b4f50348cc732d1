// Real functions of one integer code, as lowering meets them between an integer tensor and the next
// quantiser: a chain of scalar operators, exact; and the step function that a quantiser makes of
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/lower/quantiser.h"
#include "nib/lower/surd.h"

namespace nib::lower {

/// One scalar operator on a real x.
struct ScalarOp {
  enum class Kind {
    kAffine,  ///< a x + b
    kLeaky,   ///< x < 0 ? a x : x (Relu: a = 0)
    kClip,    ///< min(max(x, a), b), where the limits are there
  };
  Kind kind = Kind::kAffine;
  Surd a, b;
  bool has_low = true, has_high = true;  ///< kClip
};

/// x -> ops(scale * x + offset) for the integers x of `domain`.
struct RealFunction {
  Range domain;
  Rational scale = 1, offset = 0;
  std::vector<ScalarOp> ops;
};

/// a x + b for the integers from `start` up to the next piece.
struct Piece {
  std::int64_t start = 0;
  Surd a, b;
};

/// x <= y gives op(x) <= op(y).
[[nodiscard]] bool never_falls(const ScalarOp& op);
/// x < y gives op(x) < op(y).
[[nodiscard]] bool always_rises(const ScalarOp& op);
/// The exact value of one scalar operator.
[[nodiscard]] Surd apply(const ScalarOp& op, const Surd& x);
/// The exact value by the definition: operator by operator.
[[nodiscard]] Surd evaluate(const RealFunction& function, std::int64_t x);
/// The function in closed form: it is linear piece by piece. Every affine factor must be a monomial
/// (see Surd).
[[nodiscard]] std::vector<Piece> pieces_of(const RealFunction& function);

/// Most thresholds that a step function may have.
inline constexpr std::int64_t kMaxThresholds = std::int64_t{1} << 17;

/// Quantiser after function: each threshold solved exactly on its linear piece. Errors E0505: more
/// than kMaxThresholds.
[[nodiscard]] StepFunction steps_of(const RealFunction& function, const Quantiser& quantiser,
                                    const std::string& node);
/// Checks `steps` against the definition: at all reachable values where the domain has at most
/// `all_up_to`, else at both sides of every threshold, at both ends of every linear piece and of
/// the domain; the function is monotone in between, so that this is a proof. A difference is an
/// internal error.
void prove(const StepFunction& steps, const RealFunction& function, const Quantiser& quantiser,
           std::int64_t all_up_to);

/// A function without a quantiser as a table: scale * steps(x) + offset, where the domain has at
/// most `limit` values and all values are rational; nullopt otherwise.
struct Tabulated {
  StepFunction steps;
  Rational scale = 1, offset = 0;
};
[[nodiscard]] std::optional<Tabulated> tabulate(const RealFunction& function, std::int64_t limit);

}  // namespace nib::lower
