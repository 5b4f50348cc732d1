// The integer graph's step functions and invariants.
#include "nib/lower/integer_graph.h"

#include <algorithm>
#include <set>

#include "nib/base/check.h"
#include "nib/lower/conv_ranges.h"
#include "nib/lower/patches.h"

namespace nib::lower {
namespace {

void check_grouping(const Grouping& grouping, std::size_t entries, const std::string& where) {
  NIB_CHECK(grouping.inner > 0 && grouping.count > 0, "a grouping: " + where);
  NIB_CHECK(static_cast<std::size_t>(grouping.count) == entries, "entries per group: " + where);
}

void check_value(const IntegerGraph& graph, ValueId id) {
  const Value& value = graph.value(id);
  const std::string& name = value.name;
  check_grouping(value.grouping, value.scale.size(), name);
  NIB_CHECK(value.offset.size() == value.scale.size(), "offsets: " + name);
  NIB_CHECK(value.range.size() == value.scale.size(), "ranges: " + name);
  for (std::size_t g = 0; g < value.scale.size(); ++g) {
    NIB_CHECK(sgn(value.scale[g]) != 0, "a scale of 0: " + name);
    NIB_CHECK(value.range[g].min <= value.range[g].max, "a range: " + name);
    NIB_CHECK(fits_signed(value.range[g], kMaxWordBits), "a width over the limit: " + name);
  }
  NIB_CHECK(value.elements() > 0, "no elements: " + name);
  NIB_CHECK(value.producer >= 0 && static_cast<std::size_t>(value.producer) < graph.nodes.size(),
            "a producer: " + name);
  NIB_CHECK(graph.node(value.producer).output == id, "the producer of " + name);
}

/// Invariants of one node: shapes, ranges that follow from the inputs' ranges.
struct NodeCheck {
  const IntegerGraph& graph;
  const Node& node;

  [[nodiscard]] const Value& in(std::size_t i) const { return graph.value(node.inputs.at(i)); }
  [[nodiscard]] const Value& out() const { return graph.value(node.output); }
  void arity(std::size_t count) const {
    NIB_CHECK(node.inputs.size() == count, "number of inputs of " + node.name);
  }
  void same_elements() const {
    NIB_CHECK(in(0).elements() == out().elements(), "elements of " + node.name);
  }

  void operator()(const Input&) const { arity(0); }
  void operator()(const Linear& op) const {
    arity(1);
    const std::int64_t outputs = op.weights.shape.at(0), inputs = op.weights.shape.at(1);
    NIB_CHECK(static_cast<std::int64_t>(op.bias.size()) == outputs, "biases of " + node.name);
    NIB_CHECK(in(0).elements() % inputs == 0 && out().elements() % outputs == 0 &&
                  in(0).elements() / inputs == out().elements() / outputs,
              "rows of " + node.name);
    for (std::int64_t o = 0; o < out().elements(); ++o) check_row(op, o);
  }
  void check_row(const Linear& op, std::int64_t element) const {
    const std::int64_t outputs = op.weights.shape[0], inputs = op.weights.shape[1];
    const std::int64_t o = element % outputs, row = element / outputs;
    const std::int64_t* weights = op.weights.data.data() + o * inputs;
    Range sum{op.bias[static_cast<std::size_t>(o)], op.bias[static_cast<std::size_t>(o)]};
    const Range* one = in(0).grouping.count == 1 ? in(0).range.data() : nullptr;
    for (std::int64_t i = 0; i < inputs; ++i) {
      if (weights[i] == 0) continue;
      add_product(sum, weights[i], one != nullptr ? *one : in(0).range_of(row * inputs + i));
    }
    NIB_CHECK(out().range_of(element).contains(sum), "the range of " + node.name);
  }
  void operator()(const Step& op) const {
    arity(1);
    same_elements();
    check_grouping(op.grouping, op.steps.size(), node.name);
    for (const StepFunction& steps : op.steps) check_steps(steps);
    for (std::int64_t e = 0; e < out().elements(); ++e) {
      const StepFunction& steps = op.steps[op.grouping.of(e)];
      NIB_CHECK(steps.domain.contains(in(0).range_of(e)), "the domain of " + node.name);
    }
  }
  void check_steps(const StepFunction& steps) const {
    NIB_CHECK(steps.levels.size() == steps.thresholds.size() + 1, "levels of " + node.name);
    for (std::size_t i = 0; i < steps.thresholds.size(); ++i) {
      const BigInt& before = i == 0 ? steps.domain.min : steps.thresholds[i - 1];
      NIB_CHECK(before < steps.thresholds[i] && steps.thresholds[i] <= steps.domain.max,
                "thresholds of " + node.name);
      NIB_CHECK(steps.levels[i] != steps.levels[i + 1], "equal neighbours in " + node.name);
    }
  }
  void operator()(const Clamp& op) const {
    arity(1);
    same_elements();
    check_grouping(op.grouping, op.limits.size(), node.name);
    for (std::int64_t e = 0; e < out().elements(); ++e) {
      NIB_CHECK(out().range_of(e).contains(op.limits[op.grouping.of(e)]), "limits of " + node.name);
    }
  }
  void operator()(const Reindex& op) const {
    arity(1);
    NIB_CHECK(static_cast<std::int64_t>(op.source.size()) == out().elements(),
              "sources of " + node.name);
    auto fill = op.fill.begin();
    for (std::size_t e = 0; e < op.source.size(); ++e) {
      if (op.source[e] == Reindex::kFilled) {
        NIB_CHECK(
            fill != op.fill.end() && out().range_of(static_cast<std::int64_t>(e)).contains(*fill),
            "a filled element of " + node.name);
        ++fill;
        continue;
      }
      NIB_CHECK(op.source[e] >= 0 && op.source[e] < in(0).elements(), "a source of " + node.name);
      NIB_CHECK(out().range_of(static_cast<std::int64_t>(e)).contains(in(0).range_of(op.source[e])),
                "the range of " + node.name);
    }
    NIB_CHECK(fill == op.fill.end(), "codes that fill nothing in " + node.name);
  }
  void operator()(const Sum& op) const {
    arity(op.factors.size());
    for (std::int64_t e = 0; e < out().elements(); ++e) {
      Range total{0, 0};
      for (std::size_t k = 0; k < op.factors.size(); ++k) {
        NIB_CHECK(in(k).elements() == out().elements(), "elements of " + node.name);
        total = total + in(k).range_of(e) * op.factors[k];
      }
      NIB_CHECK(out().range_of(e).contains(total), "the range of " + node.name);
    }
  }
  void operator()(const Concat& op) const {
    const auto axis = static_cast<std::size_t>(op.axis);
    std::int64_t total = 0;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      Shape shape = in(k).shape;
      total += shape.at(axis);
      shape[axis] = out().shape.at(axis);
      NIB_CHECK(shape == out().shape, "shapes of " + node.name);
    }
    NIB_CHECK(total == out().shape[axis], "the joined axis of " + node.name);
  }
  void operator()(const ArgMax&) const {
    arity(1);
    const std::int64_t length = in(0).shape.back();
    NIB_CHECK(in(0).elements() / length == out().elements(), "rows of " + node.name);
    one_grid();
    NIB_CHECK(out().range[0].contains(Range{0, length - 1}), "the range of " + node.name);
  }
  void one_grid() const {
    for (const Rational& scale : in(0).scale) {
      NIB_CHECK(sgn(scale) > 0 && scale == in(0).scale[0], "one scale for " + node.name);
    }
    for (const Rational& offset : in(0).offset) {
      NIB_CHECK(offset == in(0).offset[0], "one offset for " + node.name);
    }
  }
  void operator()(const TopK& op) const {
    arity(1);
    const std::int64_t length = in(0).shape.at(in(0).shape.size() - 1);
    NIB_CHECK(op.k >= 1 && op.k <= length && out().shape.back() == op.k, "k of " + node.name);
    NIB_CHECK(in(0).elements() / length == out().elements() / op.k, "rows of " + node.name);
    one_grid();
    for (std::int64_t e = 0; e < out().elements(); ++e) {
      Range range{0, length - 1};
      if (op.values) {
        range = in(0).range_of(e / op.k * length);
        for (std::int64_t i = 1; i < length; ++i) {
          range = hull(range, in(0).range_of(e / op.k * length + i));
        }
      }
      NIB_CHECK(out().range_of(e).contains(range), "the range of " + node.name);
    }
  }
  void operator()(const Conv& op) const {
    arity(1);
    const Patches patches(op.window, in(0).shape, out().shape);
    const std::int64_t outputs = patches.out_channels(), inputs = patches.in_channels();
    NIB_CHECK(op.groups > 0 && outputs % op.groups == 0 && inputs % op.groups == 0,
              "groups of " + node.name);
    NIB_CHECK(op.weights.shape.at(0) == outputs && op.weights.shape.at(1) == inputs / op.groups &&
                  op.weights.size() == outputs * (inputs / op.groups) * patches.taps(),
              "weights of " + node.name);
    NIB_CHECK(static_cast<std::int64_t>(op.bias.size()) == outputs, "biases of " + node.name);
    NIB_CHECK(static_cast<std::int64_t>(op.padding.size()) == inputs, "padding of " + node.name);
    for (std::int64_t image = 0; image < patches.images(); ++image) {
      const ConvRanges ranges(op, patches, in(0), image);
      for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t p = 0; p < patches.positions(); ++p) {
          NIB_CHECK(out().range_of(patches.output(image, o, p)).contains(ranges.at(o, p)),
                    "the range of " + node.name);
        }
      }
    }
  }
  void operator()(const MaxPool& op) const {
    arity(1);
    const Patches patches(op.window, in(0).shape, out().shape);
    NIB_CHECK(patches.in_channels() == patches.out_channels(), "channels of " + node.name);
    for (std::int64_t image = 0; image < patches.images(); ++image) {
      for (std::int64_t c = 0; c < patches.in_channels(); ++c) {
        for (std::int64_t p = 0; p < patches.positions(); ++p) check_window(patches, image, c, p);
      }
    }
  }
  void check_window(const Patches& patches, std::int64_t image, std::int64_t channel,
                    std::int64_t position) const {
    const std::int64_t e = patches.output(image, channel, position);
    bool any = false;
    std::int64_t first = -1;
    Range range;
    for (std::int64_t tap = 0; tap < patches.taps(); ++tap) {
      const std::int64_t from = patches.input(image, channel, position, tap);
      if (from == Patches::kOutside) continue;
      const Range& one = in(0).range_of(from);
      range = any ? Range{std::max(range.min, one.min), std::max(range.max, one.max)} : one;
      any = true;
      if (first < 0) first = from;
      NIB_CHECK(sgn(in(0).scale_of(from)) > 0 && in(0).scale_of(from) == in(0).scale_of(first) &&
                    in(0).offset_of(from) == in(0).offset_of(first),
                "one grid for a channel of " + node.name);
    }
    NIB_CHECK(any, "an empty window of " + node.name);
    NIB_CHECK(out().range_of(e).contains(range), "the range of " + node.name);
  }
};

}  // namespace

std::int64_t StepFunction::operator()(const BigInt& x) const {
  const auto at = std::upper_bound(thresholds.begin(), thresholds.end(), x) - thresholds.begin();
  return levels[static_cast<std::size_t>(at)];
}

std::int64_t StepFunction::operator()(std::int64_t x) const { return (*this)(BigInt(x)); }

Range StepFunction::image() const {
  const auto [low, high] = std::minmax_element(levels.begin(), levels.end());
  return {*low, *high};
}

void verify(const IntegerGraph& graph) {
  std::set<std::string> names, node_names;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    check_value(graph, static_cast<ValueId>(i));
    const std::string& name = graph.values[i].name;
    NIB_CHECK(!name.empty() && names.insert(name).second, "two values named " + name);
  }
  std::vector<bool> ready(graph.values.size(), false);
  for (const Node& node : graph.nodes) {
    NIB_CHECK(!node.name.empty() && node_names.insert(node.name).second,
              "two nodes named " + node.name);
    for (const ValueId id : node.inputs) {
      NIB_CHECK(ready.at(static_cast<std::size_t>(id)), "order of nodes: " + node.name);
    }
    std::visit(NodeCheck{graph, node}, node.op);
    ready.at(static_cast<std::size_t>(node.output)) = true;
  }
  NIB_CHECK(graph.inputs.size() == graph.input_names.size() && !graph.inputs.empty(), "inputs");
  NIB_CHECK(graph.outputs.size() == graph.output_names.size() && !graph.outputs.empty(), "outputs");
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const Node& node = graph.node(graph.value(graph.inputs[i]).producer);
    const auto* input = std::get_if<Input>(&node.op);
    NIB_CHECK(input != nullptr && input->index == static_cast<std::int32_t>(i), "an input node");
  }
}

}  // namespace nib::lower
