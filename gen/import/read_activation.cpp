// Readers of activations and of what picks a class.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/import/builder.h"

namespace nib::importer {
namespace {

void read_relu(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("consumed_inputs");
  node.emit(graph::Relu{}, {node.in(0)});
}

void read_leaky_relu(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("consumed_inputs");
  node.emit(graph::LeakyRelu{node.attribute("alpha", double{0.01F})}, {node.in(0)});
}

/// Limits are attributes until opset 10, inputs from 11 on. A lower limit above the upper one gives
/// way to it, as opset 13 says and as runtimes did before.
void read_clip(NodeReader& node) {
  node.arity(1, 3);
  node.ignore("consumed_inputs");
  graph::Clip op{-HUGE_VAL, HUGE_VAL};
  if (node.opset() >= 11) {
    if (node.has(1)) op.low = node.real(1, "the lower limit");
    if (node.has(2)) op.high = node.real(2, "the upper limit");
  } else {
    op.low = node.attribute("min", op.low);
    op.high = node.attribute("max", op.high);
  }
  if (std::isnan(op.low) || std::isnan(op.high) || op.low == HUGE_VAL || op.high == -HUGE_VAL) {
    node.fail(ErrorCode::E306, fmt::format("the limits are {} and {}", op.low, op.high));
  }
  op.low = std::min(op.low, op.high);
  node.emit(op, {node.in(0)});
}

/// Before opset 13 the axes from `axis` on are one; from 13 on only `axis` is normalised.
void read_softmax(NodeReader& node) {
  node.arity(1, 1);
  const bool flattens = node.opset() < 13;
  const std::int64_t axis = node.attribute("axis", std::int64_t{flattens ? 1 : -1});
  graph::Softmax op;
  const Shape& x = node.shape(0);
  if (flattens && axis == static_cast<std::int64_t>(x.size())) {
    node.fail(ErrorCode::E306, fmt::format("axis {} of {}", axis, to_string(x)));
  }
  op.axis = node.axis(axis, x.size());
  const graph::ValueId out = node.emit(op, {node.in(0)});
  if (flattens) node.builder().softmaxes.push_back(node.builder().graph.value(out).name);
}

/// The highest index of the largest element: counted from the end, the lowest.
void emit_last_argmax(NodeReader& node, const graph::ArgMax& op, graph::ValueId x) {
  const Shape shape = node.builder().graph.value(x).shape;
  const std::int64_t length = shape[static_cast<std::size_t>(op.axis)];
  graph::Take backwards;
  backwards.index.resize(shape.size());
  for (std::int64_t i = length; i-- > 0;) {
    backwards.index[static_cast<std::size_t>(op.axis)].push_back(static_cast<std::int32_t>(i));
  }
  const graph::ValueId turned = length == 1 ? x : node.step("reversed", std::move(backwards), {x});
  const graph::ValueId index = node.step("from_the_end", op, {turned});
  const graph::ValueId last =
      node.helper_constant("last", Tensor<double>(Shape{}, static_cast<double>(length - 1)));
  node.emit(graph::Sub{}, {last, index});
}

void read_arg(NodeReader& node, bool largest) {
  node.arity(1, 1);
  graph::ArgMax op;
  op.axis = node.axis(node.attribute("axis", std::int64_t{0}), node.shape(0).size());
  op.keep_dims = node.flag("keepdims", true);
  if (node.facts(0).batch_axis == op.axis && node.builder().graph.batched) {
    node.fail(ErrorCode::E215, fmt::format("its axis is axis {}, the batch", op.axis));
  }
  const graph::ValueId x = largest ? node.in(0) : node.step("negated", graph::Neg{}, {node.in(0)});
  if (node.flag("select_last_index", false)) {
    emit_last_argmax(node, op, x);
  } else {
    node.emit(op, {x});
  }
  node.set_type(ElementType::kInt64);
}

void read_argmax(NodeReader& node) { read_arg(node, true); }
void read_argmin(NodeReader& node) { read_arg(node, false); }

/// k is an attribute until opset 9. With k = 1 the index is an ArgMax and the value a maximum.
void read_top_k(NodeReader& node) {
  const bool attribute = node.opset() < 10;
  node.arity(attribute ? 1 : 2, attribute ? 1 : 2, 2);
  std::int64_t k = 0;
  if (attribute) {
    k = node.attribute("k", std::int64_t{0});
  } else {
    const auto list = node.integers(1, "k");
    if (list.size() == 1) k = list[0];
  }
  const bool largest = node.flag("largest", true);
  node.ignore("sorted");
  const int axis = node.axis(node.attribute("axis", std::int64_t{-1}), node.shape(0).size());
  if (k < 1 || k > node.shape(0)[static_cast<std::size_t>(axis)]) {
    node.fail(ErrorCode::E306,
              fmt::format("k is {} on axis {} of {}", k, axis, to_string(node.shape(0))));
  }
  const bool best = k == 1 && largest;
  if (node.used(1)) {
    const graph::Op index = best ? graph::Op(graph::ArgMax{axis, true})
                                 : graph::Op(graph::TopK{axis, k, largest, false});
    node.emit(index, {node.in(0)}, {}, std::nullopt, 1);
    node.set_type(ElementType::kInt64);
  }
  if (node.used(0)) {
    const graph::Op value = best ? graph::Op(graph::Reduce{graph::ReduceKind::kMax, {axis}, true})
                                 : graph::Op(graph::TopK{axis, k, largest, true});
    node.emit(value, {node.in(0)}, {}, std::nullopt, 0);
  }
}

}  // namespace

const std::vector<OpEntry>& activation_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Relu", read_relu},          {"", "LeakyRelu", read_leaky_relu},
      {"", "Clip", read_clip},          {"", "Softmax", read_softmax},
      {"", "LogSoftmax", read_softmax}, {"", "ArgMax", read_argmax},
      {"", "ArgMin", read_argmin},      {"", "TopK", read_top_k},
  };
  return kTable;
}

}  // namespace nib::importer
