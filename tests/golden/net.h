// Builds small graphs for tests.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/graph/shapes.h"

namespace nib::test {

/// A graph in the making; finish() checks it.
struct Net {
  graph::Graph graph;

  graph::ValueId value(std::string name, Shape shape) {
    graph::Value v;
    v.name = std::move(name);
    v.shape = std::move(shape);
    graph.values.push_back(std::move(v));
    return static_cast<graph::ValueId>(graph.values.size()) - 1;
  }
  graph::ValueId input(Shape shape, std::optional<graph::InputType> type = std::nullopt) {
    const auto id = value(fmt::format("in{}", graph.inputs.size()), std::move(shape));
    graph.inputs.push_back({id, std::move(type)});
    return id;
  }
  graph::ValueId constant(Shape shape, std::vector<double> data) {
    const auto id = value(fmt::format("c{}", graph.values.size()), shape);
    graph.value(id).constant = Tensor<double>(std::move(shape), std::move(data));
    return id;
  }
  graph::ValueId scalar(double x) { return constant({}, {x}); }
  graph::ValueId add(graph::Op op, std::vector<graph::ValueId> inputs, const Shape& reshaped = {}) {
    std::vector<const Shape*> shapes;
    for (const auto id : inputs) {
      shapes.push_back(id == graph::kNone ? nullptr : &graph.value(id).shape);
    }
    const auto result = graph::infer_shape(op, shapes, reshaped);
    NIB_CHECK(result.problem.empty(), result.problem);
    const auto id = value(fmt::format("t{}", graph.values.size()), result.shape);
    graph::Node node;
    node.name = fmt::format("n{}", graph.nodes.size());
    node.op_type = std::string(graph::kind_name(op));
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.outputs = {id};
    graph.value(id).producer = static_cast<graph::NodeId>(graph.nodes.size());
    graph.nodes.push_back(std::move(node));
    return id;
  }
  graph::Graph finish(std::vector<graph::ValueId> outputs) {
    graph.outputs = std::move(outputs);
    graph::verify(graph);
    return graph;
  }
};

/// A quantiser with scalar parameters.
inline graph::Quant quant(double scale, double zero_point, int bits, bool is_signed = true,
                          Rounding rounding = Rounding::kHalfEven, bool narrow = false) {
  graph::Quant op;
  op.scale = Tensor<double>({}, {scale});
  op.zero_point = Tensor<double>({}, {zero_point});
  op.bits = Tensor<double>({}, {static_cast<double>(bits)});
  op.is_signed = is_signed;
  op.narrow = narrow;
  op.rounding = rounding;
  return op;
}

}  // namespace nib::test
