// Inside plan: in which order streams carry the elements of values, and who reads them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/plan/stream_plan.h"

namespace nib::plan {

/// A feature map: rows x columns pixels of channels, one image.
struct FeatureMap {
  std::int64_t rows = 1, columns = 1, channels = 1;
  bool channels_last = false;
  [[nodiscard]] std::int64_t pixels() const { return rows * columns; }
  [[nodiscard]] std::int32_t element(std::int64_t pixel, std::int64_t channel) const {
    return static_cast<std::int32_t>(channels_last ? pixel * channels + channel
                                                   : channel * pixels() + pixel);
  }
};
/// The feature map of a window's input or output. Errors: E0706 on `node` for more than one image
/// or more than two spatial axes.
[[nodiscard]] FeatureMap feature_map(const lower::Window& window, const Shape& shape,
                                     const std::string& node);

/// The window over feature maps, without its fold. Errors: E0706 on `node` for one that begins
/// inside of its input or covers nothing but padding.
[[nodiscard]] stream::Window window_of(const lower::Window& window, const FeatureMap& in,
                                       const FeatureMap& out, const std::string& node);

/// True for a window whose positions stand side by side, without padding.
[[nodiscard]] inline bool side_by_side(const stream::Axis& a) {
  return a.stride == a.kernel && a.dilation == 1 && a.before == 0 && a.after == 0;
}

/// True where the padding of an axis is not smaller than the kernel's extent: no window unit's.
[[nodiscard]] inline bool too_padded(const stream::Window& w) {
  return std::max(w.rows.before, w.rows.after) >= w.rows.extent() ||
         std::max(w.columns.before, w.columns.after) >= w.columns.extent();
}

/// For each element of the input the element of the output, where each is there exactly once.
[[nodiscard]] std::optional<std::vector<std::int32_t>> inverse(const lower::Reindex& op,
                                                               std::int64_t inputs);

/// The channel at each lane of a pixel, where elements of `map` in this order come pixel by pixel,
/// with the channels of all pixels in one order.
[[nodiscard]] std::optional<std::vector<std::int32_t>> channels_of(
    const std::vector<std::int32_t>& order, const FeatureMap& map);

/// An order of elements that suits the readers of a value.
struct Wish {
  std::int64_t pixels = 0, channels = 0;  ///< none: 0
  std::vector<std::int32_t> order;
  std::int64_t lanes = 0;  ///< 0: any
};

/// Facts about a graph's values, by value.
struct Layout {
  std::vector<Wish> wish;
  std::vector<int> uses;  ///< units that take the stream; what leads to no output does not count
  std::vector<char> bipolar;                       ///< all readers profit from bipolar lanes
  std::vector<std::vector<std::int32_t>> readers;  ///< nodes, once for each operand
};

/// `fold_of`: of each node, as of the layer that begins with it.
[[nodiscard]] Layout layout_of(const lower::IntegerGraph& graph,
                               const std::vector<LayerFold>& fold_of);

/// True for a convolution whose channels do not mix.
[[nodiscard]] bool is_depthwise(const lower::Conv& op, std::int64_t in_channels);

}  // namespace nib::plan
