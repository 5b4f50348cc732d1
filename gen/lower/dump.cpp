// An integer graph as text.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "nib/base/check.h"
#include "nib/lower/integer_graph.h"

namespace nib::lower {
namespace {

/// Lists longer than this are cut in the middle of nowhere, with their length.
constexpr std::size_t kLongest = 24;

template <class T, class Text>
std::string list(const std::vector<T>& items, Text text) {
  std::string line = "[";
  for (std::size_t i = 0; i < std::min(items.size(), kLongest); ++i) {
    if (i > 0) line += ", ";
    line += text(items[i]);
  }
  if (items.size() > kLongest) line += fmt::format(", ... {} in all", items.size());
  return line + "]";
}

template <class T>
std::string integers(const std::vector<T>& items) {
  return list(items, [](const T& x) { return to_string(BigInt(x)); });
}

std::string text_of(const Rational& x) { return nib::to_string(x); }

std::string grouping(const Grouping& g) {
  if (g.count == 1) return "all";
  return g.inner == 1 ? fmt::format("{} groups", g.count)
                      : fmt::format("{} groups of {}", g.count, g.inner);
}

std::string value_line(const Value& value) {
  std::string line =
      fmt::format("  -> {}{} {}: {}", value.name, value.is_graph_tensor ? "" : " (inner)",
                  to_string(value.shape), grouping(value.grouping));
  line += fmt::format(" scale {}", list(value.scale, text_of));
  const bool offsets = std::any_of(value.offset.begin(), value.offset.end(),
                                   [](const Rational& x) { return sgn(x) != 0; });
  if (offsets) line += fmt::format(" offset {}", list(value.offset, text_of));
  line += fmt::format(" codes {}", list(value.range, [](const Range& r) { return to_string(r); }));
  return line;
}

/// "kernel [3, 3], strides [1, 1], dilations [1, 1], pads [0, 0], ".
std::string window(const Window& w) {
  return fmt::format("kernel {}, strides {}, dilations {}, pads {}, {}", integers(w.kernel),
                     integers(w.strides), integers(w.dilations), integers(w.pads_begin),
                     w.channels_last ? "channels last, " : "");
}

struct OpLines {
  std::string operator()(const Input& op) const { return fmt::format("input {}", op.index); }
  std::string operator()(const Linear& op) const {
    const std::int64_t outputs = op.weights.shape[0], inputs = op.weights.shape[1];
    const auto nonzero =
        op.weights.size() - std::count(op.weights.data.begin(), op.weights.data.end(), 0);
    std::string text = fmt::format("linear {} x {}, {} nonzero", outputs, inputs, nonzero);
    for (std::int64_t o = 0; o < std::min<std::int64_t>(outputs, kLongest); ++o) {
      const auto row = op.weights.data.begin() + o * inputs;
      text += fmt::format("\n    {} + {}", integers(std::vector<std::int64_t>(row, row + inputs)),
                          to_string(op.bias[static_cast<std::size_t>(o)]));
    }
    if (outputs > static_cast<std::int64_t>(kLongest)) {
      text += fmt::format("\n    ... {} rows in all", outputs);
    }
    return text;
  }
  std::string operator()(const Step& op) const {
    std::string text = fmt::format("step, {}", grouping(op.grouping));
    for (std::size_t g = 0; g < std::min(op.steps.size(), kLongest); ++g) {
      const StepFunction& steps = op.steps[g];
      text += fmt::format("\n    on {} at {} levels {}", to_string(steps.domain),
                          integers(steps.thresholds), integers(steps.levels));
    }
    if (op.steps.size() > kLongest) text += fmt::format("\n    ... {} in all", op.steps.size());
    return text;
  }
  std::string operator()(const Clamp& op) const {
    return fmt::format("clamp, {} to {}", grouping(op.grouping),
                       list(op.limits, [](const Range& r) { return to_string(r); }));
  }
  std::string operator()(const Reindex& op) const {
    std::string text = fmt::format(
        "reindex {}", integers(std::vector<std::int64_t>(op.source.begin(), op.source.end())));
    if (!op.fill.empty()) text += fmt::format(" fill {}", integers(op.fill));
    return text;
  }
  std::string operator()(const Sum& op) const {
    return fmt::format("sum, factors {}", integers(op.factors));
  }
  std::string operator()(const Concat& op) const { return fmt::format("concat, axis {}", op.axis); }
  std::string operator()(const ArgMax&) const { return "argmax"; }
  std::string operator()(const TopK& op) const {
    return fmt::format("top {} {}", op.k, op.values ? "values" : "indices");
  }
  std::string operator()(const Conv& op) const {
    const std::int64_t outputs = op.weights.shape[0], inputs = op.weights.size() / outputs;
    const auto nonzero =
        op.weights.size() - std::count(op.weights.data.begin(), op.weights.data.end(), 0);
    std::string text =
        fmt::format("conv {}, {}groups {}, {} nonzero, padding {}", to_string(op.weights.shape),
                    window(op.window), op.groups, nonzero, integers(op.padding));
    for (std::int64_t o = 0; o < std::min<std::int64_t>(outputs, kLongest); ++o) {
      const auto row = op.weights.data.begin() + o * inputs;
      text += fmt::format("\n    {} + {}", integers(std::vector<std::int64_t>(row, row + inputs)),
                          to_string(op.bias[static_cast<std::size_t>(o)]));
    }
    if (outputs > static_cast<std::int64_t>(kLongest)) {
      text += fmt::format("\n    ... {} channels in all", outputs);
    }
    return text;
  }
  std::string operator()(const MaxPool& op) const {
    std::string text = fmt::format("maxpool {}", window(op.window));
    text.resize(text.size() - 2);
    return text;
  }
};

}  // namespace

std::string dump(const IntegerGraph& graph) {
  std::string text = fmt::format("integer graph {}: {} macs{}\n", graph.name, graph.macs,
                                 graph.batched ? ", batched" : "");
  for (const Node& node : graph.nodes) {
    text += fmt::format("{}:", node.name);
    for (const ValueId id : node.inputs) text += fmt::format(" {}", graph.value(id).name);
    text += fmt::format(" {}\n  \"{}\"", std::visit(OpLines{}, node.op), node.formula);
    if (!node.sources.empty()) {
      text += fmt::format(" of {}", list(node.sources, [](const std::string& s) { return s; }));
    }
    text += fmt::format("\n{}\n", value_line(graph.value(node.output)));
  }
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    text += fmt::format("input {} = {}\n", graph.input_names[i], graph.value(graph.inputs[i]).name);
  }
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    text +=
        fmt::format("output {} = {}\n", graph.output_names[i], graph.value(graph.outputs[i]).name);
  }
  for (const std::string& note : graph.notes) text += fmt::format("note: {}\n", note);
  return text;
}

}  // namespace nib::lower
