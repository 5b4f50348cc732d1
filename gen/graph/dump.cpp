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

/// "kernel 3x3, strides 2x2, pads 1x1+0x0", what is plain left out.
std::string text_of(const Window& window) {
  const auto plain = [](const std::vector<std::int64_t>& v, std::int64_t value) {
    return std::all_of(v.begin(), v.end(), [value](std::int64_t x) { return x == value; });
  };
  std::string text = fmt::format(" kernel {}", fmt::join(window.kernel, "x"));
  if (!plain(window.strides, 1))
    text += fmt::format(", strides {}", fmt::join(window.strides, "x"));
  if (!plain(window.dilations, 1)) {
    text += fmt::format(", dilations {}", fmt::join(window.dilations, "x"));
  }
  if (!plain(window.pads_begin, 0) || !plain(window.pads_end, 0)) {
    text += fmt::format(", pads {}+{}", fmt::join(window.pads_begin, "x"),
                        fmt::join(window.pads_end, "x"));
  }
  if (!plain(window.ceil_extra, 0)) {
    text += fmt::format(", ceil {}", fmt::join(window.ceil_extra, "x"));
  }
  return text;
}

std::string_view layout(bool channels_last) { return channels_last ? ", channels last" : ""; }

std::string_view name_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMean:
      return "mean";
    case ReduceKind::kSum:
      return "sum";
    case ReduceKind::kMax:
      return "max";
    case ReduceKind::kMin:
      return "min";
  }
  return {};
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
  std::string operator()(const Conv& op) const {
    return text_of(op.window) + (op.groups == 1 ? "" : fmt::format(", groups {}", op.groups)) +
           std::string(layout(op.channels_last));
  }
  std::string operator()(const ConvTranspose& op) const {
    return text_of(op.window) + (op.groups == 1 ? "" : fmt::format(", groups {}", op.groups)) +
           fmt::format(", output padding {}", fmt::join(op.output_padding, "x"));
  }
  std::string operator()(const MaxPool& op) const {
    return text_of(op.window) + std::string(layout(op.channels_last));
  }
  std::string operator()(const AveragePool& op) const {
    return text_of(op.window) + (op.count_include_pad ? ", pads count" : "") +
           std::string(layout(op.channels_last));
  }
  std::string operator()(const QuantAvgPool& op) const {
    return text_of(op.window) + fmt::format(", shift {}", op.shift) +
           std::string(layout(op.channels_last));
  }
  std::string operator()(const Reduce& op) const {
    return fmt::format(" {} over axes {}{}", name_of(op.kind), fmt::join(op.axes, ","),
                       op.keep_dims ? ", kept" : "");
  }
  std::string operator()(const Take& op) const {
    std::string text;
    for (std::size_t axis = 0; axis < op.index.size(); ++axis) {
      const auto& index = op.index[axis];
      if (index.empty()) continue;
      text += fmt::format(" axis {}: {} of [{}, {}]", axis, index.size(),
                          *std::min_element(index.begin(), index.end()),
                          *std::max_element(index.begin(), index.end()));
    }
    return text + (op.fill != 0 ? fmt::format(" fill {}", op.fill) : "");
  }
  std::string operator()(const Unary& op) const {
    return fmt::format(" {} alpha {}, beta {}", kind_name(op.kind), op.alpha, op.beta);
  }
  std::string operator()(const PRelu&) const { return {}; }
  std::string operator()(const Trunc& op) const {
    std::string text =
        fmt::format(" scale {}, zero {}, divisor {}, to scale {}, zero {}, {}", text_of(op.scale),
                    text_of(op.zero_point), text_of(op.divisor), text_of(op.out_scale),
                    text_of(op.out_zero_point), nib::to_string(op.rounding));
    for (const Range& limit : op.limits) text += ", codes " + nib::to_string(limit);
    return text;
  }
  std::string operator()(const FloatQuant& op) const {
    return fmt::format(" scale {}, exponent {}, mantissa {}, bias {}, max {}, {}{}{}{}{}",
                       text_of(op.scale), text_of(op.exponent_bits), text_of(op.mantissa_bits),
                       text_of(op.exponent_bias), text_of(op.max_value),
                       nib::to_string(op.rounding), op.has_subnormal ? "" : ", no subnormals",
                       op.has_infinity ? ", infinity" : "", op.has_nan ? ", NaN" : "",
                       op.saturation ? "" : ", not saturating");
  }
  std::string operator()(const TopK& op) const {
    return fmt::format(" {} {} {} axis {}", op.largest ? "largest" : "smallest", op.k,
                       op.values ? "values" : "indices", op.axis);
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
