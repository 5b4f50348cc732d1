// Float32 arithmetic in graph order: what an executor such as onnxruntime computes, up to its own
// order of sums.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/golden/state.h"
#include "nib/golden/windows.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// Evaluates one row at a time; its own values are carried on from quantiser to quantiser.
class Float32Run {
 public:
  explicit Float32Run(State& state);

  /// Row `row` of the chunk; `number` is its number over all rows. Where a quantiser gives another
  /// code than the exact evaluation in the state, a difference is appended.
  void run(std::int64_t row, std::int64_t number, std::vector<Float32Difference>& differences);

 private:
  using Floats = std::vector<float>;

  struct NodeRun;
  void run_node(graph::NodeId id, std::int64_t row, std::int64_t number,
                std::vector<Float32Difference>* differences);

  State& state_;
  std::vector<Floats> values_;
  std::vector<MatrixProduct> products_;  ///< per node; empty where it is no product
  std::vector<std::optional<QuantTable>> tables_;
  std::vector<Forms> forms_;
};

}  // namespace nib::golden
