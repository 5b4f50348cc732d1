// Inside plan: the designs that the search for folds considers: built, weighed and timed.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "nib/plan/stream_space.h"

namespace nib::plan {

/// Time of a design that was not timed.
inline constexpr std::int64_t kUntimed = std::numeric_limits<std::int64_t>::max() / 4;

/// A design with some folds, by the models.
struct Trial {
  std::int64_t latency = 0, interval = 0;
  Cost cost;
  double fill = 0;      ///< share of the most wanted cells, of what may be used
  std::string limit;    ///< what these cells are
  std::string busiest;  ///< process with the most steps of a frame

  [[nodiscard]] std::int64_t time(Objective o) const {
    return o == Objective::kLatency ? latency : interval;
  }
};

/// A device's multipliers, in Trial::limit.
inline constexpr const char* kMultipliers = "multipliers";

/// True if a is the better design: one that fits, then the shorter time, then fewer cells.
[[nodiscard]] bool better(const Trial& a, const Trial& b, Objective o);

/// Builds every design once, and counts the work.
class FoldTrials {
 public:
  using Layers = std::vector<SearchLayer>;

  FoldTrials(const lower::IntegerGraph& graph, const arith::Target& target, const Goal& goal,
             const FoldGoal& wish, const FoldSpace& space);

  /// The design with these folds; remembered.
  [[nodiscard]] Trial tried(const Layers& layers);
  /// The same, timed even if it does not fit, but not if a frame takes more steps than a whole
  /// search may; not remembered.
  [[nodiscard]] Trial timed(const Layers& layers);
  /// Where `smallest`, which cannot be made smaller, does not fit, others may be as large.
  void allow(const Layers& smallest);

  /// The best design so far.
  struct Best {
    Layers layers;
    Trial trial;
  };
  [[nodiscard]] const Best& best(Objective o) const { return best_[index_of(o)]; }

  /// From now on designs that take more than `fill` are not timed, and the search is out of time
  /// when `share` of the work has been done.
  void set_limits(double fill, double share);
  /// Share of the work done, of all that may be. The search takes less than half a minute, and is
  /// the same on every machine: it counts steps of the token model, weights that are packed into
  /// tables and elements that are put in order.
  [[nodiscard]] double used() const;
  [[nodiscard]] double limit() const { return limit_; }
  [[nodiscard]] bool out_of_time() const { return used() >= limit_; }

  [[nodiscard]] int evaluations() const { return evaluations_; }
  [[nodiscard]] int most_evaluations() const { return most_; }
  /// Times what may be used, that a design may take.
  [[nodiscard]] double allowed() const { return allowed_; }

 private:
  [[nodiscard]] static std::size_t index_of(Objective o) {
    return o == Objective::kLatency ? 0 : 1;
  }
  [[nodiscard]] Trial evaluate(const Layers& layers);
  void fill_of(Trial& t, const StreamPlan& plan) const;

  const lower::IntegerGraph& graph_;
  const arith::Target& target_;
  const Goal& goal_;
  const FoldGoal& wish_;
  const FoldSpace& space_;
  std::map<std::string, Trial> trials_;
  std::array<Best, 2> best_;
  double allowed_ = 1, limit_ = 1, most_fill_ = 1;
  int evaluations_ = 0, most_ = 0;
  double spent_ = 0;     ///< work of evaluations
  double elements_ = 0;  ///< of all values
};

}  // namespace nib::plan
