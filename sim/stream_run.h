// Streaming designs: frames of beats, schedules of both ends, and the comparison with golden.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/sim/harness.h"
#include "nib/sim/vectors.h"

namespace nib::sim {

/// One run of the simulator from power-up: what both ends do in each cycle.
struct StreamSchedule {
  std::string name;
  std::uint64_t seed = 1;
  std::int64_t frames = 0;  ///< that the sources may offer in all

  struct Cycle {
    bool reset = false;
    std::uint32_t sources = 0, sinks = 0;  ///< bits: may offer, is ready
    std::int64_t frames = 0;               ///< that the sources may have offered so far
  };
  std::vector<Cycle> cycles;

  /// Both ends at full rate, so many frames allowed in all.
  void run(std::int64_t count, std::int64_t frames_allowed);
};

/// A run as the bench saw it.
struct StreamLog {
  int sources = 1, sinks = 1;
  std::vector<int> sink_pieces;
  int monitor_pieces = 0;
  std::vector<std::uint32_t> pieces;

  [[nodiscard]] std::int64_t cycles() const {
    return static_cast<std::int64_t>(pieces.size()) / record();
  }
  [[nodiscard]] int record() const;
  [[nodiscard]] bool reset(std::int64_t t) const { return (at(t)[0] & 1U) != 0; }
  [[nodiscard]] bool source_valid(std::int64_t t, int i) const {
    return (at(t)[0] >> (1 + i) & 1U) != 0;
  }
  [[nodiscard]] bool source_ready(std::int64_t t, int i) const {
    return (at(t)[0] >> (9 + i) & 1U) != 0;
  }
  [[nodiscard]] bool sink_valid(std::int64_t t, int o) const { return (at(t)[1] >> o & 1U) != 0; }
  [[nodiscard]] bool sink_ready(std::int64_t t, int o) const {
    return (at(t)[1] >> (8 + o) & 1U) != 0;
  }
  [[nodiscard]] bool sink_last(std::int64_t t, int o) const {
    return (at(t)[1] >> (16 + o) & 1U) != 0;
  }
  /// Number of the source's present beat since the start.
  [[nodiscard]] std::uint32_t beat(std::int64_t t, int i) const { return at(t)[2 + i]; }
  [[nodiscard]] std::span<const std::uint32_t> sink(std::int64_t t, int o) const;
  [[nodiscard]] std::span<const std::uint32_t> monitors(std::int64_t t) const;

 private:
  [[nodiscard]] const std::uint32_t* at(std::int64_t t) const {
    return pieces.data() + t * record();
  }
};

/// What a run showed.
struct StreamReport {
  std::string wrong;                    ///< the first fault in words; empty: none
  std::int64_t vector = -1;             ///< of the wrong beat
  std::int64_t frames = 0;              ///< that came out whole
  std::vector<std::int64_t> latencies;  ///< of the frames behind the last reset, in order
  std::vector<std::int64_t> ends;       ///< cycles of their last beats
};

/// The ends of the design as the bench drives them; without monitors.
[[nodiscard]] Dut stream_dut(const std::filesystem::path& folder, const Manifest& manifest);

/// Beats of all vectors, one row each; what carries no element is noise.
[[nodiscard]] PackedRows beats_of(const PortWord& port, const PackedRows& frames,
                                  std::uint64_t seed);

/// Runs a schedule; `words`: beats_of each input. Throws Fault as Bench::run does.
[[nodiscard]] StreamLog run_stream(Bench& bench, const StreamSchedule& schedule,
                                   const std::vector<PackedRows>& words);

/// Compares every beat with golden: order, none lost, none twice, tlast, valid held. All
/// schedule.frames must have come out at the end, but for those that a reset swept away.
[[nodiscard]] StreamReport compare_stream(const Manifest& manifest, const StreamSchedule& schedule,
                                          const StreamLog& log, const Vectors& vectors);

}  // namespace nib::sim
