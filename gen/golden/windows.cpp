// Geometry of windows, reductions and selections.
#include "nib/golden/windows.h"

#include "nib/base/check.h"

namespace nib::golden {
namespace {

std::int64_t product_of(const Shape& shape) {
  std::int64_t product = 1;
  for (const std::int64_t length : shape) product *= length;
  return product;
}

Shape spatial_of(const Shape& shape, bool channels_last) {
  return channels_last ? Shape(shape.begin() + 1, shape.end() - 1)
                       : Shape(shape.begin() + 2, shape.end());
}

/// Coordinates of element `index` of a C-order tensor.
void unravel(const Shape& shape, std::int64_t index, std::vector<std::int64_t>& at) {
  at.resize(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    at[i] = index % shape[i];
    index /= shape[i];
  }
}

/// One axis: input index under tap `k` of output `o`, or what is there instead.
std::int64_t slide_axis(const graph::Window& window, std::size_t axis, std::int64_t length,
                        std::int64_t o, std::int64_t k) {
  const std::int64_t at =
      o * window.strides[axis] + k * window.dilations[axis] - window.pads_begin[axis];
  if (at >= length + window.pads_end[axis]) return WindowMap::kBeyond;
  return at < 0 || at >= length ? WindowMap::kPadding : at;
}

/// Of a transposed convolution: the input whose tap `k` falls on output `o`.
std::int64_t transposed_axis(const graph::Window& window, std::size_t axis, std::int64_t length,
                             std::int64_t o, std::int64_t k) {
  const std::int64_t at = o + window.pads_begin[axis] - k * window.dilations[axis];
  if (at < 0 || at % window.strides[axis] != 0) return WindowMap::kPadding;
  return at / window.strides[axis] < length ? at / window.strides[axis] : WindowMap::kPadding;
}

using Axis = std::int64_t (*)(const graph::Window&, std::size_t, std::int64_t, std::int64_t,
                              std::int64_t);

WindowMap map_of(const graph::Window& window, const Shape& in, const Shape& out, Axis axis_of) {
  WindowMap map;
  map.positions = product_of(out);
  map.inputs = product_of(in);
  map.taps = product_of(Shape(window.kernel.begin(), window.kernel.end()));
  map.source.reserve(static_cast<std::size_t>(map.positions * map.taps));
  const Shape kernel(window.kernel.begin(), window.kernel.end());
  std::vector<std::int64_t> o, k;
  for (std::int64_t position = 0; position < map.positions; ++position) {
    unravel(out, position, o);
    for (std::int64_t tap = 0; tap < map.taps; ++tap) {
      unravel(kernel, tap, k);
      std::int64_t source = 0;
      bool beyond = false, padding = false;
      for (std::size_t axis = 0; axis < in.size(); ++axis) {
        const std::int64_t at = axis_of(window, axis, in[axis], o[axis], k[axis]);
        beyond = beyond || at == WindowMap::kBeyond;
        padding = padding || at == WindowMap::kPadding;
        source = source * in[axis] + at;
      }
      map.source.push_back(beyond    ? WindowMap::kBeyond
                           : padding ? WindowMap::kPadding
                                     : static_cast<std::int32_t>(source));
    }
  }
  return map;
}

void set_layout(Convolution& c, const Shape& x, bool channels_last) {
  const std::int64_t in = c.groups * c.inputs, out = c.groups * c.outputs;
  c.images = x[0];
  c.x_image = in * c.map.inputs;
  c.y_image = out * c.map.positions;
  c.x_channel = channels_last ? 1 : c.map.inputs;
  c.x_position = channels_last ? in : 1;
  c.y_channel = channels_last ? 1 : c.map.positions;
  c.y_position = channels_last ? out : 1;
}

Convolution convolution_of(const graph::Conv& op, const Shape& x, const Shape& w, const Shape& y) {
  Convolution c;
  c.map = map_of(op.window, spatial_of(x, op.channels_last), spatial_of(y, op.channels_last),
                 slide_axis);
  c.groups = op.groups;
  c.inputs = op.channels_last ? w.back() : w[1];
  c.outputs = w[0] / op.groups;
  set_layout(c, x, op.channels_last);
  c.w_out = c.inputs * c.map.taps;
  c.w_group = c.outputs * c.w_out;
  c.w_in = op.channels_last ? 1 : c.map.taps;
  c.w_tap = op.channels_last ? c.inputs : 1;
  return c;
}

Convolution convolution_of(const graph::ConvTranspose& op, const Shape& x, const Shape& w,
                           const Shape& y) {
  Convolution c;
  c.map = map_of(op.window, spatial_of(x, false), spatial_of(y, false), transposed_axis);
  c.groups = op.groups;
  c.inputs = x[1] / op.groups;
  c.outputs = w[1];
  set_layout(c, x, false);
  c.w_tap = 1;
  c.w_out = c.map.taps;
  c.w_in = c.outputs * c.map.taps;
  c.w_group = c.inputs * c.w_in;
  return c;
}

Fan pool_fan(const graph::Window& window, bool channels_last, bool count_padding, const Shape& x,
             const Shape& y) {
  const WindowMap map =
      map_of(window, spatial_of(x, channels_last), spatial_of(y, channels_last), slide_axis);
  const std::int64_t channels = channels_last ? x.back() : x[1];
  Fan fan;
  fan.first.push_back(0);
  const std::int64_t size = x[0] * channels * map.positions;
  for (std::int64_t e = 0; e < size; ++e) {
    const std::int64_t image = e / (channels * map.positions);
    const std::int64_t channel = channels_last ? e % channels : e / map.positions % channels;
    const std::int64_t position = channels_last ? e / channels % map.positions : e % map.positions;
    double count = 0;
    for (std::int64_t tap = 0; tap < map.taps; ++tap) {
      const std::int32_t s = map.at(position, tap);
      if (s >= 0 || (count_padding && s == WindowMap::kPadding)) ++count;
      if (s < 0) continue;
      fan.source.push_back(channels_last ? (image * map.inputs + s) * channels + channel
                                         : (image * channels + channel) * map.inputs + s);
    }
    fan.first.push_back(static_cast<std::int64_t>(fan.source.size()));
    fan.count.push_back(count);
  }
  return fan;
}

Fan reduce_fan(const graph::Reduce& op, const Shape& x) {
  Shape kept, reduced;
  std::vector<std::int64_t> kept_stride, reduced_stride;
  std::size_t next = 0;
  std::int64_t stride = product_of(x);
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    if (x[axis] != 0) stride /= x[axis];
    const bool gone = next < op.axes.size() && op.axes[next] == static_cast<int>(axis);
    if (gone) ++next;
    (gone ? reduced : kept).push_back(x[axis]);
    (gone ? reduced_stride : kept_stride).push_back(stride);
  }
  const auto dot = [](const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  };
  Fan fan;
  fan.first.push_back(0);
  const std::int64_t size = product_of(kept), terms = product_of(reduced);
  std::vector<std::int64_t> at, inner;
  for (std::int64_t e = 0; e < size; ++e) {
    unravel(kept, e, at);
    const std::int64_t base = dot(at, kept_stride);
    for (std::int64_t i = 0; i < terms; ++i) {
      unravel(reduced, i, inner);
      fan.source.push_back(base + dot(inner, reduced_stride));
    }
    fan.first.push_back(static_cast<std::int64_t>(fan.source.size()));
    fan.count.push_back(static_cast<double>(terms));
  }
  return fan;
}

}  // namespace

Convolution::Place Convolution::place_of(std::int64_t element) const {
  const std::int64_t rest = element % y_image;
  const std::int64_t channel = rest / y_channel % (groups * outputs);
  return {element / y_image, channel / outputs, channel % outputs,
          rest / y_position % map.positions};
}

void Convolution::terms_of(const Place& place, std::vector<Term>& terms) const {
  terms.clear();
  for (std::int64_t tap = 0; tap < map.taps; ++tap) {
    const std::int32_t s = map.at(place.position, tap);
    if (s < 0) continue;
    for (std::int64_t i = 0; i < inputs; ++i) {
      terms.push_back(
          {place.image * x_image + (place.group * inputs + i) * x_channel + s * x_position,
           place.group * w_group + place.output * w_out + i * w_in + tap * w_tap});
    }
  }
}

Forms forms_of(const graph::Graph& graph, const graph::Node& node) {
  const auto shape = [&](std::size_t i) -> const Shape& {
    return graph.value(node.inputs[i]).shape;
  };
  const Shape& y = graph.value(node.outputs[0]).shape;
  Forms forms;
  if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
    forms.convolution = convolution_of(*conv, shape(0), shape(1), y);
  } else if (const auto* transposed = std::get_if<graph::ConvTranspose>(&node.op)) {
    forms.convolution = convolution_of(*transposed, shape(0), shape(1), y);
  } else if (const auto* max = std::get_if<graph::MaxPool>(&node.op)) {
    forms.fan = pool_fan(max->window, max->channels_last, false, shape(0), y);
  } else if (const auto* mean = std::get_if<graph::AveragePool>(&node.op)) {
    forms.fan = pool_fan(mean->window, mean->channels_last, mean->count_include_pad, shape(0), y);
  } else if (const auto* sum = std::get_if<graph::QuantAvgPool>(&node.op)) {
    forms.fan = pool_fan(sum->window, sum->channels_last, false, shape(0), y);
  } else if (const auto* reduce = std::get_if<graph::Reduce>(&node.op)) {
    forms.fan = reduce_fan(*reduce, shape(0));
  }
  return forms;
}

std::int64_t take_at(const graph::Take& op, const Shape& x, const Shape& y, std::int64_t element) {
  std::int64_t source = 0, stride = 1;
  bool fill = false;
  for (std::size_t i = x.size(); i-- > 0;) {
    std::int64_t at = element % y[i];
    element /= y[i];
    if (!op.index[i].empty()) at = op.index[i][static_cast<std::size_t>(at)];
    fill = fill || at < 0;
    source += at * stride;
    stride *= x[i];
  }
  return fill ? -1 : source;
}

}  // namespace nib::golden
