// Inside map: one part of a layer as a module.
#pragma once

#include <string>

#include "nib/map/parts.h"
#include "nib/map/signals.h"
#include "nib/rtl/module.h"

namespace nib::map {

[[nodiscard]] rtl::Module write_part(const LayerSignals& signals, const Part& part,
                                     std::string name, std::string header);

}  // namespace nib::map
