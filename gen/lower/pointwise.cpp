// Scalar operators, which wait as stages for the next quantiser.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/curve.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"

namespace nib::lower {
namespace {

using Kind = ScalarOp::Kind;

}  // namespace

void Lowerer::add_stage(Activation activation, Stage stage, const graph::Node& node) {
  const graph::Value& out = out_value(node);
  stage.node = graph_.value(node.outputs[0]).producer;
  activation.shape = out.shape;
  if (!absorb_affine(activation, stage, node)) activation.stages.push_back(std::move(stage));
  set(node.outputs[0], std::move(activation));
}

/// A rational affine operator behind a product changes the product's scale, offset and bias, not
/// its codes.
bool Lowerer::absorb_affine(Activation& activation, const Stage& stage, const graph::Node& node) {
  if (activation.base == kNone || !activation.exclusive || !activation.stages.empty()) return false;
  Node& producer = result_.nodes[static_cast<std::size_t>(result_.value(activation.base).producer)];
  const bool linear = std::holds_alternative<Linear>(producer.op);
  if (!linear && !std::holds_alternative<Conv>(producer.op)) return false;
  if (read_already(activation.base)) return false;
  if (!linear) {  // its axes stay, and its channels' groups
    const Value& sums = result_.value(activation.base);
    const Grouping joint = join(sums.grouping, stage.grouping, sums.elements());
    if (sums.shape != out_value(node).shape || sums.grouping != row_grouping(activation.base) ||
        joint != sums.grouping) {
      return false;
    }
  }
  for (const ScalarOp& op : stage.ops) {
    if (op.kind != Kind::kAffine || !op.a.is_rational() || !op.b.is_rational() ||
        op.a.sign() <= 0) {
      return false;
    }
  }
  Activation tail = activation;
  tail.stages = {stage};
  const std::optional<AffineView> view = affine_view(tail);
  NIB_CHECK(view.has_value(), "an affine stage");
  Value& value = result_.value(activation.base);
  set_affine(value, *view);
  value.name = unique_name(out_value(node).name);
  value.is_graph_tensor = true;
  value.shape = out_value(node).shape;
  producer.sources.push_back(node.name);
  move_offset_to_bias(activation.base);
  return true;
}

void Lowerer::lower_affine(const graph::Node& node, bool reversed, const Constant& constant) {
  Activation x = taken_operand(node.inputs[reversed ? 1 : 0]);
  const Shape& shape = out_value(node).shape;
  if (element_count(x.shape) != element_count(shape)) {
    x = reindex(raw_refused(std::move(x), node.name), shape, broadcast_index(x.shape, shape),
                node.name + "/broadcast", "repeats its input");
  }
  const Broadcast entries = broadcast_groups(constant.shape(), shape);
  Stage stage{entries.grouping, {}, graph::kNone};
  for (const std::int64_t entry : entries.entry) {
    const Surd c = constant.at(entry);
    ScalarOp op{Kind::kAffine, Rational(1), Rational(0)};
    if (std::holds_alternative<graph::Add>(node.op)) {
      op.b = c;
    } else if (std::holds_alternative<graph::Sub>(node.op)) {
      op.a = Rational(reversed ? -1 : 1);
      op.b = reversed ? c : -c;
    } else if (std::holds_alternative<graph::Mul>(node.op)) {
      op.a = c;
    } else {
      if (reversed) fail(ErrorCode::E504, "a division by a computed tensor", node.name);
      if (c.sign() == 0) fail(ErrorCode::E502, "a division by zero", node.name);
      if (!c.has_inverse()) {
        fail(ErrorCode::E502, "a division by a sum of irrational numbers", node.name);
      }
      op.a = c.inverse();
    }
    stage.ops.push_back(std::move(op));
  }
  add_stage(std::move(x), std::move(stage), node);
}

void Lowerer::lower_batch_norm(const graph::Node& node, const graph::BatchNormalization& op) {
  Activation x = taken_operand(node.inputs[0]);
  const Constant* parameters[4] = {};
  for (std::size_t i = 0; i < 4; ++i) {
    parameters[i] = constant(node.inputs[i + 1]);
    if (parameters[i] == nullptr) {
      fail(ErrorCode::E502, "a batch norm with computed parameters", node.name);
    }
  }
  Stage stage{along_axis(out_value(node).shape, static_cast<std::size_t>(op.axis)), {}, 0};
  for (std::int64_t c = 0; c < stage.grouping.count; ++c) {
    const Surd gamma = parameters[0]->at(c), beta = parameters[1]->at(c);
    const Surd mean = parameters[2]->at(c);
    const Surd spread = parameters[3]->at(c) + Surd(exact(op.epsilon));
    if (!spread.is_rational() || spread.sign() <= 0) {
      fail(ErrorCode::E502, "a batch norm whose variance plus epsilon is not positive", node.name);
    }
    // gamma (x - mean) / sqrt(variance + epsilon) + beta
    const Surd factor = gamma * Surd::sqrt_of(spread.rational()).inverse();
    stage.ops.push_back({Kind::kAffine, factor, beta - factor * mean});
  }
  add_stage(std::move(x), std::move(stage), node);
}

/// A rounding to whole numbers: a quantiser of scale 1 that nothing saturates.
void Lowerer::lower_rounding(const graph::Node& node, Rounding mode) {
  const Activation x = raw_refused(operand(node.inputs[0]), node.name);
  Quantiser q;
  q.rounding = mode;
  q.codes = floors_of(x, 1, node.name);
  quantise(x, {kPerTensor, {q}, fmt::format("round {} to whole numbers", words_of(mode))}, node);
}

void Lowerer::lower_unary(const graph::Node& node, const graph::Unary& op) {
  Quantiser sign;  // away from zero, limited to -1, 0, 1
  sign.rounding = Rounding::kUp;
  sign.codes = {-1, 1};
  const Activation x = operand(node.inputs[0]);
  switch (op.kind) {
    case graph::UnaryKind::kSign:
      if (x.raw_input >= 0) {
        absorb_input(x, {kPerTensor, {sign}, "the sign: -1, 0 or 1"}, node);
      } else {
        quantise(x, {kPerTensor, {sign}, "the sign: -1, 0 or 1"}, node);
      }
      return;
    case graph::UnaryKind::kFloor:
      return lower_rounding(node, Rounding::kFloor);
    case graph::UnaryKind::kCeil:
      return lower_rounding(node, Rounding::kCeil);
    case graph::UnaryKind::kRound:
      return lower_rounding(node, Rounding::kHalfEven);
    case graph::UnaryKind::kSqrt:
      if (x.raw_input < 0 && sgn(reach_of(x).low) < 0) {
        fail(ErrorCode::E502, "the root of negative numbers", node.name,
             "put a Relu or an unsigned quantiser in front of this node");
      }
      break;
    default:
      break;
  }
  ScalarOp scalar;
  scalar.kind = Kind::kUnary;
  scalar.function = op.kind;
  scalar.a = exact(op.alpha);
  scalar.b = exact(op.beta);
  add_stage(x, {kPerTensor, {std::move(scalar)}, graph::kNone}, node);
}

void Lowerer::lower_prelu(const graph::Node& node) {
  const Constant* slope = constant(node.inputs[1]);
  if (slope == nullptr || constant(node.inputs[0]) != nullptr) {
    fail(ErrorCode::E504, "a PRelu whose slope is computed", node.name);
  }
  const Broadcast entries = broadcast_groups(slope->shape(), out_value(node).shape);
  Stage stage{entries.grouping, {}, graph::kNone};
  for (const std::int64_t entry : entries.entry) {
    ScalarOp leaky;
    leaky.kind = Kind::kLeaky;
    leaky.a = slope->at(entry);
    stage.ops.push_back(std::move(leaky));
  }
  add_stage(taken_operand(node.inputs[0]), std::move(stage), node);
}

void Lowerer::lower_pow(const graph::Node& node) {
  const Constant* exponents = constant(node.inputs[1]);
  Activation x = taken_operand(computed_input(node));
  if (exponents == nullptr) fail(ErrorCode::E502, "a power with a computed exponent", node.name);
  const Shape& shape = out_value(node).shape;
  if (x.raw_input < 0) x = broadcast_to(std::move(x), shape, node);
  const Broadcast entries = broadcast_groups(exponents->shape(), shape);
  Stage stage{entries.grouping, {}, graph::kNone};
  for (const std::int64_t entry : entries.entry) {
    const Surd exponent = exponents->at(entry);
    ScalarOp power{Kind::kAffine, Rational(1), Rational(0)};
    const bool whole = exponent.is_rational() && exponent.rational().get_den() == 1 &&
                       exponent.sign() >= 0 && exponent.rational() <= 64;
    if (whole && exponent.sign() == 0) {
      power.a = Rational(0);
      power.b = Rational(1);
    } else if (whole && !(exponent == Surd(Rational(1)))) {
      power.kind = Kind::kPower;
      power.exponent = static_cast<int>(exponent.rational().get_num().get_si());
    } else if (exponent == Surd(Rational(1, 2)) && x.raw_input < 0 && sgn(reach_of(x).low) >= 0) {
      power.kind = Kind::kUnary;
      power.function = graph::UnaryKind::kSqrt;
    } else if (!whole) {
      fail(ErrorCode::E502, "a power that is no whole number from 0 to 64", node.name);
    }
    stage.ops.push_back(std::move(power));
  }
  const auto same = [](const ScalarOp& op) { return op.kind == Kind::kAffine && op.b.sign() == 0; };
  if (std::all_of(stage.ops.begin(), stage.ops.end(), same)) {
    lower_reshape(node);
    return;
  }
  add_stage(std::move(x), std::move(stage), node);
}

void Lowerer::lower_trunc(const graph::Node& node, const graph::Trunc& op) {
  const Activation x = raw_refused(operand(node.inputs[0]), node.name);
  quantise(x, trunc_quantisers(op, out_value(node).shape, reach_of(x), node.name), node);
}

void Lowerer::lower_float_quant(const graph::Node& node, const graph::FloatQuant& op) {
  const Activation x = operand(node.inputs[0]);
  const Shape& shape = out_value(node).shape;
  if (x.raw_input >= 0) {
    absorb_input(x, float_quantisers(op, shape, std::nullopt, node.name), node);
  } else {
    quantise(x, float_quantisers(op, shape, reach_of(x), node.name), node);
  }
}

}  // namespace nib::lower
