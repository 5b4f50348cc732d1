// Rows of a matrix as differences along a spanning tree.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/num/tensor.h"

namespace nib::arith {

/// Row r = sign * row(parent) + difference, sign in {1, -1}; parent -1 is the zero row.
struct TreeEdge {
  std::int32_t parent = -1;
  bool negate_parent = false;
  std::vector<std::int64_t> difference;
  int depth = 0;  ///< adder levels to the row if each difference has its least depth
};

/// Prim's tree from the zero row; an edge weighs the signed digits of the smaller of a - b and a +
/// b. No row gets deeper than `depth_limit`, except that a row's own least depth is always allowed.
/// O(rows^2 * columns).
[[nodiscard]] std::vector<TreeEdge> spanning_tree(
    const std::vector<std::vector<std::int64_t>>& rows, int depth_limit);

/// Signed digits of the whole row.
[[nodiscard]] int digit_count(const std::vector<std::int64_t>& row);
/// Adder levels that `digits` terms need.
[[nodiscard]] int ceil_log2(int digits);

}  // namespace nib::arith
