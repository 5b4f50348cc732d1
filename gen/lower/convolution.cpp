// Convolutions with constant weights, and sums over windows.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/conv_ranges.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/patches.h"
#include "nib/lower/rows.h"
#include "nib/lower/width.h"

namespace nib::lower {
namespace {

bool reaches_outside(const Patches& patches) {
  for (std::int64_t p = 0; p < patches.positions(); ++p) {
    for (std::int64_t t = 0; t < patches.taps(); ++t) {
      if (patches.input(0, 0, p, t) == Patches::kOutside) return true;
    }
  }
  return false;
}

Shape weights_shape(std::int64_t outputs, std::int64_t inputs, const Window& window) {
  Shape shape{outputs, inputs};
  shape.insert(shape.end(), window.kernel.begin(), window.kernel.end());
  return shape;
}

/// Coefficients and hull of the codes of each channel, which are on one grid.
std::vector<Operand> channels_of(const AffineView& view, const Value& base,
                                 const Grouping& channels) {
  std::vector<Operand> operands(static_cast<std::size_t>(channels.count));
  std::vector<bool> seen(operands.size(), false);
  const Grouping joint = join(view.grouping, channels, base.elements());
  for (std::int64_t g = 0; g < joint.count; ++g) {
    const std::int64_t e = first_of(joint, g);
    const std::size_t channel = channels.of(e), at = view.grouping.of(e);
    Operand& operand = operands[channel];
    if (seen[channel]) {
      operand.range = hull(operand.range, base.range_of(e));
      continue;
    }
    operand = {view.scale[at], view.offset[at], base.range_of(e), false, 1};
    seen[channel] = true;
  }
  return operands;
}

/// The code of the real 0 in each channel; 0 where the channel takes no weight.
std::vector<BigInt> padding_of(const std::vector<Operand>& channels, bool padded) {
  std::vector<BigInt> padding;
  for (const Operand& channel : channels) {
    BigInt code = 0;
    if (padded && sgn(channel.scale) != 0) {
      const Rational zero = -channel.offset / channel.scale;
      NIB_CHECK(zero.get_den() == 1, "a zero on the grid");
      code = BigInt(zero.get_num());
    }
    padding.push_back(std::move(code));
  }
  return padding;
}

}  // namespace

Grouping channel_grouping(const Shape& shape, bool channels_last) {
  return along_axis(shape, channels_last ? shape.size() - 1 : 1);
}

Window window_of(const graph::Window& window, bool channels_last) {
  return {window.kernel, window.strides, window.dilations, window.pads_begin, channels_last};
}

/// Sets the ranges of `value`, grouped by channel or finer, and emits the node.
ValueId Lowerer::emit_conv(const Activation& x, Conv conv, Value value, Node node,
                           const std::string& error_name) {
  const Value& base = result_.value(x.base);
  const Patches patches(conv.window, base.shape, value.shape);
  const Grouping channels = channel_grouping(value.shape, conv.window.channels_last);
  std::vector<Range> ranges(static_cast<std::size_t>(channels.count));
  for (std::int64_t image = 0; image < patches.images(); ++image) {
    const ConvRanges own(conv, patches, base, image);
    for (std::int64_t o = 0; o < channels.count; ++o) {
      const Range range = own.hull(o);
      check_width(range, "an accumulator", error_name);
      Range& all = ranges[static_cast<std::size_t>(o)];
      all = image == 0 ? range : hull(all, range);
    }
  }
  NIB_CHECK(refines(value.grouping, channels, value.elements()), "a grouping by channels");
  for (std::int64_t g = 0; g < value.grouping.count; ++g) {
    value.range.push_back(ranges[channels.of(first_of(value.grouping, g))]);
  }
  node.op = std::move(conv);
  node.inputs = {x.base};
  return emit(std::move(node), std::move(value));
}

Activation Lowerer::convolve(Activation x, const ConvForm& form, const graph::Node& node,
                             const std::string& name) {
  const bool last = form.window.channels_last;
  const Patches patches(form.window, x.shape, form.shape);
  const bool padded = reaches_outside(patches);
  x = shaped(x, node.name + "/shape");
  const Grouping channels = channel_grouping(x.shape, last);
  x = one_grid(x, channels, {padded, false}, node.name);
  x = shaped(x, node.name + "/shape");
  const std::vector<Operand> operands =
      channels_of(*affine_view(x), result_.value(x.base), channels);
  const std::int64_t outputs = patches.out_channels(), taps = patches.taps();
  const std::int64_t own = patches.in_channels() / form.groups, out_group = outputs / form.groups;
  Conv conv{
      form.window, form.groups, Tensor<std::int64_t>(weights_shape(outputs, own, form.window)),
      std::vector<BigInt>(static_cast<std::size_t>(outputs), 0), padding_of(operands, padded)};
  Value value;
  value.name = name;
  value.is_graph_tensor = name == out_value(node).name && form.shape == out_value(node).shape;
  value.shape = form.shape;
  value.grouping = channel_grouping(form.shape, last);
  std::vector<std::int64_t> index(static_cast<std::size_t>(own * taps));
  std::optional<RowMaker> maker;
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::int64_t first = o / out_group * own;
    if (o % out_group == 0) {
      std::vector<Operand> line;
      for (std::int64_t i = 0; i < own * taps; ++i) {
        line.push_back(operands[static_cast<std::size_t>(first + i / taps)]);
      }
      maker.emplace(std::move(line), !padded);
    }
    for (std::int64_t i = 0; i < own * taps; ++i) {
      index[static_cast<std::size_t>(i)] = form.index(o, i / taps, i % taps);
    }
    const Row row = maker->make(*form.weights, index, node.name);
    std::copy(row.integers.begin(), row.integers.end(),
              conv.weights.data.begin() + static_cast<std::ptrdiff_t>(o * own * taps));
    value.scale.push_back(row.scale);
    value.offset.push_back(row.offset);
    if (form.bias != nullptr) value.offset.back() += form.bias->at(o).rational();
  }
  Node made;
  made.name = node.name;
  made.sources = form.weights->sources;
  for (const std::string& source : sources_of(x)) made.sources.push_back(source);
  made.sources.push_back(node.name);
  made.formula = form.formula;
  Activation result;
  result.shape = form.shape;
  result.base = emit_conv(x, std::move(conv), std::move(value), std::move(made), node.name);
  move_offset_to_bias(result.base);
  result_.macs += element_count(form.shape) * own * taps;
  return result;
}

Activation Lowerer::sum_windows(Activation x, const Window& window, const Shape& shape,
                                const std::vector<std::int64_t>& divisors, const graph::Node& node,
                                const std::string& name) {
  const Patches patches(window, x.shape, shape);
  const bool padded = reaches_outside(patches);
  x = shaped(x, node.name + "/shape");
  const Grouping channels = channel_grouping(x.shape, window.channels_last);
  x = one_grid(x, channels, {padded, false}, node.name);
  x = shaped(x, node.name + "/shape");
  const std::vector<Operand> operands =
      channels_of(*affine_view(x), result_.value(x.base), channels);
  const std::int64_t count = patches.in_channels(), taps = patches.taps();
  Conv conv{window, count, Tensor<std::int64_t>(weights_shape(count, 1, window), 1),
            std::vector<BigInt>(operands.size(), 0), padding_of(operands, padded)};
  for (std::int64_t c = 0; c < count; ++c) {
    if (sgn(operands[static_cast<std::size_t>(c)].scale) != 0) continue;
    std::fill_n(conv.weights.data.begin() + static_cast<std::ptrdiff_t>(c * taps), taps, 0);
  }
  Value value;
  value.name = name;
  value.is_graph_tensor = name == out_value(node).name && shape == out_value(node).shape;
  value.shape = shape;
  value.grouping = channel_grouping(shape, window.channels_last);
  const Grouping by_channel = value.grouping;
  const Grouping by_position = window.channels_last ? Grouping{count, patches.positions()}
                                                    : Grouping{1, patches.positions()};
  if (divisors.size() > 1) value.grouping = join(by_channel, by_position, value.elements());
  for (std::int64_t g = 0; g < value.grouping.count; ++g) {
    const std::int64_t e = first_of(value.grouping, g);
    const Operand& operand = operands[by_channel.of(e)];
    const Rational divisor =
        to_rational(divisors.size() > 1 ? divisors[by_position.of(e)] : divisors[0]);
    value.scale.push_back(sgn(operand.scale) == 0 ? Rational(1)
                                                  : Rational(operand.scale / divisor));
    value.offset.push_back(operand.offset * to_rational(taps) / divisor);
  }
  Node made;
  made.name = node.name;
  made.sources = sources_of(x);
  made.sources.push_back(node.name);
  made.formula = fmt::format("the sum of {} elements each", taps);
  Activation result;
  result.shape = shape;
  result.base = emit_conv(x, std::move(conv), std::move(value), std::move(made), node.name);
  move_offset_to_bias(result.base);
  return result;
}

/// The bias as rationals; an irrational one waits as a stage.
void Lowerer::finish_convolution(Activation x, ConvForm form, const Constant* bias,
                                 const graph::Node& node) {
  bool rational = true;
  for (std::int64_t o = 0; bias != nullptr && o < bias->size(); ++o) {
    rational = rational && bias->at(o).is_rational();
  }
  form.bias = rational ? bias : nullptr;
  const std::string& name = out_value(node).name;
  Activation y = convolve(std::move(x), form, node, rational ? name : node.name + "/sums");
  if (rational) {
    set(node.outputs[0], std::move(y));
    return;
  }
  Stage stage{channel_grouping(form.shape, form.window.channels_last), {}, graph::kNone};
  for (std::int64_t o = 0; o < bias->size(); ++o) {
    stage.ops.push_back({ScalarOp::Kind::kAffine, Rational(1), bias->at(o)});
  }
  add_stage(std::move(y), std::move(stage), node);
}

/// The constant operands of a convolution. Errors E0504: they are computed.
std::pair<const Constant*, const Constant*> Lowerer::conv_constants(const graph::Node& node) const {
  const Constant* weights = constant(node.inputs[1]);
  if (weights == nullptr) {
    fail(ErrorCode::E504, "a convolution whose weights are computed", node.name);
  }
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != graph::kNone;
  const Constant* bias = has_bias ? constant(node.inputs[2]) : nullptr;
  if (has_bias && bias == nullptr) {
    fail(ErrorCode::E504, "a convolution whose bias is computed", node.name);
  }
  if (constant(node.inputs[0]) != nullptr) {
    fail(ErrorCode::E504, "a convolution whose bias alone is computed", node.name);
  }
  return {weights, bias};
}

void Lowerer::lower_conv(const graph::Node& node, const graph::Conv& op) {
  const auto [weights, bias] = conv_constants(node);
  ConvForm form;
  form.window = window_of(op.window, op.channels_last);
  form.groups = op.groups;
  form.weights = weights;
  form.shape = out_value(node).shape;
  form.index = weight_index(op, weights->shape());
  finish_convolution(affine_operand(node.inputs[0], node), std::move(form), bias, node);
}

WeightIndex weight_index(const graph::Conv& op, const Shape& weights) {
  const std::int64_t taps = element_count(op.window.kernel);
  return {element_count(weights) / weights[0] / taps, weights[0] / op.groups, taps,
          op.channels_last, false};
}

WeightIndex weight_index(const graph::ConvTranspose& op, const Shape& weights) {
  return {weights[0] / op.groups, weights[1], element_count(op.window.kernel), false, true};
}

TransposedForm transposed_form(const graph::ConvTranspose& op, const Shape& x) {
  const graph::Window& window = op.window;
  TransposedForm form;
  form.window = {window.kernel, Shape(window.rank(), 1), window.dilations, {}, false};
  form.spread.index.resize(x.size());
  form.spread_shape = x;
  for (std::size_t i = 0; i < window.rank(); ++i) {
    // What is cut off beyond the kernel's reach is not made in the first place.
    const std::int64_t before = window.extent(i) - 1 - window.pads_begin[i];
    form.window.pads_begin.push_back(std::max<std::int64_t>(before, 0));
    std::vector<std::int32_t>& index = form.spread.index[2 + i];
    const std::int64_t length = window.strides[i] * (x[2 + i] - 1) + 1;
    for (std::int64_t at = std::max<std::int64_t>(-before, 0); at < length; ++at) {
      index.push_back(
          at % window.strides[i] == 0 ? static_cast<std::int32_t>(at / window.strides[i]) : -1);
    }
    if (index.empty()) index.push_back(-1);  // all is cut off: zeros only
    form.spread_shape[2 + i] = static_cast<std::int64_t>(index.size());
  }
  return form;
}

void Lowerer::lower_conv_transpose(const graph::Node& node, const graph::ConvTranspose& op) {
  const auto [weights, bias] = conv_constants(node);
  Activation x = affine_operand(node.inputs[0], node);
  const TransposedForm transposed = transposed_form(op, x.shape);
  x = take(std::move(x), transposed.spread, transposed.spread_shape, node, node.name + "/spread");
  ConvForm form;
  form.window = transposed.window;
  form.index = weight_index(op, weights->shape());
  form.groups = op.groups;
  form.weights = weights;
  form.shape = out_value(node).shape;
  finish_convolution(std::move(x), std::move(form), bias, node);
}

}  // namespace nib::lower
