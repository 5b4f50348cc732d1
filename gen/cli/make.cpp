// nib make: one generator by itself, no network.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/matrix.h"
#include "nib/cli/network.h"
#include "nib/cli/summary.h"
#include "nib/cli/values.h"
#include "nib/emit/emit.h"
#include "nib/import/import.h"
#include "nib/map/generators.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSteps = 5;

/// Builds a one-layer network that nib itself writes as ONNX, so that verify judges it like any
/// other.
int build_model(std::string bytes, graph::InputType input, const BuildOptions& options,
                const BuildSetup& setup, const Json& more, Console& console) {
  Progress progress(kSteps);
  Network network;
  network.bytes = std::move(bytes);
  network.input_types = {{"", std::move(input)}};
  importer::Options import;
  import.input_types = network.input_types;
  import.name = options.name;
  network.graph = importer::parse_model(network.bytes, options.name + ".onnx", import);
  return build_network(network, options, setup, effective_config(options, setup, more.dump()),
                       progress, console);
}

/// The smallest type of scale 1 that holds all ranges.
graph::InputType type_of(std::vector<Range> ranges) {
  Range all = ranges.front();
  for (const Range& range : ranges) all = hull(all, range);
  const PortType type{is_signed(all), std::max(bits_for(all), 1), 1};
  return {type, std::move(ranges)};
}

struct MacOptions {
  std::string weights, input, ranges, bias;
  BuildOptions build;
};

graph::InputType mac_input(const MacOptions& options, const Matrix& matrix) {
  if (!options.input.empty() && !options.ranges.empty()) {
    fail(ErrorCode::E803, "--input and --input-ranges");
  }
  if (!options.input.empty()) return {parse_type("--input", options.input), {}};
  const std::int64_t inputs = matrix.weights.shape[1];
  if (!options.ranges.empty()) return type_of(read_ranges(options.ranges, inputs));
  if (!matrix.ranges.empty()) return type_of(matrix.ranges);
  fail(ErrorCode::E801, "--input or --input-ranges is required: the matrix states no ranges");
}

int run_mac_array(MacOptions options, Console& console) {
  if (options.build.name.empty()) options.build.name = "mac_array";
  const BuildSetup setup = check_build_options(options.build);
  check_apart(options.build.folder, options.weights);
  const Matrix matrix = read_matrix(options.weights);
  graph::InputType input = mac_input(options, matrix);
  std::vector<double> bias;
  if (!options.bias.empty()) bias = read_bias(options.bias, matrix.weights.shape[0]);
  Json more{{"generator", "mac-array"}};
  if (!options.input.empty()) more["input"] = options.input;
  return build_model(importer::mac_array_model(matrix.weights, bias), std::move(input),
                     options.build, setup, more, console);
}

struct ThresholdOptions {
  std::string thresholds, input;
  BuildOptions build;
};

int run_threshold_unit(ThresholdOptions options, Console& console) {
  if (options.build.name.empty()) options.build.name = "threshold_unit";
  const BuildSetup setup = check_build_options(options.build);
  const graph::InputType input{parse_type("--input", options.input), {}};
  check_apart(options.build.folder, options.thresholds);
  const Tensor<double> table = read_table(options.thresholds, "thresholds (channels x levels)");
  const Json more{{"generator", "threshold-unit"}, {"input", options.input}};
  return build_model(importer::threshold_model(table), input, options.build, setup, more, console);
}

struct FifoOptions {
  std::string width, depth;
  BuildOptions build;
};

int run_stream_fifo(FifoOptions options, Console& console) {
  constexpr std::int64_t kMostWidth = 4096, kMostDepth = std::int64_t{1} << 20;
  if (options.build.name.empty()) options.build.name = "stream_fifo";
  const BuildSetup setup = check_build_options(options.build);
  const int width = static_cast<int>(parse_whole("--width", options.width, 1, kMostWidth));
  const int depth = static_cast<int>(parse_whole("--depth", options.depth, 1, kMostDepth));
  Progress progress(2);
  progress.step("writing RTL");
  const Block fifo = stream_fifo(width, depth, {options.build.name, setup.target.name, setup.goal});
  progress.step("writing " + options.build.folder);
  const Json more{{"generator", "stream-fifo"}, {"width", width}, {"depth", depth}};
  const std::string config = effective_config(options.build, setup, more.dump());
  emit::write_folder(options.build.folder, emit::package_stream_fifo(fifo, width, depth, config),
                     options.build.force);
  console.print(options.build.json ? fifo_json(fifo, options.build.folder)
                                   : fifo_text(fifo, options.build.folder));
  return kOk;
}

void add_mac_array(CLI::App& make, Action& action) {
  auto options = std::make_shared<MacOptions>();
  CLI::App* command = make.add_subcommand("mac-array", "y = W x + b for constant W");
  command
      ->add_option("--weights", options->weights,
                   "W: .npy (outputs x inputs; integers or dyadic reals) or text (\"rows columns\","
                   " a row per input)")
      ->type_name("W.npy")
      ->required();
  command->add_option("--input", options->input, "Type of every input, as s8.0")->type_name("TYPE");
  command
      ->add_option("--input-ranges", options->ranges,
                   "Instead: .npy, inputs x 2, smallest and largest code")
      ->type_name("R.npy");
  command->add_option("--bias", options->bias, "b: .npy, one per output")->type_name("B.npy");
  add_build_options(*command, options->build, false);
  command->footer(
      "Examples:\n"
      "  nib make mac-array --weights w.npy --input s8.0 -o mac\n"
      "  nib make mac-array --weights w.npy --input-ranges r.npy --bias b.npy -o mac --latency 2");
  command->callback([options, &action] {
    action = [options](Console& console) { return run_mac_array(*options, console); };
  });
}

void add_threshold_unit(CLI::App& make, Action& action) {
  auto options = std::make_shared<ThresholdOptions>();
  CLI::App* command =
      make.add_subcommand("threshold-unit", "y[c] = number of thresholds T[c] that x[c] reaches");
  command->add_option("--thresholds", options->thresholds, "T: .npy (channels x levels)")
      ->type_name("T.npy")
      ->required();
  command->add_option("--input", options->input, "Type of every input, as s12.0")
      ->type_name("TYPE")
      ->required();
  add_build_options(*command, options->build, false);
  command->footer(
      "Example:\n"
      "  nib make threshold-unit --thresholds t.npy --input s12.0 -o thresholds");
  command->callback([options, &action] {
    action = [options](Console& console) { return run_threshold_unit(*options, console); };
  });
}

void add_stream_fifo(CLI::App& make, Action& action) {
  auto options = std::make_shared<FifoOptions>();
  CLI::App* command = make.add_subcommand("stream-fifo", "A FIFO with valid and ready");
  command->add_option("--width", options->width, "Bits of a word")->type_name("N")->required();
  command->add_option("--depth", options->depth, "Words")->type_name("N")->required();
  add_build_options(*command, options->build, false);
  command->footer(
      "Example:\n"
      "  nib make stream-fifo --width 32 --depth 64 -o fifo");
  command->callback([options, &action] {
    action = [options](Console& console) { return run_stream_fifo(*options, console); };
  });
}

}  // namespace

void add_make(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("make", "Build one generator by itself, no network");
  command->require_subcommand(1);
  command->footer("See also: nib make mac-array --help, and so on.");
  add_mac_array(*command, action);
  add_threshold_unit(*command, action);
  add_stream_fifo(*command, action);
}

}  // namespace nib::cli
