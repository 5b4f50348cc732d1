// Building, weighing and timing of designs.
#include "nib/plan/stream_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "nib/plan/stream_cost.h"
#include "nib/plan/stream_settle.h"

namespace nib::plan {
namespace {

/// Steps of the token model, weights and elements of a whole search.
constexpr double kMostWork = 2.8e8;

}  // namespace

bool better(const Trial& a, const Trial& b, Objective o) {
  if ((a.fill <= 1) != (b.fill <= 1)) return a.fill <= 1;
  if (a.fill > 1) return a.fill < b.fill;
  if (a.time(o) != b.time(o)) return a.time(o) < b.time(o);
  return a.fill < b.fill;
}

FoldTrials::FoldTrials(const lower::IntegerGraph& graph, const arith::Target& target,
                       const Goal& goal, const FoldGoal& wish, const FoldSpace& space)
    : graph_(graph), target_(target), goal_(goal), wish_(wish), space_(space) {
  constexpr int kMostEvaluations = 2500;
  most_ = wish.evaluations > 0 ? wish.evaluations : kMostEvaluations;
  for (const lower::Value& v : graph.values) elements_ += static_cast<double>(v.elements());
}

Trial FoldTrials::tried(const Layers& layers) {
  std::string key;
  for (const SearchLayer& l : layers) {
    const LayerFold f = l.fold();
    key += fmt::format("{},{},{},{},{},{};", f.simd, f.pe, f.input_stationary, f.steps, f.dsp,
                       f.digit);
  }
  const auto found = trials_.find(key);
  if (found != trials_.end()) return found->second;
  ++evaluations_;
  const Trial t = evaluate(layers);
  for (const Objective o : {Objective::kLatency, Objective::kInterval}) {
    Best& b = best_[index_of(o)];
    if (b.layers.empty() || better(t, b.trial, o)) b = {layers, t};
  }
  return trials_[key] = t;
}

Trial FoldTrials::timed(const Layers& layers) {
  const double before = std::exchange(most_fill_, std::numeric_limits<double>::max());
  const Trial t = evaluate(layers);
  most_fill_ = before;
  return t;
}

Trial FoldTrials::evaluate(const Layers& layers) {
  for (const SearchLayer& l : layers) spent_ += 0.4 * l.work();
  spent_ += 1.1 * elements_;
  StreamPlan plan = build_streaming(graph_, target_, goal_, folding_of(layers), space_.arrays);
  settle_units(plan, wish_.blocks * target_.bram36);
  // Queues of a few words cost what their width does.
  constexpr std::int64_t kDepth = 6;
  const std::vector<char> fixed = fixed_channels(plan.design);
  std::vector<std::int64_t> depths;
  stream::Network network = plan.design.network;
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    stream::Channel& channel = network.channels[c];
    depths.push_back(fixed[c] != 0 || channel.is_ring ? channel.depth : kDepth);
    if (fixed[c] == 0) channel.depth = stream::kUnbounded;
  }
  set_depths(plan.design, depths);
  Trial t;
  t.cost = cost_of(plan);
  fill_of(t, plan);
  if (t.fill > most_fill_) {
    t.latency = t.interval = kUntimed;
    return t;
  }
  const auto steps = stream::steps_of_a_frame(network, plan.frames);
  const auto sum =
      static_cast<double>(std::accumulate(steps.begin(), steps.end(), std::int64_t{0}));
  if (sum > kMostWork) {
    t.latency = t.interval = kUntimed;
    return t;
  }
  spent_ += sum;
  t.interval = stream::least_interval(steps, plan.frames);
  const auto most = std::max_element(steps.begin(), steps.end()) - steps.begin();
  t.busiest = network.processes[static_cast<std::size_t>(most)].name;
  t.latency = measure(network, plan.frames, {t.interval, 1}).latency;
  return t;
}

void FoldTrials::fill_of(Trial& t, const StreamPlan& plan) const {
  double port = 0;
  for (const StreamPort& input : plan.inputs) port = std::max<double>(port, input.word.width);
  // Where nothing may be used, what is used counts beside all that the device has.
  const auto share_of = [](double used, double there, double part) {
    if (used <= 0) return 0.0;
    return part > 0 ? used / (there * part) : 1 + used / std::max(there, 1.0);
  };
  const std::array<std::pair<const char*, double>, 5> shares{
      {{"bits of an input word", share_of(port, wish_.port_bits, 1)},
       {"LUTs", share_of(t.cost.lut, target_.lut, wish_.luts)},
       {"flip-flops", share_of(t.cost.ff, target_.ff, 1)},
       {"block RAM", share_of(t.cost.bram36, target_.bram36, wish_.blocks)},
       {kMultipliers, share_of(t.cost.dsp, target_.dsp, wish_.multipliers)}}};
  for (const auto& [name, share] : shares) {
    if (share <= t.fill) continue;
    t.fill = share;
    t.limit = name;
  }
  t.fill /= allowed_;
}

void FoldTrials::allow(const Layers& smallest) {
  // Times of a smallest design that is very large are of no use.
  const bool large = elements_ > kMostWork / 20;
  if (large) most_fill_ = 0;
  const double least = large ? evaluate(smallest).fill : tried(smallest).fill;
  if (least <= 1) return;
  allowed_ = least;
  trials_.clear();
  best_ = {};
}

void FoldTrials::set_limits(double fill, double share) {
  most_fill_ = fill;
  limit_ = share;
}

double FoldTrials::used() const {
  constexpr double kWorkOfDigit = 600;  // of an array that is planned
  const double count = static_cast<double>(evaluations_) / most_;
  const double spent = spent_ + kWorkOfDigit * static_cast<double>(space_.arrays->digits());
  return wish_.evaluations > 0 ? count : std::max(count, spent / kMostWork);
}

}  // namespace nib::plan
