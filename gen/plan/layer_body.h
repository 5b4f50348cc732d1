// Inside plan: the operations of one layer.
#pragma once

#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/plan/flow.h"
#include "nib/plan/layer_builder.h"
#include "nib/plan/plan.h"

namespace nib::plan {

/// Nodes of one layer: a head, then the steps and clamps that alone read it.
using Chain = std::vector<const lower::Node*>;

/// Fills operations, drivers, blocks and macs of `layer`, whose operands `builder` knows.
void build_body(const lower::IntegerGraph& graph, const Flow& flow, const Chain& chain,
                LayerBuilder& builder, Layer& layer);

}  // namespace nib::plan
