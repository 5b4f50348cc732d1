// Building a network into a folder.
#include "nib/cli/network.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nib/cli/golden_vectors.h"
#include "nib/cli/summary.h"
#include "nib/emit/emit.h"

namespace nib::cli {

int build_network(const Network& network, const BuildOptions& options, const BuildSetup& setup,
                  const std::string& config, Progress& progress, Console& console) {
  const emit::Build build =
      emit::build_unrolled(network.graph, setup.target, setup.goal,
                           [&](std::string_view what) { progress.step(std::string(what)); });
  progress.step("computing golden vectors");
  emit::Package package{build.plan, build.design};
  package.integer_graph = &build.integer_graph;
  package.model_file = build.plan.name + (network.zipped ? ".onnx.gz" : ".onnx");
  package.model_bytes = network.bytes;
  package.config_json = config;
  package.argmax = network.argmax;
  package.input_types = network.input_types;
  package.vectors = golden_vectors(network.graph, build.plan);
  progress.step("writing " + options.folder);
  emit::write_folder(options.folder, emit::package(package), options.force);
  console.print(options.json ? plan_json(build.plan, build.design.top, options.folder)
                             : plan_text(build.plan, build.design.top, options.folder));
  return kOk;
}

}  // namespace nib::cli
