// Integer graphs built by hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nib/base/check.h"
#include "nib/lower/integer_graph.h"

namespace nib::test {

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

/// y = clamp((x + add) >> shift, low, high) as a step function on `domain`.
[[nodiscard]] inline lower::StepFunction requantiser(Range domain, std::int64_t add, int shift,
                                                     std::int64_t low, std::int64_t high) {
  return step_of(domain, [=](std::int64_t x) { return std::clamp((x + add) >> shift, low, high); });
}

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
  lower::Linear op{Tensor<std::int64_t>(Shape{outputs, ins}, weights), {bias.begin(), bias.end()}};
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
  for (const Range& r : ranges(x)) {
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
  for (const Range& r : ranges(x)) all = hull(all, r);
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
  return node(name, lower::Reindex{source, {fill.begin(), fill.end()}}, {x}, std::move(shape), out);
}

// As many positions as lie wholly inside, with padding at the beginning as wide as at the end.
inline Shape GraphBuilder::shape_behind(const lower::Window& w, lower::ValueId x,
                                        std::int64_t channels) const {
  Shape result{graph_.value(x).shape[0], channels};
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
  for (const Range& r : ranges(x)) codes = hull(codes, r);
  for (const std::int64_t p : op.padding) codes = hull(codes, Range{p, p});
  const Shape shape = shape_behind(op.window, x, op.weights.shape[0]);
  const std::int64_t columns = op.weights.size() / op.weights.shape[0];
  std::vector<Range> out;
  for (std::int64_t e = 0; e < element_count(shape); ++e) {
    const std::int64_t o = e / (shape[2] * shape[3]) % shape[1];
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
  for (const Range& r : ranges(x)) codes = hull(codes, r);
  return node(name, std::move(op), {x}, shape, std::vector<Range>(at(element_count(shape)), codes));
}

}  // namespace nib::test
