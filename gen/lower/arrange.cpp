// Rearrangements, and nodes of several operands.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/int128.h"
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
  node.op = Reindex{{source.begin(), source.end()}, {}};
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

Activation Lowerer::plain(const Activation& activation, const std::string& name) {
  if (activation.stages.empty()) return activation;
  const std::optional<AffineView> view = affine_view(activation);
  NIB_CHECK(view.has_value(), "an affine activation");
  Activation bare = activation;
  bare.stages.clear();
  std::vector<std::int64_t> same(static_cast<std::size_t>(element_count(bare.shape)));
  std::iota(same.begin(), same.end(), std::int64_t{0});
  Activation result = reindex(bare, bare.shape, same, name, "the same codes");
  set_affine(result_.value(result.base), *view);
  return result;
}

void Lowerer::bring_together(Activation (&parts)[2], const std::string& name) {
  for (Activation& part : parts) part = plain(part, name + "/operand");
  const Value& a = result_.value(parts[0].base);
  const Value& b = result_.value(parts[1].base);
  const Grouping grouping = join(a.grouping, b.grouping, a.elements());
  std::vector<std::int64_t> factors[2];
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const std::int64_t e = first_of(grouping, g);
    const Rational grid = gcd_of(a.scale_of(e), b.scale_of(e));
    const Rational ratios[2] = {a.scale_of(e) / grid, b.scale_of(e) / grid};
    for (std::size_t i = 0; i < 2; ++i) {
      const auto k = to_int64(ratios[i].get_num());
      if (!k) fail(ErrorCode::E503, "a sum of two tensors on very different grids", name);
      factors[i].push_back(*k);
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& all = factors[i];
    if (std::all_of(all.begin(), all.end(), [](std::int64_t k) { return k == 1; })) continue;
    const std::vector<std::int64_t> zeros(all.size(), 0);
    parts[i] = regrid(parts[i], grouping, all, zeros, name + "/grid");
  }
}

Activation Lowerer::sum(const Activation& a, const Activation& b, bool subtract,
                        const graph::Node& node, const Shape& shape) {
  Activation parts[2] = {a, b};
  const std::int64_t n = element_count(shape);
  // Coefficients of both operands in every group, the second one's negated to subtract.
  struct Term {
    Rational scale[2], offset;
    std::int64_t element = 0;
  };
  std::vector<Term> terms;
  Grouping grouping = kPerTensor;
  const auto collect = [&] {
    terms.clear();
    std::optional<AffineView> views[2];
    grouping = kPerTensor;
    for (std::size_t i = 0; i < 2; ++i) {
      views[i] = affine_view(parts[i]);
      if (!views[i]) fail(ErrorCode::E502, "a sum of irrational numbers", node.name);
      grouping =
          join(join(grouping, views[i]->grouping, n), result_.value(parts[i].base).grouping, n);
    }
    bool one_ratio = true;
    for (std::int64_t g = 0; g < grouping.count; ++g) {
      Term term;
      term.element = first_of(grouping, g);
      for (std::size_t i = 0; i < 2; ++i) {
        const std::size_t at = views[i]->grouping.of(term.element);
        const bool negate = i == 1 && subtract;
        term.scale[i] = negate ? Rational(-views[i]->scale[at]) : views[i]->scale[at];
        term.offset += negate ? Rational(-views[i]->offset[at]) : views[i]->offset[at];
        if (sgn(term.scale[i]) == 0) {
          fail(ErrorCode::E502, "a sum with a tensor that is multiplied by 0", node.name);
        }
      }
      terms.push_back(std::move(term));
      one_ratio = one_ratio && terms.back().scale[1] * terms[0].scale[0] ==
                                   terms[0].scale[1] * terms.back().scale[0];
    }
    return one_ratio;
  };
  if (!collect()) {
    bring_together(parts, node.name);
    // Signs may still differ from channel to channel.
    if (!collect()) fail(ErrorCode::E502, "a sum whose signs differ by channel", node.name);
  }
  const Rational ratio = terms[0].scale[1] / terms[0].scale[0];
  const auto fa = to_int64(ratio.get_den()), fb = to_int64(ratio.get_num());
  constexpr std::int64_t kLimit = std::int64_t{1} << 50;
  if (!fa || !fb || *fa > kLimit || std::abs(*fb) > kLimit) {
    fail(ErrorCode::E503, "a sum of two tensors on very different grids", node.name);
  }
  Value value;
  value.name = out_value(node).name;
  value.is_graph_tensor = true;
  value.shape = shape;
  value.grouping = grouping;
  for (const Term& term : terms) {
    value.scale.push_back(term.scale[0] / to_rational(*fa));
    value.offset.push_back(term.offset);
    Int128 low = 0, high = 0;
    const std::int64_t factors[2] = {*fa, *fb};
    for (std::size_t i = 0; i < 2; ++i) {
      const Range range = result_.value(parts[i].base).range_of(term.element);
      const Int128 k = factors[i];
      low += k * (k > 0 ? range.min : range.max);
      high += k * (k > 0 ? range.max : range.min);
    }
    constexpr Int128 kWidest = static_cast<Int128>(1) << 61;
    if (low < -kWidest || high > kWidest) fail(ErrorCode::E503, "a sum of over 62 bits", node.name);
    value.range.push_back({static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)});
  }
  Node made;
  made.name = node.name;
  for (const Activation& part : parts) {
    for (const std::string& name : sources_of(part)) made.sources.push_back(name);
  }
  made.sources.push_back(node.name);
  made.formula = fmt::format("{} x0 + {} x1", *fa, *fb);
  made.op = Sum{{*fa, *fb}};
  made.inputs = {parts[0].base, parts[1].base};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
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
  graph::ValueId tensor = node.inputs[0];
  while (!x.stages.empty()) {
    const Stage& last = x.stages.back();
    if (last.grouping.count != 1 || last.ops[0].kind != ScalarOp::Kind::kAffine ||
        last.ops[0].a.sign() <= 0) {
      break;
    }
    const graph::Node& behind = graph_.node(last.node);
    stripped.insert(stripped.begin(), behind.name);
    tensor = *std::find_if(behind.inputs.begin(), behind.inputs.end(), [&](graph::ValueId id) {
      return id != graph::kNone && constant(id) == nullptr;
    });
    x.stages.pop_back();
  }
  x = make_affine(x, tensor);
  if (!affine_view(x)) fail(ErrorCode::E502, "an ArgMax of irrational numbers", node.name);
  std::vector<std::string> sources = sources_of(x);
  x = plain(x, node.name + "/input");
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
