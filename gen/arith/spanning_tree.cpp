// Spanning-tree decomposition of the rows of a matrix.
#include "nib/arith/spanning_tree.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace nib::arith {
namespace {

// Number of non-zero digits of the canonical form: bits in which x and 3x differ, halved by shift.
int digits_of(std::int64_t x) {
  const auto magnitude = static_cast<std::uint64_t>(x < 0 ? -x : x);
  return std::popcount((magnitude ^ (3 * magnitude)) >> 1);
}

}  // namespace

int digit_count(const std::vector<std::int64_t>& row) {
  int digits = 0;
  for (const std::int64_t x : row) digits += digits_of(x);
  return digits;
}

int ceil_log2(int digits) {
  return digits <= 1 ? 0 : static_cast<int>(std::bit_width(static_cast<unsigned>(digits - 1)));
}

std::vector<TreeEdge> spanning_tree(const std::vector<std::vector<std::int64_t>>& rows,
                                    int depth_limit) {
  const std::size_t n = rows.size();
  struct Best {
    int weight = std::numeric_limits<int>::max();
    int depth = 0;
    std::int32_t parent = -1;
    bool negate = false;
  };
  std::vector<Best> best(n);
  std::vector<char> done(n, 0);
  std::vector<TreeEdge> tree(n);
  for (std::size_t r = 0; r < n; ++r) {
    const int weight = digit_count(rows[r]);
    best[r] = {weight, ceil_log2(weight), -1, false};
  }
  for (std::size_t round = 0; round < n; ++round) {
    std::size_t next = n;
    for (std::size_t r = 0; r < n; ++r) {
      if (!done[r] && (next == n || best[r].weight < best[next].weight)) next = r;
    }
    done[next] = 1;
    const Best& pick = best[next];
    TreeEdge& edge = tree[next];
    edge.parent = pick.parent;
    edge.negate_parent = pick.negate;
    edge.depth = pick.depth;
    edge.difference = rows[next];
    if (pick.parent >= 0) {
      const auto& parent = rows[static_cast<std::size_t>(pick.parent)];
      for (std::size_t c = 0; c < parent.size(); ++c) {
        edge.difference[c] += pick.negate ? parent[c] : -parent[c];
      }
    }
    for (std::size_t r = 0; r < n; ++r) {
      if (done[r]) continue;
      int minus = 0, plus = 0;
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        minus += digits_of(rows[r][c] - rows[next][c]);
        plus += digits_of(rows[r][c] + rows[next][c]);
      }
      const int weight = std::min(minus, plus);
      const int depth = std::max(ceil_log2(weight), edge.depth) + 1;
      if (weight < best[r].weight && depth <= depth_limit) {
        best[r] = {weight, depth, static_cast<std::int32_t>(next), plus < minus};
      }
    }
  }
  return tree;
}

}  // namespace nib::arith
