// The unrolled engine's planner.
#include "nib/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "nib/base/error.h"
#include "nib/plan/flow.h"
#include "nib/plan/layers.h"
#include "nib/plan/solutions.h"
#include "nib/plan/timing.h"
#include "nib/plan/trim.h"
#include "nib/rtl/names.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

void check_goal(const Goal& goal) {
  if (goal.clock_mhz && goal.latency_cycles) {
    fail(ErrorCode::E704, "both a clock and a latency are asked for", {},
         "give one: the other one follows from it");
  }
  if (goal.clock_mhz && !(std::isfinite(*goal.clock_mhz) && *goal.clock_mhz > 0)) {
    fail(ErrorCode::E704, fmt::format("a clock of {} MHz", *goal.clock_mhz), {},
         "a clock is a positive number of MHz");
  }
  if (goal.latency_cycles && (*goal.latency_cycles < 0 || *goal.latency_cycles > 4096)) {
    fail(ErrorCode::E704, fmt::format("a latency of {} cycles", *goal.latency_cycles), {},
         "a latency is 0 to 4096 cycles");
  }
}

[[noreturn]] void too_large(const lower::IntegerGraph& graph,
                            const std::vector<std::int64_t>& nonzero, std::int64_t total) {
  const auto largest = std::max_element(nonzero.begin(), nonzero.end());
  const lower::Node& node = graph.node(static_cast<std::int32_t>(largest - nonzero.begin()));
  fail(ErrorCode::E702,
       fmt::format("{} nonzero weights (counted once for each position that uses them); the "
                   "unrolled style takes up to {}; the largest layer has {}",
                   total, kMaxUnrolledWeights, *largest),
       node.name);
}

/// So many times more than can be unrolled that what nobody reads need not be known.
void check_rough_size(const lower::IntegerGraph& graph) {
  constexpr std::int64_t kHopeless = 20 * kMaxUnrolledWeights;
  std::vector<std::int64_t> nonzero;
  for (const lower::Node& node : graph.nodes) {
    const auto* linear = std::get_if<lower::Linear>(&node.op);
    const auto* conv = std::get_if<lower::Conv>(&node.op);
    const Tensor<std::int64_t>* weights = linear != nullptr ? &linear->weights
                                          : conv != nullptr ? &conv->weights
                                                            : nullptr;
    nonzero.push_back(0);
    if (weights == nullptr || weights->size() == 0) continue;
    const std::int64_t zeros = std::count(weights->data.begin(), weights->data.end(), 0);
    const std::int64_t positions = graph.value(node.output).elements() / weights->shape[0];
    nonzero.back() = (weights->size() - zeros) * positions;
  }
  const std::int64_t total = std::accumulate(nonzero.begin(), nonzero.end(), std::int64_t{0});
  if (total > kHopeless) too_large(graph, nonzero, total);
}

void check_size(const lower::IntegerGraph& graph, const Flow& flow) {
  const std::int64_t total =
      std::accumulate(flow.nonzero.begin(), flow.nonzero.end(), std::int64_t{0});
  if (total > kMaxUnrolledWeights) too_large(graph, flow.nonzero, total);
}

/// What is surely too large is said before the matrices are solved: few constants take less than a
/// LUT each.
void check_luts(const Flow& flow, double most) {
  const std::int64_t total =
      std::accumulate(flow.nonzero.begin(), flow.nonzero.end(), std::int64_t{0});
  if (static_cast<double>(total) <= most) return;
  fail(ErrorCode::E702, fmt::format("{} nonzero weights for {:.0f} LUTs", total, most));
}
void check_luts(const Plan& plan, double most) {
  double luts = 0;
  for (const Layer& layer : plan.layers) luts += layer.cost.lut;
  if (luts <= most) return;
  fail(ErrorCode::E702,
       fmt::format("{:.0f} LUTs by the cost model, where {:.0f} may be used", luts, most));
}

void mark_extra_registers(Plan& plan) {
  for (const std::string& name : plan.goal.extra_registers) {
    const auto found = std::find_if(plan.layers.begin(), plan.layers.end(),
                                    [&](const Layer& l) { return l.name == name; });
    if (found != plan.layers.end()) {
      ++found->extra_registers;
      continue;
    }
    std::string known;
    for (const Layer& l : plan.layers) known += (known.empty() ? "" : ", ") + l.name;
    fail(ErrorCode::E705, fmt::format("'{}' for an extra register", rtl::comment_text(name)), {},
         "the layers are: " + known);
  }
}

}  // namespace

int stage_of(const Plan& plan, const Source& source) {
  return source.word < 0 ? 0 : plan.layers[at(source.word)].output_stage;
}

std::vector<int> register_depths(const Layer& layer) {
  std::vector<int> depth(layer.operations.size(), 0);
  const auto until = [&](std::int32_t op, int stage) {
    const Operation& from = layer.operations[at(op)];
    if (from.kind == Operation::Kind::kConstant) return;
    depth[at(op)] = std::max(depth[at(op)], stage - from.stage);
  };
  for (const Operation& op : layer.operations) {
    for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
      if (t->node >= 0) until(t->node, op.stage);
    }
  }
  for (const std::int32_t d : layer.drivers) {
    if (d >= 0) until(d, layer.output_stage);
  }
  return depth;
}

Plan plan_unrolled(const lower::IntegerGraph& graph, const arith::Target& target,
                   const Goal& goal) {
  check_goal(goal);
  if (goal.wrap_axis && (graph.inputs.size() != 1 || graph.outputs.size() != 1)) {
    fail(ErrorCode::E704,
         fmt::format("AXI4-Stream ends around {} inputs and {} outputs", graph.inputs.size(),
                     graph.outputs.size()),
         {}, "a stream carries one tensor: build without the wrapper");
  }
  check_rough_size(graph);
  const Flow flow = analyse(graph);
  check_size(graph, flow);
  if (goal.most_luts) check_luts(flow, *goal.most_luts);
  Plan plan;
  plan.name = rtl::legal_name(graph.name, "net", 32);
  plan.source_file = graph.source_file;
  plan.sha256 = graph.sha256;
  plan.target = target;
  plan.goal = goal;
  plan.notes = graph.notes;
  arith::SolveOptions options;
  options.depth_excess = goal.depth_excess;
  Solutions solutions(plan.target, options);
  build_layers(graph, flow, solutions, plan);
  trim(plan);
  mark_extra_registers(plan);
  link_words(plan);
  place_registers(plan);
  if (goal.most_luts) check_luts(plan, *goal.most_luts);
  return plan;
}

}  // namespace nib::plan
