// A graph as text, one line per node.
#include <fmt/format.h>

#include <algorithm>

#include "nib/graph/graph.h"

namespace nib::graph {
namespace {

/// "0.5" for one element, "64x1 in [0.25, 2]" otherwise.
std::string text_of(const Tensor<double>& tensor) {
  if (tensor.size() == 1) return fmt::format("{}", tensor[0]);
  if (tensor.size() == 0) return to_string(tensor.shape) + " empty";
  const auto [low, high] = std::minmax_element(tensor.data.begin(), tensor.data.end());
  return fmt::format("{} in [{}, {}]", to_string(tensor.shape), *low, *high);
}

struct Attributes {
  std::string operator()(const Quant& op) const {
    std::string text =
        fmt::format(" scale {}, zero {}, bits {}, {}{}, {}", text_of(op.scale),
                    text_of(op.zero_point), text_of(op.bits), op.is_signed ? "signed" : "unsigned",
                    op.narrow ? " narrow" : "", nib::to_string(op.rounding));
    if (op.zero_point_after_rounding) text += ", zero after rounding";
    if (op.codes_out) text += ", codes out";
    for (const Range& limit : op.limits) text += ", codes " + nib::to_string(limit);
    return text;
  }
  std::string operator()(const BipolarQuant& op) const { return " scale " + text_of(op.scale); }
  std::string operator()(const MultiThreshold& op) const {
    return fmt::format(" scale {}, bias {}, channel axis {}", op.out_scale, op.out_bias,
                       op.channel_axis);
  }
  std::string operator()(const MatMul&) const { return {}; }
  std::string operator()(const Gemm& op) const {
    return fmt::format(" alpha {}, beta {}{}{}", op.alpha, op.beta, op.trans_a ? ", A'" : "",
                       op.trans_b ? ", B'" : "");
  }
  std::string operator()(const Add&) const { return {}; }
  std::string operator()(const Sub&) const { return {}; }
  std::string operator()(const Mul&) const { return {}; }
  std::string operator()(const Div&) const { return {}; }
  std::string operator()(const Pow&) const { return {}; }
  std::string operator()(const Neg&) const { return {}; }
  std::string operator()(const BatchNormalization& op) const {
    return fmt::format(" epsilon {}, axis {}", op.epsilon, op.axis);
  }
  std::string operator()(const Relu&) const { return {}; }
  std::string operator()(const LeakyRelu& op) const { return fmt::format(" alpha {}", op.alpha); }
  std::string operator()(const Clip& op) const { return fmt::format(" [{}, {}]", op.low, op.high); }
  std::string operator()(const Reshape&) const { return {}; }
  std::string operator()(const Transpose& op) const {
    return fmt::format(" perm {}", fmt::join(op.perm, ","));
  }
  std::string operator()(const Concat& op) const { return fmt::format(" axis {}", op.axis); }
  std::string operator()(const Softmax& op) const { return fmt::format(" axis {}", op.axis); }
  std::string operator()(const ArgMax& op) const {
    return fmt::format(" axis {}{}", op.axis, op.keep_dims ? ", kept" : "");
  }
};

std::string operand(const Graph& graph, ValueId id) {
  if (id == kNone) return "-";
  const Value& value = graph.value(id);
  if (!value.constant) return value.name;
  return fmt::format("{}:const {}", value.name, to_string(value.shape));
}

}  // namespace

std::string dump(const Graph& graph) {
  std::string out = fmt::format("graph {} ({}{})\n", graph.name, graph.dialect,
                                graph.batched ? "" : ", no batch axis");
  const auto typed = [&](const Value& value) {
    return value.datatype.empty() ? std::string() : " : " + value.datatype;
  };
  for (const GraphInput& input : graph.inputs) {
    const Value& value = graph.value(input.value);
    out += fmt::format("input {} {}{}{}\n", value.name, to_string(value.shape), typed(value),
                       input.type ? " as " + to_string(input.type->type) : "");
  }
  for (const Node& node : graph.nodes) {
    const Value& result = graph.value(node.outputs.at(0));
    std::vector<std::string> operands;
    for (const ValueId id : node.inputs) operands.push_back(operand(graph, id));
    out += fmt::format("{} {}{} = {}({}){}\n", result.name, to_string(result.shape), typed(result),
                       kind_name(node.op), fmt::join(operands, ", "),
                       std::visit(Attributes{}, node.op));
  }
  for (const ValueId id : graph.outputs) {
    out += fmt::format("output {} {}\n", graph.value(id).name, to_string(graph.value(id).shape));
  }
  for (const std::string& note : graph.notes) out += "note " + note + "\n";
  return out;
}

}  // namespace nib::graph
