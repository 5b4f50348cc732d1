// One node of an integer graph as C++: tables and the lines that read them.
#include "nib/emit/emulator_layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "nib/base/check.h"
#include "nib/emit/emulator_text.h"

namespace nib::emit {
namespace {

using lower::Grouping;
using lower::IntegerGraph;
using lower::Node;
using lower::StepFunction;
using lower::Value;
using lower::ValueId;

/// Thresholds at equal distances of a power of two, levels in ones.
bool is_uniform(const StepFunction& steps, int& shift, int& sign) {
  shift = 0;
  sign = 1;
  const std::size_t n = steps.thresholds.size();
  if (n == 0) return true;
  sign = steps.levels[1] > steps.levels[0] ? 1 : -1;
  for (std::size_t i = 0; i < n; ++i) {
    if (steps.levels[i + 1] - steps.levels[i] != sign) return false;
  }
  if (n == 1) return true;
  const std::int64_t distance = steps.thresholds[1] - steps.thresholds[0];
  if ((distance & (distance - 1)) != 0) return false;
  for (std::size_t i = 1; i < n; ++i) {
    if (steps.thresholds[i] - steps.thresholds[i - 1] != distance) return false;
  }
  while ((std::int64_t{1} << shift) < distance) ++shift;
  return true;
}

/// Writes layers. `id` is the value's number; its codes are in x<id>.
class LayerWriter {
 public:
  LayerWriter(const IntegerGraph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        out_(graph.value(node.output)),
        id_(std::to_string(node.output)) {}

  [[nodiscard]] EmulatorLayer write() {
    layer_.tables = fmt::format("// {}: {}.\n", comment(node_.name), comment(node_.formula));
    std::visit(*this, node_.op);
    return std::move(layer_);
  }

  void operator()(const lower::Input&) { NIB_CHECK(false, "inputs are no layers"); }
  void operator()(const lower::Linear& op);
  void operator()(const lower::Step& op);
  void operator()(const lower::Clamp& op) {
    std::vector<std::int64_t> low, high;
    for (const Range& limit : op.limits) {
      low.push_back(limit.min);
      high.push_back(limit.max);
    }
    layer_.tables += integers("kLow" + id_, low) + integers("kHigh" + id_, high);
    const std::string type(declare(hull(in(0).range[0], out_range())));
    each(fmt::format(
        "const std::size_t g = {};\n"
        "    const std::int64_t x = x{}[e];\n"
        "    const std::int64_t least = x < kLow{}[g] ? kLow{}[g] : x;\n"
        "    x{}[e] = static_cast<{}>(least > kHigh{}[g] ? kHigh{}[g] : least);",
        group_expression(op.grouping, out_.elements()), from(0), id_, id_, id_, type, id_, id_));
  }
  void operator()(const lower::Reindex& op) {
    std::vector<std::int64_t> source(op.source.begin(), op.source.end());
    layer_.tables += integers("kFrom" + id_, source);
    const std::string type(declare(out_range()));
    each(fmt::format("x{}[e] = static_cast<{}>(x{}[kFrom{}[e]]);", id_, type, from(0), id_));
  }
  void operator()(const lower::Sum& op) {
    const std::string type(declare(out_range()));
    std::string text = "const std::int64_t sum = 0";
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      text += fmt::format(" + std::int64_t{{{}}} * x{}[e]", literal(op.factors[k]), from(k));
    }
    each(fmt::format("{};\n    x{}[e] = static_cast<{}>(sum);", text, id_, type));
  }
  void operator()(const lower::Concat& op);
  void operator()(const lower::ArgMax&) {
    const std::int64_t length = in(0).shape.back();
    const std::string type(declare(out_range()));
    each(
        fmt::format("std::size_t best = 0;\n"
                    "    for (std::size_t i = 1; i < {0}; ++i) {{\n"
                    "      if (x{1}[e * {0} + i] > x{1}[e * {0} + best]) best = i;\n"
                    "    }}\n"
                    "    x{2}[e] = static_cast<{3}>(best);",
                    length, from(0), id_, type));
  }

 private:
  [[nodiscard]] const Value& in(std::size_t k) const { return graph_.value(node_.inputs[k]); }
  [[nodiscard]] std::string from(std::size_t k) const { return std::to_string(node_.inputs[k]); }
  [[nodiscard]] Range out_range() const {
    Range range = out_.range[0];
    for (const Range& r : out_.range) range = hull(range, r);
    return range;
  }
  /// Declares x<id> with a word of 32 or 64 bits that holds `range`; returns the type.
  std::string_view declare(Range range) {
    const std::string_view small = type_for(range);
    const std::string_view type = small == "std::int64_t" ? small : "std::int32_t";
    layer_.code += fmt::format("  {} x{}[{}];  // {}, {}\n", type, id_, out_.elements(),
                               comment(out_.name), to_string(out_.shape));
    return type;
  }
  void each(const std::string& body) {
    layer_.code += fmt::format("  for (std::size_t e = 0; e < {}; ++e) {{\n    {}\n  }}\n",
                               out_.elements(), body);
  }
  bool write_masks(const lower::Linear& op, const std::string& tail);
  void write_sparse(const lower::Linear& op, const std::string& tail);

  const IntegerGraph& graph_;
  const Node& node_;
  const Value& out_;
  std::string id_;
  EmulatorLayer layer_;
};

/// Weights of -1, 0, 1 on codes of a few bits: masks of 64 weights a word.
bool LayerWriter::write_masks(const lower::Linear& op, const std::string& tail) {
  Range codes = in(0).range[0];
  for (const Range& range : in(0).range) codes = hull(codes, range);
  const int planes = std::max(bits_for(codes), 1);
  const auto inputs = static_cast<std::size_t>(op.weights.shape[1]);
  const auto outputs = static_cast<std::size_t>(op.weights.shape[0]);
  const Range weights = range_of(op.weights.data);
  if (planes > 8 || weights.min < -1 || weights.max > 1) return false;
  const std::size_t per_row = (inputs + 63) / 64;
  std::vector<std::uint64_t> plus(outputs * per_row), minus(outputs * per_row);
  bool full = true;
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::int64_t w = op.weights.data[o * inputs + i];
      const std::uint64_t bit = std::uint64_t{1} << (i % 64);
      if (w > 0) plus[o * per_row + i / 64] |= bit;
      if (w < 0) minus[o * per_row + i / 64] |= bit;
      full = full && w != 0;
    }
  }
  layer_.tables += words("kPlus" + id_, plus);
  const std::string parameters =
      fmt::format("<{}, {}, {}>", per_row, planes, is_signed(codes) ? "true" : "false");
  if (full) {
    layer_.code += fmt::format("  detail::signs{}(kPlus{}, {}", parameters, id_, tail);
  } else {
    layer_.tables += words("kMinus" + id_, minus);
    layer_.code +=
        fmt::format("  detail::masks{}(kPlus{}, kMinus{}, {}", parameters, id_, id_, tail);
  }
  return true;
}

void LayerWriter::write_sparse(const lower::Linear& op, const std::string& tail) {
  const std::int64_t outputs = op.weights.shape[0], inputs = op.weights.shape[1];
  std::vector<std::int64_t> weights;
  std::vector<std::uint32_t> begin, index;
  for (std::int64_t o = 0; o < outputs; ++o) {
    begin.push_back(static_cast<std::uint32_t>(weights.size()));
    for (std::int64_t i = 0; i < inputs; ++i) {
      const std::int64_t w = op.weights[o * inputs + i];
      if (w == 0) continue;
      weights.push_back(w);
      index.push_back(static_cast<std::uint32_t>(i));
    }
  }
  begin.push_back(static_cast<std::uint32_t>(weights.size()));
  if (weights.empty()) weights.push_back(0), index.push_back(0);  // no empty arrays in C++
  layer_.tables += integers("kWeights" + id_, weights) + unsigned_32("kIndex" + id_, index) +
                   unsigned_32("kBegin" + id_, begin);
  layer_.code += fmt::format("  detail::sparse(kWeights{0}, kIndex{0}, kBegin{0}, {1}", id_, tail);
}

void LayerWriter::operator()(const lower::Linear& op) {
  const std::int64_t outputs = op.weights.shape[0], inputs = op.weights.shape[1];
  Range codes = in(0).range[0];
  for (const Range& range : in(0).range) codes = hull(codes, range);
  // Every partial sum lies in here, in whatever order it is taken.
  Range sums = out_range();
  std::int64_t nonzero = 0;
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t bias = op.bias[static_cast<std::size_t>(o)];
    Range low_high = hull({0, 0}, {bias, bias});
    for (std::int64_t i = 0; i < inputs; ++i) {
      const std::int64_t w = op.weights[o * inputs + i];
      if (w == 0) continue;
      ++nonzero;
      const Range part = hull({0, 0}, codes * w);
      low_high = low_high + Range{part.min * 2, part.max * 2};  // twice: bit planes overshoot
    }
    sums = hull(sums, low_high);
  }
  layer_.tables +=
      fmt::format("// {} x {} weights, {} of them nonzero.\n", outputs, inputs, nonzero);
  layer_.tables += integers("kBias" + id_, op.bias);
  declare(sums);
  const std::string tail = fmt::format("kBias{}, x{}, x{}, {}, {}, {});\n", id_, from(0), id_,
                                       out_.elements() / outputs, outputs, inputs);
  const bool few = nonzero * 3 < outputs * inputs;
  if (!few && write_masks(op, tail)) return;
  if (few) {
    write_sparse(op, tail);
    return;
  }
  layer_.tables += integers("kWeights" + id_, op.weights.data);
  layer_.code += fmt::format("  detail::dense(kWeights{}, {}", id_, tail);
}

void LayerWriter::operator()(const lower::Step& op) {
  const std::string group = group_expression(op.grouping, out_.elements());
  bool uniform = true;
  std::string rows;
  for (const StepFunction& steps : op.steps) {
    int shift = 0, sign = 1;
    uniform = uniform && is_uniform(steps, shift, sign);
    const std::int64_t first = steps.thresholds.empty() ? steps.domain.max : steps.thresholds[0];
    rows += fmt::format("    {{{}, {}, {}, {}, {}}},\n", literal(first), steps.thresholds.size(),
                        literal(steps.levels[0]), shift, sign);
  }
  const std::string type(declare(out_range()));
  if (uniform) {
    layer_.tables += fmt::format(
        "// first, count, level, shift, sign\n"
        "inline constexpr detail::ShiftClip kSteps{}[] = {{\n{}}};\n",
        id_, rows);
    each(fmt::format("x{0}[e] = static_cast<{1}>(detail::shift_clip(kSteps{0}[{2}], x{3}[e]));",
                     id_, type, group, from(0)));
    return;
  }
  std::vector<std::int64_t> thresholds, levels;
  std::vector<std::uint32_t> begin;
  for (const StepFunction& steps : op.steps) {
    begin.push_back(static_cast<std::uint32_t>(thresholds.size()));
    thresholds.insert(thresholds.end(), steps.thresholds.begin(), steps.thresholds.end());
    levels.insert(levels.end(), steps.levels.begin(), steps.levels.end());
  }
  begin.push_back(static_cast<std::uint32_t>(thresholds.size()));
  layer_.tables += integers("kThresholds" + id_, thresholds) + integers("kLevels" + id_, levels) +
                   unsigned_32("kBegin" + id_, begin);
  each(fmt::format(
      "const std::size_t g = {2};\n"
      "    const std::size_t first = kBegin{0}[g];\n"
      "    const std::size_t count = kBegin{0}[g + 1] - first;\n"
      "    const std::size_t at = detail::reached(kThresholds{0} + first, count, x{3}[e]);\n"
      "    x{0}[e] = static_cast<{1}>(kLevels{0}[first + g + at]);",
      id_, type, group, from(0)));
}

void LayerWriter::operator()(const lower::Concat& op) {
  const std::string type(declare(out_range()));
  std::int64_t inner = 1, outer = 1, offset = 0;
  const auto axis = static_cast<std::size_t>(op.axis);
  for (std::size_t i = axis + 1; i < out_.shape.size(); ++i) inner *= out_.shape[i];
  for (std::size_t i = 0; i < axis; ++i) outer *= out_.shape[i];
  for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
    const std::int64_t part = in(k).shape[axis] * inner;
    layer_.code += fmt::format(
        "  for (std::size_t e = 0; e < {}; ++e) {{\n"
        "    x{}[e / {} * {} + e % {} + {}] = static_cast<{}>(x{}[e]);\n  }}\n",
        part * outer, id_, part, out_.shape[axis] * inner, part, offset, type, from(k));
    offset += part;
  }
}

}  // namespace

EmulatorLayer write_emulator_layer(const IntegerGraph& graph, const Node& node) {
  return LayerWriter(graph, node).write();
}

}  // namespace nib::emit
