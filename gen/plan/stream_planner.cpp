// Search for folds: shapes by coordinate descent, scale by bisection, shifts between layers, a
// walk.
#include "nib/plan/stream_planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nib/base/error.h"
#include "nib/plan/stream_settle.h"
#include "nib/plan/stream_shape.h"
#include "nib/plan/stream_trials.h"

namespace nib::plan {
namespace {

class Planner {
 public:
  Planner(const lower::IntegerGraph& graph, const arith::Target& target, const Goal& goal,
          const FoldGoal& wish)
      : wish_(wish),
        space_(fold_space(graph, target, goal, wish)),
        trials_(graph, target, goal, wish, space_),
        shapes_(target, wish, space_),
        layers_(space_.layers) {}

  FoldChoice run() {
    // Both objectives are searched for, whichever is asked for: a design that was met on the way to
    // the other one is never better than the choice. Most of the time goes to latencies.
    start(true);
    trials_.allow(scaled(layers_, 1e9));
    Trial best;
    if (layers_.empty()) {
      best = tried(layers_);
    } else {
      walk_to(Objective::kLatency, 0.45, 0.85);
      walk_to(Objective::kInterval, 0.92, 1);
      objective_ = wish_.objective;
      layers_ = trials_.best(objective_).layers;
      best = trials_.best(objective_).trial;
    }
    if (best.interval == kUntimed) best = trials_.timed(layers_);
    if (best.interval == kUntimed) {
      fail(ErrorCode::E704,
           fmt::format("no folds were found that fit and are worth timing: what takes fewest cells "
                       "needs {:.0f} % of the {}, and hundreds of millions of steps a frame",
                       100 * best.fill * trials_.allowed(), best.limit),
           {}, "take a larger device, or give folds with --plan");
    }
    FoldChoice choice;
    choice.folding = folding_of(layers_);
    choice.fits = best.fill * trials_.allowed() <= 1;
    choice.limit = best.limit;
    choice.latency = best.latency;
    choice.interval = best.interval;
    choice.cost = best.cost;
    choice.notes = notes(best);
    choice.evaluations = trials_.evaluations();
    choice.arrays = space_.arrays;
    return choice;
  }

 private:
  using Layers = FoldTrials::Layers;

  /// Designs that are worth timing on the descent and on the walk, in shares of what may be used.
  static constexpr double kDescentFill = 1.3, kWalkFill = 1.08;

  void walk_to(Objective objective, double descent, double end) {
    objective_ = objective;
    trials_.set_limits(kDescentFill, descent);
    search();
    trials_.set_limits(kWalkFill, end);
    wander();
  }

  [[nodiscard]] Trial tried(const Layers& layers) { return trials_.tried(layers); }
  [[nodiscard]] bool out_of_time() const { return trials_.out_of_time(); }
  [[nodiscard]] std::int64_t time_of(const Trial& t) const { return t.time(objective_); }
  [[nodiscard]] bool better(const Trial& a, const Trial& b) const {
    return plan::better(a, b, objective_);
  }
  /// Time times cells: what a change of shape should lessen. A fiftieth of the device is taken by
  /// what does not shrink with the folds.
  [[nodiscard]] double price(const Trial& t) const {
    const double time = static_cast<double>(time_of(t)) + 0.02 * static_cast<double>(t.latency);
    return time * (t.fill + 0.02);
  }

  /// All layers with `scale` times as many steps.
  [[nodiscard]] Layers scaled(Layers layers, double scale) {
    for (SearchLayer& l : layers) {
      l.steps = std::clamp(l.steps * scale, 1.0, l.work());
      if (shaping_) shapes_.shape(l, dsp_rate_);
      l.input_steps = static_cast<int>(std::clamp<double>(std::min<double>(l.input_steps, l.steps),
                                                          1, static_cast<double>(l.columns)));
    }
    return layers;
  }
  /// The most parallel design that fits, all layers by one factor.
  [[nodiscard]] Layers filled(const Layers& layers, int rounds) {
    double low = 1e-4, high = 1e4;  // too parallel, small enough
    Layers best = scaled(layers, high);
    bool any = false;
    // First bracket around 1, then halve.
    const auto growth = [&] { return trials_.used() > 1 ? 8 : 2; };
    for (double factor = 1; factor < 1e4; factor *= growth()) {
      const Layers candidate = scaled(layers, factor);
      if (tried(candidate).fill <= 1) {
        high = factor;
        best = candidate;
        any = true;
        break;
      }
      low = factor;
    }
    if (any && low < 1) {
      for (double factor = 0.5; factor > 1e-4; factor /= 2) {
        const Layers candidate = scaled(layers, factor);
        if (tried(candidate).fill > 1 || out_of_time()) {
          low = factor;
          break;
        }
        high = factor;
        best = candidate;
      }
    }
    for (int i = 0; i < rounds && !out_of_time(); ++i) {
      const double middle = std::sqrt(low * high);
      const Layers candidate = scaled(layers, middle);
      const Trial t = tried(candidate);
      if (t.fill <= 1) {
        high = middle;
        if (better(t, tried(best))) best = candidate;
      } else {
        low = middle;
      }
    }
    return best;
  }

  void search() {
    // Steps by the root of the work or the same time for all; square shapes, or those that cost
    // least for some price of a multiplier.
    Layers best;
    double best_rate = 0;
    for (const bool even : {false, true}) {
      for (const double rate : {0.0, 1.0, 0.4, 0.15}) {
        if (!best.empty() && trials_.used() > 1) break;
        start(even);
        shaping_ = rate > 0;
        dsp_rate_ = rate;
        Layers candidate = filled(layers_, 3);
        if (!best.empty() && !better(tried(candidate), tried(best))) continue;
        best = std::move(candidate);
        best_rate = rate;
      }
    }
    shaping_ = false;
    dsp_rate_ = best_rate > 0 ? best_rate : 1;
    for (int round = 0; round < 2 && !out_of_time(); ++round) {
      reshape(best);
      Layers candidate = filled(best, 4);
      if (better(tried(candidate), tried(best))) best = candidate;
    }
    shifts(best);
  }

  /// From the best so far, random changes of layers that make the design no worse than a little;
  /// what does not fit counts as slower.
  void wander() {
    FoldWalk walk(1);
    const auto energy = [&](const Trial& t) {
      return static_cast<double>(time_of(t)) * (1 + 0.02 * t.fill + 3 * std::max(0.0, t.fill - 1));
    };
    const FoldTrials::Best& best = trials_.best(objective_);
    Layers now = best.layers;
    double at = energy(best.trial);
    constexpr int kRepeats = 20, kPatience = 60;
    int since = 0;
    const double from = trials_.used();
    for (int i = 0; i < kRepeats * trials_.most_evaluations() && !out_of_time(); ++i) {
      const double left = (trials_.limit() - trials_.used()) / (trials_.limit() - from);
      Layers next = now;
      for (std::size_t n = 1 + walk.draw(2); n > 0; --n) {
        walk.change(next[walk.draw(next.size())]);
      }
      const std::int64_t before = time_of(best.trial);
      const double there = energy(tried(next));
      since = time_of(best.trial) < before ? 0 : since + 1;
      if (there <= at * (1 + 0.012 * left)) {
        now = std::move(next);
        at = there;
      }
      if (since < kPatience) continue;
      since = 0;
      now = best.layers;
      at = energy(best.trial);
    }
  }

  /// One vector after the other: steps go by the root of the work, so that the sum is least for
  /// what it costs; feature maps run beside each other: the same time for each, and for all layers
  /// where `even`.
  void start(bool even) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      SearchLayer& l = layers_[i];
      const bool maps = l.vectors > 1 || even;
      l.steps = maps ? 4096.0 / static_cast<double>(l.vectors) : std::sqrt(l.work());
      l.steps = std::clamp(l.steps, 1.0, l.work());
      const double wide = static_cast<double>(l.columns) * l.bits / wish_.port_bits;
      l.steps = std::max(l.steps, std::ceil(wide));
      l.input_steps = static_cast<int>(std::clamp(std::max(std::ceil(wide), std::sqrt(l.steps)),
                                                  1.0, static_cast<double>(l.columns)));
      l.dsp = l.wired = false;
    }
  }

  /// Tries other shapes of each layer, one at a time, at the same number of steps.
  void reshape(Layers& layers) {
    double now = price(tried(layers));
    for (std::size_t i = 0; i < layers.size() && !out_of_time(); ++i) {
      const auto attempt = [&](const SearchLayer& changed) {
        if (out_of_time()) return;
        Layers candidate = layers;
        candidate[i] = changed;
        const Trial t = tried(candidate);
        if (t.fill > 1.3 || price(t) >= now) return;
        now = price(t);
        layers = std::move(candidate);
      };
      for (const bool stationary : {false, true}) {
        const auto most =
            static_cast<int>(std::min(layers[i].steps, static_cast<double>(layers[i].columns)));
        if (layers[i].apart) break;
        for (int sf = 1; sf <= most; sf = sf < 4 ? sf + 1 : sf * 3 / 2) {
          SearchLayer l = layers[i];
          l.input_stationary = stationary;
          l.input_steps = sf;
          attempt(l);
        }
        SearchLayer l = layers[i];
        l.input_stationary = stationary;
        l.input_steps = most;
        attempt(l);
      }
      for (const int narrow : {1, 2, 4, 8, 16}) {
        SearchLayer l = layers[i];
        l.narrow = narrow;
        attempt(l);
      }
      if (layers[i].multipliers) {
        SearchLayer l = layers[i];
        l.dsp = !l.dsp;
        attempt(l);
      }
    }
  }

  /// More steps for one layer, fewer for another, while the device holds it and the time shrinks.
  void shifts(Layers& best) {
    for (double by = 1.4; by > 1.02 && !out_of_time(); by = std::sqrt(by)) {
      bool found = true;
      while (found && !out_of_time()) {
        found = false;
        for (std::size_t i = 0; i < best.size() && !out_of_time(); ++i) {
          found = shift(best, i, 1 / by) || found;
          found = shift(best, i, by) || found;
        }
      }
    }
  }
  /// Changes layer i by the factor, then all so that the device is full again.
  bool shift(Layers& best, std::size_t i, double factor) {
    const Trial now = tried(best);
    for (const double rest : {1.0, factor < 1 ? 1.03 : 0.97, factor < 1 ? 1.08 : 0.92}) {
      for (const bool least : {false, true}) {
        if (out_of_time()) return false;
        Layers candidate = rest == 1.0 ? best : scaled(best, rest);
        candidate[i].steps = std::clamp(best[i].steps * factor, 1.0, best[i].work());
        candidate[i].input_steps =
            static_cast<int>(std::min<double>(candidate[i].input_steps, candidate[i].steps));
        if (least) shapes_.shape(candidate[i], dsp_rate_);
        if (!better(tried(candidate), now)) continue;
        best = candidate;
        return true;
      }
    }
    return false;
  }

  /// What limits the design, and what one layer more parallel would bring and cost.
  [[nodiscard]] std::vector<std::string> notes(const Trial& best) {
    std::vector<std::string> lines;
    if (best.fill * trials_.allowed() > 1) {
      lines.push_back(
          fmt::format("folds: the design does not fit: {} would be {:.0f} % of what may "
                      "be used, and no folds were found that need less",
                      best.limit, 100 * best.fill * trials_.allowed()));
    }
    lines.push_back(fmt::format(
        "folds: latency {} and interval {} cycles with {:.0f} LUT, {:.0f} FF, {:.1f} "
        "BRAM36, {:.0f} "
        "DSP by the model; {} are taken most, {:.0f} % of what may be used; busiest is '{}'",
        best.latency, best.interval, best.cost.lut, best.cost.ff, best.cost.bram36, best.cost.dsp,
        best.limit, 100 * best.fill * trials_.allowed(), best.busiest));
    std::size_t next = layers_.size();
    Trial after = best;
    double gain = 0;
    // Of a very large network just the busiest layers are looked at.
    std::vector<std::size_t> order(layers_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](std::size_t i) {
      return best.busiest.starts_with(layers_[i].name + "_");
    });
    const double until = trials_.used() + 0.4;
    for (const std::size_t i : order) {
      if (trials_.used() > until) break;
      Layers candidate = layers_;
      candidate[i].steps = std::max(1.0, candidate[i].steps / 1.5);
      candidate[i].input_steps =
          static_cast<int>(std::min<double>(candidate[i].input_steps, candidate[i].steps));
      const Trial t = tried(candidate);
      const double more = std::max(1.0, t.cost.lut - best.cost.lut);
      const auto saved = static_cast<double>(time_of(best) - time_of(t));
      if (saved / more <= gain) continue;
      gain = saved / more;
      after = t;
      next = i;
    }
    if (next == layers_.size()) {
      lines.push_back("folds: no layer made half as parallel again would make the whole faster");
    } else {
      lines.push_back(fmt::format(
          "folds: the next step, layer '{}' half as parallel again, would save {} cycles and take "
          "{:.0f} LUT, {:.1f} BRAM36, {:.0f} DSP more",
          layers_[next].name, time_of(best) - time_of(after), after.cost.lut - best.cost.lut,
          after.cost.bram36 - best.cost.bram36, after.cost.dsp - best.cost.dsp));
    }
    return lines;
  }

  const FoldGoal& wish_;
  FoldSpace space_;
  FoldTrials trials_;
  MatrixShapes shapes_;
  Layers layers_;
  Objective objective_ = Objective::kLatency;
  double dsp_rate_ = 1;
  bool shaping_ = false;  ///< scaled() gives each matrix the shape that costs least
};

}  // namespace

FoldChoice choose_folding(const lower::IntegerGraph& graph, const arith::Target& target,
                          const Goal& goal, const FoldGoal& fold_goal) {
  return Planner(graph, target, goal, fold_goal).run();
}

StreamPlan plan_folded(const lower::IntegerGraph& graph, const arith::Target& target,
                       const Goal& goal, const FoldGoal& fold_goal) {
  const FoldChoice choice = choose_folding(graph, target, goal, fold_goal);
  if (fold_goal.strict && !choice.fits && choice.limit != kMultipliers) {
    fail(ErrorCode::E704, "no folds were found that keep the budget: " + choice.notes.front(), {},
         "allow more cells, or take a larger device");
  }
  if (!choice.fits && choice.interval > fold_goal.slow) {
    fail(ErrorCode::E704,
         fmt::format("the network does not fit the device, however much it is folded: {}",
                     choice.notes.front()),
         {}, "take a larger device, or give folds with --plan");
  }
  StreamPlan plan = build_streaming(graph, target, goal, choice.folding, choice.arrays);
  finish_streaming(plan, fold_goal.blocks);
  plan.notes.insert(plan.notes.end(), choice.notes.begin(), choice.notes.end());
  return plan;
}

}  // namespace nib::plan
