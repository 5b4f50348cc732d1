// Steps of poolings and reductions.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/state.h"
#include "nib/golden/windows.h"

namespace nib::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// f(row, output element, first source, end of sources)
template <class F>
void each_fan(const Fan& fan, const Block& out, std::int64_t rows, F f) {
  for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
    for (std::size_t e = 0; e + 1 < fan.first.size(); ++e) {
      f(r, static_cast<std::int64_t>(e), fan.source.data() + fan.first[e],
        fan.source.data() + fan.first[e + 1]);
    }
  }
}

/// The lattice of each output element from those of its sources, where x has one.
template <class Join>
void set_fan_lattice(const Fan& fan, const Block& x, Block& out, Join join) {
  if (!x.lattice || out.constant) return;
  out.lattice.emplace();
  for (std::size_t e = 0; e + 1 < fan.first.size(); ++e) {
    Multiple m;
    for (auto i = static_cast<std::size_t>(fan.first[e]);
         i < static_cast<std::size_t>(fan.first[e + 1]); ++i) {
      m = join(m, (*x.lattice)[static_cast<std::size_t>(fan.source[i])]);
    }
    out.lattice->push_back(m);
  }
}

/// The largest of bounded numbers: the error is that of those which can be the largest.
Approx largest_of(const Block& x, std::int64_t r, const std::int64_t* first,
                  const std::int64_t* last, double sign) {
  double reach = -kInfinity, value = -kInfinity, error = 0;
  for (const std::int64_t* i = first; i != last; ++i) {
    const Approx a = x.at(r, *i);
    value = std::max(value, sign * a.value);
    reach = std::max(reach, std::nextafter(sign * a.value - a.error, -kInfinity));
  }
  for (const std::int64_t* i = first; i != last; ++i) {
    const Approx a = x.at(r, *i);
    if (std::nextafter(sign * a.value + a.error, kInfinity) >= reach) {
      error = std::max(error, a.error);
    }
  }
  if (error == kInfinity) return {0, kInfinity};
  return {sign * value, error};
}

Step compile_extreme(Fan fan, Block& x, Block& out, bool largest, const graph::Node& node) {
  for (std::size_t e = 0; e + 1 < fan.first.size(); ++e) {
    if (fan.first[e] == fan.first[e + 1]) {
      fail(ErrorCode::E309, "a window that covers nothing but padding", node.name);
    }
  }
  set_fan_lattice(fan, x, out, [](const Multiple& a, const Multiple& b) { return hull(a, b); });
  out.exact = x.exact && !out.constant;
  return [fan = std::move(fan), &x, &out, sign = largest ? 1.0 : -1.0](std::int64_t rows) {
    out.resize(rows);
    each_fan(fan, out, rows,
             [&](std::int64_t r, std::int64_t e, const std::int64_t* i, const std::int64_t* end) {
               if (!out.exact) {
                 out.set(r, e, largest_of(x, r, i, end, sign));
                 return;
               }
               const double* values = x.values(r);
               double value = sign * values[*i];
               for (++i; i != end; ++i) value = std::max(value, sign * values[*i]);
               out.set(r, e, {sign * value, 0});
             });
  };
}

Step compile_sum(Fan fan, Block& x, Block& out) {
  set_fan_lattice(fan, x, out, [](const Multiple& a, const Multiple& b) { return sum(a, b); });
  out.exact = x.exact && out.lattice && all_doubles(*out.lattice);
  return [fan = std::move(fan), &x, &out](std::int64_t rows) {
    out.resize(rows);
    each_fan(fan, out, rows,
             [&](std::int64_t r, std::int64_t e, const std::int64_t* i, const std::int64_t* end) {
               if (out.exact) {
                 const double* values = x.values(r);
                 double total = 0;
                 for (; i != end; ++i) total += values[*i];
                 out.set(r, e, {total, 0});
                 return;
               }
               Approx total;
               for (; i != end; ++i) total = total + x.at(r, *i);
               out.set(r, e, total);
             });
  };
}

/// The sums, then the quotients by the counts.
Step compile_mean(State& state, Fan fan, Block& x, Block& out, const graph::Node& node,
                  std::vector<Step>& steps) {
  Block& sums = state.temporary(out.shape, out.constant);
  const bool uniform = std::all_of(fan.count.begin(), fan.count.end(),
                                   [&](double count) { return count == fan.count.front(); });
  Block& counts = state.temporary(uniform ? Shape{} : out.shape, true);
  counts.value = fan.count;
  if (uniform) counts.value.resize(1);
  if (std::any_of(counts.value.begin(), counts.value.end(), [](double n) { return n == 0; })) {
    fail(ErrorCode::E309, "a window that covers no element", node.name);
  }
  counts.error.assign(counts.value.size(), 0.0);
  State::settle_constant(counts);
  steps.push_back(compile_sum(std::move(fan), x, sums));
  return compile_binary(sums, counts, out, Binary::kDiv);
}

/// floor(sum / 2^shift) of integers.
Step compile_shifted(State& state, Fan fan, Block& x, Block& out, const graph::QuantAvgPool& op,
                     const graph::Node& node, std::vector<Step>& steps) {
  Block& sums = state.temporary(out.shape, out.constant);
  steps.push_back(compile_sum(std::move(fan), x, sums));
  const bool whole = sums.lattice && sums.exact &&
                     std::all_of(sums.lattice->begin(), sums.lattice->end(), [](const Multiple& m) {
                       return m.unit.is_zero() || m.unit.exponent >= 0;
                     });
  if (!whole && !out.constant) {
    fail(ErrorCode::E309, "inputs that are not known to be integers", node.name,
         "quantise the input with scale 1");
  }
  if (!out.constant) {
    out.lattice.emplace();
    for (const Multiple& m : *sums.lattice) {
      const double most = m.unit.is_zero() ? 0.0 : m.bound * to_double(m.unit);
      out.lattice->push_back({{1, 0}, std::ldexp(most, -op.shift) + 1});
    }
    out.exact = all_doubles(*out.lattice);
  }
  return [&sums, &out, &node, shift = op.shift](std::int64_t rows) {
    out.resize(rows);
    for (std::size_t i = 0; i < out.value.size(); ++i) {
      if (!sums.exact && sums.error[i] != 0) {
        fail(ErrorCode::E309, "inputs that are not known to be integers", node.name);
      }
      if (sums.value[i] != std::floor(sums.value[i])) {
        fail(ErrorCode::E309, "an input that is no integer", node.name);
      }
      out.value[i] = std::floor(std::ldexp(sums.value[i], -shift));
      if (!out.exact) out.error[i] = 0;
    }
  };
}

}  // namespace

Step compile_pool(State& state, graph::NodeId id, std::vector<Step>& steps) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  Fan fan = std::move(*forms_of(state.graph, node).fan);
  if (const auto* reduce = std::get_if<graph::Reduce>(&node.op)) {
    switch (reduce->kind) {
      case graph::ReduceKind::kMean:
        return compile_mean(state, std::move(fan), x, out, node, steps);
      case graph::ReduceKind::kSum:
        return compile_sum(std::move(fan), x, out);
      case graph::ReduceKind::kMax:
        return compile_extreme(std::move(fan), x, out, true, node);
      case graph::ReduceKind::kMin:
        return compile_extreme(std::move(fan), x, out, false, node);
    }
  }
  if (const auto* shifted = std::get_if<graph::QuantAvgPool>(&node.op)) {
    return compile_shifted(state, std::move(fan), x, out, *shifted, node, steps);
  }
  if (std::holds_alternative<graph::AveragePool>(node.op)) {
    return compile_mean(state, std::move(fan), x, out, node, steps);
  }
  NIB_CHECK(std::holds_alternative<graph::MaxPool>(node.op), "a pooling");
  return compile_extreme(std::move(fan), x, out, true, node);
}

}  // namespace nib::golden
