// One matrix as the unrolled engine plans it, for digits or whole elements.
#include "nib/plan/stream_array.h"

#include <algorithm>
#include <utility>

#include "nib/arith/adder_graph.h"
#include "nib/plan/block_graph.h"

namespace nib::plan {
namespace {

using stream::ConstMvu;
using stream::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// What an element of the array's input holds.
Range digits_of(const ConstMvu& unit) {
  if (unit.digits() > 1) return full_range(unit.digit, false);
  return full_range(unit.format.bits, unit.format.kind == Kind::kSigned);
}

/// A bipolar lane is 2 * bit - 1.
lower::Linear matrix_of(const ConstMvu& unit) {
  const std::int64_t columns = unit.format.lanes;
  const bool bipolar = unit.format.kind == Kind::kBipolar;
  lower::Linear op{Tensor<std::int64_t>(Shape{unit.rows, columns}, unit.weights), {}};
  for (std::int64_t r = 0; r < unit.rows; ++r) {
    std::int64_t sum = 0;
    for (std::int64_t c = 0; bipolar && c < columns; ++c) {
      std::int64_t& w = op.weights.data[at(r * columns + c)];
      sum += w;
      w *= 2;
    }
    op.bias.emplace_back(-sum);
  }
  return op;
}

Plan planned(const ConstMvu& unit, const ArrayPlace& place) {
  lower::Linear op = matrix_of(unit);
  const std::vector<Range> x(at(unit.format.lanes), digits_of(unit));
  std::vector<Range> y;
  const std::int64_t* w = op.weights.data.data();
  for (const BigInt& bias : op.bias) {
    Range sum{bias, bias};
    for (const Range& element : x) sum = sum + element * *w++;
    y.push_back(sum);
  }
  const char* formula = unit.digits() > 1 ? "y = W x for one digit of x" : "y = W x";
  lower::IntegerGraph graph = block_graph({place.network, place.layer + "_array", formula},
                                          block_value("x", x), block_value("y", y), std::move(op));
  graph.source_file = place.source_file;
  graph.sha256 = place.sha256;
  Goal goal;
  goal.clock_mhz = place.clock_mhz;
  // The accumulators' adders stand behind a register.
  goal.output_register = unit.digits() > 1;
  return plan_unrolled(graph, place.target, goal);
}

}  // namespace

void ConstArrays::complete(ConstMvu& unit, const ArrayPlace& place) {
  const int digit = unit.digits() > 1 ? unit.digit : 0;
  std::shared_ptr<const Plan>& plan = known_[{place.layer, digit, unit.weights}];
  if (plan == nullptr) {
    plan = std::make_shared<const Plan>(planned(unit, place));
    for (const std::int64_t w : unit.weights) {
      digits_ += static_cast<std::int64_t>(arith::csd(w).size());
    }
  }
  unit.array = plan;
  unit.latency = plan->latency_cycles;
  unit.sum_bits = 1;
  for (const Element& e : plan->outputs[0].elements) {
    unit.sum_bits = std::max(unit.sum_bits, bits_for(hull(e.range, {-1, 0})));
  }
}

}  // namespace nib::plan
