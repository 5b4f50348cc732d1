// From a graph to a design in one call: lower, plan, map.
#pragma once

#include <functional>
#include <string_view>

#include "nib/arith/target.h"
#include "nib/graph/graph.h"
#include "nib/lower/integer_graph.h"
#include "nib/map/map.h"
#include "nib/plan/plan.h"

namespace nib::emit {

/// A design with what it was made from.
struct Build {
  lower::IntegerGraph integer_graph;
  plan::Plan plan;
  map::Design design;
};

/// Builds `graph` as one unrolled pipeline. `step` is told what begins ("planning"). Errors E05xx,
/// E07xx.
[[nodiscard]] Build build_unrolled(const graph::Graph& graph, const arith::Target& target,
                                   const plan::Goal& goal,
                                   const std::function<void(std::string_view)>& step = {});

}  // namespace nib::emit
