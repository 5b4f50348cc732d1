// graph -> integer graph, without changing a value.
#pragma once

#include <cstdint>

#include "nib/graph/graph.h"
#include "nib/lower/integer_graph.h"

namespace nib::lower {

struct Options {
  /// A step function of at most this many reachable values is proven at all of them, one of more at
  /// both sides of every threshold and at the ends of every monotone piece.
  std::int64_t prove_all_up_to = 1024;
};

/// Lowers the graph. Errors E05xx: an input without type or quantiser, an operator whose result has
/// no exact integer form, a width over 63 bits.
[[nodiscard]] IntegerGraph lower(const graph::Graph& graph, const Options& options = {});

}  // namespace nib::lower
