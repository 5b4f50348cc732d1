// Free-running designs: schedules of valid and gaps, and the comparison of every cycle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/sim/harness.h"
#include "nib/sim/vectors.h"

namespace nib::sim {

/// What happens at the inputs in one cycle; vector -1: noise on the data.
struct FlowCycle {
  std::int64_t vector = -1;
  bool valid = false, reset = false;
};

/// One run of the simulator from power-up.
struct FlowPlan {
  std::string name;
  std::uint64_t seed = 1;
  std::vector<FlowCycle> cycles;

  void idle(std::int64_t count);
  void drive(std::int64_t vector) { cycles.push_back({vector, true, false}); }
};

/// Outputs of a run: per cycle flags and the output words.
struct FlowLog {
  int record = 1;  ///< pieces of a cycle
  std::vector<std::uint32_t> pieces;

  [[nodiscard]] std::int64_t cycles() const {
    return static_cast<std::int64_t>(pieces.size()) / record;
  }
  [[nodiscard]] bool valid(std::int64_t cycle) const {
    return (pieces[static_cast<std::size_t>(cycle * record)] & 1U) != 0;
  }
  /// The output words of a cycle from piece `first` on.
  [[nodiscard]] std::span<const std::uint32_t> words(std::int64_t cycle, int first,
                                                     int count) const {
    return {pieces.data() + static_cast<std::size_t>(cycle * record + 1 + first),
            static_cast<std::size_t>(count)};
  }
};

/// The first difference between a run and what must come out.
struct FlowMismatch {
  std::int64_t cycle = 0, input_cycle = -1, vector = -1;
  std::string text;
};

struct FlowReport {
  std::int64_t vectors = 0, cycles = 0, wrong = 0;
  std::optional<FlowMismatch> first;
};

/// The design of a manifest as a bench sees it: its core, without AXI ends.
[[nodiscard]] Dut flow_dut(const std::filesystem::path& folder, const Manifest& manifest);

/// Power-up behaviour with three random initial states, all vectors at full rate, gaps, reset.
[[nodiscard]] std::vector<FlowPlan> flow_plans(const Manifest& manifest, const Vectors& vectors,
                                               std::uint64_t seed);

/// The stimulus of a plan as the flow bench reads it; noise where no vector is driven.
[[nodiscard]] std::vector<std::uint32_t> stimulus_of(const FlowPlan& plan, const Vectors& vectors);

/// Runs a plan. Throws Fault as Bench::run does.
[[nodiscard]] FlowLog run_flow(Bench& bench, const FlowPlan& plan, const Vectors& vectors);

/// Cycles from the first in_valid to the first out_valid; nullopt where nothing comes out.
[[nodiscard]] std::optional<int> measured_latency(const FlowPlan& plan, const FlowLog& log);
/// Smallest distance of two out_valids; nullopt where there are fewer.
[[nodiscard]] std::optional<int> measured_interval(const FlowLog& log);

/// Compares every cycle: out_valid against the delayed in_valid, data against golden.
[[nodiscard]] FlowReport compare_flow(const Manifest& manifest, const FlowPlan& plan,
                                      const FlowLog& log, const Vectors& vectors, int latency);

/// Builds the design again with its layers' nets led out, repeats the run as far as the mismatch
/// and says in words which layer and neuron went wrong first.
[[nodiscard]] std::string locate(const std::filesystem::path& folder, const Manifest& manifest,
                                 Oracle& oracle, const FlowPlan& plan, const Vectors& vectors,
                                 const FlowMismatch& mismatch, int threads);

}  // namespace nib::sim
