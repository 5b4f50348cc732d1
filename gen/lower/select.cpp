// Selections: elements by index with filled gaps, and the best of rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/fold.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"
#include "nib/lower/width.h"

namespace nib::lower {
TakeSources sources_of_take(const graph::Take& op, const Shape& from) {
  const auto strides = strides_of(from);
  TakeSources all{{0}, {0}, false};
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const std::vector<std::int32_t>& list = op.index[axis];
    const std::int64_t length = list.empty() ? from[axis] : static_cast<std::int64_t>(list.size());
    TakeSources next;
    next.fills = all.fills;
    for (std::size_t outer = 0; outer < all.source.size(); ++outer) {
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t at = list.empty() ? i : list[static_cast<std::size_t>(i)];
        const bool filled = at < 0 || all.source[outer] < 0;
        next.fills = next.fills || filled;
        const std::int64_t near = std::max<std::int64_t>(at, 0) * strides[axis];
        next.source.push_back(filled ? Reindex::kFilled : all.source[outer] + near);
        next.adopted.push_back(all.adopted[outer] + near);
      }
    }
    all = std::move(next);
  }
  return all;
}

/// True where `real` comes out of all stages as it went in.
bool Lowerer::leaves_alone(const Activation& activation, const Rational& real) const {
  return std::all_of(activation.stages.begin(), activation.stages.end(), [&](const Stage& stage) {
    return std::all_of(stage.ops.begin(), stage.ops.end(),
                       [&](const ScalarOp& op) { return apply(op, real) == Surd(real); });
  });
}

Activation Lowerer::take(Activation x, const graph::Take& op, const Shape& shape,
                         const graph::Node& node, const std::string& name) {
  const TakeSources sources = sources_of_take(op, x.shape);
  if (!sources.fills) return reindex(x, shape, sources.source, name, "selects elements");
  if (!std::isfinite(op.fill)) {
    fail(ErrorCode::E502, fmt::format("padding with {}", op.fill), node.name);
  }
  const Rational real = exact(op.fill);
  if (!leaves_alone(x, real)) x = plain(x, node.name + "/input");
  // The filled number must be on the grid of each group that takes it.
  const Value& base = result_.value(x.base);
  std::vector<bool> adopts(static_cast<std::size_t>(base.grouping.count), false);
  for (std::size_t e = 0; e < sources.source.size(); ++e) {
    if (sources.source[e] < 0) adopts[base.grouping.of(sources.adopted[e])] = true;
  }
  const auto groups = adopts.size();
  Recoding recoding{base.grouping, base.scale, base.offset, std::vector<std::int64_t>(groups, 1),
                    std::vector<BigInt>(groups, 0)};
  bool off = false;
  for (std::size_t g = 0; g < groups; ++g) {
    const Rational distance = real - base.offset[g];
    if (!adopts[g] || Rational(distance / base.scale[g]).get_den() == 1) continue;
    off = true;
    recoding.scale[g] = gcd_of(base.scale[g], distance);
    const auto factor = to_int64(Rational(base.scale[g] / recoding.scale[g]).get_num());
    if (!factor) fail(ErrorCode::E503, "padding that has no common grid with its input", node.name);
    recoding.factor[g] = *factor;
  }
  if (off) {
    const std::vector<Stage> stages = std::move(x.stages);
    x.stages.clear();
    x = recode(x, recoding, node.name + "/grid");
    x.stages = stages;
  }
  Fill fill;
  const Value& grid = result_.value(x.base);
  for (std::size_t e = 0; e < sources.source.size(); ++e) {
    if (sources.source[e] >= 0) continue;
    const std::int64_t from = sources.adopted[e];
    fill.adopted.push_back(from);
    fill.codes.emplace_back(
        Rational((real - grid.offset_of(from)) / grid.scale_of(from)).get_num());
    check_width({fill.codes.back(), fill.codes.back()}, "padding", node.name);
  }
  return reindex(x, shape, sources.source, name,
                 fmt::format("selects elements, {} where none is", nib::to_string(real)), fill);
}

void Lowerer::lower_take(const graph::Node& node, const graph::Take& op) {
  Activation x = operand(node.inputs[0]);
  const TakeSources sources = sources_of_take(op, x.shape);
  if (x.raw_input >= 0) {
    // Each element of the input once: the port carries the same numbers in another order.
    std::vector<std::int64_t> sorted = sources.source;
    std::sort(sorted.begin(), sorted.end());
    if (sources.fills || !is_same_order(sorted) ||
        static_cast<std::int64_t>(sorted.size()) != element_count(x.shape)) {
      x = raw_refused(std::move(x), node.name);
    }
  }
  if (!sources.fills) {
    rearrange(node, sources.source, "selects elements");
    return;
  }
  if (!std::isfinite(op.fill) || !leaves_alone(x, exact(op.fill))) {
    x = make_affine(x, node.inputs[0]);
  }
  const bool named = x.stages.empty() || !leaves_alone(x, exact(op.fill));
  const graph::Value& out = out_value(node);
  Activation y = take(std::move(x), op, out.shape, node, named ? out.name : node.name + "/taken");
  result_.value(y.base).is_graph_tensor = y.stages.empty();
  result_.nodes.back().sources.push_back(node.name);
  set(node.outputs[0], std::move(y));
}

/// What always rises and is the same for all elements changes no order: takes such stages off the
/// end, and names the graph nodes that they stand for.
std::vector<std::string> Lowerer::strip_rising(Activation& x, graph::ValueId& tensor) const {
  std::vector<std::string> stripped;
  while (!x.stages.empty()) {
    const Stage& last = x.stages.back();
    if (last.grouping.count != 1 || !always_rises(last.ops[0])) break;
    const graph::Node& behind = graph_.node(last.node);
    stripped.insert(stripped.begin(), behind.name);
    tensor = computed_input(behind);
    x.stages.pop_back();
  }
  return stripped;
}

/// Rows of `axis` as the last axis, all elements on one grid with a positive scale.
Activation Lowerer::comparable_rows(Activation x, std::size_t axis, const graph::Node& node) {
  x = plain(x, node.name + "/input");
  const std::int64_t length = x.shape.at(axis);
  const std::vector<int> perm = axis_last(x.shape.size(), axis);
  const auto source = transpose_index(x.shape, perm);
  if (!is_same_order(source)) {
    Shape turned;
    for (const int p : perm) turned.push_back(x.shape[static_cast<std::size_t>(p)]);
    x = reindex(x, turned, source, node.name + "/order", "the compared axis last");
  }
  x = one_grid(x, kPerTensor, {false, true}, node.name);
  const Shape& base = result_.value(x.base).shape;
  if (!base.empty() && base.back() == length) return x;
  x.shape.assign({element_count(x.shape) / length, length});
  return shaped(x, node.name + "/rows");
}

std::vector<int> axis_last(std::size_t rank, std::size_t axis) {
  std::vector<int> perm;
  for (std::size_t i = 0; i < rank; ++i) {
    if (i != axis) perm.push_back(static_cast<int>(i));
  }
  perm.push_back(static_cast<int>(axis));
  return perm;
}

void Lowerer::lower_arg_max(const graph::Node& node, const graph::ArgMax& op) {
  Activation x = raw_refused(operand(node.inputs[0]), node.name);
  graph::ValueId tensor = node.inputs[0];
  const std::vector<std::string> stripped = strip_rising(x, tensor);
  x = make_affine(x, tensor);
  const auto axis = static_cast<std::size_t>(op.axis);
  const std::int64_t length = x.shape.at(axis);
  std::vector<std::string> sources = sources_of(x);
  x = comparable_rows(std::move(x), axis, node);
  const graph::Value& out = out_value(node);
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.scale = {Rational(1)};
  value.offset = {Rational(0)};
  value.range = {{0, length - 1}};
  Node made;
  made.name = node.name;
  made.sources = std::move(sources);
  made.sources.insert(made.sources.end(), stripped.begin(), stripped.end());
  made.sources.push_back(node.name);
  made.formula = "the index of the largest element, the lowest on ties";
  made.op = ArgMax{};
  made.inputs = {x.base};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = out.shape;
  set(node.outputs[0], std::move(result));
}

void Lowerer::lower_top_k(const graph::Node& node, const graph::TopK& op) {
  Activation x = raw_refused(operand(node.inputs[0]), node.name);
  graph::ValueId tensor = node.inputs[0];
  std::vector<std::string> stripped;
  if (!op.values) stripped = strip_rising(x, tensor);
  x = make_affine(x, tensor);
  std::vector<std::string> sources = sources_of(x);
  if (!op.largest) x.stages.push_back(negation(node));
  const auto axis = static_cast<std::size_t>(op.axis);
  const std::int64_t length = x.shape.at(axis);
  x = comparable_rows(std::move(x), axis, node);
  const Value& base = result_.value(x.base);
  const graph::Value& out = out_value(node);
  const bool turned = axis + 1 != out.shape.size();
  Value value;
  value.shape = out.shape;
  if (turned) {
    value.shape.erase(value.shape.begin() + op.axis);
    value.shape.push_back(op.k);
  }
  value.scale = {op.values ? base.scale[0] : Rational(1)};
  value.offset = {op.values ? base.offset[0] : Rational(0)};
  value.range = {{0, length - 1}};
  if (op.values) {
    value.range = {base.range[0]};
    for (const Range& range : base.range) value.range[0] = hull(value.range[0], range);
  }
  const bool negated = op.values && !op.largest;
  const bool named = !turned && !negated;
  value.name = named ? out.name : node.name + "/best";
  value.is_graph_tensor = named;
  Node made;
  made.name = node.name;
  made.sources = std::move(sources);
  made.sources.insert(made.sources.end(), stripped.begin(), stripped.end());
  made.sources.push_back(node.name);
  made.formula =
      fmt::format("the {} of the {} {} of each row, best first", op.values ? "values" : "indices",
                  op.k, op.largest ? "largest" : "smallest");
  made.op = TopK{op.k, op.values};
  made.inputs = {x.base};
  Activation y;
  y.shape = value.shape;
  y.base = emit(std::move(made), std::move(value));
  if (turned) {
    const std::vector<int> perm = axis_last(out.shape.size(), axis);
    std::vector<int> inverse(perm.size());
    for (std::size_t i = 0; i < perm.size(); ++i) {
      inverse[static_cast<std::size_t>(perm[i])] = static_cast<int>(i);
    }
    y = reindex(y, out.shape, transpose_index(y.shape, inverse),
                negated ? node.name + "/order" : out.name, "the compared axis in its place");
    result_.value(y.base).is_graph_tensor = !negated;
  }
  if (negated) y.stages.push_back(negation(node));
  set(node.outputs[0], std::move(y));
}

}  // namespace nib::lower
