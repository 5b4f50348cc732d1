// Inside map: modules of rtl_templates/ that a design uses, in dependency order.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "nib/map/map.h"

namespace nib::map {

/// The library modules `used` and all that they instantiate, each behind what it needs.
[[nodiscard]] std::vector<SourceFile> library_files(const std::set<std::string>& used);

}  // namespace nib::map
