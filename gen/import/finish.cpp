// After the last node was read: Softmax goes, dead values go, ArgMax comes.
#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"
#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

using Readers = std::vector<std::vector<NodeId>>;

/// Which nodes read each value.
Readers readers_of(const Graph& graph) {
  Readers readers(graph.values.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const ValueId id : graph.nodes[n].inputs) {
      if (id != kNone) readers[static_cast<std::size_t>(id)].push_back(static_cast<NodeId>(n));
    }
  }
  return readers;
}

/// True where only outputs see the value `start`, and the indices of its largest elements.
bool only_order_matters(const Graph& graph, const Readers& readers, ValueId start, int axis,
                        bool flattens) {
  std::vector<ValueId> open = {start};
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    for (const NodeId reader : readers[static_cast<std::size_t>(id)]) {
      const Node& node = graph.node(reader);
      if (std::holds_alternative<graph::Reshape>(node.op) ||
          std::holds_alternative<graph::Transpose>(node.op)) {
        open.push_back(node.outputs[0]);
        continue;
      }
      // Behind another arrangement the axes are no longer the same: only outputs may follow.
      const auto* argmax = std::get_if<graph::ArgMax>(&node.op);
      const auto* topk = std::get_if<graph::TopK>(&node.op);
      if (id != start || (argmax == nullptr && (topk == nullptr || topk->values))) return false;
      const int ranked = argmax != nullptr ? argmax->axis : topk->axis;
      if (flattens ? ranked < axis : ranked != axis) return false;
    }
  }
  return true;
}

void replace(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  for (ValueId& output : graph.outputs) {
    if (output != from) continue;
    if (std::find(graph.outputs.begin(), graph.outputs.end(), to) != graph.outputs.end()) {
      fail(ErrorCode::E309,
           fmt::format("both {} and its Softmax are outputs", in_quotes(graph.value(to).name)), {},
           "keep one of the two outputs");
    }
    output = to;
  }
}

/// True where the value is an index already, in whatever shape.
bool is_argmax(const Graph& graph, ValueId id) {
  while (graph.value(id).producer != kNone) {
    const Node& node = graph.node(graph.value(id).producer);
    if (std::holds_alternative<graph::ArgMax>(node.op)) return true;
    if (!std::holds_alternative<graph::Reshape>(node.op)) return false;
    id = node.inputs[0];
  }
  return false;
}

/// Which values the outputs depend on.
std::vector<bool> needed_values(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.outputs) needed[static_cast<std::size_t>(id)] = true;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (!needed[static_cast<std::size_t>(node->outputs.at(0))]) continue;
    for (const ValueId id : node->inputs) {
      if (id != kNone) needed[static_cast<std::size_t>(id)] = true;
    }
  }
  return needed;
}

}  // namespace

void remove_softmax(Builder& builder) {
  Graph& graph = builder.graph;
  const Readers readers = readers_of(graph);
  for (const Node& node : graph.nodes) {
    const auto* softmax = std::get_if<graph::Softmax>(&node.op);
    if (softmax == nullptr) continue;
    const ValueId from = node.outputs[0], to = node.inputs[0];
    const auto& flat = builder.softmaxes;
    const bool flattens = std::find(flat.begin(), flat.end(), graph.value(from).name) != flat.end();
    if (!only_order_matters(graph, readers, from, softmax->axis, flattens)) {
      fail(ErrorCode::E309, node.op_type + " is not the last operator", in_quotes(node.name),
           "nib removes a final Softmax and supports it nowhere else");
    }
    if (graph.value(to).producer == kNone) {
      fail(ErrorCode::E309, node.op_type + " is the only operator", in_quotes(node.name),
           "without it nothing is left to build");
    }
    const auto is_argmax_of = [&](NodeId reader) {
      return std::holds_alternative<graph::ArgMax>(graph.node(reader).op) ||
             std::holds_alternative<graph::TopK>(graph.node(reader).op);
    };
    const std::vector<NodeId>& own = readers[static_cast<std::size_t>(from)];
    const bool ranks = std::any_of(own.begin(), own.end(), is_argmax_of);
    graph.notes.push_back(
        ranks
            ? fmt::format("{} before ArgMax removed: its inputs have the same order", node.op_type)
            : fmt::format("final {} removed: outputs are its inputs", node.op_type));
    replace(graph, from, to);
  }
}

void prune(Builder& builder) {
  Graph& graph = builder.graph;
  const std::vector<bool> needed = needed_values(graph);
  std::vector<ValueId> new_id(graph.values.size(), kNone);
  std::vector<graph::Value> values;
  std::vector<Facts> facts;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (!needed[i]) continue;
    new_id[i] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.values[i]));
    values.back().producer = kNone;
    facts.push_back(builder.facts[i]);
  }
  const auto renumber = [&](ValueId& id) {
    if (id != kNone) id = new_id[static_cast<std::size_t>(id)];
  };
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    if (!needed[static_cast<std::size_t>(node.outputs[0])]) continue;
    for (ValueId& id : node.inputs) renumber(id);
    for (ValueId& id : node.outputs) {
      renumber(id);
      values[static_cast<std::size_t>(id)].producer = static_cast<NodeId>(nodes.size());
    }
    nodes.push_back(std::move(node));
  }
  std::vector<graph::GraphInput> inputs;
  for (graph::GraphInput& input : graph.inputs) {
    renumber(input.value);
    if (input.value != kNone) inputs.push_back(std::move(input));
  }
  for (ValueId& id : graph.outputs) renumber(id);
  graph.values = std::move(values);
  graph.nodes = std::move(nodes);
  graph.inputs = std::move(inputs);
  builder.facts = std::move(facts);
}

void append_argmax(Builder& builder) {
  Graph& graph = builder.graph;
  std::set<std::string> node_names;
  for (const Node& node : graph.nodes) node_names.insert(node.name);
  for (ValueId& output : graph.outputs) {
    if (is_argmax(graph, output)) {
      graph.notes.push_back(fmt::format("output {} is an ArgMax already: none appended",
                                        in_quotes(graph.value(output).name)));
      continue;
    }
    const Shape shape = graph.value(output).shape;
    const std::string logits = graph.value(output).name;
    const int axis = static_cast<int>(shape.size()) - 1;
    if (axis < (graph.batched ? 1 : 0) || shape.back() < 1) {
      fail(ErrorCode::E309,
           fmt::format("no axis to take the ArgMax of output {} over", in_quotes(logits)));
    }
    Shape reduced = shape;
    reduced.back() = 1;
    const ValueId out = builder.add_value(
        builder.fresh_name(logits + "_argmax"), std::move(reduced),
        {ElementType::kInt64, true, builder.facts[static_cast<std::size_t>(output)].batch_axis});
    std::string node_name = "ArgMax_" + logits;
    while (!node_names.insert(node_name).second) node_name += "_";
    graph.value(out).producer = static_cast<NodeId>(graph.nodes.size());
    graph.nodes.push_back({node_name, "ArgMax", graph::ArgMax{axis, true}, {output}, {out}});
    graph.notes.push_back(fmt::format("ArgMax appended to output {}", in_quotes(logits)));
    output = out;
  }
}

}  // namespace nib::importer
