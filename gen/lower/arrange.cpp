// Rearrangements, and nodes of several operands.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"

namespace nib::lower {
namespace {

bool is_same_order(const std::vector<std::int64_t>& source, std::int64_t elements) {
  if (static_cast<std::int64_t>(source.size()) != elements) return false;
  for (std::size_t e = 0; e < source.size(); ++e) {
    if (source[e] != static_cast<std::int64_t>(e)) return false;
  }
  return true;
}

/// The grouping of rearranged elements: the same where it still holds, else per element.
Grouping rearranged(const Grouping& grouping, const std::vector<std::int64_t>& source) {
  if (grouping.count == 1) return grouping;
  for (std::size_t e = 0; e < source.size(); ++e) {
    if (grouping.of(static_cast<std::int64_t>(e)) != grouping.of(source[e])) {
      return per_element(static_cast<std::int64_t>(source.size()));
    }
  }
  return grouping;
}

}  // namespace

Activation Lowerer::reindex(const Activation& activation, const Shape& shape,
                            const std::vector<std::int64_t>& source, const std::string& name,
                            const std::string& formula) {
  const Value& base = result_.value(activation.base);
  Value value;
  value.name = name;
  value.shape = shape;
  value.grouping = rearranged(base.grouping, source);
  const bool same = value.grouping == base.grouping;
  for (std::int64_t g = 0; g < value.grouping.count; ++g) {
    const std::int64_t e = same ? first_of(base.grouping, g) : source[static_cast<std::size_t>(g)];
    value.scale.push_back(base.scale_of(e));
    value.offset.push_back(base.offset_of(e));
    value.range.push_back(base.range_of(e));
  }
  Node node;
  node.name = name;
  node.formula = formula;
  node.op = Reindex{std::vector<std::int32_t>(source.begin(), source.end())};
  node.inputs = {activation.base};
  Activation result;
  result.shape = shape;
  for (const Stage& stage : activation.stages) {
    Stage moved{rearranged(stage.grouping, source), {}, stage.node};
    const bool kept = moved.grouping == stage.grouping;
    for (std::int64_t g = 0; g < moved.grouping.count; ++g) {
      moved.ops.push_back(kept ? stage.ops[static_cast<std::size_t>(g)]
                               : stage.ops[stage.grouping.of(source[static_cast<std::size_t>(g)])]);
    }
    result.stages.push_back(std::move(moved));
  }
  result.base = emit(std::move(node), std::move(value));
  return result;
}

Activation Lowerer::shaped(const Activation& activation, const std::string& name) {
  Value& base = result_.value(activation.base);
  if (base.shape == activation.shape) return activation;
  if (activation.exclusive && !read_already(activation.base) &&
      !std::holds_alternative<Input>(result_.node(base.producer).op)) {
    base.shape = activation.shape;  // the elements in C order stay
    return activation;
  }
  std::vector<std::int64_t> same(static_cast<std::size_t>(base.elements()));
  std::iota(same.begin(), same.end(), std::int64_t{0});
  return reindex(activation, activation.shape, same, name, "the same codes in another shape");
}

void Lowerer::lower_reshape(const graph::Node& node) {
  Activation x = operand(node.inputs[0]);
  x.shape = out_value(node).shape;  // the elements in C order, and with them all groupings, stay
  set(node.outputs[0], std::move(x));
}

void Lowerer::lower_transpose(const graph::Node& node, const graph::Transpose& op) {
  Activation x = operand(node.inputs[0]);
  const auto source = transpose_index(x.shape, op.perm);
  if (is_same_order(source, static_cast<std::int64_t>(source.size()))) {
    lower_reshape(node);
    return;
  }
  if (x.raw_input >= 0) {
    // The port carries the codes of what a quantiser behind this node makes of it.
    for (Stage& stage : x.stages) {
      const Grouping moved = rearranged(stage.grouping, source);
      if (moved == stage.grouping) continue;
      std::vector<ScalarOp> ops;
      for (const std::int64_t from : source) ops.push_back(stage.ops[stage.grouping.of(from)]);
      stage.ops = std::move(ops);
      stage.grouping = moved;
    }
    x.shape = out_value(node).shape;
    set(node.outputs[0], std::move(x));
    return;
  }
  const bool named = x.stages.empty();
  Activation y =
      reindex(x, out_value(node).shape, source, named ? out_value(node).name : node.name + "/order",
              "its input, transposed");
  result_.value(y.base).is_graph_tensor = named;
  result_.nodes.back().name = node.name;
  result_.nodes.back().sources = {node.name};
  set(node.outputs[0], std::move(y));
}

void Lowerer::lower_concat(const graph::Node& node, const graph::Concat& op) {
  std::vector<Activation> parts;
  Node made;
  for (const graph::ValueId id : node.inputs) {
    if (constant(id) != nullptr) {
      fail(ErrorCode::E502, "a concatenation with a constant", node.name);
    }
    Activation part = make_affine(raw_refused(operand(id), node.name), id);
    if (!affine_view(part)) fail(ErrorCode::E502, "a concatenation of irrationals", node.name);
    part = shaped(part, node.name + "/shape");
    for (const std::string& name : sources_of(part)) made.sources.push_back(name);
    made.inputs.push_back(part.base);
    parts.push_back(std::move(part));
  }
  const graph::Value& out = out_value(node);
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.grouping = per_element(element_count(out.shape));
  const auto axis = static_cast<std::size_t>(op.axis);
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < out.shape.size(); ++i) inner *= out.shape[i];
  for (std::int64_t e = 0; e < value.elements(); ++e) {
    std::int64_t at = e / inner % out.shape[axis];
    std::size_t p = 0;
    while (at >= parts[p].shape[axis]) at -= parts[p++].shape[axis];
    const std::int64_t outer = e / inner / out.shape[axis];
    const std::int64_t from = (outer * parts[p].shape[axis] + at) * inner + e % inner;
    const AffineView view = *affine_view(parts[p]);
    value.scale.push_back(view.scale[view.grouping.of(from)]);
    value.offset.push_back(view.offset[view.grouping.of(from)]);
    value.range.push_back(result_.value(parts[p].base).range_of(from));
  }
  made.name = node.name;
  made.sources.push_back(node.name);
  made.formula = fmt::format("its inputs, one after the other along axis {}", op.axis);
  made.op = Concat{op.axis};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = out.shape;
  set(node.outputs[0], std::move(result));
}

void Lowerer::lower_sum(const graph::Node& node, bool subtract) {
  const Shape& shape = out_value(node).shape;
  Activation parts[2];
  for (std::size_t i = 0; i < 2; ++i) {
    Activation x = make_affine(raw_refused(operand(node.inputs[i]), node.name), node.inputs[i]);
    if (element_count(x.shape) != element_count(shape)) {
      x = reindex(x, shape, broadcast_index(x.shape, shape), node.name + "/broadcast",
                  "repeats its input");
    }
    parts[i] = std::move(x);
  }
  set(node.outputs[0], sum(parts[0], parts[1], subtract, node, shape));
}

Activation Lowerer::sum(const Activation& a, const Activation& b, bool subtract,
                        const graph::Node& node, const Shape& shape) {
  const Activation parts[2] = {a, b};
  std::optional<AffineView> views[2];
  Grouping grouping = kPerTensor;
  const std::int64_t n = element_count(shape);
  for (std::size_t i = 0; i < 2; ++i) {
    views[i] = affine_view(parts[i]);
    if (!views[i]) fail(ErrorCode::E502, "a sum of irrational numbers", node.name);
    grouping =
        join(join(grouping, views[i]->grouping, n), result_.value(parts[i].base).grouping, n);
  }
  // One factor per operand: the ratio of the two scales must be the same for all elements.
  Rational ratio = 0;
  Value value;
  value.name = out_value(node).name;
  value.is_graph_tensor = true;
  value.shape = shape;
  value.grouping = grouping;
  Sum made;
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const std::int64_t e = first_of(grouping, g);
    const Rational& sa = views[0]->scale[views[0]->grouping.of(e)];
    Rational sb = views[1]->scale[views[1]->grouping.of(e)];
    Rational ob = views[1]->offset[views[1]->grouping.of(e)];
    if (subtract) sb = -sb, ob = -ob;
    if (sgn(sa) == 0 || sgn(sb) == 0) {
      fail(ErrorCode::E502, "a sum with a tensor that is multiplied by 0", node.name);
    }
    const Rational own = sb / sa;
    if (g == 0) ratio = own;
    if (own != ratio) {
      fail(ErrorCode::E502, "a sum of two tensors whose scales differ from channel to channel",
           node.name, "give both operands one scale, or put a quantiser in front");
    }
    const auto fa = to_int64(ratio.get_den()), fb = to_int64(ratio.get_num());
    if (!fa || !fb || std::abs(*fa) > std::int64_t{1} << 40 ||
        std::abs(*fb) > std::int64_t{1} << 40) {
      fail(ErrorCode::E503, "a sum of two tensors on very different grids", node.name);
    }
    made.factors = {*fa, *fb};
    value.scale.push_back(sa / to_rational(*fa));
    value.offset.push_back(views[0]->offset[views[0]->grouping.of(e)] + ob);
    const Range ra = result_.value(a.base).range_of(e), rb = result_.value(b.base).range_of(e);
    value.range.push_back(ra * *fa + rb * *fb);
    if (bits_for(value.range.back()) > 62) fail(ErrorCode::E503, "a sum", node.name);
  }
  Node result_node;
  result_node.name = node.name;
  for (const Activation& part : parts) {
    for (const std::string& name : sources_of(part)) result_node.sources.push_back(name);
  }
  result_node.sources.push_back(node.name);
  result_node.formula = fmt::format("{} x0 + {} x1", made.factors[0], made.factors[1]);
  result_node.op = std::move(made);
  result_node.inputs = {a.base, b.base};
  Activation result;
  result.base = emit(std::move(result_node), std::move(value));
  result.shape = shape;
  return result;
}

/// The same reals with one positive scale and one offset for all elements.
Activation Lowerer::on_common_grid(const Activation& activation, const std::string& name) {
  const Value& base = result_.value(activation.base);
  const auto& scale = base.scale;
  const auto& offset = base.offset;
  bool common = sgn(scale[0]) > 0;
  Rational grid = 0;
  for (std::size_t g = 0; g < scale.size(); ++g) {
    common = common && scale[g] == scale[0] && offset[g] == offset[0];
    grid = gcd_of(gcd_of(grid, scale[g]), Rational(offset[g] - offset[0]));
  }
  if (common) return activation;
  std::vector<std::int64_t> factor, constant;
  for (std::size_t g = 0; g < scale.size(); ++g) {
    const auto k = to_int64(Rational(scale[g] / grid).get_num());
    const auto c = to_int64(Rational((offset[g] - offset[0]) / grid).get_num());
    constexpr std::int64_t kLimit = std::int64_t{1} << 60;
    if (!k || !c || std::abs(*k) > kLimit || std::abs(*c) > kLimit) {
      fail(ErrorCode::E503, "a comparison of tensors on very different grids", name);
    }
    factor.push_back(*k);
    constant.push_back(*c);
  }
  return regrid(activation, base.grouping, factor, constant, name + "/grid");
}

void Lowerer::lower_arg_max(const graph::Node& node, const graph::ArgMax& op) {
  Activation x = raw_refused(operand(node.inputs[0]), node.name);
  // What is increasing and the same for all elements changes no order.
  std::vector<std::string> stripped;
  while (!x.stages.empty()) {
    const Stage& last = x.stages.back();
    if (last.grouping.count != 1 || last.ops[0].kind != ScalarOp::Kind::kAffine ||
        last.ops[0].a.sign() <= 0) {
      break;
    }
    stripped.insert(stripped.begin(), graph_.node(last.node).name);
    x.stages.pop_back();
  }
  x = make_affine(x, node.inputs[0]);
  const std::optional<AffineView> view = affine_view(x);
  if (!view) fail(ErrorCode::E502, "an ArgMax of irrational numbers", node.name);
  std::vector<std::string> sources = sources_of(x);
  if (!x.stages.empty()) {
    Activation plain = x;
    plain.stages.clear();
    std::vector<std::int64_t> same(static_cast<std::size_t>(element_count(x.shape)));
    std::iota(same.begin(), same.end(), std::int64_t{0});
    x = reindex(plain, x.shape, same, node.name + "/input", "the same codes");
    set_affine(result_.value(x.base), *view);
  }
  const auto axis = static_cast<std::size_t>(op.axis);
  const std::int64_t length = x.shape.at(axis);
  std::vector<int> perm;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    if (i != axis) perm.push_back(static_cast<int>(i));
  }
  perm.push_back(op.axis);
  const auto source = transpose_index(x.shape, perm);
  if (!is_same_order(source, static_cast<std::int64_t>(source.size()))) {
    Shape turned;
    for (const int p : perm) turned.push_back(x.shape[static_cast<std::size_t>(p)]);
    x = reindex(x, turned, source, node.name + "/order", "the compared axis last");
  }
  x.shape.assign({element_count(x.shape) / length, length});
  x = shaped(x, node.name + "/rows");
  x = on_common_grid(x, node.name);
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

}  // namespace nib::lower
