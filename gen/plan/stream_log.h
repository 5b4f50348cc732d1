// Handshake logs of a streaming network, cycle by cycle, from the token model.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/plan/stream_network.h"

namespace nib::plan::stream {

/// What the outside does in each cycle. A source raises valid in a cycle of its pattern that is no
/// cycle of reset, and holds it until the word is taken; in the first cycle of reset it still shows
/// its old state, in the others it is quiet.
struct Stimulus {
  std::vector<std::uint8_t> reset;                 ///< by cycle
  std::vector<std::vector<std::uint8_t>> sources;  ///< by source and cycle: may raise valid
  std::vector<std::vector<std::uint8_t>> sinks;    ///< by sink and cycle: ready
};

inline constexpr std::uint8_t kValid = 1, kReady = 2;

/// By channel and cycle: kValid and kReady as they stand before the rising edge; 0 for rings.
using HandshakeLog = std::vector<std::vector<std::uint8_t>>;

/// The log from power-up on. A handshake in the first cycle of reset is shown and does not count.
[[nodiscard]] HandshakeLog token_log(const Network& network, const Stimulus& stimulus);

}  // namespace nib::plan::stream
