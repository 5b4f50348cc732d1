// graph -> integer graph, without changing a value.
#pragma once

#include "nib/graph/graph.h"
#include "nib/lower/integer_graph.h"

namespace nib::lower {

/// Lowers the graph. Errors E05xx: an input without type or quantiser, an operator whose result has
/// no exact integer form, a width over 63 bits.
[[nodiscard]] IntegerGraph lower(const graph::Graph& graph);

}  // namespace nib::lower
