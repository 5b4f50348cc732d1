// Readers of matrix products, arithmetic and batch normalisation.
#include <fmt/format.h>

#include <cmath>

#include "nib/base/check.h"
#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::ValueId;

enum class Arithmetic { kAdd, kSub, kMul, kDiv };

/// The constant of a `helper`, its shape extended by ones on the right.
ValueId with_shape(NodeReader& node, std::size_t input, Shape shape) {
  Tensor<double> constant = node.reals(input, "the operand that is broadcast");
  constant.shape = std::move(shape);
  return node.helper_constant("operand", std::move(constant));
}

/// Until opset 6 the second operand is broadcast only where `broadcast` says so, from `axis` on.
ValueId second_operand(NodeReader& node) {
  const bool broadcast = node.flag("broadcast", false);
  const bool has_axis = node.has_attribute("axis");
  const std::int64_t axis_value = node.attribute("axis", std::int64_t{-1});
  if (node.opset() >= 7) {
    if (broadcast || has_axis) {
      node.fail(ErrorCode::E305, "broadcast and axis ended with opset 6");
    }
    return node.in(1);
  }
  const Shape a = node.shape(0), b = node.shape(1);
  if (!broadcast) {
    if (a != b) {
      node.fail(ErrorCode::E307, fmt::format("{} and {} without broadcast=1 in opset {}",
                                             to_string(a), to_string(b), node.opset()));
    }
    return node.in(1);
  }
  if (!has_axis) return node.in(1);
  const auto axis = static_cast<std::size_t>(node.axis(axis_value, a.size()));
  if (axis + b.size() > a.size()) {
    node.fail(ErrorCode::E307, fmt::format("{} does not fit into {} from axis {}", to_string(b),
                                           to_string(a), axis));
  }
  Shape extended = b;
  extended.resize(a.size() - axis, 1);
  return extended == b ? node.in(1) : with_shape(node, 1, std::move(extended));
}

/// Integer constants: shape arithmetic.
bool fold_integers(NodeReader& node, Arithmetic kind) {
  if (!node.all_constant()) return false;
  const auto* a = std::get_if<Tensor<std::int64_t>>(&node.constant(0, "an operand"));
  const auto* b = std::get_if<Tensor<std::int64_t>>(&node.constant(1, "an operand"));
  if (a == nullptr || b == nullptr) return false;
  Shape shape;
  if (!broadcast(a->shape, b->shape, shape)) {
    node.fail(ErrorCode::E307, fmt::format("shapes {} and {} do not broadcast", to_string(a->shape),
                                           to_string(b->shape)));
  }
  constexpr std::int64_t kMost = std::int64_t{1} << 20;  // shape arithmetic is small
  if (!bounded_count(shape, kMost)) {
    node.fail(ErrorCode::E207, "integer constants of shape " + to_string(shape));
  }
  Tensor<std::int64_t> out(shape);
  const auto from_a = broadcast_index(a->shape, shape), from_b = broadcast_index(b->shape, shape);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t x = (*a)[from_a[at]], y = (*b)[from_b[at]];
    bool overflow = false;
    switch (kind) {
      case Arithmetic::kAdd:
        overflow = __builtin_add_overflow(x, y, &out[i]);
        break;
      case Arithmetic::kSub:
        overflow = __builtin_sub_overflow(x, y, &out[i]);
        break;
      case Arithmetic::kMul:
        overflow = __builtin_mul_overflow(x, y, &out[i]);
        break;
      case Arithmetic::kDiv:
        overflow = y == 0 || (x == std::numeric_limits<std::int64_t>::min() && y == -1);
        if (!overflow) out[i] = x / y;
        break;
    }
    if (overflow) node.fail(ErrorCode::E306, "integer arithmetic overflows or divides by 0");
  }
  node.emit_constant(std::move(out), node.facts(0).type);
  return true;
}

/// Integer tensors (an index, an integer input) wrap and truncate, reals do not: only what cannot
/// is let through.
void check_integer_operand(NodeReader& node, Arithmetic kind) {
  const ElementType type = node.facts(0).type;
  if (is_float(type)) return;
  if (kind == Arithmetic::kDiv) {
    node.fail(ErrorCode::E309, "a division of integers truncates", "cast to float before it");
  }
  if (type != ElementType::kInt32 && type != ElementType::kInt64) {
    node.fail(ErrorCode::E309,
              "arithmetic on " + element_type_name(static_cast<std::int64_t>(type)) + " wraps",
              "cast to float before it");
  }
}

template <class Op>
void read_arithmetic(NodeReader& node, Arithmetic kind) {
  node.arity(2, 2);
  node.ignore("consumed_inputs");
  const ValueId second = second_operand(node);
  if (fold_integers(node, kind)) return;
  check_integer_operand(node, kind);
  if (kind == Arithmetic::kDiv && node.builder().graph.is_constant(second)) {
    const Tensor<double> divisor = node.reals_of(second, "the divisor");
    for (const double x : divisor.data) {
      if (x == 0) node.fail(ErrorCode::E306, "a division by 0");
    }
  }
  node.emit(Op{}, {node.in(0), second});
}

void read_add(NodeReader& node) { read_arithmetic<graph::Add>(node, Arithmetic::kAdd); }
void read_sub(NodeReader& node) { read_arithmetic<graph::Sub>(node, Arithmetic::kSub); }
void read_mul(NodeReader& node) { read_arithmetic<graph::Mul>(node, Arithmetic::kMul); }
void read_div(NodeReader& node) { read_arithmetic<graph::Div>(node, Arithmetic::kDiv); }

void read_pow(NodeReader& node) {
  node.arity(2, 2);
  const ValueId exponent = second_operand(node);
  const bool whole = node.builder().graph.is_constant(exponent) && [&] {
    const auto values = node.reals_of(exponent, "the exponent");
    for (const double x : values.data) {
      if (x != std::floor(x) || x < 0 || x > 64) return false;
    }
    return true;
  }();
  if (node.facts(0).varies && !whole) {
    node.fail(ErrorCode::E309, "the exponent is no constant whole number of 0 to 64");
  }
  if (!is_float(node.facts(0).type)) node.fail(ErrorCode::E309, "a power of integers");
  if (node.is_constant(0) && !whole) {
    for (const double x : node.reals(0, "the base").data) {
      if (x > 0) continue;
      node.fail(ErrorCode::E309,
                fmt::format("the base {} with a fractional or negative exponent", x));
    }
  }
  node.emit(graph::Pow{}, {node.in(0), exponent});
}

void read_neg(NodeReader& node) {
  node.arity(1, 1);
  node.emit(graph::Neg{}, {node.in(0)});
}

void read_matmul(NodeReader& node) {
  node.arity(2, 2);
  node.emit(graph::MatMul{}, {node.in(0), node.in(1)});
}

void read_gemm(NodeReader& node) {
  node.arity(2, 3);
  graph::Gemm op;
  op.alpha = node.attribute("alpha", 1.0);
  op.beta = node.attribute("beta", 1.0);
  op.trans_a = node.flag("transA", false);
  op.trans_b = node.flag("transB", false);
  const bool broadcast = node.flag("broadcast", false);
  if (node.opset() >= 7 && node.has_attribute("broadcast")) {
    node.fail(ErrorCode::E305, "broadcast ended with opset 6");
  }
  std::vector<ValueId> inputs = node.inputs();
  const ValueId out = node.emit(op, inputs);
  const Shape& shape = node.builder().graph.value(out).shape;
  if (node.opset() < 7 && node.has(2) && !broadcast && node.shape(2) != shape) {
    node.fail(ErrorCode::E307,
              fmt::format("C of shape {} for {} without broadcast=1 in opset {}",
                          to_string(node.shape(2)), to_string(shape), node.opset()));
  }
}

void check_variance(NodeReader& node, double epsilon) {
  if (!node.is_constant(4)) return;
  const Tensor<double> variance = node.reals(4, "the variance");
  for (std::int64_t i = 0; i < variance.size(); ++i) {
    if (!(variance[i] + epsilon > 0)) {
      node.fail(ErrorCode::E306,
                fmt::format("variance + epsilon is {} at channel {}", variance[i] + epsilon, i));
    }
  }
}

void read_batch_norm_of(NodeReader& node, bool channels_last) {
  node.arity(5, 5, 5);
  node.ignore("momentum");
  node.ignore("is_test");
  node.ignore("consumed_inputs");
  graph::BatchNormalization op;
  op.epsilon = node.attribute("epsilon", double{1e-5F});
  if (node.flag("training_mode", false)) {
    node.fail(ErrorCode::E309, "training_mode is 1", "export the model for inference");
  }
  if (!node.flag("spatial", true)) node.fail(ErrorCode::E309, "spatial is 0");
  for (std::size_t i = 1; i < 5; ++i) {
    if (node.facts(i).varies) node.fail(ErrorCode::E308, fmt::format("input {} is computed", i));
  }
  check_variance(node, op.epsilon);
  // Some converters of Keras models transpose to (channels, batch) and keep the channel axis 1.
  const Shape& x = node.shape(0);
  if (channels_last) {
    if (x.empty()) node.fail(ErrorCode::E307, "a scalar has no channels");
    op.axis = static_cast<int>(x.size()) - 1;
  } else if (x.size() == 2 && x[1] == 1 && x[0] > 1 && node.shape(1) == Shape{x[0]}) {
    op.axis = 0;
    node.builder().count_note("BatchNormalization of (channels, batch): channels taken on axis 0");
  }
  node.emit(op, node.inputs());
}

void read_batch_normalization(NodeReader& node) { read_batch_norm_of(node, false); }
void read_batch_norm_last(NodeReader& node) { read_batch_norm_of(node, true); }

}  // namespace

const std::vector<OpEntry>& linear_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "MatMul", read_matmul},
      {"", "Gemm", read_gemm},
      {"", "Add", read_add},
      {"", "Sub", read_sub},
      {"", "Mul", read_mul},
      {"", "Div", read_div},
      {"", "Pow", read_pow},
      {"", "Neg", read_neg},
      {"", "BatchNormalization", read_batch_normalization},
      {"channels_last", "BatchNormalization", read_batch_norm_last},
  };
  return kTable;
}

}  // namespace nib::importer
