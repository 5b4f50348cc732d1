// The invariants of a graph.
#include <fmt/format.h>

#include <set>

#include "nib/base/check.h"
#include "nib/graph/graph.h"
#include "nib/graph/shapes.h"

namespace nib::graph {
namespace {

bool in_range(const Graph& graph, ValueId id) {
  return id >= 0 && static_cast<std::size_t>(id) < graph.values.size();
}

void verify_values(const Graph& graph) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    NIB_CHECK(!value.name.empty(), "a value without a name");
    NIB_CHECK(names.insert(value.name).second, "two values named " + value.name);
    if (value.constant) {
      NIB_CHECK(value.producer == kNone, "a constant with a producer: " + value.name);
      NIB_CHECK(shape_of(*value.constant) == value.shape, "a constant's shape: " + value.name);
    }
    if (value.producer == kNone) continue;
    NIB_CHECK(value.producer >= 0 && static_cast<std::size_t>(value.producer) < graph.nodes.size(),
              "a producer: " + value.name);
    const auto& outs = graph.node(value.producer).outputs;
    bool listed = false;
    for (const ValueId out : outs) listed = listed || out == static_cast<ValueId>(i);
    NIB_CHECK(listed, "a producer that does not produce " + value.name);
  }
}

void verify_node(const Graph& graph, const Node& node, const std::vector<bool>& ready) {
  NIB_CHECK(!node.name.empty(), "a node without a name");
  const Arity arity = arity_of(node.op);
  NIB_CHECK(arity.min <= node.inputs.size() && node.inputs.size() <= arity.max,
            "number of inputs of " + node.name);
  NIB_CHECK(node.outputs.size() == 1 && in_range(graph, node.outputs[0]),
            "one output of " + node.name);
  std::vector<const Shape*> shapes;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId id = node.inputs[i];
    if (id == kNone) {
      NIB_CHECK(i >= arity.min, "an input is missing: " + node.name);
      shapes.push_back(nullptr);
      continue;
    }
    NIB_CHECK(in_range(graph, id), "an input of " + node.name);
    NIB_CHECK(ready[static_cast<std::size_t>(id)],
              fmt::format("{} reads {} before it is there", node.name, graph.value(id).name));
    shapes.push_back(&graph.value(id).shape);
  }
  const Shape& out = graph.value(node.outputs[0]).shape;
  const ShapeResult result = infer_shape(node.op, shapes, out);
  NIB_CHECK(result.problem.empty(), node.name + ": " + result.problem);
  NIB_CHECK(result.shape == out, node.name + ": output shape " + to_string(out));
}

/// Every node must lead to an output.
void verify_live(const Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.outputs) needed[static_cast<std::size_t>(id)] = true;
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    NIB_CHECK(needed[static_cast<std::size_t>(node.outputs[0])], "a dead node: " + node.name);
    for (const ValueId id : node.inputs) {
      if (id != kNone) needed[static_cast<std::size_t>(id)] = true;
    }
  }
}

}  // namespace

void verify(const Graph& graph) {
  verify_values(graph);
  NIB_CHECK(!graph.inputs.empty() && !graph.outputs.empty(), "inputs and outputs");
  std::vector<bool> ready(graph.values.size(), false);
  for (std::size_t i = 0; i < graph.values.size(); ++i)
    ready[i] = graph.values[i].constant.has_value();
  for (const GraphInput& input : graph.inputs) {
    NIB_CHECK(in_range(graph, input.value), "a graph input");
    const Value& value = graph.value(input.value);
    NIB_CHECK(value.producer == kNone && !value.constant, "a graph input: " + value.name);
    NIB_CHECK(!ready[static_cast<std::size_t>(input.value)], "an input twice: " + value.name);
    NIB_CHECK(!graph.batched || (!value.shape.empty() && value.shape[0] == 1),
              "the batch axis of " + value.name);
    ready[static_cast<std::size_t>(input.value)] = true;
  }
  std::set<std::string_view> names;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    NIB_CHECK(names.insert(node.name).second, "two nodes named " + node.name);
    verify_node(graph, node, ready);
    const ValueId out = node.outputs[0];
    NIB_CHECK(graph.value(out).producer == static_cast<NodeId>(n), "the producer of " + node.name);
    NIB_CHECK(!ready[static_cast<std::size_t>(out)], "an output twice: " + node.name);
    ready[static_cast<std::size_t>(out)] = true;
  }
  for (const ValueId id : graph.outputs) {
    NIB_CHECK(in_range(graph, id), "a graph output");
    const Value& value = graph.value(id);
    NIB_CHECK(value.producer != kNone, "a graph output that no node computes: " + value.name);
    NIB_CHECK(!graph.batched || (!value.shape.empty() && value.shape[0] == 1),
              "the batch axis of " + value.name);
  }
  verify_live(graph);
}

}  // namespace nib::graph
