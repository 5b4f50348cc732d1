// Readers of QuantizeLinear and DequantizeLinear; a pair of them, with a Clip between or not, is
// one quantiser.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/import/builder.h"
#include "nib/import/code_type.h"
#include "nib/import/parameters.h"

namespace nib::importer {
namespace {

using graph::ValueId;

struct Parameters {
  Tensor<double> scale, zero_point;
};

/// Scale and zero point on inputs 1 and 2, placed on the attribute axis of input 0.
Parameters parameters_of(NodeReader& node) {
  const std::int64_t axis = node.attribute("axis", std::int64_t{1});
  if (node.attribute("block_size", std::int64_t{0}) != 0) {
    node.fail(ErrorCode::E309, "block_size is not 0", "nib reads no blocked scales");
  }
  const Shape x = node.shape(0);
  Parameters out{on_axis(node, scale_of(node, 1), x, axis, "the scale"),
                 on_axis(node, code_zero_point(node, 2), x, axis, "the zero point")};
  if (std::any_of(out.scale.data.begin(), out.scale.data.end(), [](double s) { return s < 0; })) {
    node.fail(ErrorCode::E402, "a negative scale", "QuantizeLinear has positive scales");
  }
  return out;
}

void read_quantize_linear(NodeReader& node) {
  node.arity(2, 3);
  node.ignore("saturate");  // of float8 alone
  Parameters parameters = parameters_of(node);
  const std::int64_t stated = node.attribute("output_dtype", std::int64_t{0});
  ElementType type = node.has(2) ? node.facts(2).type : ElementType::kUint8;
  if (stated != 0 && !node.has(2)) {
    const auto named = element_type(stated);
    if (!named) node.fail(ErrorCode::E309, "output_dtype is " + element_type_name(stated));
    type = *named;
  }
  const auto codes = code_type(type);
  if (!codes || codes->bits > 16) {
    node.fail(ErrorCode::E309, "codes of " + element_type_name(static_cast<std::int64_t>(type)),
              "QuantizeLinear makes codes of 4, 8 or 16 bits");
  }
  node.emit(code_quantiser(std::move(parameters.scale), std::move(parameters.zero_point), *codes),
            {node.in(0)});
  node.set_type(type);
}

/// The quantiser that made `id`, through Clips; their limits end up in `range`.
const graph::Node* quantiser_of(const graph::Graph& graph, ValueId id, Range& range,
                                bool& clipped) {
  double low = -HUGE_VAL, high = HUGE_VAL;
  while (graph.value(id).producer != graph::kNone) {
    const graph::Node& node = graph.node(graph.value(id).producer);
    if (const auto* clip = std::get_if<graph::Clip>(&node.op)) {
      const auto fractional = [](double x) { return std::isfinite(x) && x != std::floor(x); };
      if (fractional(clip->low) || fractional(clip->high)) return nullptr;
      // From the last to the first: what a later Clip says holds.
      low = std::clamp(clip->low, low, high);
      high = std::clamp(clip->high, low, high);
      clipped = true;
      id = node.inputs[0];
      continue;
    }
    const auto* quant = std::get_if<graph::Quant>(&node.op);
    if (quant == nullptr || !quant->codes_out) return nullptr;
    const Range full = full_range(static_cast<int>(quant->bits[0]), quant->is_signed);
    const auto bound = [&](double x) {
      return std::clamp(x, static_cast<double>(full.min), static_cast<double>(full.max));
    };
    if (low > static_cast<double>(full.max) || high < static_cast<double>(full.min)) return nullptr;
    range = {static_cast<std::int64_t>(bound(low)), static_cast<std::int64_t>(bound(high))};
    return &node;
  }
  return nullptr;
}

/// Quantising and dequantising by the same parameters: one quantiser.
bool emit_pair(NodeReader& node, const Parameters& parameters) {
  const graph::Graph& graph = node.builder().graph;
  Range range;
  bool clipped = false;
  const graph::Node* first = quantiser_of(graph, node.in(0), range, clipped);
  if (first == nullptr) return false;
  graph::Quant op = std::get<graph::Quant>(first->op);
  if (op.scale != parameters.scale || op.zero_point != parameters.zero_point) return false;
  op.codes_out = false;
  if (clipped) op.limits = {range};
  const ValueId x = first->inputs[0];
  node.emit(std::move(op), {x});
  node.set_type(ElementType::kFloat);
  return true;
}

/// (q - zero point) * scale where every product is exact as a double.
std::optional<Tensor<double>> dequantised(NodeReader& node, const Parameters& parameters) {
  Tensor<double> out = node.reals(0, "the codes");
  const auto scales = broadcast_index(parameters.scale.shape, out.shape);
  const auto zeros = broadcast_index(parameters.zero_point.shape, out.shape);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double code = out[i] - parameters.zero_point[zeros[at]];
    const double scale = parameters.scale[scales[at]];
    const double product = code * scale;
    const bool tiny = product != 0 && std::abs(product) < 1e-280;
    if (tiny || !std::isfinite(product) || std::fma(code, scale, -product) != 0) {
      return std::nullopt;
    }
    out[i] = product;
  }
  return out;
}

void read_dequantize_linear(NodeReader& node) {
  node.arity(2, 3);
  node.ignore("output_dtype");
  if (!code_type(node.facts(0).type)) {
    node.fail(ErrorCode::E309,
              "codes of " + element_type_name(static_cast<std::int64_t>(node.facts(0).type)),
              "nib reads codes of 4, 8 and 16 bits and int32");
  }
  if (node.has(2) && node.facts(2).type != node.facts(0).type) {
    node.fail(ErrorCode::E306, "codes and zero point differ in type");
  }
  const Parameters parameters = parameters_of(node);
  if (node.is_constant(0)) {
    if (auto constant = dequantised(node, parameters)) {
      node.emit_constant(std::move(*constant), ElementType::kFloat);
      return;
    }
  } else if (emit_pair(node, parameters)) {
    return;
  }
  const ValueId codes = centred(node, 0, parameters.zero_point, "centred");
  node.emit(graph::Mul{}, {codes, node.helper_constant("scale", parameters.scale)});
  node.set_type(ElementType::kFloat);
}

}  // namespace

const std::vector<OpEntry>& qdq_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "QuantizeLinear", read_quantize_linear},
      {"", "DequantizeLinear", read_dequantize_linear},
  };
  return kTable;
}

}  // namespace nib::importer
