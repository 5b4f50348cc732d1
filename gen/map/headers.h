// Inside map: the comments at the top of modules.
#pragma once

#include <cstddef>
#include <string>

#include "nib/map/parts.h"
#include "nib/plan/plan.h"

namespace nib::map {

/// Of a layer. `kernels`: lines on the kernels that it is made of, or none.
[[nodiscard]] std::string layer_header(const plan::Plan& plan, const plan::Layer& layer,
                                       const std::string& kernels);
/// Of a kernel that stands at so many places.
[[nodiscard]] std::string kernel_header(const plan::Plan& plan, const plan::Layer& kernel,
                                        std::size_t places);
/// Of one of several modules of a layer.
[[nodiscard]] std::string part_header(const plan::Plan& plan, const plan::Layer& layer,
                                      const Part& part);
/// The lines that close every header: source hash and generator.
[[nodiscard]] std::string header_end(const plan::Plan& plan);

}  // namespace nib::map
