// nib build: a network into a folder of RTL.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/fold_file.h"
#include "nib/cli/network.h"
#include "nib/cli/values.h"
#include "nib/import/import.h"

namespace nib::cli {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> input_types;
  bool argmax = false;
  BuildOptions build;
};

constexpr int kSteps = 6;

/// True where nothing but the size of the network decides the style.
bool may_stream(const BuildOptions& build) {
  return build.style == "auto" && build.latency.empty() && build.wrap == "none" && !build.reset &&
         !build.input_register && !build.output_register && build.extra_registers.empty();
}

int run(const Options& options, Console& console) {
  const BuildSetup setup = check_build_options(options.build);
  const bool wants_streams = options.build.style == "streaming" || !options.build.plan_file.empty();
  emit::Folds folds{{}, setup.fold_goal};
  if (!options.build.plan_file.empty()) folds.given = read_folds(options.build.plan_file);
  check_apart(options.build.folder, options.model);
  Network network;
  network.input_types = parse_input_types(options.input_types);
  network.argmax = options.argmax;
  Progress progress(kSteps);
  progress.step("reading " + options.model);
  importer::Options import;
  import.input_types = network.input_types;
  import.argmax = options.argmax;
  import.name = options.build.name;
  network.bytes = read_file(options.model, import.max_file_bytes);
  network.zipped = options.model.ends_with(".gz");
  network.graph = importer::read_model(options.model, import);
  if (network.graph.sha256 != sha256(network.bytes)) {
    fail(ErrorCode::E101, options.model + " has changed while it was read");
  }
  const auto config = [&](const char* style) {
    nlohmann::ordered_json more{{"style", style}, {"argmax", options.argmax}};
    more["input-type"] = options.input_types;
    more["extra-register"] = options.build.extra_registers;
    if (!options.build.plan_file.empty()) more["plan"] = options.build.plan_file;
    if (std::string_view(style) == "streaming" && options.build.plan_file.empty()) {
      more["objective"] = options.build.objective;
      more["budget"] = options.build.budgets;
    }
    return effective_config(options.build, setup, more.dump());
  };
  const auto streams = [&] {
    return build_streams(network, folds, options.build, setup, config("streaming"), progress,
                         console);
  };
  if (wants_streams) return streams();
  // The ports of a pipeline hold whole tensors.
  const bool narrow = std::any_of(options.build.budgets.begin(), options.build.budgets.end(),
                                  [](const auto& b) { return b.starts_with("port-bits"); });
  if (narrow && may_stream(options.build)) return streams();
  const bool may_fold = may_stream(options.build);
  BuildSetup unrolled = setup;
  if (may_fold) {
    const bool budget = !options.build.budgets.empty();
    unrolled.goal.most_luts = setup.target.lut * (budget ? setup.fold_goal.luts : 1.0);
  }
  try {
    return build_network(network, options.build, unrolled, config("unrolled"), progress, console);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::E702 || !may_fold) throw;
    progress.note("too large for one pipeline: " + error.detail() + "; streaming");
  }
  return streams();
}

}  // namespace

void add_build(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("build", "Build a network: ONNX in, a folder of RTL out");
  command->add_option("MODEL", options->model, "Model: .onnx or .onnx.gz")->required();
  command
      ->add_option("--input-type", options->input_types,
                   "Type of an input, as [NAME:]s16.10; repeatable")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command->add_flag("--argmax", options->argmax, "Output the index of the largest element");
  add_build_options(*command, options->build, true);
  command->footer(
      "Examples:\n"
      "  nib build jets.onnx -o jets --input-type s16.10\n"
      "  nib build jets.onnx -o jets --clock-mhz 360 --argmax\n"
      "  nib build jets.onnx -o jets --latency 5 --target xc7a100t-1 --wrap axis\n"
      "  nib build kws.onnx -o kws --style streaming --board arty-a7-100t\n"
      "  nib build kws.onnx -o kws --board pynq-z2 --objective interval --budget lut=20000\n"
      "  nib build kws.onnx -o kws --plan kws/plan.json --force");
  command->callback([options, &action] {
    action = [options](Console& console) { return run(*options, console); };
  });
}

}  // namespace nib::cli
