// Inside map: layers that are the same circuit at several places.
#pragma once

#include <cstddef>
#include <vector>

#include "nib/plan/plan.h"

namespace nib::map {

/// One circuit of a layer as a layer of its own, which reads x0, x1, ... and drives y0, y1, ... in
/// the order of its blocks.
struct Kernel {
  plan::Layer layer;
  std::vector<std::size_t> blocks;  ///< of the layer, where it stands
};

/// The kernels of `layer`; none where it reads better as a whole: few places, small blocks, or
/// circuits that differ.
[[nodiscard]] std::vector<Kernel> find_kernels(const plan::Layer& layer);

}  // namespace nib::map
