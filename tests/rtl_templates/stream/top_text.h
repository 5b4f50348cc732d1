// One SystemVerilog top for many random designs, with a monitor on every stream.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "random_design.h"

namespace nib::test {

/// Where the streams of the designs stand in the ports of the top. Streams, sources and sinks are
/// numbered through all designs; data starts at whole 32-bit words.
struct Layout {
  struct Place {
    std::size_t index = 0;  ///< bit of valid and ready
    std::size_t word = 0;   ///< first 32-bit word of the data
    int bits = 0;
  };
  std::vector<std::vector<Place>> streams;  ///< by design and channel; rings have no bits
  std::vector<std::vector<Place>> sources;  ///< by design and source
  std::vector<std::vector<std::size_t>> sinks;
  std::size_t stream_count = 0, stream_words = 0, source_count = 0, source_words = 0,
              sink_count = 0;
};
[[nodiscard]] Layout layout(const std::vector<RandomDesign>& designs);

/// Module `top`: clk_i, rst_i (a bit for each design), source_valid_i, source_data_i, sink_ready_i,
/// and valid_o, ready_o, data_o of all streams.
/// Every other large table is a file in `folder`.
[[nodiscard]] std::string top_text(const std::vector<RandomDesign>& designs, const std::string& top,
                                   const std::string& folder);

}  // namespace nib::test
