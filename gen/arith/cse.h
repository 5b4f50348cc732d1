// Greedy two-term common subexpression elimination over rows of signed digits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nib/arith/adder_builder.h"

namespace nib::arith {

/// How a pair is weighed against others that could be built next.
enum class PairScore {
  kCount,        ///< occurrences
  kOverlapBits,  ///< occurrences times the bits in which the two operands overlap
};

struct CseOptions {
  PairScore score = PairScore::kOverlapBits;
  /// Largest depth of each row's sum; kUnbounded lets sharing go as deep as it pays.
  std::vector<int> depth_bound;
  /// Penalty per level of difference between the two operands, in units of the score (0: none).
  double depth_skew_penalty = 0;
  /// Varies the scores, the same way for the same seed; 0: not at all.
  std::uint64_t noise_seed = 0;
};
inline constexpr int kUnbounded = 1000;

/// Sums each row's terms in `builder`, sharing pairs across and within rows. A row without terms
/// gives nullopt. Depth bounds hold (Kraft's inequality is kept by every step).
[[nodiscard]] std::vector<std::optional<Term>> reduce_rows(AdderBuilder& builder,
                                                           std::vector<std::vector<Term>> rows,
                                                           const CseOptions& options);

/// Least depth of a sum of terms of these depths: the least B with sum 2^depth <= 2^B.
[[nodiscard]] int least_depth(const AdderBuilder& builder, const std::vector<Term>& terms);

}  // namespace nib::arith
