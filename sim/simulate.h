// nib simulate: the SystemC model of a streaming build by itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nib::sim {

struct SimulateOptions {
  std::int64_t frames = 0;  ///< back to back; 0: enough to see the period twice
  std::function<void(const std::string&)> progress;
};

/// How busy a stream was.
struct StreamUse {
  std::string name;
  bool is_ring = false;
  std::int64_t depth = 0, peak = 0;
  double mean = 0;                                 ///< words held
  std::int64_t words = 0, blocked = 0, empty = 0;  ///< cycles: taken, valid alone, not valid
};

struct SimulateResult {
  bool as_planned = false;  ///< latency and interval are those of the manifest
  std::int64_t cycles = 0, frames = 0, latency = 0;
  std::int64_t period_cycles = 0, period_frames = 1;  ///< the interval is their quotient
  std::int64_t planned_latency = 0, planned_cycles = 0;
  std::vector<StreamUse> streams;
};

/// Runs the model with sources and sinks at full rate. Errors E08xx, E09xx: a build that is not
/// streaming, missing tools.
[[nodiscard]] SimulateResult simulate(const std::filesystem::path& folder,
                                      const SimulateOptions& options);

}  // namespace nib::sim
