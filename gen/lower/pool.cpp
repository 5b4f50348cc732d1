// Poolings and reductions: largest elements, sums and means over windows.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/fold.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"

namespace nib::lower {
namespace {

/// Counted elements under each position along one axis.
std::vector<std::int64_t> counts_along(const graph::Window& window, std::size_t axis,
                                       std::int64_t length, std::int64_t positions,
                                       bool include_pad) {
  const std::int64_t low = include_pad ? -window.pads_begin[axis] : 0;
  const std::int64_t high = include_pad ? length + window.pads_end[axis] : length;
  std::vector<std::int64_t> counts;
  for (std::int64_t p = 0; p < positions; ++p) {
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < window.kernel[axis]; ++k) {
      const std::int64_t at =
          window.strides[axis] * p + window.dilations[axis] * k - window.pads_begin[axis];
      count += low <= at && at < high ? 1 : 0;
    }
    counts.push_back(count);
  }
  return counts;
}

/// Windows of the whole length of the spatial axes of `x`.
Window whole_window(const Shape& x, bool channels_last) {
  Window window;
  const std::size_t first = channels_last ? 1 : 2;
  for (std::size_t i = 0; i + 2 < x.size(); ++i) window.kernel.push_back(x[first + i]);
  window.strides.assign(window.kernel.size(), 1);
  window.dilations = window.strides;
  window.pads_begin.assign(window.kernel.size(), 0);
  window.channels_last = channels_last;
  return window;
}

}  // namespace

std::vector<std::int64_t> divisors_of(const graph::AveragePool& op, const Shape& from,
                                      const Shape& to, const std::string& node) {
  const std::size_t first = op.channels_last ? 1 : 2;
  std::vector<std::int64_t> divisors{1};
  for (std::size_t i = 0; i < op.window.rank(); ++i) {
    const auto along =
        counts_along(op.window, i, from[first + i], to[first + i], op.count_include_pad);
    std::vector<std::int64_t> next;
    for (const std::int64_t outer : divisors) {
      for (const std::int64_t count : along) next.push_back(outer * count);
    }
    divisors = std::move(next);
  }
  if (std::find(divisors.begin(), divisors.end(), 0) != divisors.end()) {
    fail(ErrorCode::E502, "a window that covers no element", node);
  }
  const auto same = [&](std::int64_t d) { return d == divisors[0]; };
  if (std::all_of(divisors.begin(), divisors.end(), same)) divisors.resize(1);
  return divisors;
}

/// Stages that keep the order of all elements of a channel, in every channel.
bool Lowerer::keeps_order(const Activation& activation, const Grouping& channels) const {
  const std::int64_t n = element_count(activation.shape);
  return std::all_of(activation.stages.begin(), activation.stages.end(), [&](const Stage& stage) {
    return refines(channels, stage.grouping, n) &&
           std::all_of(stage.ops.begin(), stage.ops.end(), never_falls);
  });
}

Activation Lowerer::largest(Activation x, const Window& window, const Shape& shape,
                            const graph::Node& node, const std::string& name) {
  Grouping channels = channel_grouping(x.shape, window.channels_last);
  Activation bare = x;
  bare.stages.clear();
  std::vector<Stage> waiting;
  if (keeps_order(x, channels)) {
    waiting = std::move(x.stages);
    x = std::move(bare);
  } else {
    x = plain(x, node.name + "/input");
  }
  x = one_grid(x, channels, {false, true}, node.name);
  x = shaped(x, node.name + "/shape");
  const Value& base = result_.value(x.base);
  Value value;
  value.name = name;
  value.is_graph_tensor =
      waiting.empty() && name == out_value(node).name && shape == out_value(node).shape;
  if (!waiting.empty()) value.name = node.name + "/largest";
  value.shape = shape;
  value.grouping = channel_grouping(shape, window.channels_last);
  const Grouping joint = join(base.grouping, channels, base.elements());
  std::vector<bool> seen(static_cast<std::size_t>(channels.count), false);
  value.scale.resize(seen.size());
  value.offset.resize(seen.size());
  value.range.resize(seen.size());
  for (std::int64_t g = 0; g < joint.count; ++g) {
    const std::int64_t e = first_of(joint, g);
    const std::size_t c = channels.of(e);
    value.range[c] = seen[c] ? hull(value.range[c], base.range_of(e)) : base.range_of(e);
    value.scale[c] = base.scale_of(e);
    value.offset[c] = base.offset_of(e);
    seen[c] = true;
  }
  compress(value);
  Node made;
  made.name = node.name;
  made.sources = {node.name};
  made.formula = fmt::format("the largest of {} elements each", element_count(window.kernel));
  made.op = MaxPool{window};
  made.inputs = {x.base};
  Activation result;
  result.shape = shape;
  const Grouping moved = channel_grouping(shape, window.channels_last);
  for (Stage& stage : waiting) {
    Stage kept{stage.grouping.count == 1 ? kPerTensor : moved, {}, stage.node};
    for (std::int64_t c = 0; c < kept.grouping.count; ++c) {
      kept.ops.push_back(stage.ops[stage.grouping.of(first_of(channels, c))]);
    }
    result.stages.push_back(std::move(kept));
  }
  result.base = emit(std::move(made), std::move(value));
  return result;
}

void Lowerer::lower_max_pool(const graph::Node& node, const graph::MaxPool& op) {
  Activation x = raw_refused(operand(node.inputs[0]), node.name);
  if (!keeps_order(x, channel_grouping(x.shape, op.channels_last))) {
    x = make_affine(x, node.inputs[0]);
  }
  set(node.outputs[0], largest(x, window_of(op.window, op.channels_last), out_value(node).shape,
                               node, out_value(node).name));
}

void Lowerer::lower_average_pool(const graph::Node& node, const graph::AveragePool& op) {
  const Activation x = affine_operand(node.inputs[0], node);
  const Shape& shape = out_value(node).shape;
  set(node.outputs[0],
      sum_windows(x, window_of(op.window, op.channels_last), shape,
                  divisors_of(op, x.shape, shape, node.name), node, out_value(node).name));
}

/// floor(sum / 2^shift) of integers.
void Lowerer::lower_quant_avg_pool(const graph::Node& node, const graph::QuantAvgPool& op) {
  const Activation x = affine_operand(node.inputs[0], node);
  const Activation sums = sum_windows(x, window_of(op.window, op.channels_last),
                                      out_value(node).shape, {1}, node, node.name + "/sum");
  const Value& value = result_.value(sums.base);
  Quantiser q;
  q.unit = scale2(Rational(1), -op.shift);
  q.rounding = Rounding::kFloor;
  for (std::size_t g = 0; g < value.scale.size(); ++g) {
    const bool fixed = value.range[g].is_constant();
    if ((!fixed && value.scale[g].get_den() != 1) ||
        Rational(value.offset[g] + value.scale[g] * to_rational(value.range[g].min)).get_den() !=
            1) {
      fail(ErrorCode::E502, "a shifted sum of numbers that are no integers", node.name,
           "quantise the input with scale 1");
    }
  }
  q.codes = floors_of(sums, q.unit, node.name);
  quantise(sums, {kPerTensor, {q}, fmt::format("shift right by {}, down", op.shift)}, node);
}

/// Views x as (images, channels, reduced) or (images, reduced, channels), and reduces that.
Activation Lowerer::reduction_view(Activation x, const graph::Reduce& op, const graph::Node& node,
                                   bool& channels_last) {
  const std::size_t rank = x.shape.size();
  const auto first = static_cast<std::size_t>(op.axes.front());
  const auto last = static_cast<std::size_t>(op.axes.back());
  const bool block = last - first + 1 == op.axes.size();
  channels_last = false;
  if (block && (rank == 3 || rank == 4)) {
    if (first == 2 && last + 1 == rank) return x;  // (N, C, spatial...)
    if (first == 1 && last + 2 == rank) {          // (N, spatial..., C)
      channels_last = true;
      return x;
    }
  }
  std::int64_t reduced = 1, before = 1, after = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool gone =
        std::find(op.axes.begin(), op.axes.end(), static_cast<int>(i)) != op.axes.end();
    (gone ? reduced : i < first ? before : after) *= x.shape[i];
  }
  if (block) {
    channels_last = after != 1;
    x.shape = channels_last ? Shape{before, reduced, after} : Shape{1, before, reduced};
    return x;
  }
  std::vector<int> perm;
  for (int i = 0; i < static_cast<int>(rank); ++i) {
    if (std::find(op.axes.begin(), op.axes.end(), i) == op.axes.end()) perm.push_back(i);
  }
  perm.insert(perm.end(), op.axes.begin(), op.axes.end());
  return reindex(x, {1, before * after, reduced}, transpose_index(x.shape, perm),
                 node.name + "/order", "the reduced axes last");
}

void Lowerer::lower_reduce(const graph::Node& node, const graph::Reduce& op) {
  const Shape& out = out_value(node).shape;
  if (op.axes.empty()) {
    lower_reshape(node);
    return;
  }
  const bool sums = op.kind == graph::ReduceKind::kSum || op.kind == graph::ReduceKind::kMean;
  Activation x =
      sums ? affine_operand(node.inputs[0], node) : raw_refused(operand(node.inputs[0]), node.name);
  const bool low = op.kind == graph::ReduceKind::kMin;
  if (!sums && (low || !keeps_order(x, kPerTensor))) x = make_affine(x, node.inputs[0]);
  if (low) x.stages.push_back(negation(node));  // -max(-x)
  bool channels_last = false;
  x = reduction_view(std::move(x), op, node, channels_last);
  const Window window = whole_window(x.shape, channels_last);
  Shape shape = x.shape;
  const std::size_t first = channels_last ? 1 : 2;
  for (std::size_t i = 0; i < window.kernel.size(); ++i) shape[first + i] = 1;
  const std::string& name = shape == out ? out_value(node).name : node.name + "/reduced";
  Activation y;
  if (sums) {
    const std::int64_t count = element_count(window.kernel);
    y = sum_windows(std::move(x), window, shape, {op.kind == graph::ReduceKind::kMean ? count : 1},
                    node, name);
  } else {
    y = largest(std::move(x), window, shape, node, low ? node.name + "/largest" : name);
    if (low) y.stages.push_back(negation(node));
  }
  y.shape = out;
  set(node.outputs[0], std::move(y));
}

}  // namespace nib::lower
