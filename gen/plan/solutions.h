// Inside plan: circuits that several layers, rows or neurons share are found once.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "nib/arith/adder_graph.h"
#include "nib/arith/step_circuit.h"
#include "nib/arith/target.h"
#include "nib/num/range.h"
#include "nib/num/tensor.h"

namespace nib::plan {

/// A constant matrix and the ranges of what it multiplies, one per column.
struct MatrixProblem {
  Tensor<std::int64_t> matrix;
  std::vector<Range> inputs;
};

/// Solutions that several layers, rows or neurons share.
class Solutions {
 public:
  Solutions(const arith::Target& target, arith::SolveOptions options)
      : target_(target), options_(options) {}
  [[nodiscard]] const arith::AdderGraph& solve(const Tensor<std::int64_t>& matrix,
                                               const std::vector<Range>& inputs);
  /// Solves what solve() will be asked for, on so many threads; the solutions are the same.
  void solve_ahead(const std::vector<MatrixProblem>& problems, int threads);
  [[nodiscard]] const arith::StepCircuit& circuit(const arith::Steps& steps);

 private:
  using Numbers = std::vector<std::int64_t>;
  using BigInts = std::vector<BigInt>;
  using MatrixKey = std::pair<Numbers, BigInts>;
  [[nodiscard]] static MatrixKey key_of(const Tensor<std::int64_t>& matrix,
                                        const std::vector<Range>& inputs);
  [[nodiscard]] arith::AdderGraph solved(const Tensor<std::int64_t>& matrix,
                                         const std::vector<Range>& inputs) const;

  const arith::Target& target_;
  arith::SolveOptions options_;
  std::map<MatrixKey, arith::AdderGraph> graphs_;
  std::map<std::tuple<BigInts, BigInts, Numbers>, arith::StepCircuit> circuits_;
};

}  // namespace nib::plan
