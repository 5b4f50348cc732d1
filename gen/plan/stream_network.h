// Streaming networks: processes joined by channels. The timing contract's data structure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nib/plan/stream_program.h"

namespace nib::plan::stream {

/// Depth of a channel that never runs full.
inline constexpr std::int64_t kUnbounded = std::int64_t{1} << 40;

/// A queue that belongs to its producer. A word issued at cycle t is valid at t + lat + b; room
/// freed at t is usable at t + 1. The depth counts all words issued and not yet popped.
struct Channel {
  std::string name;
  std::int64_t depth = 1;
  int lat = 0;
  int b = 1;             ///< 1 for registers, shift registers and LUT RAM, 2 for block RAM
  int bits = 1;          ///< of a word
  bool is_ring = false;  ///< memory of a window unit: no handshake to be seen
};

/// Reads a ring: the process' steps are the reads.
struct Reader {
  int ring = 0;  ///< channel
  Window window;
};

/// A cyclic program. At most 8 inputs and 8 outputs.
struct Process {
  std::string name;
  std::vector<int> inputs, outputs;  ///< channels; the bits of a step's masks
  Loop program;                      ///< of a reader: its makes, one for every read
  std::vector<Reader> reader;        ///< none or one
  int hold = 0;                      ///< live cycles before the first step (boundary slice: 1)
};

struct Network {
  std::string name;
  std::vector<Channel> channels;
  std::vector<Process> processes;
  std::vector<int> sources;  ///< channels that the outside fills
  std::vector<int> sinks;    ///< channels that the outside empties
};

/// Checks that every channel has one producer and one consumer and that masks name ports that are
/// there; a fault is an internal error.
void check(const Network& network);

/// The network as lines of text, for other models of the contract and for reports:
///   network NAME
///   channel NAME depth D lat L b B bits N stream|ring
///   source CHANNEL, sink CHANNEL
///   process NAME hold H in CHANNELS out CHANNELS program LOOPS end
///   reader CHANNEL rows SIZE KERNEL STRIDE DILATION BEFORE AFTER columns (the same) fold N
///          channel_outer 0|1 release_rows 0|1       (one line, belongs to the process above)
/// Channels are numbers, counted from 0.
[[nodiscard]] std::string to_text(const Network& network);

/// A step with all that the token model asks about it.
struct UnrolledStep {
  Step step;
  std::int32_t idle = 0;     ///< steps from here on, in a row, that take and make nothing
  std::int32_t need = -1;    ///< of a reader: word of the frame that it reads, -1: none
  std::int32_t release = 0;  ///< of a reader: words of the frame released once it has fired
};

/// A process' steps, one by one.
struct Steps {
  std::vector<UnrolledStep> list;
  std::int64_t ring_frame = 0;  ///< words of a frame in the ring
};
[[nodiscard]] std::vector<Steps> unroll(const Network& network);
using SharedSteps = std::shared_ptr<const std::vector<Steps>>;

}  // namespace nib::plan::stream
