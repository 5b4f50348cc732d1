// Readers of QONNX's other custom operators: Trunc of both versions, FloatQuant, and small ones.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/import/builder.h"
#include "nib/import/parameters.h"
#include "nib/num/rational.h"

namespace nib::importer {
namespace {

using graph::ValueId;

/// f(a, b) of two parameters that broadcast to each other.
template <class F>
Tensor<double> combined(const NodeReader& node, const Tensor<double>& a, const Tensor<double>& b,
                        F f) {
  Shape shape;
  if (!broadcast(a.shape, b.shape, shape) || !bounded_count(shape)) {
    node.fail(ErrorCode::E307, fmt::format("parameters of shapes {} and {} do not broadcast",
                                           to_string(a.shape), to_string(b.shape)));
  }
  Tensor<double> out(shape);
  const auto from_a = broadcast_index(a.shape, shape), from_b = broadcast_index(b.shape, shape);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    out[i] = f(a[from_a[at]], b[from_b[at]]);
  }
  return out;
}

void need_exact(const NodeReader& node, const Tensor<double>& zero_point,
                const Tensor<double>& divisor) {
  (void)combined(node, zero_point, divisor, [&](double z, double d) {
    if (z / d * d != z) node.fail(ErrorCode::E404, "the zero point is out of reach of a double");
    return 0.0;
  });
}

/// Version 1: the value shrinks by 2^(in - out) at the same scale and zero point.
void read_trunc1(NodeReader& node) {
  graph::Trunc op;
  op.scale = scale_of(node, 1);
  op.zero_point = zero_point_of(node, 2);
  op.divisor = combined(node, bits_of(node, 3), bits_of(node, 4), [](double in, double out) {
    return std::ldexp(1.0, static_cast<int>(in - out));
  });
  op.out_scale = op.scale;
  op.out_zero_point = op.zero_point;
  op.rounding = rounding_of(node, Rounding::kFloor);
  node.ignore("signed");
  node.ignore("narrow");
  node.emit(std::move(op), {node.in(0)});
}

/// The codes that the output's bits, sign and narrow flag allow.
Range trunc_limits(NodeReader& node, double width, bool is_signed, bool narrow) {
  if (width > 62) node.fail(ErrorCode::E403, fmt::format("an output of {} bits", width));
  if (width == 0) return {0, 0};
  Range range = full_range(static_cast<int>(width), is_signed);
  if (narrow) (is_signed ? range.min : range.max) += is_signed ? 1 : -1;
  return range;
}

/// The parameter's value at each element of `shape`, to which it broadcasts.
std::vector<double> at_each(const Tensor<double>& parameter, const Shape& shape) {
  std::vector<double> out;
  for (const std::int64_t from : broadcast_index(parameter.shape, shape)) {
    out.push_back(parameter[from]);
  }
  return out;
}

/// Version 2: the output has a scale of its own, a power of two times the input's.
void read_trunc2(NodeReader& node) {
  graph::Trunc op;
  op.scale = scale_of(node, 1);
  op.zero_point = zero_point_of(node, 2);
  (void)bits_of(node, 3);
  op.out_scale = scale_of(node, 4);
  const Tensor<double> bits = bits_of(node, 5);
  op.divisor = combined(node, op.out_scale, op.scale, [&](double out, double in) {
    const Rational ratio = exact(out) / exact(in);
    const auto power = ratio > 0 ? log2_exact(ratio) : std::nullopt;
    if (!power) {
      node.fail(
          ErrorCode::E309,
          fmt::format("the output's scale {} is no power of two times the input's {}", out, in),
          "the shift would be rounded and the scale not");
    }
    return std::ldexp(1.0, *power);
  });
  const bool is_signed = node.flag("signed", true), narrow = node.flag("narrow", false);
  // One entry, or one for each element of the divisor.
  if (bits.size() > 1)
    op.divisor = combined(node, op.divisor, bits, [](double d, double) { return d; });
  for (const double width : bits.size() > 1 ? at_each(bits, op.divisor.shape) : bits.data) {
    op.limits.push_back(trunc_limits(node, width, is_signed, narrow));
  }
  need_exact(node, op.zero_point, op.divisor);
  op.out_zero_point =
      combined(node, op.zero_point, op.divisor, [](double z, double d) { return z / d; });
  op.rounding = rounding_of(node, Rounding::kFloor);
  node.emit(std::move(op), {node.in(0)});
}

/// The versions differ in their numbers of inputs; imports are too often missing to decide.
void read_trunc(NodeReader& node) {
  node.arity(5, 6);
  if (node.raw().inputs.size() == 5) {
    read_trunc1(node);
  } else {
    node.arity(6, 6);
    read_trunc2(node);
  }
  node.set_type(ElementType::kFloat);
}

Tensor<double> whole_parameter(NodeReader& node, std::size_t input, std::string_view what,
                               double low, double high) {
  Tensor<double> values = parameter(node, input, what);
  for (const double x : values.data) {
    if (!(x >= low && x <= high) || x != std::floor(x)) {
      node.fail(ErrorCode::E403, fmt::format("{} is {}", what, x),
                fmt::format("a whole number from {} to {}", low, high));
    }
  }
  return values;
}

void read_float_quant(NodeReader& node) {
  node.arity(6, 6);
  graph::FloatQuant op;
  op.scale = scale_of(node, 1);
  op.exponent_bits = whole_parameter(node, 2, "the exponent width", 1, 11);
  op.mantissa_bits = whole_parameter(node, 3, "the mantissa width", 0, 52);
  op.exponent_bias = whole_parameter(node, 4, "the exponent bias", -1024, 1024);
  op.max_value = parameter(node, 5, "the largest value");
  for (const double x : op.max_value.data) {
    if (!std::isfinite(x) || x <= 0) {
      node.fail(ErrorCode::E306, fmt::format("the largest value is {}", x));
    }
  }
  op.rounding = rounding_of(node, Rounding::kHalfEven);
  op.has_subnormal = node.flag("has_subnormal", true);
  const bool infinity = node.flag("has_infinity", false);
  op.has_infinity = node.flag("has_inf", infinity);
  op.has_nan = node.flag("has_nan", false);
  op.saturation = node.flag("saturation", true);
  if (!node.flag("signed", true)) node.fail(ErrorCode::E309, "signed is 0");
  node.emit(std::move(op), {node.in(0)});
  node.set_type(ElementType::kFloat);
}

/// Matches of {0, 1} operands: half of (the product of +-1 operands + their number).
void read_xnor_popcount(NodeReader& node) {
  node.arity(2, 2);
  const Shape a = node.shape(0);
  if (a.empty()) node.fail(ErrorCode::E307, "a scalar in a matrix product");
  const auto constant = [&](std::string_view suffix, double x) {
    return node.helper_constant(suffix, Tensor<double>(Shape{}, x));
  };
  const ValueId two = constant("two", 2), one = constant("one", 1);
  const auto bipolar = [&](std::size_t input, std::string_view twice, std::string_view name) {
    const ValueId doubled = node.step(twice, graph::Mul{}, {node.in(input), two});
    return node.step(name, graph::Sub{}, {doubled, one});
  };
  const ValueId left = bipolar(0, "a_twice", "a_bipolar");
  const ValueId right = bipolar(1, "b_twice", "b_bipolar");
  const ValueId dot = node.step("product", graph::MatMul{}, {left, right});
  const ValueId count = constant("count", static_cast<double>(a.back()));
  const ValueId twice = node.step("matches_twice", graph::Add{}, {dot, count});
  node.emit(graph::Mul{}, {twice, constant("half", 0.5)});
  node.set_type(ElementType::kFloat);
}

void read_debug_marker(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("export_debug_name");
  reshape_to(node, node.shape(0), node.facts(0).batch_axis);
}

}  // namespace

const std::vector<OpEntry>& custom_readers() {
  static const std::vector<OpEntry> kTable = {
      {"qonnx", "Trunc", read_trunc},
      {"qonnx", "TruncQuant", read_trunc},
      {"qonnx", "FloatQuant", read_float_quant},
      {"qonnx", "XnorPopcountMatMul", read_xnor_popcount},
      {"qonnx", "DebugMarker", read_debug_marker},
  };
  return kTable;
}

}  // namespace nib::importer
