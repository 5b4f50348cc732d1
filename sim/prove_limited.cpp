// Sums within limits (Relu, Clip without a quantiser): up to three intervals of the sum, on each of
// which the circuit is shown to carry a constant or the sum itself. Words of any width.
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "nib/sim/interval_view.h"
#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

/// An interval of P, and what the graph gives there: factor * P + constant, in reals.
struct Stretch {
  Range interval;
  Rational factor, constant;
};

/// form = unit * P + rest, unit > 0, limited.
std::vector<Stretch> stretches_of(const PrimitiveForm& p, const GraphElement::Limits& limits) {
  const Range all = p.form.range;
  BigInt first = all.min, last = all.max;  // of the sum itself
  if (limits.low) {
    first = std::max(first, BigInt(nib::ceil(Rational((*limits.low - p.rest) / p.unit))));
  }
  if (limits.high) {
    last = std::min(last, BigInt(nib::floor(Rational((*limits.high - p.rest) / p.unit))));
  }
  std::vector<Stretch> result;
  const auto add = [&](BigInt from, BigInt to, const Rational& factor, const Rational& constant) {
    from = std::max(from, all.min);
    to = std::min(to, all.max);
    if (from <= to) result.push_back({{std::move(from), std::move(to)}, factor, constant});
  };
  if (limits.low && limits.high && *limits.high < *limits.low) {  // min(max(x, low), high) = high
    add(all.min, all.max, 0, *limits.high);
    return result;
  }
  if (limits.low) add(all.min, first - 1, 0, *limits.low);
  add(first, last, p.unit, p.rest);
  if (limits.high) add(std::max(last + 1, first), all.max, 0, *limits.high);
  return result;
}

}  // namespace

bool Prover::prove_limited(const ProvenWord& word, std::size_t e, const GraphElement& g,
                           Range& range) {
  if (g.kind != GraphElement::Kind::kStep || !g.limits) return false;
  const Element& type = word.word->elements[e];
  const Bits bits = element_bits(word, e);
  const PrimitiveForm primitive = primitive_of(folded(g.form), variables_);
  if (bits.empty() || primitive.form.terms.empty()) return false;
  for (const auto& [variable, unused] : primitive.form.terms) {
    if (variables_[static_cast<std::size_t>(variable)].word < 0) return false;
  }
  std::optional<Range> codes;
  IntervalView view(view_, primitive.form);
  for (const Stretch& stretch : stretches_of(primitive, *g.limits)) {
    const Rational factor = stretch.factor / type.scale;
    const Rational constant = (stretch.constant - type.offset) / type.scale;
    if (factor.get_den() != 1 || constant.get_den() != 1) return false;
    const BigInt k(factor.get_num()), c(constant.get_num());
    const Range image = stretch.interval * k + Range{c, c};
    view.set_interval(stretch.interval);
    const auto circuit = view.word(bits);
    // Modulo the word's size they are equal; and the graph's codes fit, so that they are the same.
    const auto differ = [&](const BigInt& a, const BigInt& b) {
      return (a - b).wrapped(type.bits, false) != 0;
    };
    if (!circuit || differ(circuit->factor, k) || differ(circuit->constant, c) ||
        !full_range(type.bits, type.is_signed).contains(image)) {
      return false;
    }
    codes = codes ? hull(*codes, image) : image;
  }
  if (!codes) return false;
  range = *codes;
  ++report_.linear;
  return true;
}

}  // namespace nib::sim
