// A few dozen vectors whose outputs the golden model gives, for the folder of a build.
#pragma once

#include "nib/emit/emit.h"
#include "nib/graph/graph.h"
#include "nib/plan/plan.h"

namespace nib::cli {

/// Input codes (the corners of every element's range, then random ones, always the same) with the
/// codes that the reference evaluation of `graph` gives on the plan's outputs.
[[nodiscard]] emit::Vectors golden_vectors(const graph::Graph& graph, const plan::Plan& plan);

}  // namespace nib::cli
