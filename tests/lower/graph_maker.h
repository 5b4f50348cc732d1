// Graphs for tests, built by hand.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "nib/base/check.h"
#include "nib/graph/graph.h"
#include "nib/graph/shapes.h"

namespace nib::testing {

class GraphMaker {
 public:
  using Id = graph::ValueId;

  explicit GraphMaker(const std::string& name) {
    graph_.name = name;
    graph_.source_file = name + ".onnx";
  }

  Id input(const std::string& name, Shape shape) {
    const Id id = value(name, std::move(shape));
    graph_.inputs.push_back({id, std::nullopt});
    return id;
  }
  Id input(const std::string& name, Shape shape, const std::string& type) {
    const Id id = input(name, std::move(shape));
    const auto port = parse_port_type(type);
    NIB_CHECK(port.has_value(), "a port type: " + type);
    graph_.inputs.back().type = graph::InputType{*port, {}};
    return id;
  }
  Id constant(Shape shape, std::vector<double> data) {
    const Id id = value(fmt::format("c{}", constants_++), shape);
    graph_.value(id).constant = Tensor<double>(std::move(shape), std::move(data));
    return id;
  }
  Id scalar(double x) { return constant({}, {x}); }

  /// Adds a node with one output; `shape` only where it does not follow from the inputs (Reshape).
  Id node(graph::Op op, std::vector<Id> inputs, const Shape& shape = {}) {
    std::vector<const Shape*> shapes;
    for (const Id id : inputs) {
      shapes.push_back(id == graph::kNone ? nullptr : &graph_.value(id).shape);
    }
    const graph::ShapeResult result = graph::infer_shape(op, shapes, shape);
    NIB_CHECK(result.problem.empty(), result.problem);
    const std::string kind(graph::kind_name(op));
    const std::string name = fmt::format("{}_{}", kind, graph_.nodes.size());
    const Id out = value(name + "_out", result.shape);
    graph_.value(out).producer = static_cast<graph::NodeId>(graph_.nodes.size());
    graph_.nodes.push_back({name, kind, std::move(op), std::move(inputs), {out}});
    return out;
  }

  [[nodiscard]] const Shape& shape(Id id) const { return graph_.value(id).shape; }

  [[nodiscard]] graph::Graph finish(std::vector<Id> outputs) {
    graph_.outputs = std::move(outputs);
    graph::verify(graph_);
    return graph_;
  }
  graph::Graph& graph() { return graph_; }

 private:
  Id value(const std::string& name, Shape shape) {
    graph::Value v;
    v.name = name;
    v.shape = std::move(shape);
    graph_.values.push_back(std::move(v));
    return static_cast<Id>(graph_.values.size()) - 1;
  }

  graph::Graph graph_;
  int constants_ = 0;
};

/// A quantiser with scalar parameters.
inline graph::Quant quant(double scale, int bits, bool is_signed = true,
                          Rounding rounding = Rounding::kHalfEven, double zero = 0,
                          bool narrow = false) {
  graph::Quant op;
  op.scale = Tensor<double>({}, {scale});
  op.zero_point = Tensor<double>({}, {zero});
  op.bits = Tensor<double>({}, {static_cast<double>(bits)});
  op.is_signed = is_signed;
  op.narrow = narrow;
  op.rounding = rounding;
  return op;
}

inline graph::BipolarQuant bipolar(double scale) {
  graph::BipolarQuant op;
  op.scale = Tensor<double>({}, {scale});
  return op;
}

}  // namespace nib::testing
