// Rearrangements: reshapes, transpositions, concatenations.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"
#include "nib/lower/width.h"

namespace nib::lower {
namespace {

/// The coarsest grouping of rearranged elements, where element e comes from source[e].
Grouping rearranged(const Grouping& grouping, const std::vector<std::int64_t>& source) {
  if (grouping.count == 1) return grouping;
  std::vector<std::int64_t> classes;
  classes.reserve(source.size());
  for (const std::int64_t from : source) {
    classes.push_back(static_cast<std::int64_t>(grouping.of(from)));
  }
  return grouping_of_classes(classes);
}

Stage rearranged(const Stage& stage, const std::vector<std::int64_t>& source) {
  Stage moved{rearranged(stage.grouping, source), {}, stage.node};
  for (std::int64_t g = 0; g < moved.grouping.count; ++g) {
    const std::int64_t e = first_of(moved.grouping, g);
    moved.ops.push_back(stage.ops[stage.grouping.of(source[static_cast<std::size_t>(e)])]);
  }
  return moved;
}

}  // namespace

bool is_same_order(const std::vector<std::int64_t>& source) {
  for (std::size_t e = 0; e < source.size(); ++e) {
    if (source[e] != static_cast<std::int64_t>(e)) return false;
  }
  return true;
}

Activation Lowerer::reindex(const Activation& activation, const Shape& shape,
                            const std::vector<std::int64_t>& source, const std::string& name,
                            const std::string& formula, const Fill& fill) {
  const Value& base = result_.value(activation.base);
  // Where an element is filled, the one on whose grid its code is.
  std::vector<std::int64_t> adopted = source;
  std::size_t next = 0;
  for (std::int64_t& from : adopted) {
    if (from == Reindex::kFilled) from = fill.adopted[next++];
  }
  Value value;
  value.name = name;
  value.shape = shape;
  value.grouping = rearranged(base.grouping, adopted);
  for (std::int64_t g = 0; g < value.grouping.count; ++g) {
    const std::int64_t e = adopted[static_cast<std::size_t>(first_of(value.grouping, g))];
    value.scale.push_back(base.scale_of(e));
    value.offset.push_back(base.offset_of(e));
    value.range.push_back(base.range_of(e));
  }
  next = 0;
  for (std::size_t e = 0; e < source.size(); ++e) {
    if (source[e] != Reindex::kFilled) continue;
    Range& range = value.range[value.grouping.of(static_cast<std::int64_t>(e))];
    range = hull(range, {fill.codes[next], fill.codes[next]});
    ++next;
  }
  Node node;
  node.name = name;
  node.formula = formula;
  node.op = Reindex{{source.begin(), source.end()}, fill.codes};
  node.inputs = {activation.base};
  Activation result;
  result.shape = shape;
  for (const Stage& stage : activation.stages) result.stages.push_back(rearranged(stage, adopted));
  result.base = emit(std::move(node), std::move(value));
  return result;
}

void Lowerer::lower_reshape(const graph::Node& node) {
  Activation x = operand(node.inputs[0]);
  x.shape = out_value(node).shape;  // the elements in C order, and with them all groupings, stay
  set(node.outputs[0], std::move(x));
}

void Lowerer::lower_transpose(const graph::Node& node, const graph::Transpose& op) {
  rearrange(node, transpose_index(operand(node.inputs[0]).shape, op.perm), "its input, transposed");
}

void Lowerer::rearrange(const graph::Node& node, const std::vector<std::int64_t>& source,
                        const std::string& formula) {
  Activation x = operand(node.inputs[0]);
  if (static_cast<std::int64_t>(source.size()) == element_count(x.shape) && is_same_order(source)) {
    lower_reshape(node);
    return;
  }
  if (x.raw_input >= 0) {
    // The port carries the codes of what a quantiser behind this node makes of it.
    for (Stage& stage : x.stages) stage = rearranged(stage, source);
    x.shape = out_value(node).shape;
    set(node.outputs[0], std::move(x));
    return;
  }
  const bool named = x.stages.empty();
  Activation y = reindex(x, out_value(node).shape, source,
                         named ? out_value(node).name : node.name + "/order", formula);
  result_.value(y.base).is_graph_tensor = named;
  result_.nodes.back().name = node.name;
  result_.nodes.back().sources = {node.name};
  set(node.outputs[0], std::move(y));
}

/// A constant as a value of its own: a grid that holds all of its elements. It hangs on `anchor`,
/// as every value is made of others.
Activation Lowerer::constant_value(const Constant& x, ValueId anchor, const graph::Node& node) {
  std::vector<Rational> reals;
  Rational grid = 0;
  for (std::int64_t e = 0; e < x.size(); ++e) {
    const Surd real = x.at(e);
    if (!real.is_rational()) fail(ErrorCode::E502, "an irrational constant", node.name);
    reals.push_back(real.rational());
    grid = gcd_of(grid, reals.back());
  }
  if (sgn(grid) == 0) grid = 1;
  Reindex op{std::vector<std::int32_t>(reals.size(), Reindex::kFilled), {}};
  Value value;
  value.name = node.name + "/constant";
  value.shape = x.shape();
  value.scale = {grid};
  value.offset = {Rational(0)};
  for (const Rational& real : reals) {
    op.fill.emplace_back(Rational(real / grid).get_num());
    check_width({op.fill.back(), op.fill.back()}, "a constant", node.name);
  }
  const auto [low, high] = std::minmax_element(op.fill.begin(), op.fill.end());
  value.range = {{*low, *high}};
  Node made;
  made.name = node.name + "/constant";
  made.sources = x.sources;
  made.formula = "a constant";
  made.op = std::move(op);
  made.inputs = {anchor};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = x.shape();
  return result;
}

void Lowerer::lower_concat(const graph::Node& node, const graph::Concat& op) {
  struct Part {
    Activation x;
    AffineView view;
    std::int64_t first = 0;  ///< class of its first group
  };
  std::vector<Part> parts;
  Node made;
  ValueId anchor = kNone;
  for (const graph::ValueId id : node.inputs) {
    if (constant(id) == nullptr && anchor == kNone) anchor = affine_operand(id, node).base;
  }
  std::int64_t classes_so_far = 0;
  for (const graph::ValueId id : node.inputs) {
    const Constant* fixed = constant(id);
    Activation x =
        fixed != nullptr ? constant_value(*fixed, anchor, node) : affine_operand(id, node);
    x = shaped(plain_where_zero(x, node.name + "/part"), node.name + "/shape");
    for (const std::string& name : sources_of(x)) made.sources.push_back(name);
    made.inputs.push_back(x.base);
    AffineView view = *affine_view(x);
    const std::int64_t count = view.grouping.count;
    parts.push_back({std::move(x), std::move(view), classes_so_far});
    classes_so_far += count;
  }
  const graph::Value& out = out_value(node);
  const auto axis = static_cast<std::size_t>(op.axis);
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < out.shape.size(); ++i) inner *= out.shape[i];
  std::vector<std::int64_t> classes;
  std::vector<std::pair<std::size_t, std::int64_t>> from;
  const std::int64_t outer = element_count(out.shape) / inner / out.shape[axis];
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::int64_t length = parts[p].x.shape[axis] * inner;
      for (std::int64_t i = 0; i < length; ++i) {
        from.emplace_back(p, o * length + i);
        classes.push_back(parts[p].first +
                          static_cast<std::int64_t>(parts[p].view.grouping.of(o * length + i)));
      }
    }
  }
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.grouping = grouping_of_classes(classes);
  for (std::int64_t g = 0; g < value.grouping.count; ++g) {
    const auto [p, e] = from[static_cast<std::size_t>(first_of(value.grouping, g))];
    const AffineView& view = parts[p].view;
    value.scale.push_back(view.scale[view.grouping.of(e)]);
    value.offset.push_back(view.offset[view.grouping.of(e)]);
    value.range.push_back(result_.value(parts[p].x.base).range_of(e));
  }
  compress(value);
  made.name = node.name;
  made.sources.push_back(node.name);
  made.formula = fmt::format("its inputs, one after the other along axis {}", op.axis);
  made.op = Concat{op.axis};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = out.shape;
  set(node.outputs[0], std::move(result));
}

}  // namespace nib::lower
