// nib emulate: the golden model on a user's arrays.
#include "nib/golden/emulate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/command.h"
#include "nib/cli/values.h"
#include "nib/emit/emit.h"
#include "nib/emit/manifest.h"
#include "nib/golden/top1.h"
#include "nib/import/import.h"
#include "nib/lower/lower.h"
#include "nib/num/npy.h"
#include "nib/rtl/names.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, header, labels, name, config_file;
  std::vector<std::string> inputs, outputs, tensors, input_types;
  bool codes = false, ties = false, float32_order = false, round_input = false, argmax = false;
  bool json = false;
};

/// "NAME=FILE" or "FILE" for each output, in the graph's order; empty where none is wanted.
std::vector<std::string> output_files(const Options& options, const graph::Graph& graph) {
  std::vector<std::string> files(graph.outputs.size());
  for (const std::string& text : options.outputs) {
    const auto [name, file] = parse_named_file("--output", text);
    std::string known;
    std::string* slot = name.empty() && files.size() == 1 ? files.data() : nullptr;
    for (std::size_t k = 0; k < files.size(); ++k) {
      const std::string& candidate = graph.value(graph.outputs[k]).name;
      if (candidate == name) slot = &files[k];
      known += (k == 0 ? "" : ", ") + candidate;
    }
    if (slot == nullptr) {
      fail(ErrorCode::E808, fmt::format("--output \"{}\"; the outputs are: {}", name, known), {},
           "give --output NAME=FILE.npy, once for each");
    }
    if (!slot->empty()) fail(ErrorCode::E803, "--output " + text + ": the output is given twice");
    *slot = file;
  }
  return files;
}

golden::PortWords words_of(const lower::Value& value) {
  golden::PortWords words;
  for (std::int64_t e = 0; e < value.elements(); ++e) {
    words.scale.push_back(value.scale_of(e));
    words.offset.push_back(value.offset_of(e));
    words.range.push_back(value.range_of(e));
    words.bits = std::max(words.bits, bits_for(value.range_of(e)));
  }
  return words;
}

/// Rows of the first output that answer the label; --labels only.
std::optional<std::int64_t> hits(const Options& options, const golden::EmulateResult& result) {
  if (options.labels.empty()) return {};
  return with_file(options.labels, [&] {
    return golden::top1_hits(to_reals(parse_npy(result.outputs.at(0))),
                             to_integers(read_npy(options.labels)));
  });
}

Json facts(const Options& options, const golden::EmulateResult& result) {
  Json j{{"rows", result.rows}, {"rounded_inputs", result.rounded_inputs}};
  if (const auto right = hits(options, result)) j["labels_hit"] = *right;
  if (options.ties) j["ties"] = Json::array();
  for (const golden::Tie& tie : result.ties) {
    if (!options.ties) break;
    j["ties"].push_back({{"quantiser", tie.name},
                         {"distance", tie.distance},
                         {"exact_ties", tie.exact_ties},
                         {"decided_exactly", tie.decided_exactly}});
  }
  if (options.float32_order) j["float32_differences"] = Json::array();
  for (const golden::Float32Difference& d : result.differences) {
    j["float32_differences"].push_back({{"tensor", d.tensor},
                                        {"row", d.row},
                                        {"element", d.element},
                                        {"exact", d.exact},
                                        {"float32", d.float32},
                                        {"tie_distance", d.tie_distance}});
  }
  return j;
}

std::string as_text(const Options& options, const golden::EmulateResult& result) {
  std::string text = fmt::format("{} rows\n", result.rows);
  if (result.rounded_inputs > 0) {
    text += fmt::format("{} input values were rounded to their type\n", result.rounded_inputs);
  }
  if (const auto right = hits(options, result)) {
    text += fmt::format("{} rows answer the label: {:.2f} %\n", *right,
                        100.0 * static_cast<double>(*right) /
                            static_cast<double>(std::max<std::int64_t>(1, result.rows)));
  }
  if (options.ties) text += golden::ties_text(result.ties);
  if (options.float32_order) text += golden::differences_text(result.differences);
  return text;
}

graph::Graph read_graph(const Options& options) {
  if (!options.name.empty()) check_name("--name", options.name);
  importer::Options import;
  import.name = options.name;
  import.argmax = options.argmax;
  import.input_types = parse_input_types(options.input_types);
  return importer::read_model(options.model, import);
}

golden::EmulateRequest request_of(const Options& options,
                                  const std::optional<lower::IntegerGraph>& integers) {
  golden::EmulateRequest request;
  for (const std::string& text : options.inputs) {
    const auto [name, file] = parse_named_file("--input", text);
    request.inputs.push_back(golden::read_named_array(name, file));
  }
  for (const std::string& text : options.tensors) {
    request.tensors.push_back(parse_named_file("--tensor", text).first);
  }
  request.options = {options.float32_order, options.round_input};
  if (options.codes) {
    for (const lower::ValueId id : integers->inputs) {
      request.input_words.push_back(words_of(integers->value(id)));
    }
    for (const lower::ValueId id : integers->outputs) {
      request.output_words.push_back(words_of(integers->value(id)));
      if (integers->value(id).is_graph_tensor) {
        request.output_words.back().tensor = integers->value(id).name;
      }
    }
  }
  return request;
}

/// Errors of an only input's values name its file.
golden::EmulateResult emulated(const graph::Graph& graph, const golden::EmulateRequest& request) {
  try {
    return golden::emulate(graph, request);
  } catch (Error& error) {
    const bool of_values = error.code() == ErrorCode::E105 || error.code() == ErrorCode::E106 ||
                           error.code() == ErrorCode::E107;
    if (of_values && request.inputs.size() == 1) error.set_file(request.inputs[0].file);
    throw;
  }
}

int evaluate(const Options& options, const graph::Graph& graph,
             const std::optional<lower::IntegerGraph>& integers, Progress& progress,
             Console& console) {
  const std::vector<std::string> files = output_files(options, graph);
  const golden::EmulateRequest request = request_of(options, integers);
  progress.step("evaluating");
  const golden::EmulateResult result = emulated(graph, request);
  for (std::size_t k = 0; k < files.size(); ++k) {
    if (!files[k].empty()) write_file(files[k], result.outputs.at(k));
  }
  for (std::size_t k = 0; k < options.tensors.size(); ++k) {
    const auto [name, file] = parse_named_file("--tensor", options.tensors[k]);
    write_file(file, result.tensors.at(k));
  }
  console.print(
      options.json
          ? emit::pretty_json(
                facts(options, result).dump(-1, ' ', false, Json::error_handler_t::replace))
          : as_text(options, result));
  return kOk;
}

/// No result may take the place of another, or of what is read.
void check_files(const Options& options) {
  std::vector<std::string> results{options.header};
  std::vector<std::string> sources{options.model, options.labels, options.config_file};
  const auto file = [](const char* option, const std::string& text) {
    return parse_named_file(option, text).second;
  };
  for (const std::string& text : options.outputs) results.push_back(file("--output", text));
  for (const std::string& text : options.tensors) results.push_back(file("--tensor", text));
  for (const std::string& text : options.inputs) sources.push_back(file("--input", text));
  check_distinct(results, sources);
}

int run(const Options& options, Console& console) {
  const bool arrays =
      !options.outputs.empty() || !options.tensors.empty() || !options.labels.empty();
  if (!arrays && options.header.empty()) {
    fail(ErrorCode::E801, "nothing to do: give --output, --tensor, --labels or --header", {},
         "see nib emulate --help");
  }
  if (!options.labels.empty() && options.codes) {
    fail(ErrorCode::E803, "--labels compares values, --codes gives integers of unlike scales");
  }
  check_files(options);
  Progress progress(3);
  progress.step("reading " + options.model);
  const graph::Graph graph = read_graph(options);
  std::optional<lower::IntegerGraph> integers;
  progress.step("lowering to integers");
  if (options.codes || !options.header.empty()) integers = lower::lower(graph);
  if (!options.header.empty()) {
    write_file(options.header,
               emit::emulator_header(*integers, rtl::legal_name(integers->name, "net", 32)));
  }
  if (!arrays) return kOk;
  return evaluate(options, graph, integers, progress, console);
}

void add_files(CLI::App& command, Options& options) {
  command
      .add_option("--input", options.inputs, "Values, batch first, as [NAME=]X.npy; once per input")
      ->type_name("X.npy")
      ->allow_extra_args(false);
  command
      .add_option("--output", options.outputs,
                  "Where outputs go (float64), as [NAME=]Y.npy; once per output")
      ->type_name("Y.npy")
      ->allow_extra_args(false);
  command.add_option("--tensor", options.tensors, "Also write an inner tensor; repeatable")
      ->type_name("NAME=FILE.npy")
      ->allow_extra_args(false);
  command
      .add_option("--labels", options.labels,
                  "Tell how many rows have their largest output at the label")
      ->type_name("L.npy");
  command
      .add_option("--header", options.header,
                  "Write the bit-exact C++17 emulator of the network: integers only")
      ->type_name("FILE");
}

}  // namespace

void add_emulate(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("emulate", "Evaluate a model exactly on .npy arrays");
  command->add_option("MODEL", options->model, "Model: .onnx or .onnx.gz")->required();
  add_files(*command, *options);
  command
      ->add_option("--input-type", options->input_types,
                   "Type of an input, as [NAME:]s16.10; repeatable")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command->add_flag("--codes", options->codes,
                    "Inputs and outputs are the integers of the ports (int64)");
  command->add_flag("--round-input", options->round_input,
                    "Round input values that the input type cannot represent");
  command->add_flag("--argmax", options->argmax, "Output the index of the largest element");
  command->add_flag("--ties", options->ties,
                    "Tell how close each quantiser came to a rounding tie");
  command->add_flag("--float32-order", options->float32_order,
                    "Also run in float32 and list what differs");
  command->add_option("--name", options->name, "Name in the emulator header")->type_name("ID");
  command->add_option("--config", options->config_file, "JSON file of options; typed ones win")
      ->type_name("FILE.json");
  command->add_flag("--json", options->json, "Print the facts as JSON");
  command->footer(
      "Examples:\n"
      "  nib emulate jets.onnx --input x.npy --output y.npy\n"
      "  nib emulate jets.onnx --input x.npy --output y.npy --input-type s16.10 --ties\n"
      "  nib emulate digits.onnx --input x.npy --labels y.npy\n"
      "  nib emulate cnv.onnx --header nib_cnv.h --input-type u8.8");
  command->callback([options, &action] {
    action = [options](Console& console) { return run(*options, console); };
  });
}

}  // namespace nib::cli
