// Inside plan: what folding leaves open in the units of a streaming plan.
#pragma once

#include "nib/plan/stream_plan.h"

namespace nib::plan {

/// Gives the multiply units of `plan` multipliers where their layer's fold asks for them, registers
/// in their products and adder trees for the plan's clock, and every table its place: those that
/// save most LUTs a block go to block RAM, up to `blocks` of 36 kbit. Delays of channels follow.
void settle_units(StreamPlan& plan, double blocks);

/// Costs of all units, with queues as they are; the sum. Fills the layers' costs.
Cost cost_of(StreamPlan& plan);

/// What makes a built plan whole: settle_units() with the share `blocks` of the device's block RAM,
/// size_streaming(), cost_of().
void finish_streaming(StreamPlan& plan, double blocks);

}  // namespace nib::plan
