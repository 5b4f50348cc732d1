// The emulator header: an integer graph as one self-contained C++17 header.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <limits>
#include <type_traits>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/base/version.h"
#include "nib/emit/emit.h"

namespace nib::emit {
namespace {

using lower::Grouping;
using lower::IntegerGraph;
using lower::Node;
using lower::StepFunction;
using lower::Value;
using lower::ValueId;

/// What all emulators share. Types: W weights, B biases, X input codes, Y output codes; Y holds
/// every partial sum.
constexpr std::string_view kHelpers = R"(namespace detail {

constexpr int popcount(std::uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + ((x >> 2) & 0x3333333333333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return static_cast<int>((x * 0x0101010101010101U) >> 56);
}

// y[r][o] = bias[o] + sum of weights[o][i] * x[r][i].
template <class W, class B, class X, class Y>
void dense(const W* weights, const B* bias, const X* x, Y* y, std::size_t rows, std::size_t outputs,
           std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      Y sum = static_cast<Y>(bias[o]);
      for (std::size_t i = 0; i < inputs; ++i) {
        sum += static_cast<Y>(weights[o * inputs + i]) * static_cast<Y>(x[r * inputs + i]);
      }
      y[r * outputs + o] = sum;
    }
  }
}

// The same with only the nonzero weights: those of output o are begin[o] .. begin[o + 1].
template <class W, class I, class B, class X, class Y>
void sparse(const W* weights, const I* index, const std::uint32_t* begin, const B* bias, const X* x,
            Y* y, std::size_t rows, std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) {
      Y sum = static_cast<Y>(bias[o]);
      for (std::size_t k = begin[o]; k < begin[o + 1]; ++k) {
        sum += static_cast<Y>(weights[k]) * static_cast<Y>(x[r * inputs + index[k]]);
      }
      y[r * outputs + o] = sum;
    }
  }
}

// Bit p of the codes x as words of 64.
template <class X>
void plane(const X* x, std::size_t inputs, int p, std::uint64_t* words) {
  for (std::size_t i = 0; i < inputs; ++i) {
    if (i % 64 == 0) words[i / 64] = 0;
    words[i / 64] |= ((static_cast<std::uint64_t>(x[i]) >> p) & 1U) << (i % 64);
  }
}

// The same for weights of -1, 0, 1 as masks, Words words for each output, bit i for input i. The
// codes have Planes bits; the top one counts negative where they are signed.
template <std::size_t Words, int Planes, bool Signed, class B, class X, class Y>
void masks(const std::uint64_t* plus, const std::uint64_t* minus, const B* bias, const X* x, Y* y,
           std::size_t rows, std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) y[r * outputs + o] = static_cast<Y>(bias[o]);
    for (int p = 0; p < Planes; ++p) {
      std::uint64_t bits[Words];
      plane(x + r * inputs, inputs, p, bits);
      const Y weight = static_cast<Y>(Signed && p == Planes - 1 ? -1 : 1) * (Y{1} << p);
      for (std::size_t o = 0; o < outputs; ++o) {
        int count = 0;
        for (std::size_t w = 0; w < Words; ++w) {
          count += popcount(plus[o * Words + w] & bits[w]);
          count -= popcount(minus[o * Words + w] & bits[w]);
        }
        y[r * outputs + o] += static_cast<Y>(count) * weight;
      }
    }
  }
}

// The same for weights of -1 and 1 only: every bit that is not in the mask counts -1.
template <std::size_t Words, int Planes, bool Signed, class B, class X, class Y>
void signs(const std::uint64_t* plus, const B* bias, const X* x, Y* y, std::size_t rows,
           std::size_t outputs, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < outputs; ++o) y[r * outputs + o] = static_cast<Y>(bias[o]);
    for (int p = 0; p < Planes; ++p) {
      std::uint64_t bits[Words];
      plane(x + r * inputs, inputs, p, bits);
      int all = 0;
      for (std::size_t w = 0; w < Words; ++w) all += popcount(bits[w]);
      const Y weight = static_cast<Y>(Signed && p == Planes - 1 ? -1 : 1) * (Y{1} << p);
      for (std::size_t o = 0; o < outputs; ++o) {
        int count = -all;
        for (std::size_t w = 0; w < Words; ++w) {
          count += 2 * popcount(plus[o * Words + w] & bits[w]);
        }
        y[r * outputs + o] += static_cast<Y>(count) * weight;
      }
    }
  }
}

// Uniform steps: level, plus (or minus) one for each 2^shift from `first` on, at most `count`.
struct ShiftClip {
  std::int64_t first;
  std::int64_t count;
  std::int64_t level;
  int shift;
  int sign;
};
constexpr std::int64_t shift_clip(const ShiftClip& s, std::int64_t x) {
  if (x < s.first) return s.level;
  const std::int64_t steps = ((x - s.first) >> s.shift) + 1;
  return s.level + s.sign * (steps < s.count ? steps : s.count);
}

// Number of thresholds that x reaches; they ascend.
template <class T>
constexpr std::size_t reached(const T* thresholds, std::size_t count, std::int64_t x) {
  std::size_t low = 0;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (x >= static_cast<std::int64_t>(thresholds[low + half])) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

}  // namespace detail
)";

/// "a/b, c" as a C++ identifier part.
std::string identifier(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (good) {
      result += c;
    } else if (!result.empty() && result.back() != '_') {
      result += '_';  // never two in a row: those names are reserved
    }
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  if (result.empty()) result = "net";
  return result;
}

/// Text for a comment line: no line ends, no backslash at the end, not too long.
std::string comment(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '\\';
    result += plain ? c : '?';
  }
  if (result.size() > 80) result = result.substr(0, 77) + "...";
  return result;
}

std::string_view type_for(Range range) {
  const auto fits = [&](auto word) {
    using Word = decltype(word);
    return range.min >= std::numeric_limits<Word>::min() &&
           range.max <= std::numeric_limits<Word>::max();
  };
  if (fits(std::int8_t{})) return "std::int8_t";
  if (fits(std::int16_t{})) return "std::int16_t";
  if (fits(std::int32_t{})) return "std::int32_t";
  return "std::int64_t";
}

template <class T>
Range range_of(const std::vector<T>& items) {
  Range range{0, 0};
  for (const T item : items) range = hull(range, {item, item});
  return range;
}

/// `inline constexpr TYPE NAME[] = {...};` wrapped at 100 columns; `text` makes a literal.
template <class T, class Text>
std::string array_of(std::string_view type, const std::string& name, const std::vector<T>& items,
                     Text text) {
  std::string result = fmt::format("inline constexpr {} {}[] = {{\n", type, name);
  std::string line = "   ";
  for (const T& item : items) {
    const std::string literal = text(item);
    if (line.size() + literal.size() + 2 > 100) {
      result += line + "\n";
      line = "   ";
    }
    line += ' ';
    line += literal;
    line += ',';
  }
  return result + line + "\n};\n";
}

std::string literal(std::int64_t x) {
  if (x == std::numeric_limits<std::int64_t>::min()) return "INT64_MIN";
  const bool wide = x > std::numeric_limits<std::int32_t>::max() ||
                    x < -std::int64_t{std::numeric_limits<std::int32_t>::max()};
  return wide ? fmt::format("INT64_C({})", x) : fmt::format("{}", x);
}

std::string integers(const std::string& name, const std::vector<std::int64_t>& items) {
  return array_of(type_for(range_of(items)), name, items, literal);
}
std::string unsigned_32(const std::string& name, const std::vector<std::uint32_t>& items) {
  return array_of("std::uint32_t", name, items,
                  [](std::uint32_t x) { return fmt::format("{}U", x); });
}
std::string words(const std::string& name, const std::vector<std::uint64_t>& items) {
  return array_of("std::uint64_t", name, items,
                  [](std::uint64_t x) { return fmt::format("0x{:x}U", x); });
}

/// The index of an element's group, as an expression in `e`.
std::string group_expression(const Grouping& g, std::int64_t elements) {
  if (g.count == 1) return "0";
  std::string text = g.inner == 1 ? "e" : fmt::format("e / {}", g.inner);
  return g.inner * g.count >= elements ? text : fmt::format("{} % {}", text, g.count);
}

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

/// One layer: its tables, and the lines of run() that compute it.
struct Layer {
  std::string tables, code;
};

/// Writes layers. `id` is the value's number; its codes are in x<id>.
class LayerWriter {
 public:
  LayerWriter(const IntegerGraph& graph, const Node& node)
      : graph_(graph),
        node_(node),
        out_(graph.value(node.output)),
        id_(std::to_string(node.output)) {}

  [[nodiscard]] Layer write() {
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
  Layer layer_;
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

std::string port_table(const IntegerGraph& graph, const std::vector<ValueId>& ids,
                       const std::vector<std::string>& names, const std::string& what) {
  std::string text;
  std::int64_t total = 0;
  std::string rows;
  std::string lookup;
  std::size_t first = 0;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const Value& value = graph.value(ids[k]);
    text += fmt::format("// {} {}: \"{}\", {}, elements in C order.\n", what, k, comment(names[k]),
                        to_string(value.shape));
    for (std::size_t g = 0; g < value.scale.size(); ++g) {
      rows += fmt::format("    {{{}, {}, \"{}\", \"{}\"}},\n", literal(value.range[g].min),
                          literal(value.range[g].max), to_string(value.scale[g]),
                          to_string(value.offset[g]));
    }
    const std::int64_t end = total + value.elements();
    const std::string group = group_expression(value.grouping, value.elements());
    const std::string at = total == 0 ? "" : fmt::format("e -= {};\n", total);
    lookup +=
        fmt::format("  if (e < {}) {{\n    {}return k{}Codes[{} + ({})];\n  }}\n", end,
                    at.empty() ? "" : fmt::format("e -= {};\n    ", total), what, first, group);
    first += value.scale.size();
    total = end;
  }
  text += fmt::format("inline constexpr std::size_t k{}s = {};\n", what, total);
  text += fmt::format("inline constexpr Code k{}Codes[] = {{\n{}}};\n", what, rows);
  text +=
      fmt::format("constexpr const Code& {}_code(std::size_t e) {{\n{}  return k{}Codes[0];\n}}\n",
                  what == "Input" ? "input" : "output", lookup, what);
  return text;
}

/// A few rows of codes: least, largest, then pseudo-random ones.
struct TestRows {
  std::vector<Tensor<std::int64_t>> inputs, outputs;
  std::int64_t rows = 0;
};
TestRows test_rows(const IntegerGraph& graph) {
  TestRows test;
  std::int64_t elements = 0;
  for (const ValueId id : graph.inputs) elements += graph.value(id).elements();
  test.rows = elements > 1024 ? 3 : 6;
  std::uint64_t state = 0x9e3779b97f4a7c15U;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    Tensor<std::int64_t> codes({test.rows, value.elements()});
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const Range range = value.range_of(i % value.elements());
      state = state * 6364136223846793005U + 1442695040888963407U;
      const auto width = static_cast<std::uint64_t>(range.max - range.min) + 1;
      codes[i] = range.min + static_cast<std::int64_t>((state >> 20) % width);
      if (i / value.elements() == 0) codes[i] = range.min;
      if (i / value.elements() == 1) codes[i] = range.max;
    }
    test.inputs.push_back(std::move(codes));
  }
  test.outputs = lower::execute(graph, test.inputs, graph.outputs);
  return test;
}

std::string self_test(const IntegerGraph& graph) {
  const TestRows test = test_rows(graph);
  std::vector<std::int64_t> in, out;
  for (std::int64_t row = 0; row < test.rows; ++row) {
    for (const bool inputs : {true, false}) {
      for (const Tensor<std::int64_t>& codes : inputs ? test.inputs : test.outputs) {
        const std::int64_t n = codes.size() / test.rows;
        const auto first = codes.data.begin() + row * n;
        (inputs ? in : out).insert((inputs ? in : out).end(), first, first + n);
      }
    }
  }
  return fmt::format(
      "// Rows of codes with the outputs of nib's integer graph.\n{}{}"
      "\n// True where run() gives what nib's integer graph gives.\n"
      "inline bool self_test() {{\n"
      "  for (std::size_t row = 0; row < {}; ++row) {{\n"
      "    std::int32_t in_codes[kInputs];\n"
      "    std::int64_t out_codes[kOutputs];\n"
      "    for (std::size_t e = 0; e < kInputs; ++e) in_codes[e] = kTestIn[row * kInputs + e];\n"
      "    run(in_codes, out_codes);\n"
      "    for (std::size_t e = 0; e < kOutputs; ++e) {{\n"
      "      if (out_codes[e] != kTestOut[row * kOutputs + e]) return false;\n"
      "    }}\n"
      "  }}\n"
      "  return true;\n"
      "}}\n",
      integers("kTestIn", in), integers("kTestOut", out), test.rows);
}

std::string run_function(const IntegerGraph& graph, const std::string& code) {
  std::string text =
      "// One inference: kInputs codes in, kOutputs codes out; inputs and outputs in order, each "
      "in\n"
      "// C order. Codes outside of input_code(e) have no meaning.\n"
      "inline void run(const std::int32_t* in_codes, std::int64_t* out_codes) {\n";
  std::int64_t at = 0;
  for (const ValueId id : graph.inputs) {
    text += fmt::format("  const std::int32_t* x{} = in_codes + {};  // {}, {}\n", id, at,
                        comment(graph.value(id).name), to_string(graph.value(id).shape));
    at += graph.value(id).elements();
  }
  text += code;
  at = 0;
  for (const ValueId id : graph.outputs) {
    const std::int64_t n = graph.value(id).elements();
    text += fmt::format("  for (std::size_t e = 0; e < {}; ++e) out_codes[{} + e] = x{}[e];\n", n,
                        at, id);
    at += n;
  }
  for (const ValueId id : graph.inputs) text += fmt::format("  static_cast<void>(x{});\n", id);
  return text + "}\n";
}

}  // namespace

std::string emulator_header(const IntegerGraph& graph, const std::string& name) {
  for (const ValueId id : graph.inputs) {
    for (const Range& range : graph.value(id).range) {
      if (bits_for(range) > 32 || range.max > std::numeric_limits<std::int32_t>::max()) {
        fail(ErrorCode::E503, "input codes of over 32 bits", graph.value(id).name);
      }
    }
  }
  std::string tables, code;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<lower::Input>(node.op)) continue;
    const Layer layer = LayerWriter(graph, node).write();
    tables += "\n" + layer.tables;
    code += layer.code;
  }
  std::string body =
      "// A code's range and what it means: value = scale * code + offset, both exact.\n"
      "struct Code {\n"
      "  std::int64_t min, max;\n"
      "  const char* scale;\n"
      "  const char* offset;\n"
      "};\n\n";
  body += port_table(graph, graph.inputs, graph.input_names, "Input") + "\n";
  body += port_table(graph, graph.outputs, graph.output_names, "Output") + "\n";
  body += kHelpers;
  body += tables + "\n" + run_function(graph, code) + "\n" + self_test(graph);
  const std::string space = "nib_" + identifier(name);
  std::string text = fmt::format(
      "// {}: bit-exact emulator of the network, integers only, C++17, no allocation.\n"
      "// Made by {} from {}{}.\n",
      comment(name), kGenerator, comment(graph.source_file.empty() ? "a graph" : graph.source_file),
      graph.sha256.empty() ? "" : fmt::format(" (SHA-256 {}...)", graph.sha256.substr(0, 16)));
  for (const std::string& note : graph.notes) text += fmt::format("// Note: {}\n", comment(note));
  text += fmt::format(
      "#pragma once\n\n#include <array>\n#include <cstddef>\n#include <cstdint>\n\n"
      "namespace {} {{\ninline namespace v{} {{\n\n",
      space, sha256(body).substr(0, 8));
  text += body;
  return text + fmt::format("\n}}  // inline namespace\n}}  // namespace {}\n", space);
}

}  // namespace nib::emit
