// Readers of functions of each element, and of sums of many.
#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::UnaryKind;

void emit_unary(NodeReader& node, UnaryKind kind, double alpha = 0, double beta = 0) {
  node.arity(1, 1);
  node.ignore("consumed_inputs");
  const bool whole = kind == UnaryKind::kSign || kind == UnaryKind::kAbs;
  if (!whole && !is_float(node.facts(0).type)) {
    node.fail(ErrorCode::E309, "a function of integers", "cast to float before it");
  }
  node.emit(graph::Unary{kind, alpha, beta}, {node.in(0)});
}

template <UnaryKind kKind>
void read_plain(NodeReader& node) {
  emit_unary(node, kKind);
}

void read_hard_sigmoid(NodeReader& node) {
  const double alpha = node.attribute("alpha", double{0.2F});
  emit_unary(node, UnaryKind::kHardSigmoid, alpha, node.attribute("beta", 0.5));
}

void read_elu(NodeReader& node) { emit_unary(node, UnaryKind::kElu, node.attribute("alpha", 1.0)); }

/// Opset 1 states its defaults with fewer digits.
void read_selu(NodeReader& node) {
  const bool old = node.opset() < 6;
  const double alpha =
      node.attribute("alpha", old ? double{1.6732F} : double{1.67326319217681884765625F});
  const double gamma =
      node.attribute("gamma", old ? double{1.0507F} : double{1.05070102214813232421875F});
  emit_unary(node, UnaryKind::kSelu, alpha, gamma);
}

void read_hard_swish(NodeReader& node) { emit_unary(node, UnaryKind::kHardSwish); }

/// Before opset 7 a vector of slopes belongs to axis 1.
void read_prelu(NodeReader& node) {
  node.arity(2, 2);
  node.ignore("consumed_inputs");
  if (node.facts(1).varies) node.fail(ErrorCode::E308, "the slope is computed");
  const Shape &x = node.shape(0), &slope = node.shape(1);
  graph::ValueId operand = node.in(1);
  if (node.opset() < 7 && slope.size() == 1 && x.size() > 2 && slope[0] != 1) {
    Tensor<double> values = node.reals(1, "the slope");
    values.shape.resize(x.size() - 1, 1);
    operand = node.helper_constant("slope", std::move(values));
  }
  node.emit(graph::PRelu{}, {node.in(0), operand});
}

void read_sum(NodeReader& node) {
  const std::size_t count = node.raw().inputs.size();
  node.arity(1, kMaxPorts);
  node.ignore("consumed_inputs");
  for (std::size_t i = 0; i < count; ++i) {
    if (!node.has(i)) node.fail(ErrorCode::E303, fmt::format("input {} is absent", i));
    if (!is_float(node.facts(i).type)) node.fail(ErrorCode::E309, "a sum of integers");
  }
  if (count == 1) {
    reshape_to(node, node.shape(0), node.facts(0).batch_axis);
    return;
  }
  graph::ValueId sum = node.in(0);
  for (std::size_t i = 1; i + 1 < count; ++i) {
    sum = node.step(fmt::format("sum{}", i), graph::Add{}, {sum, node.in(i)});
  }
  node.emit(graph::Add{}, {sum, node.in(count - 1)});
}

void need_reals(NodeReader& node) {
  for (std::size_t i = 0; i < node.raw().inputs.size(); ++i) {
    if (!node.has(i)) node.fail(ErrorCode::E303, fmt::format("input {} is absent", i));
    if (!is_float(node.facts(i).type)) node.fail(ErrorCode::E309, "operands of integers");
  }
}

/// The mean of several tensors.
void read_mean_of(NodeReader& node) {
  const std::size_t count = node.raw().inputs.size();
  node.arity(1, kMaxPorts);
  node.ignore("consumed_inputs");
  need_reals(node);
  graph::ValueId sum = node.in(0);
  for (std::size_t i = 1; i < count; ++i) {
    sum = node.step(fmt::format("sum{}", i), graph::Add{}, {sum, node.in(i)});
  }
  const graph::ValueId divisor =
      node.helper_constant("count", Tensor<double>(Shape{}, static_cast<double>(count)));
  node.emit(graph::Div{}, {sum, divisor});
}

/// max(a, b) = b + relu(a - b); min(a, b) = b - relu(b - a).
graph::ValueId extremum(NodeReader& node, bool largest, graph::ValueId a, graph::ValueId b,
                        std::size_t number, bool last) {
  const auto name = [&](std::string_view suffix) { return fmt::format("{}{}", suffix, number); };
  const graph::ValueId difference =
      node.step(name("difference"), graph::Sub{},
                largest ? std::vector<graph::ValueId>{a, b} : std::vector<graph::ValueId>{b, a});
  const graph::ValueId excess = node.step(name("excess"), graph::Relu{}, {difference});
  const graph::Op sum = largest ? graph::Op(graph::Add{}) : graph::Op(graph::Sub{});
  return last ? node.emit(sum, {b, excess}) : node.step(name("extremum"), sum, {b, excess});
}

/// No operator of ONNX's own, though exporters' graphs hold it: PyTorch's names and defaults.
void read_hard_tanh(NodeReader& node) {
  node.arity(1, 1);
  need_reals(node);
  const double low = node.attribute("min_val", -1.0), high = node.attribute("max_val", 1.0);
  if (!(low <= high) || low == HUGE_VAL || high == -HUGE_VAL) {
    node.fail(ErrorCode::E306, fmt::format("the limits are {} and {}", low, high));
  }
  node.emit(graph::Clip{low, high}, {node.in(0)});
}

/// By one number: a Clip.
bool read_as_clip(NodeReader& node, bool largest) {
  if (node.raw().inputs.size() != 2) return false;
  const std::size_t limit = node.is_constant(0) ? 0 : 1;
  if (!node.is_constant(limit) || node.is_constant(1 - limit)) return false;
  if (element_count(node.shape(limit)) != 1) return false;
  if (node.shape(limit).size() > node.shape(1 - limit).size()) return false;
  const double x = node.reals(limit, "the limit")[0];
  graph::Clip op{-HUGE_VAL, HUGE_VAL};
  (largest ? op.low : op.high) = x;
  node.emit(op, {node.in(1 - limit)});
  return true;
}

void read_extremum(NodeReader& node, bool largest) {
  const std::size_t count = node.raw().inputs.size();
  node.arity(1, kMaxPorts);
  node.ignore("consumed_inputs");
  need_reals(node);
  if (count == 1) {
    reshape_to(node, node.shape(0), node.facts(0).batch_axis);
    return;
  }
  if (read_as_clip(node, largest)) return;
  graph::ValueId best = node.in(0);
  for (std::size_t i = 1; i < count; ++i) {
    best = extremum(node, largest, best, node.in(i), i, i + 1 == count);
  }
}

void read_max(NodeReader& node) { read_extremum(node, true); }
void read_min(NodeReader& node) { read_extremum(node, false); }

}  // namespace

const std::vector<OpEntry>& function_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Sign", read_plain<UnaryKind::kSign>},
      {"", "Abs", read_plain<UnaryKind::kAbs>},
      {"", "Floor", read_plain<UnaryKind::kFloor>},
      {"", "Ceil", read_plain<UnaryKind::kCeil>},
      {"", "Round", read_plain<UnaryKind::kRound>},
      {"", "Softsign", read_plain<UnaryKind::kSoftsign>},
      {"", "Sigmoid", read_plain<UnaryKind::kSigmoid>},
      {"", "Tanh", read_plain<UnaryKind::kTanh>},
      {"", "Softplus", read_plain<UnaryKind::kSoftplus>},
      {"", "Exp", read_plain<UnaryKind::kExp>},
      {"", "Erf", read_plain<UnaryKind::kErf>},
      {"", "Sqrt", read_plain<UnaryKind::kSqrt>},
      {"", "HardSigmoid", read_hard_sigmoid},
      {"", "HardSwish", read_hard_swish},
      {"", "HardTanh", read_hard_tanh},
      {"", "Elu", read_elu},
      {"", "Selu", read_selu},
      {"", "PRelu", read_prelu},
      {"", "Sum", read_sum},
      {"", "Mean", read_mean_of},
      {"", "Max", read_max},
      {"", "Min", read_min},
  };
  return kTable;
}

}  // namespace nib::importer
