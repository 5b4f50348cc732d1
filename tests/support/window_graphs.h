// Integer graphs with windows, filled elements and selections, at random.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "graph_builder.h"
#include "graphs.h"
#include "nib/lower/integer_graph.h"

namespace nib::test {

/// A window of two axes, channels first.
[[nodiscard]] inline lower::Window window(std::int64_t height, std::int64_t width,
                                          std::int64_t stride, std::int64_t pad,
                                          std::int64_t dilation = 1) {
  return lower::Window{{height, width}, {stride, stride}, {dilation, dilation}, {pad, pad}, false};
}

/// `inputs` channels to `outputs`, weights of so many bits.
[[nodiscard]] inline lower::Conv random_conv(Numbers& n, lower::Window window, std::int64_t inputs,
                                             std::int64_t outputs, std::int64_t groups, int bits) {
  lower::Conv op;
  op.groups = groups;
  Shape shape{outputs, inputs / groups, window.kernel[0], window.kernel[1]};
  const std::int64_t top = (std::int64_t{1} << (bits - 1)) - 1;
  std::vector<std::int64_t> weights;
  for (std::int64_t i = 0; i < element_count(shape); ++i) {
    weights.push_back(n.in(0, 2) == 0 ? 0 : n.in(-top, top));
  }
  op.weights = Tensor<std::int64_t>(shape, weights);
  for (std::int64_t o = 0; o < outputs; ++o) op.bias.push_back(n.in(-20, 20));
  for (std::int64_t c = 0; c < inputs; ++c) op.padding.push_back(n.in(0, 3) == 0 ? n.in(-2, 2) : 0);
  op.window = std::move(window);
  return op;
}

/// Input elements as (1, channels, height, width), a border of fill around them now and then.
[[nodiscard]] inline lower::ValueId random_image(GraphBuilder& b, Numbers& n, std::int64_t channels,
                                                 std::int64_t height, std::int64_t width) {
  std::vector<Range> in;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t low = n.in(-5, 0);
    const Range r{low, low + n.in(1, 12)};
    in.insert(in.end(), at(height * width), r);
  }
  if (n.in(0, 4) == 0) in[0] = Range{1, 1};
  const lower::ValueId x = b.input("x", in);
  const std::int64_t top = n.in(0, 2) == 0 ? 1 : 0;  // rows of fill above and below
  std::vector<std::int32_t> source;
  std::vector<std::int64_t> fill;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t r = -top; r < height + top; ++r) {
      for (std::int64_t i = 0; i < width; ++i) {
        const bool inside = r >= 0 && r < height;
        source.push_back(inside ? static_cast<std::int32_t>((c * height + r) * width + i) : -1);
        if (!inside) fill.push_back(n.in(-1, 1));
      }
    }
  }
  return b.arrange("image", x, {1, channels, height + 2 * top, width}, source, fill);
}

/// A quantiser per channel behind x of axes (1, C, H, W).
inline lower::ValueId channel_steps(GraphBuilder& b, const std::string& name, lower::ValueId x,
                                    int bits) {
  const Shape shape = b.shape(x);
  std::vector<lower::StepFunction> steps;
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    const Range r = b.ranges(x)[at(c * shape[2] * shape[3])];
    int shift = 0;
    while ((r.max >> shift) >= (std::int64_t{2} << bits)) ++shift;
    const lower::StepFunction step =
        requantiser(r, (std::int64_t{1} << shift) / 2 + c, shift, 0, (std::int64_t{1} << bits) - 1);
    for (std::int64_t p = 0; p < shape[2] * shape[3]; ++p) steps.push_back(step);
  }
  return b.step(name, x, steps);
}

/// A small network with a convolution; `seed` chooses everything.
[[nodiscard]] inline lower::IntegerGraph window_graph(const std::string& name, std::uint64_t seed) {
  Numbers n(seed + 77);
  GraphBuilder b(name);
  const std::int64_t channels = n.in(1, 3);
  lower::ValueId x = random_image(b, n, channels, n.in(3, 6), n.in(3, 6));
  const std::int64_t groups = n.in(0, 2) == 0 ? channels : 1;
  const std::int64_t outputs = groups * n.in(1, 3);
  const std::int64_t pad = n.in(0, 1);
  const lower::Window w = window(n.in(1, 3), n.in(1, 3), n.in(1, 2), pad, 1 + (pad & n.in(0, 1)));
  x = b.conv("conv1", x, random_conv(n, w, channels, outputs, groups, 4));
  if (n.in(0, 3) != 0) x = channel_steps(b, "relu1", x, 3);
  const Shape shape = b.shape(x);
  if (shape[2] >= 2 && shape[3] >= 2 && n.in(0, 1) == 0) {
    const std::int64_t size = n.in(1, 2);
    x = b.max_pool("pool", x, {window(size, 2, n.in(1, 2), 0)});
    if (n.in(0, 1) == 0) x = b.clamp("clip", x, Range{1, 5});
  }
  const std::int64_t length = b.shape(x).back();
  if (n.in(0, 2) == 0) x = b.top("top", x, n.in(1, length), n.in(0, 1) == 0);
  b.output("y", x);
  return b.take();
}

}  // namespace nib::test
