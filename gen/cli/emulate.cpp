// nib emulate: the golden model on a user's arrays.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/command.h"
#include "nib/cli/values.h"
#include "nib/emit/emit.h"
#include "nib/emit/manifest.h"
#include "nib/golden/golden.h"
#include "nib/import/import.h"
#include "nib/lower/lower.h"
#include "nib/num/npy.h"
#include "nib/rtl/names.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, header, name, config_file;
  std::vector<std::string> inputs, outputs, tensors, input_types;
  bool codes = false, ties = false, float32_order = false, round_input = false, argmax = false;
  bool json = false;
};

/// A tensor to be written, and where.
struct Wanted {
  graph::ValueId value;
  std::string file;
};

/// Index of the tensor that `name` means among `ids`; an empty name means the only one.
std::size_t index_of(const graph::Graph& graph, const std::vector<graph::ValueId>& ids,
                     const std::string& name, const char* option) {
  if (name.empty() && ids.size() == 1) return 0;
  std::string known;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const std::string& candidate = graph.value(ids[k]).name;
    if (candidate == name) return k;
    known += (k == 0 ? "" : ", ") + candidate;
  }
  fail(ErrorCode::E808, fmt::format("{} \"{}\"; there are: {}", option, name, known), {},
       fmt::format("give {} NAME=FILE.npy, once for each", option));
}

std::vector<graph::ValueId> input_ids(const graph::Graph& graph) {
  std::vector<graph::ValueId> ids;
  for (const graph::GraphInput& input : graph.inputs) ids.push_back(input.value);
  return ids;
}

/// Real values of port codes: scale * code + offset, per element.
Tensor<double> values_of(const Tensor<std::int64_t>& codes, const lower::Value& value,
                         const std::string& name) {
  const std::int64_t elements = value.elements();
  if (elements == 0 || codes.size() % elements != 0) {
    fail(ErrorCode::E105,
         fmt::format("{} codes for {} of shape {}", codes.size(), name, to_string(value.shape)));
  }
  Tensor<double> values(codes.shape);
  for (std::int64_t k = 0; k < codes.size(); ++k) {
    const std::int64_t e = k % elements;
    if (!value.range_of(e).contains(codes[k])) {
      fail(ErrorCode::E105, fmt::format("code {} at {}[{}], the port holds {}", codes[k], name, k,
                                        to_string(value.range_of(e))));
    }
    values[k] = to_double(value.scale_of(e) * to_rational(codes[k]) + value.offset_of(e));
  }
  return values;
}

std::vector<Tensor<double>> read_inputs(const Options& options, const graph::Graph& graph,
                                        const std::optional<lower::IntegerGraph>& integers) {
  const std::vector<graph::ValueId> ids = input_ids(graph);
  std::vector<std::string> files(ids.size());
  for (const std::string& text : options.inputs) {
    const auto [name, file] = parse_named_file("--input", text);
    std::string& slot = files[index_of(graph, ids, name, "--input")];
    if (!slot.empty()) fail(ErrorCode::E803, "--input " + text + ": the input is given twice");
    slot = file;
  }
  std::vector<Tensor<double>> values;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const std::string& name = graph.value(ids[k]).name;
    if (files[k].empty()) fail(ErrorCode::E801, "--input is missing for " + name);
    try {
      const NpyArray array = read_npy(files[k]);
      values.push_back(
          integers.has_value()
              ? values_of(to_integers(array), integers->value(integers->inputs.at(k)), name)
              : to_reals(array));
    } catch (Error& error) {
      error.set_file(files[k]);
      throw;
    }
  }
  return values;
}

std::vector<Wanted> wanted_tensors(const Options& options, const graph::Graph& graph) {
  std::vector<Wanted> wanted;
  for (const std::string& text : options.outputs) {
    const auto [name, file] = parse_named_file("--output", text);
    wanted.push_back({graph.outputs[index_of(graph, graph.outputs, name, "--output")], file});
  }
  for (const std::string& text : options.tensors) {
    const auto [name, file] = parse_named_file("--tensor", text);
    const graph::ValueId id = graph.find(name);
    if (id == graph::kNone) {
      fail(ErrorCode::E808, fmt::format("--tensor \"{}\"", name), {},
           "nib inspect MODEL --json lists the nodes; a tensor keeps its name of the file");
    }
    wanted.push_back({id, file});
  }
  return wanted;
}

/// The codes of an output on its port's grid.
Tensor<std::int64_t> codes_of(const golden::Reals& reals, const lower::Value& value) {
  std::vector<Rational> scale, offset;
  for (std::int64_t e = 0; e < value.elements(); ++e) {
    scale.push_back(value.scale_of(e));
    offset.push_back(value.offset_of(e));
  }
  std::int64_t bad = -1;
  const auto codes = golden::codes_of(reals, scale, offset, bad);
  NIB_CHECK(codes.has_value(), fmt::format("value {} of {} is off its grid", bad, value.name));
  return {reals.value.shape, *codes};
}

void write_results(const Options& options, const graph::Graph& graph,
                   const std::optional<lower::IntegerGraph>& integers,
                   const std::vector<Wanted>& wanted, const std::vector<golden::Reals>& reals) {
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const auto output = std::find(graph.outputs.begin(), graph.outputs.end(), wanted[k].value);
    const bool as_codes = options.codes && k < options.outputs.size();
    if (!as_codes) {
      write_file(wanted[k].file, npy_bytes(reals[k].value));
      continue;
    }
    const auto index = static_cast<std::size_t>(output - graph.outputs.begin());
    write_file(wanted[k].file,
               npy_bytes(codes_of(reals[k], integers->value(integers->outputs.at(index)))));
  }
}

Json facts(const Options& options, const golden::Evaluator& evaluator, std::int64_t rows) {
  Json j{{"rows", rows}, {"rounded_inputs", evaluator.rounded_inputs()}};
  if (options.ties) {
    j["ties"] = Json::array();
    for (const golden::Tie& tie : evaluator.ties()) {
      j["ties"].push_back({{"quantiser", tie.name},
                           {"distance", tie.distance},
                           {"exact_ties", tie.exact_ties},
                           {"decided_exactly", tie.decided_exactly}});
    }
  }
  if (options.float32_order) {
    j["float32_differences"] = Json::array();
    for (const golden::Float32Difference& d : evaluator.float32_differences()) {
      j["float32_differences"].push_back({{"tensor", d.tensor},
                                          {"row", d.row},
                                          {"element", d.element},
                                          {"exact", d.exact},
                                          {"float32", d.float32},
                                          {"tie_distance", d.tie_distance}});
    }
  }
  return j;
}

std::string as_text(const Json& facts) {
  constexpr std::size_t kMostDifferences = 20;
  std::string text = fmt::format("{} rows\n", facts["rows"].get<std::int64_t>());
  const auto rounded = facts["rounded_inputs"].get<std::uint64_t>();
  if (rounded > 0) text += fmt::format("{} input values were rounded to their type\n", rounded);
  if (facts.contains("ties")) {
    text += "smallest distance to a rounding tie, in steps of the quantiser:\n";
    for (const Json& tie : facts["ties"]) {
      text += fmt::format("  {:<40} {:.3g}  ({} exact ties, {} decided by exact arithmetic)\n",
                          tie["quantiser"].get<std::string>(), tie["distance"].get<double>(),
                          tie["exact_ties"].get<std::uint64_t>(),
                          tie["decided_exactly"].get<std::uint64_t>());
    }
  }
  if (facts.contains("float32_differences")) {
    const Json& list = facts["float32_differences"];
    text += fmt::format("{} values differ in float32 order\n", list.size());
    for (std::size_t k = 0; k < std::min(list.size(), kMostDifferences); ++k) {
      text += fmt::format("  {}[row {}, element {}]: exact {}, float32 {}, tie distance {:.3g}\n",
                          list[k]["tensor"].get<std::string>(), list[k]["row"].get<std::int64_t>(),
                          list[k]["element"].get<std::int64_t>(), list[k]["exact"].get<double>(),
                          list[k]["float32"].get<double>(), list[k]["tie_distance"].get<double>());
    }
    if (list.size() > kMostDifferences) text += "  ... (--json lists them all)\n";
  }
  return text;
}

int run(const Options& options, Console& console) {
  if (options.outputs.empty() && options.tensors.empty() && options.header.empty()) {
    fail(ErrorCode::E801, "nothing to write: give --output, --tensor or --header", {},
         "see nib emulate --help");
  }
  if (!options.name.empty()) check_name("--name", options.name);
  importer::Options import;
  import.name = options.name;
  import.argmax = options.argmax;
  for (const std::string& text : options.input_types) {
    import.input_types.push_back(parse_input_type(text));
  }
  Progress progress(3);
  progress.step("reading " + options.model);
  const graph::Graph graph = importer::read_model(options.model, import);
  std::optional<lower::IntegerGraph> integers;
  progress.step("lowering to integers");
  if (options.codes || !options.header.empty()) integers = lower::lower(graph);
  if (!options.header.empty()) {
    write_file(options.header,
               emit::emulator_header(*integers, rtl::legal_name(integers->name, "net", 32)));
  }
  if (options.outputs.empty() && options.tensors.empty()) return kOk;
  if (!options.codes) integers.reset();
  const std::vector<Wanted> wanted = wanted_tensors(options, graph);
  const std::vector<Tensor<double>> inputs = read_inputs(options, graph, integers);
  progress.step("evaluating");
  // Port codes of an odd scale have no exact double: the port's own rounding gives them back.
  golden::Evaluator evaluator(graph, {options.float32_order, options.round_input || options.codes});
  std::vector<graph::ValueId> keep;
  for (const Wanted& w : wanted) keep.push_back(w.value);
  const std::vector<golden::Reals> reals = evaluator.run(inputs, keep);
  write_results(options, graph, integers, wanted, reals);
  const std::int64_t elements = element_count(graph.value(graph.inputs.at(0).value).shape);
  Json found = facts(options, evaluator, elements == 0 ? 0 : inputs.at(0).size() / elements);
  if (options.codes) found["rounded_inputs"] = 0;
  const std::string text = found.dump(-1, ' ', false, Json::error_handler_t::replace);
  console.print(options.json ? emit::pretty_json(text) : as_text(Json::parse(text)));
  return kOk;
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
      "  nib emulate cnv.onnx --header nib_cnv.h --input-type u8.8");
  command->callback([options, &action] {
    action = [options](Console& console) { return run(*options, console); };
  });
}

}  // namespace nib::cli
