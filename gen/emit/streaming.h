// Files of a streaming build.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nib/emit/emit.h"
#include "nib/plan/stream_plan.h"
#include "nib/plan/stream_planner.h"

namespace nib::emit {

/// A streaming design with what it was made from.
struct StreamBuild {
  lower::IntegerGraph integer_graph;
  plan::StreamPlan plan;
  map::Design design;
};
/// The folds of a streaming design: given, or searched for (plan::choose_folding) as `wish` says.
struct Folds {
  std::optional<plan::Folding> given = {};
  plan::FoldGoal wish = {};
};
/// Builds `graph` as streams. `step` is told what begins. Errors E05xx, E07xx.
[[nodiscard]] StreamBuild build_streaming(const graph::Graph& graph, const arith::Target& target,
                                          const plan::Goal& goal, const Folds& folds,
                                          const std::function<void(std::string_view)>& step = {});

/// What a streaming build writes besides what `build.design` holds already; as Package.
struct StreamPackage {
  const StreamBuild& build;
  std::string model_file, model_bytes, config_json;
  bool argmax = false;
  std::vector<std::pair<std::string, graph::InputType>> input_types = {};
  std::optional<Vectors> vectors = {};  ///< rows x elements, in C order
};
/// All files of the build folder.
[[nodiscard]] Files package(const StreamPackage& what);

/// manifest.json of a streaming build.
[[nodiscard]] std::string manifest(const StreamPackage& what);
/// plan.json: the folds as --plan reads them.
[[nodiscard]] std::string plan_file(const plan::StreamPlan& plan);
/// sim/: vectors as .npy and .mem, a SystemVerilog bench of the AXI4-Stream ends, its Makefile.
[[nodiscard]] Files stream_bench(const StreamPackage& what);

}  // namespace nib::emit
