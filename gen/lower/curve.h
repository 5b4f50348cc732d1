// Step functions of curves: functions of one code that are no lines between bends. Monotone
// stretches are searched by bisection; each decision is exact.
#pragma once

#include <cstdint>
#include <string>

#include "nib/lower/real_function.h"

namespace nib::lower {

/// The sign of the value after the first `ops` operators at x, minus `target`, exactly. Errors
/// E407: undecided at 4096 bits.
[[nodiscard]] int compare_at(const RealFunction& function, std::size_t ops, const BigInt& x,
                             const Rational& target);

/// The code that the quantiser gives at x, exactly. Errors E407: undecided at 4096 bits.
[[nodiscard]] std::int64_t code_at(const RealFunction& function, const Quantiser& quantiser,
                                   const BigInt& x);

/// Quantiser after function. Errors E505: more than kMaxThresholds.
[[nodiscard]] StepFunction steps_of_curve(const RealFunction& function, const Quantiser& quantiser,
                                          const std::string& node);

}  // namespace nib::lower
