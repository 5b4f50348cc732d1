// Inside plan: from the integer graph to layers with their operations, untimed.
#pragma once

#include "nib/lower/integer_graph.h"
#include "nib/plan/flow.h"
#include "nib/plan/plan.h"
#include "nib/plan/solutions.h"

namespace nib::plan {

/// The packed word of a value: constants and dead elements have no bits.
[[nodiscard]] Word make_word(const lower::IntegerGraph& graph, lower::ValueId id,
                             const std::vector<Range>& range, const std::vector<char>& live);

/// Fills inputs, outputs, layers, output_sources of `plan`; stages are left at 0.
void build_layers(const lower::IntegerGraph& graph, const Flow& flow, Solutions& solutions,
                  Plan& plan);

}  // namespace nib::plan
