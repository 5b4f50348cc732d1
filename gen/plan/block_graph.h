// Integer graphs of one operation, for blocks that are built by themselves.
#pragma once

#include <string>
#include <vector>

#include "nib/lower/integer_graph.h"

namespace nib::plan {

/// A row of elements of the given ranges, all with the scale `scale` and no offset.
[[nodiscard]] lower::Value block_value(std::string name, const std::vector<Range>& ranges,
                                       const Rational& scale = 1);

/// What the names of a block are, and what it computes in words.
struct BlockText {
  std::string graph, node, formula;
};
/// Input x, one operation, output y.
[[nodiscard]] lower::IntegerGraph block_graph(const BlockText& text, lower::Value x, lower::Value y,
                                              lower::Op op);

}  // namespace nib::plan
