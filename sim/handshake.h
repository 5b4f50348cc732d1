// Valid/ready designs: random stalls on both ends, resets under traffic, logs of every cycle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/sim/harness.h"
#include "nib/sim/words.h"

namespace nib::sim {

/// How often source and sink take part, in percent; `burst` keeps a decision for up to that many
/// cycles.
struct StallPattern {
  std::string name;
  unsigned source = 100, sink = 100;
  int burst = 1;
  bool resets = false;
};

/// The patterns of a run: full rate, either end slow, both slow, bursts, resets under traffic.
[[nodiscard]] std::vector<StallPattern> stall_patterns();

/// One cycle as the bench saw it before the rising edge.
struct HandshakeCycle {
  bool in_valid = false, in_ready = false, out_valid = false, out_ready = false, reset = false;
  std::uint32_t word = 0;  ///< number of the input word on the port
  [[nodiscard]] bool push() const { return in_valid && in_ready && !reset; }
  [[nodiscard]] bool pop() const { return out_valid && out_ready && !reset; }
};

/// A run: cycles, and the output words side by side.
struct HandshakeLog {
  std::vector<HandshakeCycle> cycles;
  PackedRows outputs;  ///< all output ports' pieces of each cycle
};

/// Drives `words` (all input ports' pieces side by side) for `cycles` cycles, the last `drain` of
/// them with a quiet source and a ready sink.
[[nodiscard]] HandshakeLog run_handshake(Bench& bench, const StallPattern& pattern,
                                         const PackedRows& words, std::int64_t cycles,
                                         std::int64_t drain, std::uint64_t seed);

/// Says where a valid fell or a word changed before it was accepted; empty where none did.
[[nodiscard]] std::string hold_violation(const HandshakeLog& log);

}  // namespace nib::sim
