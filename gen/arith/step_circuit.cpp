// Step functions as circuits: forms, their costs, and the proof that the chosen one is equal.
#include "nib/arith/step_circuit.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "nib/arith/adder_graph.h"
#include "nib/arith/target.h"
#include "nib/base/check.h"

namespace nib::arith {
namespace {

__extension__ using Wide = __int128;

constexpr int kMaxMultiplierShift = 24;
constexpr int kMaxTableBits = 8;

std::int64_t step_value(const Steps& steps, const BigInt& x) {
  const auto above = std::upper_bound(steps.thresholds.begin(), steps.thresholds.end(), x);
  return steps.levels[static_cast<std::size_t>(above - steps.thresholds.begin())];
}

std::int64_t shifted(const BigInt& sum, int shift, std::int64_t low, std::int64_t high, bool negate,
                     std::int64_t base) {
  const BigInt v = sum >> shift;
  const std::int64_t level = v < low ? low : v > high ? high : static_cast<std::int64_t>(v);
  return negate ? base - level : base + level;
}

/// +1 or -1 where every level differs from its neighbour by that, 0 otherwise.
int unit_slope(const Steps& steps) {
  const std::int64_t slope = steps.levels[1] - steps.levels[0];
  if (slope != 1 && slope != -1) return 0;
  for (std::size_t i = 2; i < steps.levels.size(); ++i) {
    if (steps.levels[i] - steps.levels[i - 1] != slope) return 0;
  }
  return static_cast<int>(slope);
}

/// The unclamped word v of a form: y = v going up, y = -1 - v (the inverted bits) going down.
struct Word {
  bool down = false;
  std::int64_t first = 0;  ///< v below the first threshold
  std::int64_t last = 0;   ///< v from the last threshold on
};

Word word_of(const Steps& steps, int slope) {
  if (slope > 0) return {false, steps.levels.front(), steps.levels.back()};
  return {true, -1 - steps.levels.front(), -1 - steps.levels.back()};
}

/// LUTs and levels of limiting v to [low, high] when the sum can give `reach`.
struct ClampCost {
  double lut = 0;
  int levels = 0;
};

ClampCost clamp_cost(Range reach, std::int64_t low, std::int64_t high, int out_bits) {
  if (reach.min >= low && reach.max <= high) return {};
  const int dropped = std::max(1, bits_for(reach) - bits_for({low, high}));
  // A limit that is no power of two needs a comparison of its own.
  const auto odd = [](std::int64_t limit) {
    const std::int64_t edge = limit < 0 ? -limit : limit + 1;
    return edge != 0 && (edge & (edge - 1)) != 0;
  };
  double lut = out_bits + (dropped > 4 ? std::ceil(dropped / 5.0) : 0);
  if (reach.min < low && odd(low)) lut += out_bits / 3.0;
  if (reach.max > high && odd(high)) lut += out_bits / 3.0;
  return {lut, dropped > 4 ? 2 : 1};
}

Range reach_of(const Steps& steps, std::int64_t multiplier, std::int64_t add, int shift) {
  return ((steps.domain * multiplier) + Range{add, add}) >> shift;
}

int output_bits(const Steps& steps) {
  const auto [low, high] = std::minmax_element(steps.levels.begin(), steps.levels.end());
  return std::max(1, bits_for({*low, *high}));
}

int carry_blocks(double bits) { return static_cast<int>(std::ceil(bits / 4)); }

/// (x + add) >> shift, with ties to even.
BigInt even_shifted(const BigInt& sum, int shift) {
  const BigInt v = sum >> shift;
  return v.bit(0) && (v << shift) == sum ? v - 1 : v;
}

StepCircuit cost_bit_drop(const Steps& steps, const BitDrop& form, const Target& target) {
  StepCircuit circuit{steps, form};
  const Range sum = steps.domain + Range{form.add, form.add};
  const Range reach = sum >> form.shift;
  const ClampCost clamp = clamp_cost(reach, form.low, form.high, output_bits(steps));
  circuit.lut = clamp.lut;
  circuit.delay_ns = lut_delay(target, clamp.levels);
  if (form.add != 0) {
    const int passed = form.add.trailing_zeros();
    const int bits = std::max(1, bits_for(hull(sum, steps.domain)) - passed);
    circuit.lut += bits;
    circuit.carry4 = carry_blocks(bits);
    circuit.delay_ns += adder_delay(target, bits) + (clamp.levels > 0 ? target.net_base : 0);
  }
  if (form.half_even) {
    // A wide NOR beside the sum, and one more input of the lowest result bit.
    const int levels = form.shift > 5 ? 2 : 1;
    circuit.lut += std::ceil(form.shift / 5.0);
    circuit.delay_ns += lut_delay(target, std::max(1, levels - clamp.levels)) + target.net_base;
  }
  return circuit;
}

std::optional<StepCircuit> bit_drop(const Steps& steps, int slope, const Target& target) {
  const auto& t = steps.thresholds;
  const Word word = word_of(steps, slope);
  const int width = bits_for(steps.domain) + 1;
  std::optional<StepCircuit> best;
  for (int shift = 0; shift <= width; ++shift) {
    const BigInt step = power_of_two(shift);
    bool uniform = true;
    for (std::size_t i = 1; i < t.size() && uniform; ++i) uniform = t[i] - t[i - 1] == step;
    if (!uniform) continue;
    BitDrop form;
    form.shift = shift;
    form.add = (word.first + 1) * step - t[0];
    form.low = word.first;
    form.high = word.last;
    form.negate = word.down;
    form.base = word.down ? -1 : 0;
    StepCircuit circuit = cost_bit_drop(steps, form, target);
    if (!best || circuit.lut < best->lut) best = std::move(circuit);
  }
  return best;
}

/// Ties to even: an odd level is entered one above the half-way point. `parity`: of a constant
/// that is added behind the rounding.
std::optional<StepCircuit> bit_drop_even(const Steps& steps, int slope, const Target& target) {
  const auto& t = steps.thresholds;
  const int width = bits_for(steps.domain) + 1;
  std::optional<StepCircuit> best;
  for (int shift = 1; shift <= width; ++shift) {
    const BigInt step = power_of_two(shift);
    for (const std::int64_t parity : {0, 1}) {
      BitDrop form;
      form.shift = shift;
      form.half_even = true;
      form.negate = slope < 0;
      form.base = parity;
      form.low = slope * (steps.levels.front() - parity);
      form.high = slope * (steps.levels.back() - parity);
      const auto entry = [&](std::size_t i) {
        const std::int64_t level = form.low + 1 + static_cast<std::int64_t>(i);
        return level * step + (level & 1);
      };
      form.add = entry(0) - t[0];
      bool equal = true;
      for (std::size_t i = 1; i < t.size() && equal; ++i) equal = t[i] + form.add == entry(i);
      if (!equal) continue;
      StepCircuit circuit = cost_bit_drop(steps, form, target);
      if (!best || circuit.lut < best->lut) best = std::move(circuit);
    }
  }
  return best;
}

/// The range of `add` for which multiplier and shift put every threshold where it belongs.
std::optional<std::int64_t> exact_add(const Steps& steps, const Word& word, std::int64_t multiplier,
                                      int shift) {
  Wide least = 0, most = 0;
  for (std::size_t i = 0; i < steps.thresholds.size(); ++i) {
    const Wide edge = (static_cast<Wide>(word.first) + 1 + static_cast<Wide>(i)) << shift;
    const Wide t = static_cast<std::int64_t>(steps.thresholds[i]);
    const Wide low = edge - multiplier * t, high = edge - multiplier * (t - 1) - 1;
    least = i == 0 ? low : std::max(least, low);
    most = i == 0 ? high : std::min(most, high);
  }
  if (least > most) return {};
  // The number in [least, most] with the most trailing zeros.
  for (int zeros = 62; zeros >= 0; --zeros) {
    const Wide unit = static_cast<Wide>(1) << zeros;
    const Wide rounded = ((least + unit - 1) >> zeros) << zeros;
    if (rounded <= most) return static_cast<std::int64_t>(rounded);
  }
  return {};
}

StepCircuit cost_multiply(const Steps& steps, const MultiplyShift& form, const Target& target) {
  StepCircuit circuit{steps, form};
  const Range product = steps.domain * form.multiplier;
  const Range sum = product + Range{form.add, form.add};
  const auto digits = static_cast<int>(csd(form.multiplier).size());
  const int bits = bits_for(hull(product, sum));
  const int adders = digits - 1 + (form.add != 0 ? 1 : 0);
  const ClampCost clamp = clamp_cost(reach_of(steps, form.multiplier, form.add, form.shift),
                                     form.low, form.high, output_bits(steps));
  circuit.lut = adders * bits + clamp.lut;
  circuit.carry4 = adders * carry_blocks(bits);
  int levels = form.add != 0 ? 1 : 0;
  for (int reach = 1; reach < digits; reach *= 2) ++levels;
  circuit.delay_ns =
      levels * (adder_delay(target, bits) + target.net_base) + lut_delay(target, clamp.levels);
  return circuit;
}

std::optional<StepCircuit> multiply_shift(const Steps& steps, int slope, const Target& target) {
  const auto& t = steps.thresholds;
  if (t.size() < 3 || bits_for(steps.domain) > 30) return {};
  const Word word = word_of(steps, slope);
  const double per_step =
      static_cast<double>(t.back() - t.front()) / static_cast<double>(t.size() - 1);
  std::optional<StepCircuit> best;
  for (int shift = 0; shift <= kMaxMultiplierShift; ++shift) {
    const auto guess = static_cast<std::int64_t>(std::ldexp(1.0, shift) / per_step);
    for (std::int64_t m = std::max<std::int64_t>(1, guess); m <= guess + 1; ++m) {
      const auto add = exact_add(steps, word, m, shift);
      if (!add) continue;
      MultiplyShift form{m, *add, shift, word.first, word.last, word.down, word.down ? -1 : 0};
      StepCircuit circuit = cost_multiply(steps, form, target);
      if (!best || circuit.lut < best->lut) best = std::move(circuit);
    }
    if (best && shift > bits_for(steps.domain) + 4) break;
  }
  return best;
}

/// Fitted to Yosys' counts for random sorted thresholds of 8 to 12 bits: a comparison by a constant
/// is one LUT up to 6 bits, then about a LUT for 4 more; the count's encoder is a third of the
/// levels.
StepCircuit comparators(const Steps& steps, const Target& target) {
  StepCircuit circuit{steps, Comparators{}};
  const int bits = bits_for(steps.domain);
  const auto count = static_cast<double>(steps.thresholds.size());
  int widest = 0;
  for (const BigInt& t : steps.thresholds) {
    // Zeros at the low end of the threshold need not be looked at; at 0 just the sign is.
    const int seen = t == 0 ? 1 : bits - t.trailing_zeros();
    widest = std::max(widest, seen);
    circuit.lut += seen <= 1 ? 0 : seen <= 6 ? 1 : 1 + (seen - 6) / 4.0;
  }
  const bool single = steps.thresholds.size() == 1 && output_bits(steps) == 1;
  if (!single) circuit.lut += std::ceil((count + 1) / 3) * output_bits(steps) / 2.0;
  int levels = widest <= 1 ? 0 : widest <= 6 ? 1 : widest <= 16 ? 2 : 3;
  for (double inputs = count; inputs > 1; inputs /= 6) ++levels;
  circuit.delay_ns = lut_delay(target, levels);
  return circuit;
}

std::optional<StepCircuit> table(const Steps& steps, const Target& target) {
  const int bits = bits_for(steps.domain);
  if (bits > kMaxTableBits) return {};
  StepCircuit circuit{steps, Table{}};
  const double per_bit = bits <= 6 ? 1 : bits == 7 ? 2 : 4;
  circuit.lut = per_bit * output_bits(steps);
  circuit.delay_ns = lut_delay(target, bits <= 6 ? 1 : 2);
  return circuit;
}

void prove(const StepCircuit& circuit) {
  const Steps& steps = circuit.steps;
  const auto equal_at = [&](const BigInt& x) {
    NIB_CHECK(evaluate(circuit, x) == step_value(steps, x), "a form that is not the step function");
  };
  equal_at(steps.domain.min);
  equal_at(steps.domain.max);
  // Every form is monotone between thresholds of the function, so both sides of each suffice.
  for (const BigInt& t : steps.thresholds) {
    equal_at(t - 1);
    equal_at(t);
  }
}

}  // namespace

std::int64_t evaluate(const StepCircuit& circuit, const BigInt& x) {
  struct Visitor {
    const Steps& steps;
    const BigInt& x;
    std::int64_t operator()(const ConstantLevel& form) const { return form.value; }
    std::int64_t operator()(const BitDrop& f) const {
      const BigInt sum = x + f.add;
      if (f.half_even) {
        return shifted(even_shifted(sum, f.shift), 0, f.low, f.high, f.negate, f.base);
      }
      return shifted(sum, f.shift, f.low, f.high, f.negate, f.base);
    }
    std::int64_t operator()(const MultiplyShift& f) const {
      return shifted(x * f.multiplier + f.add, f.shift, f.low, f.high, f.negate, f.base);
    }
    std::int64_t operator()(const Comparators&) const { return step_value(steps, x); }
    std::int64_t operator()(const Table&) const { return step_value(steps, x); }
  };
  return std::visit(Visitor{circuit.steps, x}, circuit.form);
}

StepCircuit choose_form(const Steps& steps, const Target& target) {
  NIB_CHECK(steps.levels.size() == steps.thresholds.size() + 1, "one level more than thresholds");
  for (std::size_t i = 0; i < steps.thresholds.size(); ++i) {
    const BigInt& before = i == 0 ? steps.domain.min : steps.thresholds[i - 1];
    NIB_CHECK(before < steps.thresholds[i] && steps.thresholds[i] <= steps.domain.max,
              "thresholds ascend inside the domain");
  }
  if (steps.levels.size() == 1) return {steps, ConstantLevel{steps.levels[0]}};
  std::optional<StepCircuit> best;
  const auto offer = [&](std::optional<StepCircuit> circuit) {
    if (circuit && (!best || circuit->lut < best->lut)) best = std::move(circuit);
  };
  if (const int slope = unit_slope(steps); slope != 0) {
    offer(bit_drop(steps, slope, target));
    offer(bit_drop_even(steps, slope, target));
    if (!best) offer(multiply_shift(steps, slope, target));
  }
  offer(comparators(steps, target));
  offer(table(steps, target));
  // The way into the circuit: a net of fan-out 1 in a small design; plan scales it.
  if (best->delay_ns > 0) best->delay_ns += target.net_base;
  prove(*best);
  return std::move(*best);
}

}  // namespace nib::arith
