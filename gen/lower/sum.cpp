// Sums of two computed tensors.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"
#include "nib/lower/rows.h"
#include "nib/lower/width.h"

namespace nib::lower {

void Lowerer::lower_sum(const graph::Node& node, bool subtract) {
  const Shape& shape = out_value(node).shape;
  Activation parts[2];
  for (std::size_t i = 0; i < 2; ++i) {
    Activation x = plain_where_zero(affine_operand(node.inputs[i], node), node.name + "/operand");
    parts[i] = broadcast_to(std::move(x), shape, node);
  }
  set(node.outputs[0], sum(parts[0], parts[1], subtract, node, shape));
}

Activation Lowerer::broadcast_to(Activation x, const Shape& shape, const graph::Node& node) {
  if (element_count(x.shape) == element_count(shape)) return x;
  return reindex(x, shape, broadcast_index(x.shape, shape), node.name + "/broadcast",
                 "repeats its input");
}

/// product + beta c, where c is computed.
Activation Lowerer::sum_with_third(const Activation& product, const graph::Node& node,
                                   const graph::Gemm& op) {
  const Shape& shape = out_value(node).shape;
  Activation c = affine_operand(node.inputs[2], node);
  c.stages.push_back({kPerTensor,
                      {{ScalarOp::Kind::kAffine, exact(op.beta), Surd()}},
                      graph_.value(node.outputs[0]).producer});
  c = plain_where_zero(broadcast_to(std::move(c), shape, node), node.name + "/third");
  return sum(plain_where_zero(product, node.name + "/operand"), c, false, node, shape);
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
      const auto k = to_int64(ratios[i].get_num());  // signed: both scales become the grid
      if (!k) fail(ErrorCode::E503, "a sum of two tensors on very different grids", name);
      factors[i].push_back(*k);
    }
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& all = factors[i];
    if (std::all_of(all.begin(), all.end(), [](std::int64_t k) { return k == 1; })) continue;
    const std::vector<BigInt> zeros(all.size(), 0);
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
      }
      terms.push_back(std::move(term));
      one_ratio = one_ratio && terms.back().scale[1] * terms[0].scale[0] ==
                                   terms[0].scale[1] * terms.back().scale[0];
    }
    return one_ratio;
  };
  if (!collect()) {
    bring_together(parts, node.name);
    NIB_CHECK(collect(), "one grid for both operands");
  }
  const Rational ratio = terms[0].scale[1] / terms[0].scale[0];
  const auto fa = to_int64(ratio.get_den()), fb = to_int64(ratio.get_num());
  constexpr std::int64_t kLimit = std::int64_t{1} << (kMaxWeightBits - 1);
  if (!fa || !fb || *fa >= kLimit || std::abs(*fb) >= kLimit) {
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
    Range total{0, 0};
    const std::int64_t factors[2] = {*fa, *fb};
    for (std::size_t i = 0; i < 2; ++i) {
      add_product(total, factors[i], result_.value(parts[i].base).range_of(term.element));
    }
    check_width(total, "a sum", node.name);
    value.range.push_back(std::move(total));
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
  compress(value);
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = shape;
  return result;
}

}  // namespace nib::lower
