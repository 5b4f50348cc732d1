// Integer graphs for the tests of plan and map, by hand and at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph_builder.h"
#include "nib/lower/integer_graph.h"
#include "reference.h"

namespace nib::test {

/// Integers from a fixed sequence: the same on every machine.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 2654435769U + 12345) {}
  /// Uniform in [low, high].
  std::int64_t in(std::int64_t low, std::int64_t high) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return low + static_cast<std::int64_t>(state_ % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// A dense network with input quantiser, ReLU-like steps and the given widths.
[[nodiscard]] inline lower::IntegerGraph dense_network(const std::string& name, std::uint64_t seed,
                                                       const std::vector<std::int64_t>& sizes,
                                                       int weight_bits, int zero_percent);
/// A small graph of every kind of node; `seed` chooses sizes, weights, functions and branches.
[[nodiscard]] inline lower::IntegerGraph random_graph(const std::string& name, std::uint64_t seed);
/// The worked example of the golden texts: 3 inputs, 2 layers, an ArgMax.
[[nodiscard]] inline lower::IntegerGraph small_graph();

/// A vector of input codes, all inputs in order, at the corners of the ranges now and then.
[[nodiscard]] inline std::vector<std::int64_t> random_codes(const lower::IntegerGraph& graph,
                                                            Numbers& numbers);
inline lower::IntegerGraph dense_network(const std::string& name, std::uint64_t seed,
                                         const std::vector<std::int64_t>& sizes, int weight_bits,
                                         int zero_percent) {
  Numbers numbers(seed);
  GraphBuilder b(name);
  lower::ValueId x = b.input("x", std::vector<Range>(at(sizes[0]), Range{-64, 63}));
  const std::int64_t top = (std::int64_t{1} << (weight_bits - 1)) - 1;
  for (std::size_t l = 1; l < sizes.size(); ++l) {
    std::vector<std::int64_t> weights, bias;
    for (std::int64_t i = 0; i < sizes[l] * sizes[l - 1]; ++i) {
      weights.push_back(numbers.in(1, 100) <= zero_percent ? 0 : numbers.in(-top, top));
    }
    for (std::int64_t i = 0; i < sizes[l]; ++i) bias.push_back(numbers.in(-200, 200));
    const std::string layer = "fc" + std::to_string(l);
    x = b.linear(layer, x, sizes[l], weights, bias);
    if (l + 1 == sizes.size()) break;
    std::vector<lower::StepFunction> steps;
    for (const Range& r : b.ranges(x)) steps.push_back(requantiser(r, 8, 4, 0, 63));
    x = b.step(layer + "_relu", x, steps);
  }
  b.output("y", x);
  return b.take();
}

inline lower::IntegerGraph small_graph() {
  GraphBuilder b("jet");
  lower::ValueId x = b.input("x", std::vector<Range>(3, Range{-16, 15}));
  x = b.linear("fc1", x, 2, {1, 4, 2, -1, -4, 1}, {3, -5});
  std::vector<lower::StepFunction> steps;
  for (const Range& r : b.ranges(x)) steps.push_back(requantiser(r, 0, 2, 0, 15));
  x = b.step("fc1_quant", x, steps);
  x = b.linear("fc2", x, 3, {1, -1, 3, 2, 0, 5}, {0, -4, 1});
  x = b.argmax("best", x);
  b.output("class", x);
  return b.take();
}

namespace detail {

// Functions of many shapes on one domain.
inline lower::StepFunction random_step(Numbers& n, Range domain) {
  const std::int64_t span = std::max<std::int64_t>(1, domain.max - domain.min);
  int shift = 0;
  while ((span >> shift) > 20) ++shift;
  shift = std::max<int>(0, shift - static_cast<int>(n.in(0, 2)));
  const std::int64_t add = n.in(-20, 20);
  switch (n.in(0, 9)) {
    case 0:
      return requantiser(domain, add, shift, 0, 15);
    case 1:
      return requantiser(domain, add, shift, -8, 7);
    case 2:
      return requantiser(domain, add, shift, -7, 7);
    case 3:  // falling
      return step_of(domain, [=](std::int64_t x) {
        return 3 - std::clamp<std::int64_t>((x + add) >> shift, -3, 9);
      });
    case 4:  // a sign
      return step_of(domain, [=](std::int64_t x) -> std::int64_t { return x >= add ? 1 : -1; });
    case 5:  // multiply and shift
      return step_of(domain, [=](std::int64_t x) {
        return std::clamp<std::int64_t>((5 * x + add) >> (shift + 2), 0, 31);
      });
    case 8:  // ties to even, clipped at an odd level below
    case 9: {
      const std::int64_t sign = n.in(0, 1) == 0 ? 1 : -1;
      return step_of(domain, [=](std::int64_t x) {
        const std::int64_t half = (std::int64_t{1} << shift) / 2;
        const std::int64_t up = (x + add + half) >> shift;
        const bool tie = half > 0 && ((x + add + half) & (2 * half - 1)) == 0;
        return sign * std::clamp<std::int64_t>(tie ? up & ~std::int64_t{1} : up, -7, 8);
      });
    }
    case 6:  // not monotone
      return step_of(domain, [=](std::int64_t x) {
        const std::int64_t k = (x + add) >> (shift + 1);
        return k * k % 7;
      });
    default:
      return requantiser(domain, add, shift, -1000, 1000);
  }
}

inline std::vector<lower::StepFunction> random_steps(Numbers& n, const std::vector<Range>& ranges) {
  std::vector<lower::StepFunction> steps;
  for (const Range& r : ranges) steps.push_back(random_step(n, r));
  return steps;
}

inline lower::ValueId random_linear(GraphBuilder& b, Numbers& n, const std::string& name,
                                    lower::ValueId x, std::int64_t ins, std::int64_t outs) {
  std::vector<std::int64_t> weights, bias;
  for (std::int64_t i = 0; i < ins * outs; ++i) {
    weights.push_back(n.in(0, 2) == 0 ? 0 : n.in(-9, 9));
  }
  for (std::int64_t i = 0; i < outs; ++i) bias.push_back(n.in(0, 1) == 0 ? 0 : n.in(-40, 40));
  return b.linear(name, x, outs, weights, bias);
}

}  // namespace detail
using namespace detail;

inline lower::IntegerGraph random_graph(const std::string& name, std::uint64_t seed) {
  Numbers n(seed + 1);
  GraphBuilder b(name);
  std::vector<Range> in;
  std::int64_t width = n.in(1, 5);
  for (std::int64_t i = 0; i < width; ++i) {
    const std::int64_t low = n.in(-9, 3);
    in.push_back(Range{low, low + n.in(0, 24)});
  }
  lower::ValueId x = b.input("x", in);
  const bool second = n.in(0, 2) == 0;
  if (n.in(0, 2) == 0) x = b.step("quant_in", x, random_steps(n, b.ranges(x)));
  if (n.in(0, 3) == 0) {
    std::vector<std::int32_t> order;
    for (std::int64_t i = 0; i < width + 1; ++i) {
      order.push_back(static_cast<std::int32_t>(n.in(0, width - 1)));
    }
    x = b.reindex("shuffle", x, order);
    ++width;
  }
  const std::int64_t outs = n.in(1, 6);
  lower::ValueId y = random_linear(b, n, "fc1", x, width, outs);
  if (n.in(0, 3) == 0) {
    y = b.clamp("relu1", y, Range{0, n.in(0, 1) == 0 ? 1000000 : n.in(1, 30)});
  } else {
    y = b.step("quant1", y, random_steps(n, b.ranges(y)));
  }
  lower::ValueId z = random_linear(b, n, "fc2", y, outs, outs);
  if (n.in(0, 1) == 0) z = b.step("quant2", z, random_steps(n, b.ranges(z)));
  const std::int64_t join = n.in(0, 3);
  if (join == 0) z = b.sum("add", {y, z}, {n.in(1, 3), n.in(-2, -1)});
  if (join == 1) z = b.concat("cat", {z, y});
  if (second) b.output("hidden", y);
  if (n.in(0, 2) == 0) z = b.argmax("best", z);
  b.output("y", z);
  return b.take();
}

inline std::vector<std::int64_t> random_codes(const lower::IntegerGraph& graph, Numbers& numbers) {
  std::vector<std::int64_t> codes;
  const std::int64_t mode = numbers.in(0, 7);
  for (const lower::ValueId id : graph.inputs) {
    const lower::Value& value = graph.value(id);
    for (std::int64_t e = 0; e < value.elements(); ++e) {
      const Range r = value.range_of(e);
      const bool corner = mode < 2 || (mode == 2 && numbers.in(0, 1) == 0);
      codes.push_back(!corner                              ? std::int64_t{numbers.in(r.min, r.max)}
                      : mode == 0 || numbers.in(0, 1) == 0 ? std::int64_t{r.max}
                                                           : std::int64_t{r.min});
    }
  }
  return codes;
}

}  // namespace nib::test
