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
#include "nib/lower/scalar_op.h"
#include "nib/lower/surd.h"

namespace nib::lower {

/// x -> ops(scale * x + offset) for the integers x of `domain`.
struct RealFunction {
  Range domain;
  Rational scale = 1, offset = 0;
  std::vector<ScalarOp> ops;
};

/// a x + b for the integers from `start` up to the next piece.
struct Piece {
  BigInt start = 0;
  Surd a, b;
};

/// The exact value by the definition, operator by operator, where each has one in closed form.
[[nodiscard]] std::optional<Surd> evaluate(const RealFunction& function, const BigInt& x);
/// True only where both are made of equal parts.
[[nodiscard]] bool same_function(const RealFunction& a, const RealFunction& b);
/// Bounds of the value after the first `ops` operators.
[[nodiscard]] Enclosure enclose(const RealFunction& function, std::size_t ops, const BigInt& x,
                                int bits);
/// All operators are lines between their bends.
[[nodiscard]] bool is_piecewise_linear(const RealFunction& function);
/// Values of the domain at which monotone stretches begin, the first one domain.min.
[[nodiscard]] std::vector<BigInt> stretches_of(const RealFunction& function);
/// A piecewise linear function in closed form. Every affine factor must be a monomial (see Surd).
[[nodiscard]] std::vector<Piece> pieces_of(const RealFunction& function);

/// Most thresholds that a step function may have.
inline constexpr std::int64_t kMaxThresholds = std::int64_t{1} << 17;

/// Quantiser after function: each threshold solved exactly on its linear piece. Errors E0505: more
/// than kMaxThresholds.
[[nodiscard]] StepFunction steps_of(const RealFunction& function, const Quantiser& quantiser,
                                    const std::string& node);
/// Checks `steps` against the definition: at all reachable values where the domain has at most
/// `all_up_to`, else at both sides of every threshold, at both ends of every linear piece and of
/// the domain (or monotone stretch); the function is monotone in between, so that this is a proof.
/// A difference is an internal error.
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
