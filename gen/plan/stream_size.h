// Depths of the queues and rings of a streaming network: few bits, no loss of interval or latency.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/plan/stream_measure.h"

namespace nib::plan::stream {

/// What the sized network must keep.
struct SizeGoal {
  std::int64_t interval = 0;  ///< cycles a frame, at most
  std::int64_t latency = 0;   ///< cycles of the first frame, at most; 0: any
  int orders = 4;             ///< in which channels are shrunk; the best result counts
  int most_frames = 60;       ///< of a run; what does not settle in so many counts as too slow
  std::vector<char> fixed;    ///< by channel: keeps its depth (boundary slices); may be empty
  bool keep_latency = false;  ///< at most the latency of deep queues
  int branches = 400;         ///< runs of the model that branch and bound may take
};

/// Why a channel cannot be a word shallower.
enum class Tight { kFloor, kDeadlock, kInterval, kLatency };

struct Sizing {
  bool reached = false;              ///< deep queues keep the goal; else the rest is empty
  std::vector<std::int64_t> depths;  ///< by channel
  std::vector<Tight> tight;          ///< by channel: what a depth less by one would break
  std::int64_t bits = 0;             ///< sum of depth * width
  std::int64_t least_bits = 0;       ///< no depths that keep the goal have fewer
  Timing timing;                     ///< of the sized network, with its certificate
  int probes = 0;                    ///< runs of the model
};

/// Shrinks every channel as far as it goes, one after the other, in several orders. Times grow as
/// depths shrink, so that a depth which was too small stays so: each result is minimal in every
/// channel, though not always the least of all: branch and bound looks for fewer bits, from those
/// that each channel needs alone, and `least_bits` says how far off the result may be. A queue
/// of more than 64 words is block RAM, with a cycle more. Deep queues settle in runs that are paced
/// at the goal's interval; with sources that offer earlier nothing comes later.
[[nodiscard]] Sizing size_channels(const Network& network, const Frames& frames,
                                   const SizeGoal& goal);

/// The network with these depths, and the delays that follow from them where storage goes by depth.
[[nodiscard]] Network with_depths(Network network, const std::vector<std::int64_t>& depths);

/// Steps of the busiest process, and words of the busiest channel, in a frame: no depths make the
/// interval shorter.
[[nodiscard]] std::int64_t least_interval(const Network& network, const Frames& frames);
/// The same, of steps_of_a_frame().
[[nodiscard]] std::int64_t least_interval(const std::vector<std::int64_t>& steps,
                                          const Frames& frames);

}  // namespace nib::plan::stream
