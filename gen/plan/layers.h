// Inside plan: from the integer graph to layers with their operations, untimed.
#pragma once

#include "nib/lower/integer_graph.h"
#include "nib/plan/flow.h"
#include "nib/plan/layer_builder.h"
#include "nib/plan/plan.h"

namespace nib::plan {

/// The packed word of a value: constants and dead elements have no bits.
[[nodiscard]] Word make_word(const lower::IntegerGraph& graph, lower::ValueId id,
                             const std::vector<Range>& range, const std::vector<char>& live);

/// Fills inputs, outputs, layers, output_sources of `plan`; stages are left at 0.
void build_layers(const lower::IntegerGraph& graph, const Flow& flow, Solutions& solutions,
                  Plan& plan);
/// Takes away what is never read, backwards through the layers: output elements, operations,
/// layers; then declares widths.
void trim(Plan& plan);
/// Drops layers that turned out to be wires: their readers read what they read.
void drop_layer(Plan& plan, std::int32_t layer);
/// Fills Layer::inputs and Plan::output_layers from the sources.
void link_words(Plan& plan);

}  // namespace nib::plan
