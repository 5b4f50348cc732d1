// What a build tells on standard output.
#pragma once

#include <string>

#include "nib/map/generators.h"
#include "nib/plan/plan.h"
#include "nib/plan/stream_plan.h"

namespace nib::cli {

[[nodiscard]] std::string plan_text(const plan::Plan& plan, const std::string& top,
                                    const std::string& folder);
[[nodiscard]] std::string plan_json(const plan::Plan& plan, const std::string& top,
                                    const std::string& folder);
/// The same for a streaming design.
[[nodiscard]] std::string stream_text(const plan::StreamPlan& plan, const std::string& top,
                                      const std::string& folder);
[[nodiscard]] std::string stream_json(const plan::StreamPlan& plan, const std::string& top,
                                      const std::string& folder);
/// The same for a stream FIFO.
[[nodiscard]] std::string fifo_text(const Block& fifo, const std::string& folder);
[[nodiscard]] std::string fifo_json(const Block& fifo, const std::string& folder);

}  // namespace nib::cli
