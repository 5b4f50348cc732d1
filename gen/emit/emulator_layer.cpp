// One node of an integer graph as C++: tables and the lines that read them.
#include "nib/emit/emulator_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "nib/base/check.h"
#include "nib/emit/emulator_matrix.h"
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
  if (is_wide(steps.domain)) return false;
  if (n == 0) return true;
  sign = steps.levels[1] > steps.levels[0] ? 1 : -1;
  for (std::size_t i = 0; i < n; ++i) {
    if (steps.levels[i + 1] - steps.levels[i] != sign) return false;
  }
  if (n == 1) return true;
  if (is_wide(steps.domain)) return false;
  const BigInt distance = steps.thresholds[1] - steps.thresholds[0];
  shift = distance.trailing_zeros();
  if (distance != power_of_two(shift)) return false;
  for (std::size_t i = 1; i < n; ++i) {
    if (steps.thresholds[i] - steps.thresholds[i - 1] != distance) return false;
  }
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
    std::vector<BigInt> low, high;
    for (const Range& limit : op.limits) {
      low.push_back(limit.min);
      high.push_back(limit.max);
    }
    layer_.tables += integers("kLow" + id_, low) + integers("kHigh" + id_, high);
    const std::string type(declare(hull(in(0).range[0], out_range())));
    const Range all = hull(in_range(), hull(range_of(low), range_of(high)));
    const std::string word = is_wide(all) ? type_for(all) : "std::int64_t";
    const auto limit = [&](const char* table) {
      return is_wide(all) ? fmt::format("static_cast<{}>({}{}[g])", word, table, id_)
                          : fmt::format("{}{}[g]", table, id_);
    };
    each(
        fmt::format("const std::size_t g = {};\n"
                    "    const {} x = {};\n"
                    "    const {} least = x < {} ? {} : x;\n"
                    "    x{}[e] = static_cast<{}>(least > {} ? {} : least);",
                    group_expression(op.grouping, out_.elements()), word, source_word(word), word,
                    limit("kLow"), limit("kLow"), id_, type, limit("kHigh"), limit("kHigh")));
  }
  void operator()(const lower::Reindex& op) {
    std::vector<std::int64_t> source(op.source.begin(), op.source.end());
    layer_.tables += integers("kFrom" + id_, source);
    const std::string type(declare(out_range()));
    if (op.fill.empty()) {
      each(fmt::format("x{}[e] = static_cast<{}>(x{}[kFrom{}[e]]);", id_, type, from(0), id_));
      return;
    }
    layer_.tables += integers("kFill" + id_, op.fill);
    layer_.code += fmt::format("  std::size_t filled{} = 0;\n", id_);
    each(
        fmt::format("x{0}[e] = static_cast<{1}>(kFrom{0}[e] < 0 ? kFill{0}[filled{0}++]\n"
                    "                                       : x{2}[kFrom{0}[e]]);",
                    id_, type, from(0)));
  }
  void operator()(const lower::Sum& op) {
    const std::string type(declare(out_range()));
    Range partial = out_range();
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      partial = hull(partial, partial + range_of(in(k)) * op.factors[k]);
    }
    const std::string word = is_wide(partial) ? type_for(partial) : "std::int64_t";
    std::string text = fmt::format("const {} sum = 0", word);
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      const std::string x = is_wide(partial) ? fmt::format("static_cast<{}>(x{}[e])", word, from(k))
                                             : fmt::format("x{}[e]", from(k));
      text += fmt::format(" + {}{{{}}} * {}", word, literal(op.factors[k]), x);
    }
    each(fmt::format("{};\n    x{}[e] = static_cast<{}>(sum);", text, id_, type));
  }
  void operator()(const lower::Concat& op);
  void operator()(const lower::TopK& op);
  void operator()(const lower::Conv& op);
  void operator()(const lower::MaxPool& op);
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
  /// Element e of the input as a number of type `word`.
  [[nodiscard]] std::string source_word(const std::string& word) const {
    return word == "std::int64_t" ? fmt::format("x{}[e]", from(0))
                                  : fmt::format("static_cast<{}>(x{}[e])", word, from(0));
  }
  [[nodiscard]] Range out_range() const { return range_of(out_); }
  [[nodiscard]] Range in_range() const { return range_of(in(0)); }
  static Range range_of(const std::vector<BigInt>& items) { return emit::range_of(items); }
  static Range range_of(const Value& value) {
    Range range = value.range[0];
    for (const Range& r : value.range) range = hull(range, r);
    return range;
  }
  /// Declares x<id> with a word of 32, 64 or more bits that holds `range`; returns the type.
  std::string declare(const Range& range) {
    const bool small = fits_signed(range, 32);
    const std::string type = small ? "std::int32_t" : type_for(range);
    layer_.code += fmt::format("  {} x{}[{}];  // {}, {}\n", type, id_, out_.elements(),
                               comment(out_.name), to_string(out_.shape));
    return type;
  }
  void each(const std::string& body) {
    layer_.code += fmt::format("  for (std::size_t e = 0; e < {}; ++e) {{\n    {}\n  }}\n",
                               out_.elements(), body);
  }
  /// The table of a window from value in(0) to the output.
  void window(const lower::Window& w);
  /// `call` for every image; image_words() are its x and y.
  void images(const std::string& call);
  [[nodiscard]] std::string image_words() const;
  /// From channel to channel and from position to position of a value.
  static std::string steps_of(const Value& value, bool channels_last);

  const IntegerGraph& graph_;
  const Node& node_;
  const Value& out_;
  std::string id_;
  EmulatorLayer layer_;
};

void LayerWriter::operator()(const lower::Linear& op) {
  const EmulatorMatrix matrix{op.weights, op.bias, 1, in_range()};
  const EmulatorProduct product = write_product(matrix, id_);
  layer_.tables += product.tables;
  declare(hull(out_range(), matrix.sums()));
  layer_.code += fmt::format("  {}, x{}, x{}, {}, {}, {});\n", product.call, from(0), id_,
                             out_.elements() / matrix.rows(), matrix.rows(), matrix.columns());
}

std::string LayerWriter::steps_of(const Value& value, bool channels_last) {
  std::int64_t positions = 1;
  for (std::size_t i = 2; i < value.shape.size(); ++i) {
    positions *= value.shape[channels_last ? i - 1 : i];
  }
  const std::int64_t channels = channels_last ? value.shape.back() : value.shape[1];
  return channels_last ? fmt::format("{{1, {}}}", channels) : fmt::format("{{{}, 1}}", positions);
}

void LayerWriter::window(const lower::Window& w) {
  const std::size_t rank = w.kernel.size();
  const auto spatial = [&](const Value& value) {
    const auto first = value.shape.begin() + (w.channels_last ? 1 : 2);
    return std::vector<std::int64_t>(first, first + static_cast<std::ptrdiff_t>(rank));
  };
  const auto list = [](const std::vector<std::int64_t>& items) {
    return fmt::format("{{{}}}", fmt::join(items, ", "));
  };
  layer_.tables += fmt::format(
      "// input, output, kernel, stride, dilation, pad; positions, taps\n"
      "inline constexpr detail::Window<{}> kWindow{} = {{\n    {}, {}, {}, {}, {}, {}, {}, {}}};\n",
      rank, id_, list(spatial(in(0))), list(spatial(out_)), list(w.kernel), list(w.strides),
      list(w.dilations), list(w.pads_begin), element_count(spatial(out_)), element_count(w.kernel));
}

void LayerWriter::operator()(const lower::Conv& op) {
  Range codes = in_range();
  for (const BigInt& p : op.padding) codes = hull(codes, {p, p});
  const EmulatorMatrix matrix{op.weights, op.bias, op.groups, codes};
  const EmulatorProduct product = write_product(matrix, id_);
  window(op.window);
  layer_.tables += product.tables + integers("kPadding" + id_, op.padding);
  declare(hull(out_range(), matrix.sums()));
  images(
      fmt::format("  detail::convolve<{0}, {1}>(\n"
                  "      kWindow{2}, {3}, {4}, {5}, kPadding{2}, {6},\n"
                  "      [](std::size_t group, const auto* x, auto* y) {{\n"
                  "        static_cast<void>(group);\n"
                  "        {7}, x, y, 1, {1}, {0});\n"
                  "      }});\n",
                  matrix.columns(), matrix.rows() / op.groups, id_, op.groups,
                  steps_of(in(0), op.window.channels_last), steps_of(out_, op.window.channels_last),
                  image_words(), product.call));
}

std::string LayerWriter::image_words() const {
  const std::int64_t count = in(0).shape[0];
  if (count == 1) return fmt::format("x{}, x{}", from(0), id_);
  return fmt::format("x{} + image * {}, x{} + image * {}", from(0), in(0).elements() / count, id_,
                     out_.elements() / count);
}

void LayerWriter::images(const std::string& call) {
  const std::int64_t count = in(0).shape[0];
  if (count > 1) {
    layer_.code += fmt::format("  for (std::size_t image = 0; image < {}; ++image)\n", count);
  }
  layer_.code += call;
}

void LayerWriter::operator()(const lower::MaxPool& op) {
  window(op.window);
  declare(out_range());
  const bool last = op.window.channels_last;
  images(fmt::format("  detail::max_pool(kWindow{}, {}, {}, {}, {});\n", id_,
                     last ? out_.shape.back() : out_.shape[1], steps_of(in(0), last),
                     steps_of(out_, last), image_words()));
}

// By rank: the largest of those that stand behind the one before.
void LayerWriter::operator()(const lower::TopK& op) {
  const std::string type(declare(out_range()));
  layer_.code += fmt::format(
      "  for (std::size_t row = 0; row < {0}; ++row) {{\n"
      "    const auto* x = x{1} + row * {2};\n"
      "    std::size_t before = {2};\n"
      "    for (std::size_t rank = 0; rank < {3}; ++rank) {{\n"
      "      std::size_t best = {2};\n"
      "      for (std::size_t i = 0; i < {2}; ++i) {{\n"
      "        const bool later = before == {2} || x[i] < x[before] ||\n"
      "                           (x[i] == x[before] && i > before);\n"
      "        if (later && (best == {2} || x[i] > x[best])) best = i;\n"
      "      }}\n"
      "      x{4}[row * {3} + rank] = static_cast<{5}>({6});\n"
      "      before = best;\n"
      "    }}\n"
      "  }}\n",
      out_.elements() / op.k, from(0), in(0).shape.back(), op.k, id_, type,
      op.values ? "x[best]" : "best");
}

void LayerWriter::operator()(const lower::Step& op) {
  const std::string group = group_expression(op.grouping, out_.elements());
  bool uniform = true;
  std::string rows;
  for (const StepFunction& steps : op.steps) {
    int shift = 0, sign = 1;
    uniform = uniform && is_uniform(steps, shift, sign);
    if (!uniform) continue;
    const BigInt& first = steps.thresholds.empty() ? steps.domain.max : steps.thresholds[0];
    rows += fmt::format("    {{{}, {}, {}, {}, {}}},\n", literal(first, steps.domain),
                        steps.thresholds.size(), literal(steps.levels[0]), shift, sign);
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
  std::vector<BigInt> thresholds;
  std::vector<std::int64_t> levels;
  std::vector<std::uint32_t> begin;
  for (const StepFunction& steps : op.steps) {
    begin.push_back(static_cast<std::uint32_t>(thresholds.size()));
    thresholds.insert(thresholds.end(), steps.thresholds.begin(), steps.thresholds.end());
    levels.insert(levels.end(), steps.levels.begin(), steps.levels.end());
  }
  begin.push_back(static_cast<std::uint32_t>(thresholds.size()));
  if (thresholds.empty()) thresholds.emplace_back(0);  // no empty arrays in C++
  const Range all = hull(in_range(), range_of(thresholds));
  layer_.tables += integers("kThresholds" + id_, thresholds) + integers("kLevels" + id_, levels) +
                   unsigned_32("kBegin" + id_, begin);
  each(fmt::format(
      "const std::size_t g = {2};\n"
      "    const std::size_t first = kBegin{0}[g];\n"
      "    const std::size_t count = kBegin{0}[g + 1] - first;\n"
      "    const std::size_t at = detail::reached(kThresholds{0} + first, count, {4});\n"
      "    x{0}[e] = static_cast<{1}>(kLevels{0}[first + g + at]);",
      id_, type, group, from(0),
      is_wide(all) ? source_word(type_for(all)) : fmt::format("std::int64_t{{x{}[e]}}", from(0))));
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
