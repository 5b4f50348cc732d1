// The integer types of codes in the QDQ dialects.
#include "nib/import/code_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/import/parameters.h"

namespace nib::importer {

std::optional<CodeType> code_type(ElementType type) {
  switch (type) {
    case ElementType::kInt4:
      return CodeType{4, true};
    case ElementType::kUint4:
      return CodeType{4, false};
    case ElementType::kInt8:
      return CodeType{8, true};
    case ElementType::kUint8:
      return CodeType{8, false};
    case ElementType::kInt16:
      return CodeType{16, true};
    case ElementType::kUint16:
      return CodeType{16, false};
    case ElementType::kInt32:
      return CodeType{32, true};
    case ElementType::kFloat:
    case ElementType::kDouble:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
    case ElementType::kBool:
    case ElementType::kInt64:
    case ElementType::kUint32:
    case ElementType::kUint64:
      break;
  }
  return std::nullopt;
}

Tensor<double> on_axis(const NodeReader& node, Tensor<double> parameter, const Shape& x,
                       std::int64_t axis, std::string_view what) {
  if (parameter.size() == 1) {
    parameter.shape.clear();
    return parameter;
  }
  const auto at = static_cast<std::size_t>(node.axis(axis, x.size()));
  // QLinearMatMul writes one for each column as [1, ..., 1, columns].
  const bool aligned =
      parameter.shape.size() == x.size() && parameter.shape[at] == parameter.size();
  if (parameter.shape.size() != 1 && !aligned) {
    node.fail(ErrorCode::E309, fmt::format("{} has shape {}", what, to_string(parameter.shape)),
              "nib reads one for the tensor or one for each channel, no blocks");
  }
  if (parameter.size() != x[at]) {
    node.fail(ErrorCode::E307, fmt::format("{} of {} elements for axis {} of {}", what,
                                           parameter.size(), at, to_string(x)));
  }
  parameter.shape.assign(x.size() - at, 1);
  parameter.shape[0] = x[at];
  return parameter;
}

graph::Quant code_quantiser(Tensor<double> scale, Tensor<double> zero_point, CodeType type) {
  graph::Quant op;
  op.scale = std::move(scale);
  op.zero_point = std::move(zero_point);
  op.bits = Tensor<double>(Shape{}, double(type.bits));
  op.is_signed = type.is_signed;
  op.zero_point_after_rounding = true;
  op.codes_out = true;
  return op;
}

Tensor<double> code_zero_point(NodeReader& node, std::size_t input) {
  if (!node.has(input)) return Tensor<double>(Shape{}, 0.0);
  if (!code_type(node.facts(input).type)) {
    node.fail(
        ErrorCode::E309,
        "a zero point of " + element_type_name(static_cast<std::int64_t>(node.facts(input).type)),
        "nib reads codes of 4, 8 and 16 bits and int32");
  }
  return zero_point_of(node, input);
}

bool all_zero(const Tensor<double>& tensor) {
  return std::all_of(tensor.data.begin(), tensor.data.end(), [](double x) { return x == 0; });
}

graph::ValueId centred(NodeReader& node, std::size_t input, const Tensor<double>& zero_point,
                       std::string_view suffix) {
  if (all_zero(zero_point)) return node.in(input);
  const Shape& x = node.shape(input);
  if (node.is_constant(input)) {
    Tensor<double> out = node.reals(input, "codes");
    const auto from = broadcast_index(zero_point.shape, x);
    for (std::int64_t i = 0; i < out.size(); ++i) {
      out[i] -= zero_point[from[static_cast<std::size_t>(i)]];
    }
    return node.helper_constant(suffix, std::move(out));
  }
  const graph::ValueId zero = node.helper_constant(fmt::format("{}_zero", suffix), zero_point);
  return node.step(suffix, graph::Sub{}, {node.in(input), zero});
}

}  // namespace nib::importer
