// nib verify: a build folder is judged by its manifest and the golden model alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nib::sim {

struct VerifyOptions {
  std::map<std::string, std::filesystem::path>
      inputs;  ///< --input [NAME=]X.npy; "" for the only input
  std::optional<std::int64_t>
      random;  ///< rows; default 10000, of streams what 2 million cycles take
  std::uint64_t seed = 1;
  bool prove = false;  ///< --prove: linear forms, intervals and register depths from Yosys' netlist
  bool systemc = false;  ///< --sc: SystemC bench and pipeline model
  bool round_input = false;
  int threads = 2;
  /// Called with "what is being done" for anything longer than a second.
  std::function<void(const std::string&)> progress;
};

/// One check with its result, in the order of running.
struct Check {
  std::string name;  ///< "lint", "rtl == golden", "latency", "interval", "prove", ...
  bool passed = false;
  std::string detail;  ///< figures, or what is wrong: layer, neuron, vector, cycle, got, expected
};

struct VerifyResult {
  bool passed = false;
  std::vector<Check> checks;
  std::int64_t vectors = 0, cycles = 0;
  std::optional<int> measured_latency, measured_interval;
  std::string json;  ///< the same as a JSON object: --json, and what "verified" becomes
};

/// Verifies the build in `folder` and records the result in its manifest ("verified"). Errors
/// E09xx: no or contradictory manifest, missing tools, a source whose hash differs; E01xx for
/// arrays.
[[nodiscard]] VerifyResult verify(const std::filesystem::path& folder,
                                  const VerifyOptions& options);

}  // namespace nib::sim
