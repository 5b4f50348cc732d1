// Inside emit: the kernels of sliding windows that emulator headers of such networks carry.
#pragma once

#include <string_view>

namespace nib::emit {

/// Behind kEmulatorKernels, where a network has a convolution or a pool.
inline constexpr std::string_view kWindowKernels = R"(
namespace detail {

// A window over Rank axes of a tensor; element (channel, position) is at channel * channel_step +
// position * position_step, in both the input and the output.
template <std::size_t Rank>
struct Window {
  std::int64_t input[Rank], output[Rank], kernel[Rank], stride[Rank], dilation[Rank], pad[Rank];
  std::size_t positions, taps;
};
struct Steps {
  std::size_t channel, position;
};

// The input position under a tap at an output position, -1 outside.
template <std::size_t Rank>
constexpr std::int64_t under(const Window<Rank>& w, std::size_t position, std::size_t tap) {
  std::int64_t at = 0, scale = 1;
  std::int64_t p = static_cast<std::int64_t>(position), t = static_cast<std::int64_t>(tap);
  for (std::size_t i = Rank; i-- > 0;) {
    const std::int64_t x =
        w.stride[i] * (p % w.output[i]) + w.dilation[i] * (t % w.kernel[i]) - w.pad[i];
    if (x < 0 || x >= w.input[i]) return -1;
    at += x * scale;
    scale *= w.input[i];
    p /= w.output[i];
    t /= w.kernel[i];
  }
  return at;
}

// A convolution: at every position and for every group, the elements under the window (channel by
// channel, Columns in all) go to product(group, elements, sums).
template <std::size_t Columns, std::size_t Outputs, std::size_t Rank, class X, class P, class Y,
          class Product>
void convolve(const Window<Rank>& w, std::size_t groups, Steps in, Steps out, const P* padding,
              const X* x, Y* y, Product product) {
  const std::size_t channels = Columns / w.taps;  // of a group
  for (std::size_t position = 0; position < w.positions; ++position) {
    for (std::size_t group = 0; group < groups; ++group) {
      X elements[Columns];
      for (std::size_t t = 0; t < w.taps; ++t) {
        const std::int64_t at = under(w, position, t);
        for (std::size_t c = 0; c < channels; ++c) {
          const std::size_t channel = group * channels + c;
          elements[c * w.taps + t] =
              at < 0 ? static_cast<X>(padding[channel])
                     : x[channel * in.channel + static_cast<std::size_t>(at) * in.position];
        }
      }
      Y sums[Outputs];
      product(group, elements, sums);
      for (std::size_t o = 0; o < Outputs; ++o) {
        y[(group * Outputs + o) * out.channel + position * out.position] = sums[o];
      }
    }
  }
}

// The largest element under the window.
template <std::size_t Rank, class X, class Y>
void max_pool(const Window<Rank>& w, std::size_t channels, Steps in, Steps out, const X* x, Y* y) {
  for (std::size_t position = 0; position < w.positions; ++position) {
    bool first = true;
    for (std::size_t t = 0; t < w.taps; ++t) {
      const std::int64_t at = under(w, position, t);
      if (at < 0) continue;
      for (std::size_t c = 0; c < channels; ++c) {
        const Y value =
            static_cast<Y>(x[c * in.channel + static_cast<std::size_t>(at) * in.position]);
        Y& best = y[c * out.channel + position * out.position];
        if (first || value > best) best = value;
      }
      first = false;
    }
  }
}

}  // namespace detail
)";

}  // namespace nib::emit
