// Maximum-weight closure of a directed graph, by a minimum cut (Dinic).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace nib::arith {

/// The smallest set of nodes of the largest total weight that holds, with a node, all its
/// successors along `edges` (from, to). Empty where no set weighs more than 0. Nodes marked in
/// `forbidden` may not be in it. Picard 1976: a minimum cut of the graph with the weights as source
/// and sink arcs.
[[nodiscard]] std::vector<char> max_closure(
    const std::vector<std::int64_t>& weights,
    const std::vector<std::pair<std::int32_t, std::int32_t>>& edges,
    const std::vector<char>& forbidden);

}  // namespace nib::arith
