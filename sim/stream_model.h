// The SystemC model of a streaming network, built and run as a program of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "nib/sim/process.h"

namespace nib::sim {

/// Handshakes and occupancy of a run.
struct ModelRun {
  std::size_t channels = 0;
  std::vector<std::uint8_t> log;          ///< by cycle and channel: bit 0 valid, bit 1 ready
  std::vector<std::int64_t> peak, total;  ///< by channel: most words held, sum over the cycles

  [[nodiscard]] std::int64_t cycles() const {
    return static_cast<std::int64_t>(log.size() / channels);
  }
  [[nodiscard]] unsigned handshake(std::int64_t t, std::size_t channel) const {
    return log[static_cast<std::size_t>(t) * channels + channel];
  }
};

/// The published network of a build. Only this file is shared with the planner.
class StreamModel {
 public:
  /// E0907 where the network file is not in the folder.
  StreamModel(const std::filesystem::path& folder, const std::filesystem::path& network);

  /// E0905, E0906 where tools are missing or fail.
  void compile();
  /// `plan`: a word per cycle, bit 0 reset, 1 + i source i raises valid, 9 + o sink o is ready.
  [[nodiscard]] ModelRun run(const std::vector<std::uint32_t>& plan);

  [[nodiscard]] const std::vector<int>& sources() const { return sources_; }
  [[nodiscard]] const std::vector<int>& sinks() const { return sinks_; }
  [[nodiscard]] std::size_t channels() const { return depths_.size(); }
  /// By channel.
  [[nodiscard]] const std::vector<std::int64_t>& depths() const { return depths_; }
  [[nodiscard]] const std::vector<char>& rings() const { return rings_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  TempDir temp_;
  std::filesystem::path network_;
  std::vector<int> sources_, sinks_;
  std::vector<std::int64_t> depths_;
  std::vector<char> rings_;
  std::vector<std::string> names_;
};

}  // namespace nib::sim
