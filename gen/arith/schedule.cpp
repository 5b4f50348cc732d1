// Register placement: earliest stages, then fewest register bits by repeated maximum closure.
//
// A stage is the number of registers before an operation's output. Operations of one stage may
// chain as long as their delays fit the period: for every path u -> v whose delays add up to more,
// stage(v) >= stage(u) + 1. These are difference constraints, so raising closed sets by one, from
// the earliest schedule, ends at the optimum (the objective is L-natural convex).
#include "nib/arith/schedule.h"

#include <algorithm>
#include <map>
#include <utility>

#include "nib/arith/max_closure.h"
#include "nib/base/check.h"

namespace nib::arith {
namespace {

constexpr double kSlack = 1e-9;                // ns, against the rounding of sums of delays
constexpr std::size_t kLargestExact = 200000;  // operations; beyond, the earliest schedule stands

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Earliest stages for a budget of logic per stage; nullopt where one operation exceeds it.
struct Earliest {
  std::vector<int> stage;
  double longest = 0;  ///< the longest chain of delays in one stage
};

std::optional<Earliest> earliest(const std::vector<TimedOp>& ops, double budget) {
  std::int32_t groups = 0;
  for (const TimedOp& op : ops) groups = std::max(groups, op.group + 1);
  std::vector<int> group_stage(at(groups), 0);
  Earliest result;
  std::vector<double> arrival(ops.size());
  for (bool changed = true; changed;) {
    changed = false;
    result.stage.assign(ops.size(), 0);
    result.longest = 0;
    for (std::size_t v = 0; v < ops.size(); ++v) {
      const TimedOp& op = ops[v];
      if (op.delay_ns > budget + kSlack) return {};
      int stage = op.group >= 0 ? group_stage[at(op.group)] : 0;
      for (const std::int32_t u : op.inputs) stage = std::max(stage, result.stage[at(u)]);
      double start = 0;
      for (const std::int32_t u : op.inputs) {
        if (result.stage[at(u)] == stage) start = std::max(start, arrival[at(u)]);
      }
      if (start + op.delay_ns > budget + kSlack) ++stage, start = 0;
      result.stage[v] = stage;
      arrival[v] = start + op.delay_ns;
      result.longest = std::max(result.longest, arrival[v]);
      if (op.group >= 0 && stage > group_stage[at(op.group)]) {
        group_stage[at(op.group)] = stage;
        changed = true;
      }
    }
  }
  return result;
}

/// Pairs (u, v) such that v needs a later stage than u: the first operations on each way from u at
/// which the chained delay exceeds the budget.
std::vector<std::pair<std::int32_t, std::int32_t>> separated(const std::vector<TimedOp>& ops,
                                                             double budget) {
  std::vector<std::vector<std::int32_t>> consumers(ops.size());
  for (std::size_t v = 0; v < ops.size(); ++v) {
    for (const std::int32_t u : ops[v].inputs)
      consumers[at(u)].push_back(static_cast<std::int32_t>(v));
  }
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  for (std::size_t u = 0; u < ops.size(); ++u) {
    // Longest delay from u, in topological order (indices ascend along edges).
    std::map<std::int32_t, double> reach{{static_cast<std::int32_t>(u), ops[u].delay_ns}};
    while (!reach.empty()) {
      const auto [w, delay] = *reach.begin();
      reach.erase(reach.begin());
      if (delay > budget + kSlack) {
        pairs.emplace_back(static_cast<std::int32_t>(u), w);
        continue;
      }
      for (const std::int32_t v : consumers[at(w)]) {
        double& d = reach[v];
        d = std::max(d, delay + ops[at(v)].delay_ns);
      }
    }
  }
  return pairs;
}

/// Variables of the optimisation: one stage per operation or group, one "last use" per operation.
class Optimiser {
 public:
  Optimiser(const std::vector<TimedOp>& ops, const std::vector<std::int32_t>& outputs,
            std::vector<int>& stage, int stages, double budget)
      : ops_(ops), stage_(stage), is_output_(ops.size(), 0), last_(ops.size()) {
    for (const std::int32_t o : outputs) is_output_[at(o)] = 1;
    for (const std::int32_t o : outputs) stage_[at(o)] = stages;
    std::map<std::int32_t, std::int32_t> groups;
    for (std::size_t v = 0; v < ops.size(); ++v) {
      std::int32_t id = variables_;
      if (ops[v].group >= 0) id = groups.try_emplace(ops[v].group, id).first->second;
      variable_.push_back(id);
      if (id == variables_) ++variables_;
    }
    pairs_ = separated(ops, budget);
    raise_to_legal();
    for (std::size_t v = 0; v < ops.size(); ++v) last_[v] = stage_[v];
    for (std::size_t v = 0; v < ops.size(); ++v) {
      for (const std::int32_t u : ops[v].inputs) last_[at(u)] = std::max(last_[at(u)], stage_[v]);
    }
  }

  void run() {
    while (step()) {
    }
  }

 private:
  // Moving the outputs to the last stage takes their groups along.
  void raise_to_legal() {
    std::vector<int> top(at(variables_), 0);
    for (std::size_t v = 0; v < ops_.size(); ++v) {
      top[at(variable_[v])] = std::max(top[at(variable_[v])], stage_[v]);
    }
    for (std::size_t v = 0; v < ops_.size(); ++v) stage_[v] = top[at(variable_[v])];
  }

  bool step() {
    const std::size_t n = at(variables_), total = n + ops_.size();
    std::vector<std::int64_t> weights(total, 0);
    std::vector<char> forbidden(total, 0);
    std::vector<std::pair<std::int32_t, std::int32_t>> edges;
    const auto last_id = [&](std::size_t v) { return static_cast<std::int32_t>(n + v); };
    for (std::size_t v = 0; v < ops_.size(); ++v) {
      const std::size_t s = at(variable_[v]);
      weights[s] += ops_[v].bits;
      weights[n + v] -= ops_[v].bits;
      // Inputs stay at 0, outputs at the last stage.
      if (ops_[v].inputs.empty() || is_output_[v]) forbidden[s] = 1;
      if (stage_[v] == last_[v]) edges.emplace_back(variable_[v], last_id(v));
      for (const std::int32_t u : ops_[v].inputs) {
        if (stage_[at(u)] == stage_[v]) edges.emplace_back(variable_[at(u)], variable_[v]);
        if (last_[at(u)] == stage_[v]) edges.emplace_back(variable_[v], last_id(at(u)));
      }
    }
    for (const auto& [u, v] : pairs_) {
      if (stage_[at(v)] == stage_[at(u)] + 1)
        edges.emplace_back(variable_[at(u)], variable_[at(v)]);
    }
    const std::vector<char> raise = max_closure(weights, edges, forbidden);
    std::int64_t gain = 0;
    for (std::size_t i = 0; i < total; ++i) gain += raise[i] ? weights[i] : 0;
    if (gain <= 0) return false;
    for (std::size_t v = 0; v < ops_.size(); ++v) {
      if (raise[at(variable_[v])]) ++stage_[v];
      if (raise[n + v]) ++last_[v];
    }
    return true;
  }

  const std::vector<TimedOp>& ops_;
  std::vector<int>& stage_;
  std::vector<char> is_output_;
  std::vector<int> last_;
  std::vector<std::int32_t> variable_;
  std::int32_t variables_ = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs_;
};

/// Longest chain within a stage, and register bits, of a finished schedule.
void measure(const std::vector<TimedOp>& ops, const std::vector<std::int32_t>& outputs,
             double overhead, Schedule& schedule) {
  std::vector<double> arrival(ops.size());
  std::vector<int> last = schedule.stage;
  for (const std::int32_t o : outputs) last[at(o)] = schedule.stages;
  double longest = 0;
  for (std::size_t v = 0; v < ops.size(); ++v) {
    double start = 0;
    for (const std::int32_t u : ops[v].inputs) {
      if (schedule.stage[at(u)] == schedule.stage[v]) start = std::max(start, arrival[at(u)]);
      last[at(u)] = std::max(last[at(u)], schedule.stage[v]);
    }
    arrival[v] = start + ops[v].delay_ns;
    longest = std::max(longest, arrival[v]);
  }
  schedule.register_bits = 0;
  for (std::size_t v = 0; v < ops.size(); ++v) {
    schedule.register_bits += std::int64_t{ops[v].bits} * (last[v] - schedule.stage[v]);
  }
  schedule.period_ns = longest + overhead;
}

Schedule finish(const std::vector<TimedOp>& ops, const std::vector<std::int32_t>& outputs,
                Earliest start, int stages, double budget, double overhead) {
  Schedule schedule;
  schedule.stages = stages;
  schedule.stage = std::move(start.stage);
  if (ops.size() <= kLargestExact) {
    Optimiser(ops, outputs, schedule.stage, stages, budget).run();
  } else {
    // Outputs wait in registers behind their earliest stage.
    for (const std::int32_t o : outputs) schedule.stage[at(o)] = stages;
  }
  measure(ops, outputs, overhead, schedule);
  return schedule;
}

int stages_of(const Earliest& start, const std::vector<std::int32_t>& outputs) {
  int stages = 0;
  for (const std::int32_t o : outputs) stages = std::max(stages, start.stage[at(o)]);
  return stages;
}

}  // namespace

std::optional<Schedule> schedule_for_period(const std::vector<TimedOp>& ops,
                                            const std::vector<std::int32_t>& outputs,
                                            double period_ns, double overhead_ns) {
  const double budget = period_ns - overhead_ns;
  auto start = earliest(ops, budget);
  if (!start) return {};
  const int stages = stages_of(*start, outputs);
  return finish(ops, outputs, std::move(*start), stages, budget, overhead_ns);
}

Schedule schedule_for_stages(const std::vector<TimedOp>& ops,
                             const std::vector<std::int32_t>& outputs, int stages,
                             double overhead_ns) {
  NIB_CHECK(stages >= 0, "a number of stages");
  double low = 0, high = 0;
  for (const TimedOp& op : ops) low = std::max(low, op.delay_ns);
  for (const TimedOp& op : ops) high += op.delay_ns;
  high = std::max(low, high);
  // A budget of `high` chains everything; halve the interval until it no longer matters.
  for (int round = 0; round < 40 && high - low > 1e-4; ++round) {
    const double middle = (low + high) / 2;
    const auto trial = earliest(ops, middle);
    if (trial && stages_of(*trial, outputs) <= stages) {
      high = std::min(middle, std::max(trial->longest, low));
    } else {
      low = middle;
    }
  }
  auto start = earliest(ops, high);
  NIB_CHECK(start && stages_of(*start, outputs) <= stages, "a period that fits");
  return finish(ops, outputs, std::move(*start), stages, high, overhead_ns);
}

}  // namespace nib::arith
