// Building a network into a folder.
#include "nib/cli/network.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "nib/cli/golden_vectors.h"
#include "nib/cli/summary.h"
#include "nib/emit/emit.h"

namespace nib::cli {

namespace {

/// Multiply-accumulates of one inference.
template <class Layer>
std::int64_t macs_of(const std::vector<Layer>& layers) {
  return std::accumulate(layers.begin(), layers.end(), std::int64_t{0},
                         [](std::int64_t sum, const Layer& layer) { return sum + layer.macs; });
}

}  // namespace

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
  package.vectors = golden_vectors(network.graph, build.plan.inputs, build.plan.outputs,
                                   macs_of(build.plan.layers));
  progress.step("writing " + options.folder);
  emit::write_folder(options.folder, emit::package(package), options.force);
  console.print(options.json ? plan_json(build.plan, build.design.top, options.folder)
                             : plan_text(build.plan, build.design.top, options.folder));
  return kOk;
}

int build_streams(const Network& network, const emit::Folds& folds, const BuildOptions& options,
                  const BuildSetup& setup, const std::string& config, Progress& progress,
                  Console& console) {
  const emit::StreamBuild build =
      emit::build_streaming(network.graph, setup.target, setup.goal, folds,
                            [&](std::string_view what) { progress.step(std::string(what)); });
  progress.step("computing golden vectors");
  std::vector<plan::Word> inputs, outputs;
  for (const plan::StreamPort& port : build.plan.inputs) inputs.push_back(port.word);
  for (std::size_t k = 0; k < build.plan.outputs.size(); ++k) {
    outputs.push_back(build.plan.outputs[k].word);
    const lower::IntegerGraph& graph = build.integer_graph;
    outputs.back().tensor = graph.value(graph.outputs.at(k)).name;
  }
  const std::string model = build.plan.name + (network.zipped ? ".onnx.gz" : ".onnx");
  emit::StreamPackage package{build, model, network.bytes, config};
  package.argmax = network.argmax;
  package.input_types = network.input_types;
  package.vectors = golden_vectors(network.graph, inputs, outputs, macs_of(build.plan.layers));
  progress.step("writing " + options.folder);
  emit::write_folder(options.folder, emit::package(package), options.force);
  console.print(options.json ? stream_json(build.plan, build.design.top, options.folder)
                             : stream_text(build.plan, build.design.top, options.folder));
  return kOk;
}

}  // namespace nib::cli
