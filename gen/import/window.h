// The sliding windows of convolutions and pools, from the attributes of ONNX.
#pragma once

#include <optional>

#include "nib/import/builder.h"

namespace nib::importer {

/// Lengths of the spatial axes of `x`: behind batch and channels, or between them.
[[nodiscard]] Shape spatial_of(const Shape& x, bool channels_last);

/// kernel_shape, strides, dilations, pads and auto_pad of a convolution over `spatial`, whose
/// kernel is that of its weights. Errors: E0306, E0307.
[[nodiscard]] graph::Window conv_window(NodeReader& node, const Shape& spatial,
                                        const Shape& kernel);
/// The same of a pool, with its ceil_mode.
[[nodiscard]] graph::Window pool_window(NodeReader& node, const Shape& spatial);
/// kernel_shape, strides and dilations; pads are 0. For operators that find pads in another way.
[[nodiscard]] graph::Window bare_window(NodeReader& node, std::size_t rank,
                                        const std::optional<Shape>& kernel);
/// The attribute pads (begins, then ends), all 0 where absent. Errors: E0306.
void read_pads(NodeReader& node, graph::Window& window);
/// True where some window holds nothing but padding.
[[nodiscard]] bool has_empty_window(const graph::Window& window, const Shape& spatial);

}  // namespace nib::importer
