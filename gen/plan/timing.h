// Inside plan: delays, register placement, cost.
#pragma once

#include "nib/plan/plan.h"

namespace nib::plan {

/// Places the registers and fills every stage, latency, period and cost. Errors E0703, E0704.
void place_registers(Plan& plan);
/// Most registers that options alone put on a path from input to output.
[[nodiscard]] int extra_latency(const Plan& plan);

}  // namespace nib::plan
