// Inside plan: sums of constants times elements, the same for a Linear and a Conv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/lower/patches.h"
#include "nib/num/range.h"
#include "nib/plan/plan.h"
#include "nib/plan/solutions.h"

namespace nib::plan {

/// Outputs that are sums over the same elements of x: one row of a Linear, or one group of a Conv
/// at one position.
struct LinearBlock {
  std::vector<std::int64_t> outputs;      ///< elements of y
  std::vector<std::int64_t> inputs;       ///< elements of x, or lower::Patches::kOutside
  std::vector<BigInt> outside;            ///< what stands for each input outside of x
  const std::int64_t* weights = nullptr;  ///< outputs x inputs
  const BigInt* bias = nullptr;           ///< of each output

  /// What column `i` holds, where x has ranges `x`.
  [[nodiscard]] Range range(const std::vector<Range>& x, std::size_t i) const;
};

/// The blocks of a node that is a Linear or a Conv. Refers to the graph.
class LinearBlocks {
 public:
  LinearBlocks(const lower::IntegerGraph& graph, const lower::Node& node);
  [[nodiscard]] static bool applies(const lower::Node& node);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] LinearBlock operator[](std::size_t block) const;
  /// Where a block stands: "r3" of a Linear, "y0_x2" (behind "g1_" where there are groups) of a
  /// Conv.
  [[nodiscard]] std::string name(std::size_t block) const;
  /// What column is what, in words.
  [[nodiscard]] std::string text() const;
  /// Multiply-accumulates of all blocks, zeros included.
  [[nodiscard]] std::int64_t macs() const;

 private:
  [[nodiscard]] LinearBlock row(const lower::Linear& op, std::int64_t row) const;
  [[nodiscard]] LinearBlock position(const lower::Conv& op, std::int64_t block) const;

  const lower::Node& node_;
  Shape spatial_;  ///< of a Conv's output
  std::optional<lower::Patches> patches_;
  std::size_t size_ = 0;
};

/// What has to be built of one block: the outputs that are wanted, the matrix and bias between
/// them and the inputs that vary and count.
struct LinearProblem {
  std::vector<std::int32_t> outputs;  ///< elements of y
  std::vector<Source> columns;        ///< elements of operand 0
  std::vector<BigInt> bias;
  MatrixProblem problem;
};
/// `block` on operand elements of ranges `x`, for the outputs that are `live`. Constants go into
/// the bias.
[[nodiscard]] LinearProblem linear_problem(const LinearBlock& block, const std::vector<Range>& x,
                                           const std::vector<char>& live);

}  // namespace nib::plan
