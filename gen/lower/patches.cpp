// Windows as indices.
#include "nib/lower/patches.h"

#include "nib/base/check.h"

namespace nib::lower {
namespace {

Shape spatial_of(const Shape& shape, bool channels_last) {
  NIB_CHECK(shape.size() >= 3, "axes for images, channels and positions");
  const std::ptrdiff_t first = channels_last ? 1 : 2;
  return {shape.begin() + first, shape.end() - (channels_last ? 1 : 0)};
}

/// Coordinates of the `index`-th entry of `extent`, in C order.
std::vector<std::int64_t> coordinates(std::int64_t index, const std::vector<std::int64_t>& extent) {
  std::vector<std::int64_t> at(extent.size());
  for (std::size_t i = extent.size(); i-- > 0;) {
    at[i] = index % extent[i];
    index /= extent[i];
  }
  return at;
}

}  // namespace

Patches::Patches(const Window& window, const Shape& input, const Shape& output)
    : channels_last_(window.channels_last) {
  const Shape from = spatial_of(input, channels_last_);
  const Shape to = spatial_of(output, channels_last_);
  NIB_CHECK(window.kernel.size() == from.size() && from.size() == to.size(),
            "a window over all spatial axes");
  images_ = input[0];
  in_channels_ = channels_last_ ? input.back() : input[1];
  out_channels_ = channels_last_ ? output.back() : output[1];
  in_positions_ = element_count(from);
  positions_ = element_count(to);
  taps_ = element_count(window.kernel);
  under_.reserve(static_cast<std::size_t>(positions_ * taps_));
  for (std::int64_t p = 0; p < positions_; ++p) {
    const auto place = coordinates(p, to);
    for (std::int64_t t = 0; t < taps_; ++t) {
      const auto tap = coordinates(t, window.kernel);
      std::int64_t at = 0;
      for (std::size_t i = 0; i < from.size() && at >= 0; ++i) {
        const std::int64_t x =
            window.strides[i] * place[i] + window.dilations[i] * tap[i] - window.pads_begin[i];
        at = x < 0 || x >= from[i] ? kOutside : at * from[i] + x;
      }
      under_.push_back(at);
    }
  }
}

}  // namespace nib::lower
