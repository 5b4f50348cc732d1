// Steps of Trunc and FloatQuant: filtered in doubles, decided again exactly where a bound does not
// suffice.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nib/golden/functions.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// f(t) where both ends of the bound agree; false where exact numbers must tell.
template <class F>
bool decided(Approx t, F f, double& result) {
  if (!(std::abs(t.value) + t.error < 0x1p51)) return false;
  result = f(t.value);
  if (t.error == 0) return true;
  const double margin = t.error * (1 + 0x1p-40) + std::abs(t.value) * 0x1p-51;
  return f(t.value - margin) == result && f(t.value + margin) == result;
}

Approx approximate(const Number& number) {
  Approx x;
  x.value = number.approximate(x.error);
  return x;
}

/// Each element by `fast(entry, x, y)`, or where that gives false by `slow(entry, exact x)`;
/// `distance(entry, x)` is how far x is from another result.
template <class Entry, class Fast, class Slow, class Distance>
Step deciding_step(State& state, graph::NodeId id, std::vector<Entry> entries, Fast fast, Slow slow,
                   Distance distance) {
  const graph::ValueId input = state.graph.node(id).inputs[0];
  Block& x = state.block(input);
  Block& out = state.block(state.graph.node(id).outputs[0]);
  const std::size_t tie_index = add_tie(state, id);
  return [&state, &x, &out, input, entries = std::move(entries), fast, slow, distance,
          tie_index](std::int64_t rows) {
    out.resize(rows);
    Tie unseen;
    for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        const Entry& entry = entries[static_cast<std::size_t>(e)];
        Tie& tie = out.constant ? unseen : state.ties[tie_index];
        Approx from = x.at(r, e), y;
        if (!fast(entry, from, y)) {
          const Number number = state.cone.evaluate(input, e, state.source(r));
          y = approximate(slow(entry, number));
          from = approximate(number);
          ++tie.decided_exactly;
        }
        const double away = distance(entry, from.value);
        if (away == 0 && from.error == 0) ++tie.exact_ties;
        tie.distance = std::min(tie.distance, away);
        out.set(r, e, y);
      }
    }
  };
}

/// Gives `out` the lattice where it is known for every element.
void adopt_lattice(Block& out, Lattice lattice) {
  if (out.constant || static_cast<std::int64_t>(lattice.size()) != out.size) return;
  out.exact = all_doubles(lattice);
  out.lattice = std::move(lattice);
}

/// The largest output code of a Trunc, either way; infinite where nothing limits it.
double largest_code(const TruncEntry& entry, const Block& x, std::int64_t e) {
  if (entry.limited) return std::max(std::abs(entry.low), std::abs(entry.high));
  if (!x.lattice) return kInfinity;
  const Multiple& m = (*x.lattice)[static_cast<std::size_t>(e)];
  const double most = m.unit.is_zero() ? 0.0 : m.bound * to_double(m.unit);
  const double q = most / std::abs(entry.scale) + std::abs(entry.zero_point) + 1;
  return (q / std::abs(entry.divisor)) * (1 + 0x1p-30) + 1;
}

}  // namespace

Step compile_trunc(State& state, graph::NodeId id, const graph::Trunc& op) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  std::vector<TruncEntry> entries;
  Lattice lattice;
  for (std::int64_t e = 0; e < out.size; ++e) {
    entries.push_back(trunc_entry(op, x.shape, e, node.name));
    const TruncEntry& entry = entries.back();
    Multiple m{{1, 0}, largest_code(entry, x, e)};
    if (!(m.bound < 0x1p52)) continue;
    if (entry.out_zero_point != 0) m = sum(m, multiple_of(entry.out_zero_point));
    if (const auto scaled = product(m, multiple_of(entry.out_scale))) lattice.push_back(*scaled);
  }
  adopt_lattice(out, std::move(lattice));
  const auto fast = [&op](const TruncEntry& entry, Approx a, Approx& y) {
    const Approx t = a / Approx{entry.scale, 0} + Approx{entry.zero_point, 0};
    double q = 0;
    if (!decided(
            t, [](double v) { return nib::round(v, Rounding::kHalfEven); }, q))
      return false;
    q /= entry.divisor;
    if (entry.limited) q = std::min(std::max(q, entry.low), entry.high);
    const Approx code{nib::round(q, op.rounding), 0};
    y = (code - Approx{entry.out_zero_point, 0}) * Approx{entry.out_scale, 0};
    return true;
  };
  return deciding_step(
      state, id, std::move(entries), fast,
      [&op](const TruncEntry& entry, const Number& number) {
        return exact_trunc(op, entry, number);
      },
      trunc_distance);
}

Step compile_float_quant(State& state, graph::NodeId id, const graph::FloatQuant& op) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  std::vector<FloatEntry> entries;
  Lattice lattice;
  for (std::int64_t e = 0; e < out.size; ++e) {
    entries.push_back(float_entry(op, x.shape, e, node.name));
    const FloatEntry& entry = entries.back();
    const Multiple grid{{1, entry.least_exponent},
                        std::floor(std::ldexp(entry.limit, -entry.least_exponent))};
    const auto scaled = product(hull(grid, multiple_of(entry.limit)), multiple_of(entry.scale));
    if (scaled) lattice.push_back(*scaled);
  }
  adopt_lattice(out, std::move(lattice));
  const auto fast = [&op](const FloatEntry& entry, Approx a, Approx& y) {
    const Approx t = a / Approx{entry.scale, 0};
    if (!op.saturation && !(std::abs(t.value) + t.error < entry.limit / 2)) return false;
    double value = 0;
    if (!decided(
            t, [&](double v) { return minifloat(op, entry, v); }, value))
      return false;
    y = Approx{value, 0} * Approx{entry.scale, 0};
    return true;
  };
  return deciding_step(
      state, id, std::move(entries), fast,
      [&op](const FloatEntry& entry, const Number& number) {
        return exact_float_quant(op, entry, number);
      },
      [&op](const FloatEntry& entry, double v) { return float_distance(op, entry, v); });
}

}  // namespace nib::golden
