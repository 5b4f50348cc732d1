// Chooses the folds of a streaming design: shortest latency or interval inside a device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nib/plan/stream_plan.h"

namespace nib::plan {

enum class Objective { kLatency, kInterval };

struct FoldGoal {
  Objective objective = Objective::kLatency;
  /// Shares of the device's cells that may be used. A device whose LUTs are nearly all taken can
  /// hardly be routed.
  double luts = 0.8, blocks = kBlocks, multipliers = 1.0;
  int port_bits = 512;  ///< of an input word, at most
  int evaluations = 0;  ///< designs built and timed; 0: as many as a minute allows
  /// E0704 where nothing that fits was found; else the smallest, with a note. Of multipliers too
  /// few are noted in any case: requantisers take some whatever the folds.
  bool strict = false;
  /// E0704 where nothing fits and the smallest takes more cycles a frame: its queues would take
  /// hours to size.
  std::int64_t slow = 2'000'000;
};

/// A choice with what the token model and the cost model say of it, queues as deep as it likes.
struct FoldChoice {
  Folding folding;
  bool fits = false;
  std::string limit;                       ///< what is taken most
  std::int64_t latency = 0, interval = 0;  ///< in cycles
  Cost cost;
  int evaluations = 0;                  ///< designs built and timed
  std::shared_ptr<ConstArrays> arrays;  ///< planned on the way
  std::vector<std::string> notes;       ///< what limits it, and what the next step would cost
};

/// Chooses folds for all layers that multiply: number of elements and outputs in a step, order of
/// the loops, multipliers or LUTs, constants wired in, words of the steps behind. Every design that
/// is considered is built and, if it about fits, timed by the token model. Starts from steps in
/// proportion to what layers have to do, shapes each layer for the least product of time and cells,
/// makes all of them as parallel as the device allows, shifts cells between layers, and last
/// changes layers at random while that does no more than little harm. Searches for both objectives
/// whichever is asked for, so that no choice for one is better in the other. The same for every
/// run.
[[nodiscard]] FoldChoice choose_folding(const lower::IntegerGraph& graph,
                                        const arith::Target& target, const Goal& goal,
                                        const FoldGoal& fold_goal = {});

/// The design with the folds of choose_folding(). Errors E0704: FoldGoal::strict,
/// FoldGoal::slow. Its units settled and queues sized; the choice's notes are in its notes.
[[nodiscard]] StreamPlan plan_folded(const lower::IntegerGraph& graph, const arith::Target& target,
                                     const Goal& goal, const FoldGoal& fold_goal = {});

}  // namespace nib::plan
