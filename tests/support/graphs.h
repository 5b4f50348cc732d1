// Integer graphs for the tests of plan and map, built by hand and at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nib/base/check.h"
#include "nib/lower/integer_graph.h"

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

/// Builds a graph node by node; every value has one range per element and scale 1.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) {
    graph_.name = std::move(name);
    graph_.source_file = "hand.onnx";
    graph_.sha256 = std::string(64, '5');
  }

  lower::ValueId input(const std::string& name, const std::vector<Range>& ranges) {
    const lower::ValueId id =
        node(name, lower::Input{static_cast<std::int32_t>(graph_.inputs.size())}, {},
             {1, static_cast<std::int64_t>(ranges.size())}, ranges);
    graph_.inputs.push_back(id);
    graph_.input_names.push_back(name);
    return id;
  }
  /// Rows of x are its leading axes.
  lower::ValueId linear(const std::string& name, lower::ValueId x, std::int64_t outputs,
                        const std::vector<std::int64_t>& weights,
                        const std::vector<std::int64_t>& bias);
  /// One function per element, or one for all.
  lower::ValueId step(const std::string& name, lower::ValueId x,
                      const std::vector<lower::StepFunction>& steps);
  lower::ValueId clamp(const std::string& name, lower::ValueId x, Range limits);
  lower::ValueId reindex(const std::string& name, lower::ValueId x,
                         const std::vector<std::int32_t>& source);
  lower::ValueId sum(const std::string& name, const std::vector<lower::ValueId>& xs,
                     const std::vector<std::int64_t>& factors);
  lower::ValueId concat(const std::string& name, const std::vector<lower::ValueId>& xs);
  lower::ValueId argmax(const std::string& name, lower::ValueId x);
  lower::ValueId top(const std::string& name, lower::ValueId x, std::int64_t k, bool values);
  /// `x` as elements of `shape`, with `fill` where `source` is negative.
  lower::ValueId arrange(const std::string& name, lower::ValueId x, Shape shape,
                         const std::vector<std::int32_t>& source,
                         const std::vector<std::int64_t>& fill);
  /// x of axes (1, C, H, W).
  lower::ValueId conv(const std::string& name, lower::ValueId x, lower::Conv op);
  lower::ValueId max_pool(const std::string& name, lower::ValueId x, lower::MaxPool op);
  void output(const std::string& name, lower::ValueId x) {
    graph_.outputs.push_back(x);
    graph_.output_names.push_back(name);
  }

  [[nodiscard]] const std::vector<Range>& ranges(lower::ValueId id) const {
    return graph_.value(id).range;
  }
  [[nodiscard]] const Shape& shape(lower::ValueId id) const { return graph_.value(id).shape; }
  lower::IntegerGraph take() { return std::move(graph_); }

 private:
  lower::ValueId node(const std::string& name, lower::Op op, std::vector<lower::ValueId> inputs,
                      Shape shape, const std::vector<Range>& ranges);
  [[nodiscard]] Shape shape_behind(const lower::Window& w, lower::ValueId x,
                                   std::int64_t channels) const;

  lower::IntegerGraph graph_;
};

/// y = clamp((x + add) >> shift, low, high) as a step function on `domain`.
[[nodiscard]] inline lower::StepFunction requantiser(Range domain, std::int64_t add, int shift,
                                                     std::int64_t low, std::int64_t high);
/// From any function of one integer.
template <class F>
[[nodiscard]] inline lower::StepFunction step_of(Range domain, F f) {
  lower::StepFunction s;
  s.domain = domain;
  s.levels.push_back(f(domain.min));
  for (std::int64_t x = domain.min + 1; x <= domain.max; ++x) {
    if (f(x) == s.levels.back()) continue;
    s.thresholds.push_back(x);
    s.levels.push_back(f(x));
  }
  return s;
}

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
/// What the graph computes, by the definitions of its nodes.
[[nodiscard]] inline std::vector<std::int64_t> reference(const lower::IntegerGraph& graph,
                                                         const std::vector<std::int64_t>& codes);

namespace detail {

inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace detail
using namespace detail;

inline lower::ValueId GraphBuilder::node(const std::string& name, lower::Op op,
                                         std::vector<lower::ValueId> inputs, Shape shape,
                                         const std::vector<Range>& ranges) {
  const auto id = static_cast<lower::ValueId>(graph_.values.size());
  const auto count = static_cast<std::int64_t>(ranges.size());
  lower::Value value;
  value.name = name;
  value.shape = std::move(shape);
  value.grouping = lower::Grouping{1, count};
  value.scale.assign(ranges.size(), Rational(1));
  value.offset.assign(ranges.size(), Rational(0));
  value.range = ranges;
  value.producer = static_cast<lower::NodeId>(graph_.nodes.size());
  NIB_CHECK(value.elements() == count, "one range per element");
  graph_.values.push_back(std::move(value));
  lower::Node n;
  n.name = name;
  n.sources = {name};
  n.op = std::move(op);
  n.inputs = std::move(inputs);
  n.output = id;
  graph_.nodes.push_back(std::move(n));
  return id;
}

inline lower::ValueId GraphBuilder::linear(const std::string& name, lower::ValueId x,
                                           std::int64_t outputs,
                                           const std::vector<std::int64_t>& weights,
                                           const std::vector<std::int64_t>& bias) {
  Shape shape = graph_.value(x).shape;
  const std::int64_t ins = shape.back();
  shape.back() = outputs;
  const std::vector<Range> in = ranges(x);
  std::vector<Range> out;
  for (std::size_t row = 0; row < in.size() / at(ins); ++row) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      Range r{bias[at(o)], bias[at(o)]};
      for (std::int64_t i = 0; i < ins; ++i) {
        r = r + in[row * at(ins) + at(i)] * weights[at(o * ins + i)];
      }
      out.push_back(r);
    }
  }
  lower::Linear op{Tensor<std::int64_t>(Shape{outputs, ins}, weights), bias};
  return node(name, std::move(op), {x}, shape, out);
}

inline lower::ValueId GraphBuilder::step(const std::string& name, lower::ValueId x,
                                         const std::vector<lower::StepFunction>& steps) {
  const std::vector<Range> in = ranges(x);
  std::vector<Range> out;
  for (std::size_t e = 0; e < in.size(); ++e) out.push_back(steps[e % steps.size()].image());
  lower::Step op{lower::Grouping{1, static_cast<std::int64_t>(steps.size())}, steps};
  return node(name, std::move(op), {x}, graph_.value(x).shape, out);
}

inline lower::ValueId GraphBuilder::clamp(const std::string& name, lower::ValueId x, Range limits) {
  std::vector<Range> out;
  for (const Range r : ranges(x)) {
    out.push_back(Range{std::clamp(r.min, limits.min, limits.max),
                        std::clamp(r.max, limits.min, limits.max)});
  }
  return node(name, lower::Clamp{lower::Grouping{1, 1}, {limits}}, {x}, graph_.value(x).shape, out);
}

inline lower::ValueId GraphBuilder::reindex(const std::string& name, lower::ValueId x,
                                            const std::vector<std::int32_t>& source) {
  std::vector<Range> out;
  for (const std::int32_t s : source) out.push_back(ranges(x)[at(s)]);
  return node(name, lower::Reindex{source, {}}, {x}, {1, static_cast<std::int64_t>(source.size())},
              out);
}

inline lower::ValueId GraphBuilder::sum(const std::string& name,
                                        const std::vector<lower::ValueId>& xs,
                                        const std::vector<std::int64_t>& factors) {
  std::vector<Range> out(ranges(xs[0]).size(), Range{0, 0});
  for (std::size_t k = 0; k < xs.size(); ++k) {
    for (std::size_t e = 0; e < out.size(); ++e) out[e] = out[e] + ranges(xs[k])[e] * factors[k];
  }
  return node(name, lower::Sum{factors}, xs, graph_.value(xs[0]).shape, out);
}

inline lower::ValueId GraphBuilder::concat(const std::string& name,
                                           const std::vector<lower::ValueId>& xs) {
  std::vector<Range> out;
  for (const lower::ValueId x : xs) out.insert(out.end(), ranges(x).begin(), ranges(x).end());
  return node(name, lower::Concat{1}, xs, {1, static_cast<std::int64_t>(out.size())}, out);
}

inline lower::ValueId GraphBuilder::argmax(const std::string& name, lower::ValueId x) {
  Shape shape = graph_.value(x).shape;
  const std::int64_t length = shape.back();
  shape.back() = 1;
  return node(name, lower::ArgMax{}, {x}, shape,
              std::vector<Range>(at(element_count(shape)), Range{0, length - 1}));
}

inline lower::ValueId GraphBuilder::top(const std::string& name, lower::ValueId x, std::int64_t k,
                                        bool values) {
  Shape shape = graph_.value(x).shape;
  const std::int64_t length = shape.back();
  shape.back() = k;
  Range all = ranges(x)[0];
  for (const Range r : ranges(x)) all = hull(all, r);
  const std::vector<Range> out(at(element_count(shape)), values ? all : Range{0, length - 1});
  return node(name, lower::TopK{k, values}, {x}, shape, out);
}

inline lower::ValueId GraphBuilder::arrange(const std::string& name, lower::ValueId x, Shape shape,
                                            const std::vector<std::int32_t>& source,
                                            const std::vector<std::int64_t>& fill) {
  std::vector<Range> out;
  std::size_t filled = 0;
  for (const std::int32_t s : source) {
    out.push_back(s < 0 ? Range{fill[filled], fill[filled]} : ranges(x)[at(s)]);
    if (s < 0) ++filled;
  }
  return node(name, lower::Reindex{source, fill}, {x}, std::move(shape), out);
}

// As many positions as lie wholly inside, with padding at the beginning as wide as at the end.
inline Shape GraphBuilder::shape_behind(const lower::Window& w, lower::ValueId x,
                                        std::int64_t channels) const {
  Shape result{1, channels};
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const std::int64_t padded = graph_.value(x).shape[i + 2] + 2 * w.pads_begin[i];
    const std::int64_t reach = w.dilations[i] * (w.kernel[i] - 1) + 1;
    result.push_back((padded - reach) / w.strides[i] + 1);
  }
  return result;
}

inline lower::ValueId GraphBuilder::conv(const std::string& name, lower::ValueId x,
                                         lower::Conv op) {
  Range codes = ranges(x)[0];
  for (const Range r : ranges(x)) codes = hull(codes, r);
  for (const std::int64_t p : op.padding) codes = hull(codes, Range{p, p});
  const Shape shape = shape_behind(op.window, x, op.weights.shape[0]);
  const std::int64_t columns = op.weights.size() / op.weights.shape[0];
  std::vector<Range> out;
  for (std::int64_t e = 0; e < element_count(shape); ++e) {
    const std::int64_t o = e / (shape[2] * shape[3]);
    Range sum{op.bias[at(o)], op.bias[at(o)]};
    for (std::int64_t i = 0; i < columns; ++i) sum = sum + codes * op.weights[o * columns + i];
    out.push_back(sum);
  }
  return node(name, std::move(op), {x}, shape, out);
}

inline lower::ValueId GraphBuilder::max_pool(const std::string& name, lower::ValueId x,
                                             lower::MaxPool op) {
  const Shape shape = shape_behind(op.window, x, graph_.value(x).shape[1]);
  Range codes = ranges(x)[0];
  for (const Range r : ranges(x)) codes = hull(codes, r);
  return node(name, std::move(op), {x}, shape, std::vector<Range>(at(element_count(shape)), codes));
}

inline lower::StepFunction requantiser(Range domain, std::int64_t add, int shift, std::int64_t low,
                                       std::int64_t high) {
  return step_of(domain, [=](std::int64_t x) { return std::clamp((x + add) >> shift, low, high); });
}

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
    for (const Range r : b.ranges(x)) steps.push_back(requantiser(r, 8, 4, 0, 63));
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
  for (const Range r : b.ranges(x)) steps.push_back(requantiser(r, 0, 2, 0, 15));
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
  for (const Range r : ranges) steps.push_back(random_step(n, r));
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
      codes.push_back(!corner                              ? numbers.in(r.min, r.max)
                      : mode == 0 || numbers.in(0, 1) == 0 ? r.max
                                                           : r.min);
    }
  }
  return codes;
}

namespace detail {

using Vector = std::vector<std::int64_t>;

struct Executor {
  const lower::IntegerGraph& graph;
  const Vector& codes;
  std::vector<Vector> values;

  const Vector& in(const lower::Node& node, std::size_t k) const {
    return values[at(node.inputs[k])];
  }
  Vector run(const lower::Node& node, const lower::Input& op) const {
    std::size_t first = 0;
    for (std::int32_t k = 0; k < op.index; ++k)
      first += at(graph.value(graph.inputs[at(k)]).elements());
    const auto begin = codes.begin() + static_cast<std::ptrdiff_t>(first);
    return Vector(begin, begin + graph.value(node.output).elements());
  }
  Vector run(const lower::Node& node, const lower::Linear& op) const {
    const std::size_t outs = at(op.weights.shape[0]), ins = at(op.weights.shape[1]);
    Vector y;
    for (std::size_t row = 0; row < in(node, 0).size() / ins; ++row) {
      for (std::size_t o = 0; o < outs; ++o) {
        std::int64_t sum = op.bias[o];
        for (std::size_t i = 0; i < ins; ++i) {
          sum += op.weights.data[o * ins + i] * in(node, 0)[row * ins + i];
        }
        y.push_back(sum);
      }
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Step& op) const {
    Vector y;
    for (const std::int64_t x : in(node, 0)) {
      const lower::StepFunction& f = op.steps[op.grouping.of(static_cast<std::int64_t>(y.size()))];
      std::size_t reached = 0;
      for (const std::int64_t t : f.thresholds) reached += x >= t ? 1 : 0;
      y.push_back(f.levels[reached]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Clamp& op) const {
    Vector y;
    for (const std::int64_t x : in(node, 0)) {
      const Range r = op.limits[op.grouping.of(static_cast<std::int64_t>(y.size()))];
      y.push_back(std::clamp(x, r.min, r.max));
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Reindex& op) const {
    Vector y;
    std::size_t filled = 0;
    for (const std::int32_t s : op.source) {
      y.push_back(s == lower::Reindex::kFilled ? op.fill[filled++] : in(node, 0)[at(s)]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Sum& op) const {
    Vector y(in(node, 0).size(), 0);
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      for (std::size_t e = 0; e < y.size(); ++e) y[e] += op.factors[k] * in(node, k)[e];
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Concat&) const {
    Vector y;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      y.insert(y.end(), in(node, k).begin(), in(node, k).end());
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::ArgMax&) const {
    const std::size_t rows = at(graph.value(node.output).elements());
    const std::size_t length = in(node, 0).size() / rows;
    Vector y;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto first = in(node, 0).begin() + static_cast<std::ptrdiff_t>(r * length);
      y.push_back(std::max_element(first, first + static_cast<std::ptrdiff_t>(length)) - first);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::TopK& op) const {
    const std::size_t k = at(op.k);
    const std::size_t rows = at(graph.value(node.output).elements()) / k;
    const std::size_t length = in(node, 0).size() / rows;
    Vector y;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto first = in(node, 0).begin() + static_cast<std::ptrdiff_t>(r * length);
      const Vector x(first, first + static_cast<std::ptrdiff_t>(length));
      Vector order(length);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::int64_t a, std::int64_t b) { return x[at(a)] > x[at(b)]; });
      for (std::size_t j = 0; j < k; ++j) y.push_back(op.values ? x[at(order[j])] : order[j]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Conv& op) const {
    Vector y(at(graph.value(node.output).elements()));
    over_windows(node, op.window, [&](const Place& p) {
      const Shape& w = op.weights.shape;
      const std::int64_t channels = w[1], group = p.channel / (w[0] / op.groups);
      std::int64_t sum = op.bias[at(p.channel)];
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::size_t t = 0; t < p.taps.size(); ++t) {
          const std::int64_t from = group * channels + c;
          const std::int64_t x = p.taps[t] < 0 ? op.padding[at(from)]
                                               : in(node, 0)[at(element(node, from, p.taps[t]))];
          const std::int64_t row = (p.channel * channels + c);
          sum += x * op.weights.data[at(row) * p.taps.size() + t];
        }
      }
      y[at(p.output)] = sum;
    });
    return y;
  }
  Vector run(const lower::Node& node, const lower::MaxPool& op) const {
    Vector y(at(graph.value(node.output).elements()));
    over_windows(node, op.window, [&](const Place& p) {
      bool first = true;
      for (const std::int64_t tap : p.taps) {
        if (tap < 0) continue;
        const std::int64_t x = in(node, 0)[at(element(node, p.channel, tap))];
        y[at(p.output)] = first ? x : std::max(x, y[at(p.output)]);
        first = false;
      }
    });
    return y;
  }

  /// An element of an output, and the input positions under its window (-1 outside). Windows of
  /// two axes, channels first, only.
  struct Place {
    std::int64_t output = 0, channel = 0;
    Vector taps;
  };
  [[nodiscard]] std::int64_t element(const lower::Node& node, std::int64_t channel,
                                     std::int64_t position) const {
    const Shape& in = graph.value(node.inputs[0]).shape;
    return channel * in[2] * in[3] + position;
  }
  template <class Use>
  void over_windows(const lower::Node& node, const lower::Window& w, Use use) const {
    const Shape &in = graph.value(node.inputs[0]).shape, &out = graph.value(node.output).shape;
    for (std::int64_t e = 0; e < element_count(out); ++e) {
      Place place{e, e / (out[2] * out[3]), {}};
      const std::int64_t row = e / out[3] % out[2], column = e % out[3];
      for (std::int64_t i = 0; i < w.kernel[0]; ++i) {
        for (std::int64_t j = 0; j < w.kernel[1]; ++j) {
          const std::int64_t r = row * w.strides[0] + i * w.dilations[0] - w.pads_begin[0];
          const std::int64_t c = column * w.strides[1] + j * w.dilations[1] - w.pads_begin[1];
          const bool inside = r >= 0 && r < in[2] && c >= 0 && c < in[3];
          place.taps.push_back(inside ? r * in[3] + c : -1);
        }
      }
      use(place);
    }
  }
};

}  // namespace detail
using namespace detail;

inline std::vector<std::int64_t> reference(const lower::IntegerGraph& graph,
                                           const std::vector<std::int64_t>& codes) {
  Executor run{graph, codes, std::vector<Vector>(graph.values.size())};
  for (const lower::Node& node : graph.nodes) {
    run.values[at(node.output)] =
        std::visit([&](const auto& op) { return run.run(node, op); }, node.op);
  }
  Vector result;
  for (const lower::ValueId id : graph.outputs) {
    result.insert(result.end(), run.values[at(id)].begin(), run.values[at(id)].end());
  }
  return result;
}

}  // namespace nib::test
