// What a streaming unit costs: LUTs, flip-flops, carry chains, block RAM, multipliers.
#pragma once

#include "nib/plan/plan.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {

/// Cells of a 7-series device, as Yosys 0.23 counts them (synth_xilinx -family xc7 -flatten, with
/// block RAM, LUT RAM, shift registers and DSP48E1 inferred). LUT RAM and shift registers count as
/// the LUTs that they take. Calibrated on the sample of ./dev bench cost, which reports the errors.
[[nodiscard]] Cost cost(const Spec& spec);

}  // namespace nib::plan::stream
