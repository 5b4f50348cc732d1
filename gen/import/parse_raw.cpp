// ModelProto -> RawModel: names, order, liveness; every rule about the graph as a whole.
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

/// The graph's wiring by index.
struct Wiring {
  std::map<std::string_view, int> producer;                       ///< tensor -> node
  std::map<std::string_view, int> initializer;                    ///< tensor -> index
  std::map<std::string_view, const onnx::ValueInfoProto*> input;  ///< that are no initialisers
};

std::string where_of(const onnx::NodeProto& node, int index) {
  if (node.name().empty()) return fmt::format("node {} ({})", index, in_quotes(node.op_type()));
  return fmt::format("{} ({})", in_quotes(node.name()), in_quotes(node.op_type()));
}

void refuse_sparse(const onnx::GraphProto& graph) {
  if (graph.sparse_initializer_size() > 0) {
    fail(ErrorCode::E206, "the graph has sparse initialisers");
  }
}

void check_size(const onnx::GraphProto& graph) {
  if (static_cast<std::size_t>(graph.node_size()) > kMaxNodes) {
    fail(ErrorCode::E207, fmt::format("{} nodes, at most {}", graph.node_size(), kMaxNodes));
  }
  if (static_cast<std::size_t>(graph.output_size()) > kMaxPorts) {
    fail(ErrorCode::E207, fmt::format("{} outputs, at most {}", graph.output_size(), kMaxPorts));
  }
  std::size_t edges = 0;
  for (const onnx::NodeProto& node : graph.node()) {
    edges +=
        static_cast<std::size_t>(node.input_size()) + static_cast<std::size_t>(node.output_size());
  }
  if (edges > kMaxEdges) {
    fail(ErrorCode::E207,
         fmt::format("{} inputs and outputs of nodes, at most {}", edges, kMaxEdges));
  }
}

Wiring wire(const onnx::GraphProto& graph) {
  Wiring wiring;
  const auto twice = [](std::string_view name, std::string_view what) {
    fail(ErrorCode::E208, fmt::format("{} {}", what, in_quotes(name)));
  };
  for (int i = 0; i < graph.initializer_size(); ++i) {
    const std::string& name = graph.initializer(i).name();
    if (name.empty()) fail(ErrorCode::E211, "an initialiser without a name");
    if (!wiring.initializer.emplace(name, i).second) twice(name, "two initialisers");
  }
  std::set<std::string_view> inputs;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (input.name().empty()) fail(ErrorCode::E211, "an input without a name");
    if (!inputs.insert(input.name()).second) twice(input.name(), "two inputs");
    if (!wiring.initializer.contains(input.name())) wiring.input.emplace(input.name(), &input);
  }
  if (wiring.input.size() > kMaxPorts) {
    fail(ErrorCode::E207, fmt::format("{} inputs, at most {}", wiring.input.size(), kMaxPorts));
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& name : graph.node(i).output()) {
      if (name.empty()) continue;
      if (!wiring.producer.emplace(name, i).second) twice(name, "two nodes compute");
      if (inputs.contains(name)) twice(name, "a node computes the input");
      if (wiring.initializer.contains(name)) twice(name, "a node computes the initialiser");
    }
  }
  return wiring;
}

/// Names a node of a cycle: from a node that waits, go to what it waits for until one comes twice.
[[noreturn]] void fail_cycle(const onnx::GraphProto& graph, const Wiring& wiring,
                             const std::vector<int>& waiting) {
  std::vector<bool> visited(waiting.size(), false);
  const auto first =
      std::find_if(waiting.begin(), waiting.end(), [](int count) { return count > 0; });
  auto node = static_cast<std::size_t>(first - waiting.begin());
  while (!visited[node]) {
    visited[node] = true;
    for (const std::string& name : graph.node(static_cast<int>(node)).input()) {
      const auto it = wiring.producer.find(name);
      if (it == wiring.producer.end() || waiting[static_cast<std::size_t>(it->second)] == 0) {
        continue;
      }
      node = static_cast<std::size_t>(it->second);
      break;
    }
  }
  const auto index = static_cast<int>(node);
  fail(ErrorCode::E209, "this node depends on itself", where_of(graph.node(index), index));
}

/// Node indices in topological order, the file's order where it is one already. Errors: E0209.
std::vector<int> order_of(const onnx::GraphProto& graph, const Wiring& wiring) {
  const auto size = static_cast<std::size_t>(graph.node_size());
  std::vector<int> waiting(size, 0);
  std::vector<std::vector<int>> readers(size);
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& name : graph.node(i).input()) {
      const auto it = wiring.producer.find(name);
      if (it == wiring.producer.end()) continue;
      readers[static_cast<std::size_t>(it->second)].push_back(i);
      ++waiting[static_cast<std::size_t>(i)];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < graph.node_size(); ++i) {
    if (waiting[static_cast<std::size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const int reader : readers[static_cast<std::size_t>(node)]) {
      if (--waiting[static_cast<std::size_t>(reader)] == 0) ready.push(reader);
    }
  }
  if (order.size() < size) fail_cycle(graph, wiring, waiting);
  return order;
}

/// Which nodes the outputs depend on.
std::vector<bool> live_nodes(const onnx::GraphProto& graph, const Wiring& wiring,
                             const std::vector<int>& order) {
  std::vector<bool> live(static_cast<std::size_t>(graph.node_size()), false);
  const auto mark = [&](const std::string& name) {
    const auto it = wiring.producer.find(name);
    if (it != wiring.producer.end()) live[static_cast<std::size_t>(it->second)] = true;
  };
  for (const onnx::ValueInfoProto& output : graph.output()) mark(output.name());
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!live[static_cast<std::size_t>(*it)]) continue;
    for (const std::string& name : graph.node(*it).input()) mark(name);
  }
  return live;
}

RawInput read_input(const onnx::ValueInfoProto& info, bool used) {
  RawInput out;
  out.name = info.name();
  out.used = used;
  if (!used) return out;
  const std::string what = "input " + in_quotes(info.name());
  check_name(info.name(), "the name of an input");
  if (!info.has_type() || !info.type().has_tensor_type()) {
    fail(ErrorCode::E206, what + " is no tensor");
  }
  const auto& tensor = info.type().tensor_type();
  const auto type = element_type(tensor.elem_type());
  if (!type) fail(ErrorCode::E204, what + ": " + element_type_name(tensor.elem_type()));
  out.type = *type;
  if (!tensor.has_shape()) fail(ErrorCode::E214, what + " has no shape");
  if (static_cast<std::size_t>(tensor.shape().dim_size()) > kMaxRank) {
    fail(ErrorCode::E207, fmt::format("{} has {} axes, at most {} are read", what,
                                      tensor.shape().dim_size(), kMaxRank));
  }
  for (const auto& dim : tensor.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() < 0) {
      fail(ErrorCode::E214, fmt::format("{} has an axis of length {}", what, dim.dim_value()));
    }
    out.shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  }
  return out;
}

void read_opsets(const onnx::ModelProto& model, RawModel& raw) {
  std::map<std::string, std::int64_t> versions;
  for (const onnx::OperatorSetIdProto& import : model.opset_import()) {
    check_name(import.domain(), "the name of a domain");
    const std::string domain = import.domain() == "ai.onnx" ? std::string() : import.domain();
    const auto [it, fresh] = versions.emplace(domain, import.version());
    if (!fresh && it->second != import.version()) {
      fail(ErrorCode::E212, fmt::format("domain {} is imported as version {} and as version {}",
                                        in_quotes(domain), it->second, import.version()));
    }
    if (import.version() < 1) {
      fail(ErrorCode::E212,
           fmt::format("domain {} is imported as version {}", in_quotes(domain), import.version()));
    }
  }
  raw.opsets.assign(versions.begin(), versions.end());
}

/// Gives every live node a name of its own.
class NodeNames {
 public:
  explicit NodeNames(const onnx::GraphProto& graph, const std::vector<bool>& live) {
    for (int i = 0; i < graph.node_size(); ++i) {
      if (live[static_cast<std::size_t>(i)]) given_.insert(graph.node(i).name());
    }
  }
  std::string of(const onnx::NodeProto& node, int index) {
    const std::string& given = node.name();
    if (!given.empty() && used_.insert(given).second) return given;
    const std::string base =
        given.empty() ? fmt::format("{}_{}", node.op_type(), index) : given + "_2";
    std::string name = base;
    int& next = next_[base];  // so that a thousand equal names do not search from 2 each time
    while (given_.contains(name) || !used_.insert(name).second) {
      name = fmt::format("{}_{}", base, next++ + 2);
    }
    return name;
  }

 private:
  std::set<std::string> given_, used_;
  std::map<std::string, int> next_;
};

RawNode read_node(const onnx::NodeProto& node, int index, std::string name) {
  RawNode out;
  out.where = where_of(node, index);
  check_name(node.name(), "the name of a node");
  check_name(node.op_type(), "the name of an operator");
  check_name(node.domain(), "the name of a domain");
  for (const std::string& tensor : node.input()) check_name(tensor, "the name of a tensor");
  for (const std::string& tensor : node.output()) check_name(tensor, "the name of a tensor");
  out.name = std::move(name);
  out.op_type = node.op_type();
  out.domain = node.domain();
  out.inputs.assign(node.input().begin(), node.input().end());
  out.outputs.assign(node.output().begin(), node.output().end());
  std::set<std::string_view> seen;
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!seen.insert(attribute.name()).second) {
      fail(ErrorCode::E208, "two attributes " + in_quotes(attribute.name()), out.where);
    }
    out.attributes.push_back(read_attribute(attribute, out.where));
  }
  return out;
}

/// Reads the initialisers that live nodes use, within the budget of elements.
void read_initializers(const onnx::GraphProto& graph, const Wiring& wiring,
                       const std::set<std::string_view>& needed, RawModel& raw) {
  std::int64_t total = 0;
  for (const auto& [name, index] : wiring.initializer) {
    if (!needed.contains(name)) continue;
    check_name(name, "the name of a tensor");
    RawTensor tensor = read_tensor(graph.initializer(index), "initialiser " + in_quotes(name));
    total += element_count(graph::shape_of(tensor.data));
    if (total > kMaxElements) {
      fail(ErrorCode::E207, fmt::format("more than {} constants in all", kMaxElements));
    }
    raw.constants.emplace_back(std::string(name), std::move(tensor));
  }
}

void read_outputs(const onnx::GraphProto& graph, const Wiring& wiring, RawModel& raw) {
  std::set<std::string_view> seen;
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const std::string& name = output.name();
    if (!seen.insert(name).second) fail(ErrorCode::E208, "two outputs " + in_quotes(name));
    if (!wiring.producer.contains(name)) {
      const bool known = wiring.input.contains(name) || wiring.initializer.contains(name);
      fail(known ? ErrorCode::E219 : ErrorCode::E210,
           fmt::format("no node computes the output {}", in_quotes(name)));
    }
    raw.outputs.push_back(name);
  }
  if (raw.outputs.empty()) fail(ErrorCode::E213, "the graph has no output");
}

void read_datatypes(const onnx::GraphProto& graph, RawModel& raw) {
  for (const onnx::TensorAnnotation& annotation : graph.quantization_annotation()) {
    for (const onnx::StringStringEntryProto& entry : annotation.quant_parameter_tensor_names()) {
      if (entry.key() != "finn_datatype") continue;
      check_name(entry.value(), "a finn_datatype");
      raw.datatypes.emplace_back(annotation.tensor_name(), entry.value());
    }
  }
}

}  // namespace

std::optional<std::int64_t> bounded_count(const Shape& shape, std::int64_t limit) {
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t length : shape) {
    if (length < 0 || length > limit) return std::nullopt;
    if (length == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, length, &count) || count > limit) {
      return std::nullopt;
    }
  }
  return empty ? 0 : count;
}

RawModel parse_raw(std::string_view bytes, std::uintmax_t max_bytes) {
  onnx::ModelProto model;
  read_message(bytes, max_bytes, model);
  const onnx::GraphProto& graph = model.graph();
  refuse_sparse(graph);
  check_size(graph);
  RawModel raw;
  read_opsets(model, raw);
  const Wiring wiring = wire(graph);
  const std::vector<int> order = order_of(graph, wiring);
  const std::vector<bool> live = live_nodes(graph, wiring, order);
  read_outputs(graph, wiring, raw);

  NodeNames names(graph, live);
  std::set<std::string_view> needed;
  for (const int index : order) {
    if (!live[static_cast<std::size_t>(index)]) continue;
    const onnx::NodeProto& node = graph.node(index);
    for (const std::string& name : node.input()) {
      if (name.empty()) continue;
      needed.insert(name);
      if (!wiring.producer.contains(name) && !wiring.initializer.contains(name) &&
          !wiring.input.contains(name)) {
        fail(ErrorCode::E210, "nothing defines " + in_quotes(name), where_of(node, index));
      }
    }
    raw.nodes.push_back(read_node(node, index, names.of(node, index)));
  }
  read_initializers(graph, wiring, needed, raw);
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!wiring.input.contains(input.name())) continue;
    raw.inputs.push_back(read_input(input, needed.contains(input.name())));
  }
  read_datatypes(graph, raw);
  return raw;
}

}  // namespace nib::importer
