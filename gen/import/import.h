// ONNX bytes -> graph. Lenient about what real files get wrong, strict about what would be a guess.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"

namespace nib::importer {

/// What the user says about a model beyond the file.
struct Options {
  /// --input-type [NAME:]TYPE; an empty name means every input without one of its own.
  std::vector<std::pair<std::string, graph::InputType>> input_types;
  bool argmax =
      false;  ///< append an ArgMax over the last axis to the output (after a removed Softmax)
  std::string name;  ///< --name; empty: from the file name
  std::uintmax_t max_file_bytes = std::uintmax_t{256} << 20;
};

/// Reads a model file (.onnx, or .onnx.gz). Errors: E01xx, E02xx, E03xx, E04xx with file and node.
[[nodiscard]] graph::Graph read_model(const std::filesystem::path& path,
                                      const Options& options = {});
/// The same from bytes; `file` names them in errors. For tests and fuzzing.
[[nodiscard]] graph::Graph parse_model(std::string_view bytes, std::string_view file,
                                       const Options& options = {});

/// A model made by Nib itself: y = x W^T + b as ONNX bytes (the source of `nib make mac-array`).
/// weights: outputs x inputs; bias: outputs or empty. All exact in float64 tensors.
[[nodiscard]] std::string mac_array_model(const Tensor<double>& weights,
                                          const std::vector<double>& bias);
/// The same for a MultiThreshold over `channels` lanes: thresholds is channels x levels.
[[nodiscard]] std::string threshold_model(const Tensor<double>& thresholds);

}  // namespace nib::importer
