// Stages that no quantiser took become nodes; values change their grid without changing their
// reals.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"

namespace nib::lower {
namespace {

/// Most values of a function that becomes a table.
constexpr std::int64_t kMaxTable = 4096;

/// A function that is a line limited at both ends: slope * min(max(x, low), high) + start.
struct LimitedLine {
  Rational slope, start;
  Rational low, high;  ///< in codes, perhaps fractional
};

std::optional<LimitedLine> limited_line(const RealFunction& function) {
  if (!is_piecewise_linear(function)) return std::nullopt;
  const std::vector<Piece> pieces = pieces_of(function);
  std::optional<LimitedLine> line;
  for (const Piece& piece : pieces) {
    if (!piece.a.is_rational() || !piece.b.is_rational()) return std::nullopt;
    if (piece.a.sign() == 0) continue;
    if (line) return std::nullopt;  // two slopes
    line = LimitedLine{piece.a.rational(), piece.b.rational(), to_rational(function.domain.min),
                       to_rational(function.domain.max)};
  }
  if (!line) {  // constant throughout, if it is
    if (pieces.size() != 1) return std::nullopt;
    return LimitedLine{1, pieces[0].b.rational(), 0, 0};
  }
  bool before = true;
  int flats_before = 0, flats_after = 0;
  for (const Piece& piece : pieces) {
    if (piece.a.sign() != 0) {
      before = false;
      continue;
    }
    const Rational at = (piece.b.rational() - line->start) / line->slope;
    (before ? line->low : line->high) = at;
    ++(before ? flats_before : flats_after);
  }
  if (flats_before > 1 || flats_after > 1) return std::nullopt;
  return line;
}

}  // namespace

std::optional<AffineView> Lowerer::affine_view(const Activation& activation) const {
  for (const Stage& stage : activation.stages) {
    for (const ScalarOp& op : stage.ops) {
      if (op.kind != ScalarOp::Kind::kAffine || !op.a.is_rational() || !op.b.is_rational()) {
        return std::nullopt;
      }
    }
  }
  const Value& base = result_.value(activation.base);
  AffineView view{grouping_of(activation), {}, {}};
  for (std::int64_t g = 0; g < view.grouping.count; ++g) {
    const std::int64_t e = first_of(view.grouping, g);
    Rational scale = base.scale_of(e), offset = base.offset_of(e);
    for (const Stage& stage : activation.stages) {
      const ScalarOp& op = stage.ops[stage.grouping.of(e)];
      scale *= op.a.rational();
      offset = offset * op.a.rational() + op.b.rational();
    }
    view.scale.push_back(std::move(scale));
    view.offset.push_back(std::move(offset));
  }
  return view;
}

void Lowerer::set_affine(Value& value, const AffineView& view) const {
  std::vector<Range> range;
  for (std::int64_t g = 0; g < view.grouping.count; ++g) {
    range.push_back(value.range_of(first_of(view.grouping, g)));
  }
  value.grouping = view.grouping;
  value.scale = view.scale;
  value.offset = view.offset;
  value.range = std::move(range);
  for (Rational& scale : value.scale) {
    if (sgn(scale) == 0) scale = 1;  // only where view says so for constants
  }
}

/// A product's offset that lies on the grid of its codes becomes its bias.
void Lowerer::move_offset_to_bias(ValueId id) {
  Value& value = result_.value(id);
  if (value.grouping != row_grouping(id)) return;
  Op& op = result_.nodes[static_cast<std::size_t>(value.producer)].op;
  auto* linear = std::get_if<Linear>(&op);
  std::vector<BigInt>& bias = linear != nullptr ? linear->bias : std::get<Conv>(op).bias;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    if (value.range[o].is_constant()) continue;
    const Rational steps = value.offset[o] / value.scale[o];
    if (sgn(steps) == 0 || steps.get_den() != 1) continue;
    const BigInt whole(steps.get_num());
    Range moved = value.range[o] + Range{whole, whole};
    if (!fits_signed(moved, kMaxWordBits)) continue;
    bias[o] += whole;
    value.range[o] = std::move(moved);
    value.offset[o] = 0;
  }
}

Activation Lowerer::make_affine(const Activation& activation, graph::ValueId tensor) {
  if (affine_view(activation)) return activation;
  Activation result = clamp_or_table(activation, tensor);
  set(tensor, result);  // for its other readers
  result.exclusive = single_reader_[static_cast<std::size_t>(tensor)];
  return result;
}

/// Why a function of codes can be neither a limit nor a table.
void Lowerer::refuse_function(const Activation& activation, const std::string& node) const {
  for (const Stage& stage : activation.stages) {
    for (const ScalarOp& op : stage.ops) {
      if (is_rational(op)) continue;
      fail(ErrorCode::E502, "irrational numbers without a quantiser behind them",
           graph_.node(stage.node).name, "put a quantiser behind this node");
    }
  }
  fail(ErrorCode::E505,
       fmt::format("a function without a quantiser behind it, of more than {} values", kMaxTable),
       node, "put a quantiser behind this node");
}

Activation Lowerer::clamp_or_table(const Activation& activation, graph::ValueId tensor) {
  const graph::Value& out = graph_.value(tensor);
  const std::string node_name =
      out.producer == graph::kNone ? out.name : graph_.node(out.producer).name;
  const Grouping grouping = grouping_of(activation);
  std::vector<LimitedLine> lines;
  std::vector<std::int64_t> factor;
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.grouping = grouping;
  Node node;
  node.name = node_name;
  node.sources = sources_of(activation);
  bool all_lines = true;
  for (std::int64_t g = 0; g < grouping.count && all_lines; ++g) {
    const auto line = limited_line(function_of(activation, first_of(grouping, g)));
    all_lines = line.has_value();
    if (!line) break;
    // Both limits must lie on the grid of the codes: refine it by the denominators.
    const Integer finer = lcm(line->low.get_den(), line->high.get_den());
    const auto k = to_int64(finer);
    all_lines = k.has_value() && *k < std::int64_t{1} << 40;
    factor.push_back(k.value_or(1));
    lines.push_back(*line);
  }
  Activation base = activation;
  base.stages.clear();
  Activation result = base;
  if (all_lines) {
    if (std::any_of(factor.begin(), factor.end(), [](std::int64_t k) { return k != 1; })) {
      base = regrid(base, grouping, factor, std::vector<BigInt>(factor.size(), 0),
                    node_name + "/grid");
    }
    const Value& grid = result_.value(base.base);
    Clamp clamp{grouping, {}};
    for (std::int64_t g = 0; g < grouping.count; ++g) {
      const auto at = static_cast<std::size_t>(g);
      const LimitedLine& line = lines[at];
      const Rational k = to_rational(factor[at]);
      const Range reach = grid.range_of(first_of(grouping, g));
      const auto limit = [&](const Rational& x) {
        const Rational code = x * k;
        NIB_CHECK(code.get_den() == 1, "a limit on the grid");
        return BigInt(code.get_num());
      };
      Range codes{limit(line.low), limit(line.high)};
      codes = {std::clamp(codes.min, reach.min, reach.max),
               std::clamp(codes.max, reach.min, reach.max)};
      Rational offset = line.start;
      const Rational scale = line.slope / k;
      if (line.low == line.high) codes = {0, 0};
      if (codes.is_constant()) {
        offset += line.slope * line.low;
        codes = {0, 0};
      }
      clamp.limits.push_back(codes);
      value.scale.push_back(scale);
      value.offset.push_back(std::move(offset));
      value.range.push_back(codes);
    }
    node.formula = "its input, limited to its range";
    node.op = std::move(clamp);
  } else {
    Step step{grouping, {}};
    for (std::int64_t g = 0; g < grouping.count; ++g) {
      auto table = tabulate(function_of(activation, first_of(grouping, g)), kMaxTable);
      if (!table) refuse_function(activation, node_name);
      value.scale.push_back(table->scale);
      value.offset.push_back(table->offset);
      value.range.push_back(table->steps.image());
      step.steps.push_back(std::move(table->steps));
    }
    node.formula = "a function of one code, as a table";
    node.op = std::move(step);
  }
  node.inputs = {base.base};
  result.base = emit(std::move(node), std::move(value));
  result.shape = out.shape;
  result.exclusive = true;
  return result;
}

ValueId Lowerer::settle(const Activation& activation, graph::ValueId tensor) {
  const graph::Value& out = graph_.value(tensor);
  const Activation affine = plain_where_zero(make_affine(activation, tensor), out.name + "/zero");
  const std::optional<AffineView> view = affine_view(affine);
  NIB_CHECK(view.has_value(), "an affine activation");
  Value& base = result_.value(affine.base);
  if (affine.stages.empty() && base.name == out.name && base.shape == out.shape) return affine.base;
  const bool is_input = std::holds_alternative<Input>(result_.node(base.producer).op);
  const bool fits = base.shape == out.shape || shape_is_free(affine.base);
  if (affine.exclusive && fits && !is_input && !read_already(affine.base)) {
    set_affine(base, *view);
    base.name = unique_name(out.name);
    base.is_graph_tensor = true;
    base.shape = out.shape;
    for (const std::string& name : sources_of(affine)) {
      result_.nodes[static_cast<std::size_t>(base.producer)].sources.push_back(name);
    }
    return affine.base;
  }
  Activation plain = affine;
  plain.stages.clear();
  std::vector<std::int64_t> same(static_cast<std::size_t>(base.elements()));
  std::iota(same.begin(), same.end(), std::int64_t{0});
  const Activation copy = reindex(plain, out.shape, same, out.name, "the same codes");
  Value& value = result_.value(copy.base);
  set_affine(value, *view);
  value.is_graph_tensor = true;
  for (const std::string& name : sources_of(affine)) {
    result_.nodes[static_cast<std::size_t>(value.producer)].sources.push_back(name);
  }
  return copy.base;
}

}  // namespace nib::lower
