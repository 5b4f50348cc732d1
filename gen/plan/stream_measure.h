// Latency and interval of a streaming network, and the proof that it goes on like that for ever.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/plan/stream_network.h"

namespace nib::plan::stream {

/// Words of a frame at each end.
struct Frames {
  std::vector<std::int64_t> source_words;  ///< by source
  std::vector<std::int64_t> sink_words;    ///< by sink
};

/// How the ends behave: sinks are always ready; sources offer frame f from cycle f * pace on, as
/// fast as it is taken.
struct Drive {
  std::int64_t pace = 0;
  int most_frames = 200;          ///< after which measure() gives up
  std::int64_t most_latency = 0;  ///< of the first frame, else measure() gives up; 0: any
};

/// What a network does. The state after frame n (all that n frames can set off has happened) is the
/// position of every process and, relative to the last output, the time of its last step, of every
/// word that waits and of all room that came late. The network is a function of it, so that a state
/// which comes back comes back for ever: that is the certificate of interval and liveness.
struct Timing {
  bool live = false;                 ///< every frame comes out; false: a deadlock
  bool settled = false;              ///< a state came back
  std::int64_t complete_frames = 0;  ///< before the deadlock, or that were run
  std::int64_t latency = 0;        ///< first frame: first input word to last output word, in cycles
  std::int64_t worst_latency = 0;  ///< of all frames up to the repetition
  std::int64_t cycles = 0;  ///< in the period, `frames` frames: the interval is their quotient
  std::int64_t frames = 0;
  std::int64_t first_state = 0;  ///< frames after which the state stood that came back
  std::int64_t events = 0;       ///< steps computed; idle ones in a row are one
};
/// `steps`: of unroll(network), whatever its depths, where it is known already.
[[nodiscard]] Timing measure(const Network& network, const Frames& frames, const Drive& drive = {},
                             const SharedSteps& steps = nullptr);

/// Steps that each process takes for a frame.
[[nodiscard]] std::vector<std::int64_t> steps_of_a_frame(const Network& network,
                                                         const Frames& frames);

/// Most words that each channel holds, as its depth counts them, in a run without limits that is
/// paced. Channels keep their delays. For rings, the words of the ring.
[[nodiscard]] std::vector<std::int64_t> peaks(const Network& network, const Frames& frames,
                                              const Drive& drive);

}  // namespace nib::plan::stream
