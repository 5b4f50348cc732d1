// Inside plan: what one row of a Linear node multiplies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/num/range.h"
#include "nib/plan/layer_builder.h"
#include "nib/plan/plan.h"

namespace nib::plan {

/// One row of elements of a Linear node: the outputs that are wanted, the matrix and bias between
/// them and the inputs that vary and count.
struct LinearRow {
  std::vector<std::size_t> wanted;  ///< outputs
  std::vector<Source> columns;
  std::vector<std::int64_t> bias;
  MatrixProblem problem;
};
/// Row `row` of `op` on operand elements of ranges `x`, for the outputs that are `live`. Constant
/// elements of x go into the bias.
[[nodiscard]] LinearRow linear_row(const lower::Linear& op, const std::vector<Range>& x,
                                   const std::vector<char>& live, std::size_t row);

}  // namespace nib::plan
