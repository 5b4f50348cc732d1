// Streaming designs seen from inside: the handshakes of every stream, the words of some.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nib/sim/stream_run.h"

namespace nib::sim {

/// A bench whose top leads the design's streams out.
struct ProbedDut {
  Dut dut;
  std::vector<int> seen;  ///< streams whose valid and ready are monitored, in order of the bits
  std::vector<int> data;  ///< streams whose words are
  std::vector<int> data_piece;  ///< first piece of each in the monitors
};

/// Writes the top to `wrapper`. `data`: streams whose words are led out as well.
[[nodiscard]] ProbedDut probed_stream_dut(const std::filesystem::path& folder,
                                          const Manifest& manifest,
                                          const std::filesystem::path& wrapper,
                                          const std::vector<int>& data);

/// Valid (bit 0) and ready (bit 1) of stream `seen[k]`.
[[nodiscard]] unsigned handshake(const ProbedDut& probed, const StreamLog& log, std::int64_t t,
                                 std::size_t k);

/// Runs `vector` alone and says in words which tensor goes wrong first.
[[nodiscard]] std::string locate_in_streams(const std::filesystem::path& folder,
                                            const Manifest& manifest, Oracle& oracle,
                                            const Vectors& vectors, std::int64_t vector,
                                            int threads);

}  // namespace nib::sim
