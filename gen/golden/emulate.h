// What `nib emulate` does: arrays in, exact results and a report of ties out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nib/golden/golden.h"
#include "nib/graph/graph.h"
#include "nib/num/npy.h"

namespace nib::golden {

/// An array for one input of the graph.
struct NamedArray {
  std::string name;  ///< may be empty where the graph has one input
  NpyArray array;
  std::string file;  ///< for messages; may be empty
};

/// The words of a port: value = scale * code + offset, with 1 entry or one per element of a row.
struct PortWords {
  std::vector<Rational> scale, offset;
  int bits = 64;  ///< of the widest code: over 64, arrays of them hold decimal text
  /// Outputs: the graph tensor whose value the port carries; empty: the output itself.
  std::string tensor{};
  std::vector<Range> range{};  ///< of each element's codes; empty: any
};

struct EmulateRequest {
  std::vector<NamedArray> inputs;
  std::vector<std::string> tensors;  ///< names of further tensors wanted
  /// With these, input arrays hold integers of the ports: one entry per graph input.
  std::vector<PortWords> input_words;
  /// With these, output arrays are integers: one entry per graph output.
  std::vector<PortWords> output_words;
  Options options;
};

struct EmulateResult {
  std::int64_t rows = 0;
  /// Contents of .npy files, batch first: one per graph output ('<f8', with words npy_bytes' form
  /// of their width), one per
  /// wanted tensor ('<f8').
  std::vector<std::string> outputs, tensors;
  std::vector<Tie> ties;
  std::vector<Float32Difference> differences;
  std::uint64_t rounded_inputs = 0;
};

/// Reads one input file. Errors: E0101, E0104.
[[nodiscard]] NamedArray read_named_array(std::string name, const std::filesystem::path& file);

/// Runs all rows. Errors: E0104 .. E0107 with the file, E0216 an unknown, missing or repeated
/// input, E0218 an unknown tensor, and those of Evaluator.
[[nodiscard]] EmulateResult emulate(const graph::Graph& graph, const EmulateRequest& request);

/// One line per quantiser: its nearest approach to a tie, exact ties, decisions by rationals.
[[nodiscard]] std::string ties_text(const std::vector<Tie>& ties);
/// One line per difference, at most `most` of them, then how many there are in all.
[[nodiscard]] std::string differences_text(const std::vector<Float32Difference>& differences,
                                           std::size_t most = 100);

}  // namespace nib::golden
