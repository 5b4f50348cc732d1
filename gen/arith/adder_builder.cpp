// Adder graphs node by node.
#include "nib/arith/adder_builder.h"

#include <algorithm>

namespace nib::arith {

AdderBuilder::AdderBuilder(const std::vector<Range>& inputs) : inputs_(inputs) {
  graph_.inputs = static_cast<std::int32_t>(inputs.size());
  for (std::int32_t i = 0; i < graph_.inputs; ++i) {
    AdderNode node;
    node.range = inputs[static_cast<std::size_t>(i)];
    graph_.nodes.push_back(node);
    forms_.push_back({{i, 1}});
  }
}

AdderBuilder::Form AdderBuilder::sum(const Term& a, const Term& b) const {
  const Form& fa = forms_[static_cast<std::size_t>(a.node)];
  const Form& fb = forms_[static_cast<std::size_t>(b.node)];
  const std::int64_t ka = (a.negative ? -1 : 1) * (std::int64_t{1} << a.shift);
  const std::int64_t kb = (b.negative ? -1 : 1) * (std::int64_t{1} << b.shift);
  Form out;
  out.reserve(fa.size() + fb.size());
  for (std::size_t i = 0, j = 0; i < fa.size() || j < fb.size();) {
    const bool take_a = j == fb.size() || (i < fa.size() && fa[i].first <= fb[j].first);
    const bool take_b = i == fa.size() || (j < fb.size() && fb[j].first <= fa[i].first);
    const std::int32_t input = take_a ? fa[i].first : fb[j].first;
    std::int64_t k = 0;
    if (take_a) k = checked_mul(fa[i++].second, ka);
    if (take_b) k = checked_add(k, checked_mul(fb[j++].second, kb));
    if (k != 0) out.emplace_back(input, k);
  }
  return out;
}

Range AdderBuilder::range_of(const Form& form) const {
  Range range{0, 0};
  for (const auto& [input, k] : form) range = range + inputs_[static_cast<std::size_t>(input)] * k;
  return range;
}

Range AdderBuilder::range_of(const Term& term) const {
  const Range range = node(term.node).range << term.shift;
  return term.negative ? -range : range;
}

Term AdderBuilder::add(Term a, Term b, bool keep_sign) {
  if (a == b) return {a.node, a.shift + 1, a.negative};
  // One order for a sum and for its negative: the lower-placed term first and positive, so that its
  // low bits pass through.
  if (std::pair(b.shift, b.node) < std::pair(a.shift, a.node)) std::swap(a, b);
  bool negate = a.negative && !(keep_sign && !b.negative);
  if (negate) {
    a.negative = false;
    b.negative = !b.negative;
  } else if (a.negative) {
    std::swap(a, b);
  }
  const int shift = std::min(a.shift, b.shift);
  a.shift -= shift;
  b.shift -= shift;
  const std::pair key{std::pair{a.node, a.shift},
                      std::pair{b.node, b.shift * 2 + (b.negative ? 1 : 0)}};
  const auto [entry, fresh] = known_.try_emplace(key, size());
  if (fresh) {
    Form form = sum(a, b);
    if (form.empty()) {
      cancelled_ = true;
      known_.erase(entry);
      return a;
    }
    AdderNode node;
    node.a = a;
    node.b = b;
    node.range = range_of(form);
    node.depth = std::max(depth(a.node), depth(b.node)) + 1;
    graph_.nodes.push_back(node);
    forms_.push_back(std::move(form));
  }
  return {entry->second, shift, negate};
}

}  // namespace nib::arith
