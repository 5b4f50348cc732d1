// Building a network into a folder: what `nib build` and the generators that are networks share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nib/cli/command.h"
#include "nib/emit/build.h"
#include "nib/emit/streaming.h"
#include "nib/graph/graph.h"

namespace nib::cli {

/// A graph with the bytes that it was read from and how.
struct Network {
  graph::Graph graph;
  std::string bytes;
  bool zipped = false;  ///< bytes are .onnx.gz
  bool argmax = false;
  std::vector<std::pair<std::string, graph::InputType>> input_types;
};

/// Builds one unrolled pipeline and writes the folder, then prints the facts. `config`:
/// effective_config().
int build_network(const Network& network, const BuildOptions& options, const BuildSetup& setup,
                  const std::string& config, Progress& progress, Console& console);
/// The same for streams.
int build_streams(const Network& network, const emit::Folds& folds, const BuildOptions& options,
                  const BuildSetup& setup, const std::string& config, Progress& progress,
                  Console& console);

}  // namespace nib::cli
