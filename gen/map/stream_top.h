// Inside map: the top of a streaming design.
#pragma once

#include <string>
#include <vector>

#include "nib/map/map.h"
#include "nib/map/stream_layer.h"
#include "nib/plan/stream_plan.h"

namespace nib::map {

struct StreamTop {
  rtl::Module module;
  std::vector<StreamNet> streams;  ///< by channel
  std::set<std::string> library;
};
/// Ends, forks and layers, joined by streams. `layers`: the module of each layer.
[[nodiscard]] StreamTop stream_top(const plan::StreamPlan& plan,
                                   const std::vector<StreamLayerModule>& layers,
                                   const std::string& name);

}  // namespace nib::map
