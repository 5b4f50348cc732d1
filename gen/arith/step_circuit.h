// Step functions of one integer as circuits: the cheapest form that is proven equal.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "nib/num/range.h"

namespace nib::arith {

struct Target;

/// The function to build: y = levels[#{i : x >= thresholds[i]}] for x in `domain` (see
/// lower::StepFunction; arith does not see lower).
struct Steps {
  Range domain;
  std::vector<BigInt> thresholds;
  std::vector<std::int64_t> levels;
};

/// y = clamp((x + add) >> shift, low, high) * sign + base: bit drop and clip. With `half_even`, the
/// lowest bit of the shifted value is cleared where all dropped bits of x + add are 0: with half a
/// step inside of `add` that is rounding to the nearest, ties to the even level.
struct BitDrop {
  BigInt add = 0;
  int shift = 0;
  std::int64_t low = 0, high = 0;  ///< of the shifted value
  bool negate = false;
  std::int64_t base = 0;
  bool half_even = false;
};
/// y = clamp((multiplier * x + add) >> shift, low, high) * sign + base; multiplier as an adder
/// graph would build it (canonical digits).
struct MultiplyShift {
  std::int64_t multiplier = 1;
  std::int64_t add = 0;
  int shift = 0;
  std::int64_t low = 0, high = 0;
  bool negate = false;
  std::int64_t base = 0;
};
/// One comparator per threshold; the level is chosen by the count.
struct Comparators {};
/// A table over the whole domain, indexed by x - domain.min or by the word itself.
struct Table {};
/// The function has one level.
struct ConstantLevel {
  std::int64_t value = 0;
};

using StepForm = std::variant<ConstantLevel, BitDrop, MultiplyShift, Comparators, Table>;

/// A form with the function that it builds and what it costs.
struct StepCircuit {
  Steps steps;
  StepForm form;
  double lut = 0;       ///< estimate
  double delay_ns = 0;  ///< logic and nets, from input word to output word
  int carry4 = 0;
};

/// The cheapest form by the target's cost model, proven equal on the whole domain: at both sides of
/// every threshold of the function and of the form, and at the ends.
[[nodiscard]] StepCircuit choose_form(const Steps& steps, const Target& target);
/// Bit-exact model of the form (not of the step function).
[[nodiscard]] std::int64_t evaluate(const StepCircuit& circuit, const BigInt& x);

}  // namespace nib::arith
