// Some vectors whose outputs the golden model gives, for the folder of a build.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/emit/emit.h"
#include "nib/graph/graph.h"
#include "nib/plan/plan.h"

namespace nib::cli {

/// Input codes (the corners of every element's range, then random ones, always the same) with the
/// codes that the reference evaluation of `graph` gives. Words of the ports; those of outputs name
/// tensors of the graph. 48 vectors; fewer, at least 8, where `macs` multiply-accumulates each
/// would take long.
[[nodiscard]] emit::Vectors golden_vectors(const graph::Graph& graph,
                                           const std::vector<plan::Word>& inputs,
                                           const std::vector<plan::Word>& outputs,
                                           std::int64_t macs);

}  // namespace nib::cli
