// ONNX bytes -> graph: the order of the steps.
#include "nib/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "nib/base/check.h"
#include "nib/base/file.h"
#include "nib/import/builder.h"
#include "nib/import/code_type.h"

namespace nib::importer {
namespace {

using graph::Graph;
using graph::kNone;
using graph::ValueId;

/// The newest opset whose operator changes were looked at.
constexpr std::int64_t kNewestOpset = 23;

constexpr std::string_view kQonnxDomains[] = {"onnx.brevitas", "finn.custom_op.general", "finn",
                                              "qonnx.custom_op.general"};

const std::vector<OpEntry>* const* tables() {
  static const std::vector<OpEntry>* const kTables[] = {&quant_readers(),      &linear_readers(),
                                                        &activation_readers(), &shape_readers(),
                                                        &fold_readers(),       &conv_readers(),
                                                        &pool_readers(),       &select_readers(),
                                                        &resize_readers(),     &function_readers(),
                                                        &qdq_readers(),        &qlinear_readers(),
                                                        &custom_readers(),     nullptr};
  return kTables;
}

/// "", "qonnx" or "channels_last"; the quantisers of the default domain (old exports) count as
/// QONNX's.
std::string_view normalised_domain(const RawNode& node) {
  if (node.domain.empty() || node.domain == "ai.onnx") {
    return find_reader("qonnx", node.op_type) != nullptr ? "qonnx" : "";
  }
  for (const std::string_view domain : kQonnxDomains) {
    if (node.domain == domain) return "qonnx";
  }
  std::string hint;
  if (node.domain == "qonnx.custom_op.channels_last") return "channels_last";
  if (node.domain.starts_with("finn.custom_op.fpgadataflow")) {
    hint = "the file holds FINN's hardware layers: give the model from before that step";
  }
  fail(ErrorCode::E302, in_quotes(node.domain), node.where, std::move(hint));
}

/// What is special about operators that people will try.
std::string_view why_unsupported(std::string_view op_type) {
  constexpr std::pair<std::string_view, std::string_view> kReasons[] = {
      {"DynamicQuantizeLinear", "whose scale depends on the data"},
      {"If", "control flow"},
      {"Loop", "control flow"},
      {"Scan", "control flow"},
      {"GenericPartition", "which names another file: give the model from before partitioning"},
      {"QuantLSTMCell", "a recurrent cell"},
      {"LSTM", "a recurrent cell"},
      {"GRU", "a recurrent cell"},
      {"RNN", "a recurrent cell"},
      {"RandomNormal", "which is random"},
      {"RandomUniform", "which is random"},
  };
  for (const auto& [name, reason] : kReasons) {
    if (name == op_type) return reason;
  }
  return {};
}

void read_node(Builder& builder, const RawNode& node) {
  const OpReader reader = find_reader(normalised_domain(node), node.op_type);
  if (reader == nullptr) {
    const std::string_view reason = why_unsupported(node.op_type);
    fail(ErrorCode::E301,
         in_quotes(node.op_type) + (reason.empty() ? "" : fmt::format(", {}", reason)), node.where,
         "supported are: " + supported_operators());
  }
  NodeReader view(builder, node);
  reader(view);
  view.finish();
}

void check_imports(Builder& builder, const RawModel& raw) {
  for (const auto& [domain, version] : raw.opsets) builder.opsets.emplace(domain, version);
  std::set<std::string> missing;
  bool standard = false;
  for (const RawNode& node : raw.nodes) {
    const bool plain = node.domain.empty() || node.domain == "ai.onnx";
    if (plain) {
      standard = standard || normalised_domain(node).empty();
    } else if (!builder.opsets.contains(node.domain)) {
      missing.insert(node.domain);
    }
  }
  if (standard && builder.opset() == 0) {
    fail(ErrorCode::E212, "the file does not import the domain ai.onnx");
  }
  if (builder.opset() > kNewestOpset) {
    builder.graph.notes.push_back(
        fmt::format("opset {} is read by the rules of opset {}", builder.opset(), kNewestOpset));
  }
  for (const std::string& domain : missing) {
    builder.graph.notes.push_back(
        fmt::format("domain {} is used but not imported: taken as version 1", domain));
  }
}

/// A batch axis is there unless an input evidently has none.
bool looks_batched(const RawModel& raw) {
  return std::none_of(raw.inputs.begin(), raw.inputs.end(),
                      [](const RawInput& input) { return input.used && input.shape.size() < 2; });
}

void add_inputs(Builder& builder, const RawModel& raw) {
  bool first = true;
  for (const RawInput& input : raw.inputs) {
    if (!input.used) {
      builder.graph.notes.push_back("input " + in_quotes(input.name) + " is not used: dropped");
      continue;
    }
    Shape shape = input.shape;
    if (builder.graph.batched) {
      if (first) builder.file_batch = shape[0];
      if (!first && builder.file_batch != shape[0]) builder.file_batch = -1;
      shape[0] = 1;
      first = false;
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] < 1) {
        fail(ErrorCode::E214,
             fmt::format("axis {} of input {} has no length", i, in_quotes(input.name)));
      }
    }
    if (!bounded_count(shape)) {
      fail(ErrorCode::E207, fmt::format("input {} has shape {}, at most {} elements are read",
                                        in_quotes(input.name), to_string(shape), kMaxElements));
    }
    const ValueId id = builder.add_value(input.name, std::move(shape),
                                         {input.type, true, builder.graph.batched ? 0 : -1});
    builder.graph.inputs.push_back({id, std::nullopt});
  }
}

void set_outputs(Builder& builder, const RawModel& raw) {
  for (const std::string& name : raw.outputs) {
    const auto it = builder.by_name.find(name);
    if (it == builder.by_name.end()) {
      fail(ErrorCode::E309,
           fmt::format("the output {} is {}", in_quotes(name), builder.unread.at(name)));
    }
    if (!builder.facts[static_cast<std::size_t>(it->second)].varies) {
      fail(ErrorCode::E213,
           fmt::format("the output {} does not depend on any input", in_quotes(name)));
    }
    builder.graph.outputs.push_back(it->second);
  }
}

void check_batch_of_outputs(const Builder& builder) {
  if (!builder.graph.batched) return;
  for (const ValueId id : builder.graph.outputs) {
    const int axis = builder.facts[static_cast<std::size_t>(id)].batch_axis;
    if (axis != 0) {
      fail(ErrorCode::E215, fmt::format("the output {} has the batch on axis {}",
                                        in_quotes(builder.graph.value(id).name), axis));
    }
  }
}

/// Constants that nodes read must be exact as double; attributes were checked where they were read.
void check_constants(const Graph& graph) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  for (const graph::Value& value : graph.values) {
    if (!value.constant) continue;
    if (const auto* integers = std::get_if<Tensor<std::int64_t>>(&*value.constant)) {
      for (const std::int64_t x : integers->data) {
        if (x >= -kExact && x <= kExact) continue;
        fail(ErrorCode::E217,
             fmt::format("{} has the integer {}, beyond 2^53", in_quotes(value.name), x), {},
             "integers up to 2^53 are read");
      }
    }
    const auto* reals = std::get_if<Tensor<double>>(&*value.constant);
    if (reals == nullptr) continue;
    for (std::int64_t i = 0; i < reals->size(); ++i) {
      if (!std::isfinite((*reals)[i])) {
        fail(ErrorCode::E217,
             fmt::format("{} is {} at element {}", in_quotes(value.name), (*reals)[i], i));
      }
    }
  }
}

void apply_input_types(Graph& graph, const RawModel& raw, const Options& options) {
  for (const auto& [name, type] : options.input_types) {
    const std::string& wanted = name;
    bool found = name.empty() || std::any_of(raw.inputs.begin(), raw.inputs.end(),
                                             [&](const RawInput& i) { return i.name == wanted; });
    if (!found) {
      std::string known;
      for (const RawInput& input : raw.inputs) known += (known.empty() ? "" : ", ") + input.name;
      fail(ErrorCode::E216, in_quotes(name), {}, "the inputs are: " + known);
    }
    for (graph::GraphInput& input : graph.inputs) {
      const bool named = graph.value(input.value).name == name;
      if (!named && !(name.empty() && !input.type)) continue;
      const std::int64_t count = element_count(graph.value(input.value).shape);
      if (!type.ranges.empty() && static_cast<std::int64_t>(type.ranges.size()) != count) {
        fail(ErrorCode::E105,
             fmt::format("{} ranges for the {} elements of input {}", type.ranges.size(), count,
                         in_quotes(graph.value(input.value).name)));
      }
      input.type = type;
    }
  }
}

/// Integers that no quantiser reads carry the codes of their own type. Wide ones are counts, not
/// codes: they want a type of their own.
void type_integer_inputs(Graph& graph, const RawModel& raw) {
  constexpr int kMostBits = 16;
  for (graph::GraphInput& input : graph.inputs) {
    const auto stated = std::find_if(raw.inputs.begin(), raw.inputs.end(), [&](const RawInput& i) {
      return i.name == graph.value(input.value).name;
    });
    if (input.type || stated == raw.inputs.end()) continue;
    const auto code = code_type(stated->type);
    if (!code || code->bits > kMostBits) continue;
    const bool quantised =
        std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const graph::Node& node) {
          return std::holds_alternative<graph::Quant>(node.op) &&
                 std::find(node.inputs.begin(), node.inputs.end(), input.value) !=
                     node.inputs.end();
        });
    if (quantised) continue;
    PortType type;
    type.bits = code->bits;
    type.is_signed = code->is_signed;
    input.type = graph::InputType{type, {}};
  }
}

std::string dialect_of(const RawModel& raw) {
  bool quant = false, threshold = false, pairs = false, operators = false;
  for (const RawNode& node : raw.nodes) {
    quant = quant || node.op_type == "Quant" || node.op_type == "IntQuant" ||
            node.op_type == "BipolarQuant";
    threshold = threshold || node.op_type == "MultiThreshold";
    pairs = pairs || node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear";
    operators = operators || node.op_type == "QLinearConv" || node.op_type == "QLinearMatMul" ||
                node.op_type == "MatMulInteger" || node.op_type == "ConvInteger";
  }
  if (quant && threshold) return "QONNX with thresholds";
  if (quant) return "QONNX";
  if (operators) return "quantised operators";
  if (pairs) return "QDQ";
  return threshold ? "FINN" : "ONNX without quantisers";
}

Graph build(const RawModel& raw, const Options& options, bool batched) {
  Builder builder;
  builder.graph.batched = batched;
  builder.graph.dialect = dialect_of(raw);
  check_imports(builder, raw);
  for (const RawNode& node : raw.nodes) {
    builder.reserved.insert(node.outputs.begin(), node.outputs.end());
    builder.read_names.insert(node.inputs.begin(), node.inputs.end());
    builder.node_names.insert(node.name);
  }
  builder.read_names.insert(raw.outputs.begin(), raw.outputs.end());
  add_inputs(builder, raw);
  for (const auto& [name, tensor] : raw.constants) {
    builder.add_constant(name, tensor.data, tensor.type, "initialiser " + in_quotes(name));
  }
  for (const RawNode& node : raw.nodes) read_node(builder, node);
  for (const auto& [text, count] : builder.counted_notes) {
    builder.graph.notes.push_back(
        fmt::format("{} ({} node{})", text, count, count == 1 ? "" : "s"));
  }
  set_outputs(builder, raw);
  check_batch_of_outputs(builder);
  for (const auto& [name, datatype] : raw.datatypes) {
    const auto it = builder.by_name.find(name);
    if (it != builder.by_name.end()) builder.graph.value(it->second).datatype = datatype;
  }
  remove_softmax(builder);
  if (options.argmax) append_argmax(builder);
  prune(builder);
  if (builder.graph.inputs.empty()) fail(ErrorCode::E213, "no output depends on an input");
  check_constants(builder.graph);
  apply_input_types(builder.graph, raw, options);
  type_integer_inputs(builder.graph, raw);
  return std::move(builder.graph);
}

/// Axis 0 as the batch; where that fails and the file's axis 0 has length 1, the graph as it is.
Graph build_either_way(const RawModel& raw, const Options& options) {
  if (!looks_batched(raw)) return build(raw, options, false);
  try {
    return build(raw, options, true);
  } catch (const Error& error) {
    const bool one_row =
        std::all_of(raw.inputs.begin(), raw.inputs.end(),
                    [](const RawInput& input) { return !input.used || input.shape[0] == 1; });
    if (error.code() != ErrorCode::E215 || !one_row) throw;
    Graph graph = build(raw, options, false);
    graph.notes.push_back("axis 0 is not taken as a batch: " + error.detail());
    return graph;
  }
}

std::string stem_of(std::string_view file) {
  std::string name(file);
  for (const std::string_view suffix : {".gz", ".onnx"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
    }
  }
  return name;
}

}  // namespace

OpReader find_reader(std::string_view domain, std::string_view op_type) {
  for (const auto* table = tables(); *table != nullptr; ++table) {
    for (const OpEntry& entry : **table) {
      if (entry.domain == domain && entry.op_type == op_type) return entry.reader;
    }
  }
  return nullptr;
}

std::string supported_operators() {
  std::set<std::string_view> names;
  for (const auto* table = tables(); *table != nullptr; ++table) {
    for (const OpEntry& entry : **table) names.insert(entry.op_type);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

Graph parse_model(std::string_view bytes, std::string_view file, const Options& options) {
  return with_file(file, [&] {
    const RawModel raw = parse_raw(bytes, options.max_file_bytes);
    Graph graph = build_either_way(raw, options);
    graph.source_file = std::string(file);
    graph.name = options.name.empty() ? stem_of(file) : options.name;
    graph.sha256 = sha256(bytes);
    graph::verify(graph);
    return graph;
  });
}

Graph read_model(const std::filesystem::path& path, const Options& options) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(path, unknown);
  if (!unknown && size > options.max_file_bytes) {
    Error error(ErrorCode::E201,
                fmt::format("{} bytes, at most {} are read", size, options.max_file_bytes));
    error.set_file(path.filename().string());
    throw error;
  }
  const std::string bytes = read_file(path, options.max_file_bytes);
  return parse_model(bytes, path.filename().string(), options);
}

}  // namespace nib::importer
