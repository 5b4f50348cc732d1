// Inside map: the modules of one layer.
#pragma once

#include <string>
#include <vector>

#include "nib/plan/plan.h"
#include "nib/rtl/module.h"
#include "nib/rtl/names.h"

namespace nib::map {

/// The modules of plan.layers[index], in dependency order; the last one is the layer itself.
/// `module_names`: the names that modules have so far.
[[nodiscard]] std::vector<rtl::Module> layer_modules(const plan::Plan& plan, std::size_t index,
                                                     const std::string& module,
                                                     rtl::NameTable& module_names);

}  // namespace nib::map
