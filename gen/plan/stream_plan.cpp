// From the integer graph to a streaming plan with sized queues.
#include "nib/plan/stream_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/stream_array.h"
#include "nib/plan/stream_lower.h"
#include "nib/plan/stream_settle.h"
#include "nib/rtl/names.h"

namespace nib::plan {
namespace {

/// Steps of a frame up to which sizing takes its time.
constexpr std::int64_t kSmall = 20'000;

/// Steps of a frame that the token model computes.
std::int64_t events_of_a_frame(stream::Network network, const stream::Frames& frames,
                               std::int64_t interval) {
  for (stream::Channel& channel : network.channels) channel.depth = stream::kUnbounded;
  const stream::Timing timing = measure(network, frames, {interval, 200});
  return timing.events / std::max<std::int64_t>(1, timing.complete_frames);
}

}  // namespace

std::string to_text(const LayerFold& fold) {
  const std::string steps = fold.steps > 0 ? fmt::format(", {} a word behind", fold.steps) : "";
  if (fold.digit > 0) {
    return fmt::format("wired in, {} bit{} a step{}", fold.digit, fold.digit == 1 ? "" : "s",
                       steps);
  }
  return fmt::format("simd {}, pe {}{}{}{}", fold.simd, fold.pe,
                     fold.input_stationary ? ", input stationary" : "", fold.dsp ? ", dsp" : "",
                     steps);
}

StreamPlan build_streaming(const lower::IntegerGraph& graph, const arith::Target& target,
                           const Goal& goal, const Folding& folding,
                           std::shared_ptr<ConstArrays> arrays) {
  StreamPlan plan;
  plan.arrays = arrays != nullptr ? std::move(arrays) : std::make_shared<ConstArrays>();
  plan.name = rtl::legal_name(graph.name, "net");
  plan.source_file = graph.source_file;
  plan.sha256 = graph.sha256;
  plan.target = target;
  plan.goal = goal;
  plan.clock_mhz = goal.clock_mhz.value_or(target.default_clock_mhz);
  plan.notes = graph.notes;
  plan.design.network.name = plan.name;
  StreamLowering(graph, folding, plan).run();
  stream::check(plan.design.network);
  return plan;
}

void size_streaming(StreamPlan& plan, std::int64_t interval) {
  stream::SizeGoal goal;
  goal.interval = interval > 0 ? interval : least_interval(plan.design.network, plan.frames);
  const bool small = events_of_a_frame(plan.design.network, plan.frames, goal.interval) <= kSmall;
  goal.orders = small ? 4 : 1;
  goal.branches = small ? 400 : 60;
  goal.most_frames = small ? 60 : 12;
  goal.fixed = fixed_channels(plan.design);
  goal.keep_latency = true;
  plan.sizing = size_channels(plan.design.network, plan.frames, goal);
  NIB_CHECK(plan.sizing.reached, "depths for an interval that no unit misses");
  set_depths(plan.design, plan.sizing.depths);
}

void finish_streaming(StreamPlan& plan, double blocks) {
  settle_units(plan, blocks * plan.target.bram36);
  size_streaming(plan);
  cost_of(plan);
}

StreamPlan plan_streaming(const lower::IntegerGraph& graph, const arith::Target& target,
                          const Goal& goal, const Folding& folding, double blocks) {
  StreamPlan plan = build_streaming(graph, target, goal, folding);
  finish_streaming(plan, blocks);
  return plan;
}

}  // namespace nib::plan
