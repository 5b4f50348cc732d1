// Readers of quantised and integer operators: taken apart into centred operands, a product, its
// scale and a quantiser.
#include <fmt/format.h>

#include <utility>

#include "nib/import/builder.h"
#include "nib/import/code_type.h"
#include "nib/import/parameters.h"
#include "nib/import/window.h"

namespace nib::importer {
namespace {

using graph::ValueId;

void need_codes(const NodeReader& node, std::size_t input) {
  const ElementType type = node.facts(input).type;
  if (!code_type(type)) {
    node.fail(ErrorCode::E309, fmt::format("input {} of {}", input,
                                           element_type_name(static_cast<std::int64_t>(type))));
  }
}

/// One number for the whole tensor.
Tensor<double> single(const NodeReader& node, Tensor<double> parameter, std::string_view what) {
  if (parameter.size() != 1) {
    node.fail(ErrorCode::E309, fmt::format("{} has shape {}", what, to_string(parameter.shape)),
              "nib reads one for the whole tensor here");
  }
  parameter.shape.clear();
  return parameter;
}

/// The convolution of centred operands. `w` is the number of the weights' input.
ValueId centred_conv(NodeReader& node, std::size_t w, const Tensor<double>& x_zero,
                     Tensor<double> w_zero, std::optional<ValueId> bias, bool last) {
  const Shape x_shape = node.shape(0), w_shape = node.shape(w);
  if (x_shape.size() < 3 || x_shape.size() > 4 || w_shape.size() != x_shape.size()) {
    node.fail(ErrorCode::E307,
              fmt::format("weights of shape {} for {}", to_string(w_shape), to_string(x_shape)));
  }
  if (node.facts(w).varies) node.fail(ErrorCode::E308, "the weights are computed");
  graph::Conv op;
  op.groups = node.attribute("group", std::int64_t{1});
  if (op.groups < 1 || op.groups > kMaxElements) {
    node.fail(ErrorCode::E306, fmt::format("group is {}", op.groups));
  }
  op.window = conv_window(node, spatial_of(x_shape, false), spatial_of(w_shape, false));
  w_zero = on_axis(node, std::move(w_zero), w_shape, 0, "the weights' zero point");
  std::vector<ValueId> inputs = {centred(node, 0, x_zero, "x_centred"),
                                 centred(node, w, w_zero, "w_centred")};
  if (bias) inputs.push_back(*bias);
  return last ? node.emit(std::move(op), std::move(inputs))
              : node.step("conv", std::move(op), std::move(inputs));
}

/// y = saturate(round(accumulator * a_scale * b_scale / y_scale) + y_zero). The product of two
/// float32 scales is exact as a double.
void emit_requantised(NodeReader& node, ValueId accumulator, const Tensor<double>& a_scale,
                      Tensor<double> b_scale, std::size_t y_scale_input) {
  for (double& scale : b_scale.data) scale *= a_scale[0];
  const ValueId factor = node.helper_constant("factor", std::move(b_scale));
  const ValueId real = node.step("real", graph::Mul{}, {accumulator, factor});
  const std::size_t zero_input = y_scale_input + 1;
  const ElementType type = node.facts(zero_input).type;
  Tensor<double> y_scale = single(node, scale_of(node, y_scale_input), "the output's scale");
  Tensor<double> y_zero =
      single(node, code_zero_point(node, zero_input), "the output's zero point");
  node.emit(code_quantiser(std::move(y_scale), std::move(y_zero), *code_type(type)), {real});
  node.set_type(type);
}

void need_positive(const NodeReader& node, const Tensor<double>& scale) {
  for (const double s : scale.data) {
    if (s < 0) node.fail(ErrorCode::E402, fmt::format("the scale {}", s), "scales are positive");
  }
}

/// x, its scale and zero point, w, its scale and zero point, y's scale and zero point, bias.
void read_qlinear_conv(NodeReader& node) {
  node.arity(8, 9);
  need_codes(node, 0);
  need_codes(node, 3);
  const Tensor<double> x_scale = single(node, scale_of(node, 1), "the input's scale");
  const Tensor<double> x_zero = single(node, code_zero_point(node, 2), "the input's zero point");
  const Shape w = node.shape(3);
  Tensor<double> w_scale = scale_of(node, 4);
  need_positive(node, x_scale);
  need_positive(node, w_scale);
  std::optional<ValueId> bias;
  if (node.has(8)) {
    if (node.facts(8).varies) node.fail(ErrorCode::E308, "the bias is computed");
    bias = node.in(8);
  }
  const ValueId sum = centred_conv(node, 3, x_zero, code_zero_point(node, 5), bias, false);
  const Shape out = node.builder().graph.value(sum).shape;
  emit_requantised(node, sum, x_scale,
                   on_axis(node, std::move(w_scale), out, 1, "the weights' scale"), 6);
}

void read_conv_integer(NodeReader& node) {
  node.arity(2, 4);
  need_codes(node, 0);
  need_codes(node, 1);
  const Tensor<double> x_zero = single(node, code_zero_point(node, 2), "the input's zero point");
  (void)centred_conv(node, 1, x_zero, code_zero_point(node, 3), std::nullopt, true);
  node.set_type(ElementType::kInt32);
}

/// A zero point of the right operand, one for each column or one for all.
Tensor<double> column_parameter(const NodeReader& node, Tensor<double> parameter, std::size_t input,
                                std::string_view what) {
  return on_axis(node, std::move(parameter), node.shape(input), -1, what);
}

/// One for each row of the left operand, or one for all.
Tensor<double> row_parameter(const NodeReader& node, Tensor<double> parameter, std::size_t input,
                             std::string_view what) {
  if (parameter.size() == 1) return single(node, std::move(parameter), what);
  return on_axis(node, std::move(parameter), node.shape(input), -2, what);
}

void read_qlinear_matmul(NodeReader& node) {
  node.arity(8, 8);
  need_codes(node, 0);
  need_codes(node, 3);
  const Tensor<double> a_scale = single(node, scale_of(node, 1), "the left scale");
  const Tensor<double> a_zero =
      row_parameter(node, code_zero_point(node, 2), 0, "the left zero point");
  Tensor<double> b_scale = column_parameter(node, scale_of(node, 4), 3, "the right scale");
  const Tensor<double> b_zero =
      column_parameter(node, code_zero_point(node, 5), 3, "the right zero point");
  need_positive(node, a_scale);
  need_positive(node, b_scale);
  const ValueId product =
      node.step("product", graph::MatMul{},
                {centred(node, 0, a_zero, "a_centred"), centred(node, 3, b_zero, "b_centred")});
  emit_requantised(node, product, a_scale, std::move(b_scale), 6);
}

void read_matmul_integer(NodeReader& node) {
  node.arity(2, 4);
  need_codes(node, 0);
  need_codes(node, 1);
  const Tensor<double> a_zero =
      row_parameter(node, code_zero_point(node, 2), 0, "the left zero point");
  const Tensor<double> b_zero =
      column_parameter(node, code_zero_point(node, 3), 1, "the right zero point");
  node.emit(graph::MatMul{},
            {centred(node, 0, a_zero, "a_centred"), centred(node, 1, b_zero, "b_centred")});
  node.set_type(ElementType::kInt32);
}

}  // namespace

const std::vector<OpEntry>& qlinear_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "QLinearConv", read_qlinear_conv},
      {"", "ConvInteger", read_conv_integer},
      {"", "QLinearMatMul", read_qlinear_matmul},
      {"", "MatMulInteger", read_matmul_integer},
  };
  return kTable;
}

}  // namespace nib::importer
