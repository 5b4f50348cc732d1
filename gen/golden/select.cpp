// Steps of the operators that select elements: Take and TopK.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "nib/base/error.h"
#include "nib/golden/state.h"
#include "nib/golden/windows.h"

namespace nib::golden {
namespace {

/// Indices of the best k of a lane, best first, the lowest first on ties.
void best_in(State& state, graph::ValueId input, const graph::TopK& op, const Lane& lane,
             std::int64_t r, std::vector<std::int64_t>& order) {
  const Block& x = state.block(input);
  order.resize(static_cast<std::size_t>(lane.count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto element = [&](std::int64_t i) { return lane.first + i * lane.stride; };
  /// The sign of a - b, exactly.
  const auto sign = [&](std::int64_t i, std::int64_t j) {
    const Approx a = x.at(r, element(i)), b = x.at(r, element(j));
    const double distance = std::abs(a.value - b.value), error = a.error + b.error;
    if (error == 0 || distance > error * (1 + 0x1p-40) + distance * 0x1p-50) {
      return a.value > b.value ? 1 : a.value < b.value ? -1 : 0;
    }
    const Number exact_a = state.cone.evaluate(input, element(i), state.source(r));
    return compare(exact_a, state.cone.evaluate(input, element(j), state.source(r)));
  };
  std::partial_sort(order.begin(), order.begin() + op.k, order.end(),
                    [&](std::int64_t i, std::int64_t j) {
                      if (i == j) return false;
                      const int s = sign(i, j);
                      return s == 0 ? i < j : (s > 0) == op.largest;
                    });
}

}  // namespace

Step compile_take(State& state, graph::NodeId id, const graph::Take& op) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  std::vector<std::int64_t> index;
  std::vector<std::size_t> source;
  bool fills = false;
  for (std::int64_t e = 0; e < out.size; ++e) {
    const std::int64_t from = take_at(op, x.shape, out.shape, e);
    fills = fills || from < 0;
    index.push_back(std::max<std::int64_t>(from, 0));
    source.push_back(from < 0 ? 1 : 0);
  }
  if (!fills) return compile_gather({&x}, std::move(source), std::move(index), out);
  if (!std::isfinite(op.fill)) {
    fail(ErrorCode::E309, fmt::format("padding with {}", op.fill), node.name);
  }
  Block& fill = state.temporary({}, true);
  fill.value = {op.fill};
  fill.error = {0};
  State::settle_constant(fill);
  return compile_gather({&x, &fill}, std::move(source), std::move(index), out);
}

Step compile_topk(State& state, graph::NodeId id, const graph::TopK& op) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  std::vector<Lane> lanes;
  std::vector<std::int64_t> rank;
  for (std::int64_t e = 0; e < out.size; ++e) {
    lanes.push_back(topk_lane(op, x.shape, e));
    rank.push_back(index_on_axis(out.shape, op.axis, e));
  }
  out.exact = op.values ? x.exact && !out.constant : true;
  if (!out.constant && (!op.values || x.lattice)) {
    out.lattice.emplace();
    for (const Lane& lane : lanes) {
      Multiple m{{1, 0}, static_cast<double>(lane.count)};
      if (op.values) m = (*x.lattice)[static_cast<std::size_t>(lane.first)];
      for (std::int64_t i = 1; op.values && i < lane.count; ++i) {
        m = hull(m, (*x.lattice)[static_cast<std::size_t>(lane.first + i * lane.stride)]);
      }
      out.lattice->push_back(m);
    }
  }
  return [&state, &op, &x, &out, input = node.inputs[0], lanes = std::move(lanes),
          rank = std::move(rank)](std::int64_t rows) {
    out.resize(rows);
    std::vector<std::int64_t> order;
    for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        // Sorted once per lane, with its first place.
        const auto i = static_cast<std::size_t>(e);
        const Lane& lane = lanes[i];
        if (rank[i] != 0) continue;
        best_in(state, input, op, lane, r, order);
        for (std::int64_t place = 0; place < op.k; ++place) {
          const std::int64_t best = order[static_cast<std::size_t>(place)];
          const Approx y = op.values ? x.at(r, lane.first + best * lane.stride)
                                     : Approx{static_cast<double>(best), 0};
          out.set(r, e + place * lane.stride, y);
        }
      }
    }
  };
}

}  // namespace nib::golden
