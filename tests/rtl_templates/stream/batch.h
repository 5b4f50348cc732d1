// Batches of random designs and their stimuli.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/plan/stream_log.h"
#include "nib/plan/stream_measure.h"
#include "nib/plan/stream_values.h"
#include "random_design.h"

namespace nib::test {

/// The designs of a batch. Mode "large": with larger frames; "sized": with the depths that sizing
/// finds for the least interval, where it is reached.
[[nodiscard]] std::vector<RandomDesign> batch(std::uint64_t seed, std::size_t designs,
                                              const std::string& mode);

/// Words of a frame at the ends of a design.
[[nodiscard]] plan::stream::Frames frames_of(const RandomDesign& random);

/// Stalls of both ends and resets in the traffic; every round has another habit, round 0 runs at
/// full rate without reset.
[[nodiscard]] plan::stream::Stimulus stimulus(const plan::stream::Network& network,
                                              std::uint64_t seed, std::size_t round,
                                              std::size_t cycles);

/// Lanes of `frames` frames of source `source`; `last` on the last word of each frame.
[[nodiscard]] plan::stream::Lanes source_lanes(const RandomDesign& random, std::size_t source,
                                               std::int64_t frames, std::uint64_t seed);

/// Words of a stream packed to 32 bits, `stride` of them a word.
struct PackedWords {
  std::size_t stride = 1;
  std::vector<std::uint32_t> pieces;
  [[nodiscard]] std::size_t size() const { return pieces.size() / stride; }
};
[[nodiscard]] PackedWords pack(const plan::stream::Format& format,
                               const plan::stream::Lanes& lanes);

}  // namespace nib::test
