// Constant matrices as shared shift-and-add graphs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nib/num/range.h"
#include "nib/num/tensor.h"

namespace nib::arith {

/// sign * (node << shift); shift >= 0.
struct Term {
  std::int32_t node = 0;
  int shift = 0;
  bool negative = false;
  friend bool operator==(const Term&, const Term&) = default;
};

/// An input (a.node < 0) or the sum of two terms (at most one negative). Ranges are exact: those of
/// the linear form over the input box, not of the tree.
struct AdderNode {
  Term a{-1, 0, false};
  Term b{-1, 0, false};
  Range range;
  int depth = 0;  ///< adders in series, inputs 0
  [[nodiscard]] bool is_input() const { return a.node < 0; }
};

/// One row of the matrix: a term (none where the row is zero) plus a constant, which the emitted
/// RTL adds last (a step function behind it absorbs the constant in its thresholds instead).
struct AdderOutput {
  std::optional<Term> term;
  BigInt bias = 0;
  Range range;  ///< of term + bias
};

/// Inputs are nodes 0 .. inputs-1; every node's terms precede it.
struct AdderGraph {
  std::int32_t inputs = 0;
  std::vector<AdderNode> nodes;
  std::vector<AdderOutput> outputs;

  [[nodiscard]] std::size_t adders() const {
    return nodes.size() - static_cast<std::size_t>(inputs);
  }
};

struct SolveOptions {
  /// Most levels above what the deepest row needs at least (da4ml's hard_dc): -1 no bound.
  int depth_excess = 2;
  /// Effort: repetitions of the portfolio's best pass with varied scores; 0 is one pass per score
  /// and decomposition. The same seed gives the same graph.
  int restarts = 0;
  std::uint64_t seed = 1;
};

/// Solves y = M x + bias. `matrix`: outputs x inputs; `inputs`: exact ranges. The result is
/// checked: each output's linear form, derived from the nodes, equals its row.
[[nodiscard]] AdderGraph solve(const Tensor<std::int64_t>& matrix, const std::vector<Range>& inputs,
                               const std::vector<BigInt>& bias, const SolveOptions& options = {});

/// Cost in LUT bits: positions from the first that is not passed through to the top of each sum.
[[nodiscard]] std::int64_t adder_bits(const AdderGraph& graph);

/// Coefficients of every output over the inputs, re-derived from the nodes (for checks and tests).
[[nodiscard]] Tensor<std::int64_t> linear_forms(const AdderGraph& graph);

/// Bit-exact model: outputs for one vector of inputs. Errors E0503: outputs of over 64 bits.
[[nodiscard]] std::vector<std::int64_t> evaluate(const AdderGraph& graph,
                                                 const std::vector<std::int64_t>& x);

/// Signed digits of the canonical (minimal, non-adjacent) form of `value`: (shift, sign), low
/// first.
[[nodiscard]] std::vector<std::pair<int, bool>> csd(std::int64_t value);

}  // namespace nib::arith
