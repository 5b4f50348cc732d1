// nib inspect: what was read, and what stops it from being built.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "nib/base/error.h"
#include "nib/cli/command.h"
#include "nib/cli/values.h"
#include "nib/emit/manifest.h"
#include "nib/emit/manifest_json.h"
#include "nib/import/import.h"
#include "nib/lower/lower.h"
#include "nib/plan/plan.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model, target = kDefaultTarget, config_file;
  std::vector<std::string> input_types;
  bool argmax = false, json = false;
};

/// What was found: the graph, as far as it goes the integer graph, and the obstacles.
struct Findings {
  graph::Graph graph;
  std::optional<lower::IntegerGraph> integers;
  std::vector<Error> obstacles;
};

struct KindName {
  const char* operator()(const lower::Input&) const { return "input"; }
  const char* operator()(const lower::Linear&) const { return "linear"; }
  const char* operator()(const lower::Step&) const { return "step"; }
  const char* operator()(const lower::Clamp&) const { return "clamp"; }
  const char* operator()(const lower::Reindex&) const { return "reindex"; }
  const char* operator()(const lower::Sum&) const { return "sum"; }
  const char* operator()(const lower::Concat&) const { return "concat"; }
  const char* operator()(const lower::ArgMax&) const { return "argmax"; }
  const char* operator()(const lower::TopK&) const { return "topk"; }
  const char* operator()(const lower::Conv&) const { return "conv"; }
  const char* operator()(const lower::MaxPool&) const { return "maxpool"; }
};

Range range_of(const lower::Value& value) {
  Range all = value.range.at(0);
  for (const Range& range : value.range) all = hull(all, range);
  return all;
}

/// "1/16", or "1/16 .. 1/4" where elements differ.
std::string scale_text(const lower::Value& value) {
  const auto [low, high] = std::minmax_element(value.scale.begin(), value.scale.end());
  std::string text = to_string(*low);
  if (*low != *high) text += " .. " + to_string(*high);
  return text;
}

/// Multiply-accumulates of a linear node, zeros and padding included, and those of nonzero
/// weights.
struct Macs {
  std::int64_t all = 0, nonzero = 0;
};

Macs macs_of(const lower::IntegerGraph& graph, const lower::Node& node) {
  const auto* linear = std::get_if<lower::Linear>(&node.op);
  const auto* conv = std::get_if<lower::Conv>(&node.op);
  if (linear == nullptr && conv == nullptr) return {};
  const Tensor<std::int64_t>& weights = linear != nullptr ? linear->weights : conv->weights;
  const std::int64_t times = graph.value(node.output).elements() / weights.shape.at(0);
  const auto zeros = std::count(weights.data.begin(), weights.data.end(), 0);
  return {times * weights.size(), times * (weights.size() - zeros)};
}

Findings look_at(const Options& options) {
  importer::Options import;
  import.input_types = parse_input_types(options.input_types);
  import.argmax = options.argmax;
  const arith::Target& target = arith::find_target(options.target);
  Progress progress(3);
  progress.step("reading " + options.model);
  Findings found{importer::read_model(options.model, import), {}, {}};
  try {
    progress.step("lowering to integers");
    found.integers = lower::lower(found.graph);
    progress.step("planning");
    (void)plan::plan_unrolled(*found.integers, target, {});
  } catch (const Error& error) {
    found.obstacles.push_back(error);
  }
  return found;
}

Json value_json(const graph::Graph& graph, graph::ValueId id) {
  const graph::Value& value = graph.value(id);
  return {{"name", value.name}, {"shape", value.shape}};
}

Json inputs_json(const Findings& found) {
  Json list = Json::array();
  for (const graph::GraphInput& input : found.graph.inputs) {
    Json j = value_json(found.graph, input.value);
    j["type"] = input.type.has_value() ? Json(to_string(input.type->type)) : Json();
    list.push_back(j);
  }
  return list;
}

Json layers_json(const lower::IntegerGraph& graph) {
  Json list = Json::array();
  for (const lower::Node& node : graph.nodes) {
    const lower::Value& value = graph.value(node.output);
    const Range range = range_of(value);
    const Macs macs = macs_of(graph, node);
    list.push_back({{"name", node.name},
                    {"kind", std::visit(KindName{}, node.op)},
                    {"nodes", node.sources},
                    {"shape", value.shape},
                    {"min", emit::integer_json(range.min)},
                    {"max", emit::integer_json(range.max)},
                    {"bits", bits_for(range)},
                    {"scale", scale_text(value)},
                    {"macs", macs.all},
                    {"nonzero", macs.nonzero}});
  }
  return list;
}

Json nodes_json(const graph::Graph& graph) {
  Json list = Json::array();
  for (const graph::Node& node : graph.nodes) {
    const graph::ValueId out = node.outputs.at(0);
    list.push_back({{"name", node.name},
                    {"operator", node.op_type},
                    {"shape", out == graph::kNone ? Shape{} : graph.value(out).shape}});
  }
  return list;
}

std::string as_json(const Findings& found) {
  const graph::Graph& graph = found.graph;
  Json j{{"file", graph.source_file}, {"sha256", graph.sha256}, {"dialect", graph.dialect}};
  j["name"] = graph.name;
  j["inputs"] = inputs_json(found);
  j["outputs"] = Json::array();
  for (const graph::ValueId id : graph.outputs) j["outputs"].push_back(value_json(graph, id));
  j["nodes"] = nodes_json(graph);
  j["layers"] = found.integers.has_value() ? layers_json(*found.integers) : Json();
  j["macs"] = found.integers.has_value() ? Json(found.integers->macs) : Json();
  j["notes"] = found.integers.has_value() ? found.integers->notes : graph.notes;
  j["buildable"] = found.obstacles.empty();
  j["obstacles"] = Json::array();
  for (const Error& error : found.obstacles) {
    j["obstacles"].push_back({{"code", to_string(error.code())},
                              {"title", title(error.code())},
                              {"detail", error.detail()},
                              {"node", error.node()},
                              {"hint", error.hint()}});
  }
  return emit::pretty_json(j.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Control characters of a hostile name must not reach a terminal.
std::string clean(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

/// A name that is short enough for a table.
std::string shown(const std::string& text) {
  return clean(text.size() > 60 ? text.substr(0, 57) + "..." : text);
}

std::string tensors_text(const Findings& found) {
  const graph::Graph& graph = found.graph;
  std::string text;
  for (const graph::GraphInput& input : graph.inputs) {
    const graph::Value& value = graph.value(input.value);
    text += fmt::format("  input   {}  {}  {}\n", shown(value.name), to_string(value.shape),
                        input.type.has_value() ? to_string(input.type->type) : "no type stated");
  }
  for (const graph::ValueId id : graph.outputs) {
    text += fmt::format("  output  {}  {}\n", shown(graph.value(id).name),
                        to_string(graph.value(id).shape));
  }
  return text;
}

std::string layers_text(const lower::IntegerGraph& graph) {
  std::string text = fmt::format("\n  {:<32}{:<9}{:<12}{:>5}  {:<26}{:>10}{:>10}\n", "layer",
                                 "kind", "shape", "bits", "range of the codes", "MACs", "nonzero");
  for (const lower::Node& node : graph.nodes) {
    const lower::Value& value = graph.value(node.output);
    const Range range = range_of(value);
    const Macs macs = macs_of(graph, node);
    std::string line =
        fmt::format("  {:<31} {:<9}{:<12}{:>5}  {:<26}{:>10}{:>10}", shown(node.name),
                    std::visit(KindName{}, node.op), to_string(value.shape), bits_for(range),
                    to_string(range), macs.all > 0 ? fmt::format("{}", macs.all) : "",
                    macs.all > 0 ? fmt::format("{}", macs.nonzero) : "");
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text + fmt::format("  {} MACs in all\n", graph.macs);
}

std::string nodes_text(const graph::Graph& graph) {
  std::string text = fmt::format("\n  {:<40}{:<28}{}\n", "node", "operator", "shape");
  for (const graph::Node& node : graph.nodes) {
    const graph::ValueId out = node.outputs.at(0);
    text += fmt::format("  {:<39} {:<27} {}\n", shown(node.name), shown(node.op_type),
                        out == graph::kNone ? "" : to_string(graph.value(out).shape));
  }
  return text;
}

std::string as_text(const Findings& found) {
  const graph::Graph& graph = found.graph;
  std::string text = fmt::format("{}: {}, {} nodes\n", shown(graph.source_file), graph.dialect,
                                 graph.nodes.size());
  text += tensors_text(found);
  text += found.integers.has_value() ? layers_text(*found.integers) : nodes_text(graph);
  const auto& notes = found.integers.has_value() ? found.integers->notes : graph.notes;
  if (!notes.empty()) text += '\n';
  for (const std::string& note : notes) text += "  note: " + clean(note) + '\n';
  text += found.obstacles.empty() ? "\nNothing stops it from being built.\n"
                                  : "\nWhat stops it from being built:\n";
  for (const Error& error : found.obstacles) text += std::string(error.what()) + '\n';
  return text;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("inspect", "Tell what a model holds and what it lacks");
  command->add_option("MODEL", options->model, "Model: .onnx or .onnx.gz")->required();
  command
      ->add_option("--input-type", options->input_types,
                   "Type of an input, as [NAME:]s16.10; repeatable")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  command->add_flag("--argmax", options->argmax, "Output the index of the largest element");
  command->add_option("--target", options->target, "Device to plan for; default xcvu13p-2")
      ->type_name("T");
  command->add_option("--config", options->config_file, "JSON file of options; typed ones win")
      ->type_name("FILE.json");
  command->add_flag("--json", options->json, "Print as JSON");
  command->footer(
      "Examples:\n"
      "  nib inspect jets.onnx\n"
      "  nib inspect jets.onnx --input-type s16.10 --json");
  command->callback([options, &action] {
    action = [options](Console& console) {
      const Findings found = look_at(*options);
      console.print(options->json ? as_json(found) : as_text(found));
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace nib::cli
