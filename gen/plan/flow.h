// Inside plan: exact ranges of every element, and which elements anybody reads.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/num/range.h"

namespace nib::plan {

/// Facts per value and element of an integer graph.
struct Flow {
  std::vector<std::vector<Range>> range;  ///< by interval arithmetic, element by element
  std::vector<std::vector<char>> live;    ///< varies, and some output depends on it
  std::vector<std::int64_t> nonzero;      ///< per node: nonzero live weights, all rows
};

[[nodiscard]] Flow analyse(const lower::IntegerGraph& graph);

/// The function on the reachable part `x` of its domain.
[[nodiscard]] lower::StepFunction restricted(const lower::StepFunction& f, const Range& x);
/// Element of the operand and operand of each element of a Concat.
struct ConcatSource {
  std::int32_t operand = 0;
  std::int32_t element = 0;
};
[[nodiscard]] std::vector<ConcatSource> concat_sources(const lower::IntegerGraph& graph,
                                                       const lower::Node& node);
/// The elements of x under the window of each element of a MaxPool.
[[nodiscard]] std::vector<std::vector<std::int32_t>> pool_windows(const lower::IntegerGraph& graph,
                                                                  const lower::Node& node);

}  // namespace nib::plan
