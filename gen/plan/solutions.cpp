// Solving each matrix once, on several threads.
#include "nib/plan/solutions.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <future>
#include <set>
#include <utility>

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

const arith::AdderGraph& Solutions::solve(const Tensor<std::int64_t>& matrix,
                                          const std::vector<Range>& inputs) {
  MatrixKey key = key_of(matrix, inputs);
  auto found = graphs_.find(key);
  if (found == graphs_.end()) {
    found = graphs_.emplace(std::move(key), solved(matrix, inputs)).first;
  }
  return found->second;
}

Solutions::MatrixKey Solutions::key_of(const Tensor<std::int64_t>& matrix,
                                       const std::vector<Range>& inputs) {
  BigInts limits;
  for (const Range& r : inputs) limits.insert(limits.end(), {r.min, r.max});
  return {matrix.data, std::move(limits)};
}

arith::AdderGraph Solutions::solved(const Tensor<std::int64_t>& matrix,
                                    const std::vector<Range>& inputs) const {
  // The bias is the layer's business: it may vanish in the thresholds behind the sum.
  const std::vector<BigInt> no_bias(at(matrix.shape[0]), 0);
  return arith::solve(matrix, inputs, no_bias, options_);
}

void Solutions::solve_ahead(const std::vector<MatrixProblem>& problems, int threads) {
  std::vector<MatrixKey> keys;
  std::vector<const MatrixProblem*> open;
  std::set<MatrixKey> seen;
  for (const MatrixProblem& problem : problems) {
    MatrixKey key = key_of(problem.matrix, problem.inputs);
    if (graphs_.contains(key) || !seen.insert(key).second) continue;
    keys.push_back(std::move(key));
    open.push_back(&problem);
  }
  std::vector<arith::AdderGraph> results(open.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < open.size(); i = next++) {
      results[i] = solved(open[i]->matrix, open[i]->inputs);
    }
  };
  std::vector<std::future<void>> workers;
  const std::size_t count = std::min(at(threads), open.size());
  for (std::size_t w = 0; w < count; ++w) workers.push_back(std::async(std::launch::async, work));
  for (std::future<void>& worker : workers) worker.get();
  for (std::size_t i = 0; i < open.size(); ++i) {
    graphs_.emplace(std::move(keys[i]), std::move(results[i]));
  }
}

const arith::StepCircuit& Solutions::circuit(const arith::Steps& steps) {
  const auto key =
      std::make_tuple(BigInts{steps.domain.min, steps.domain.max}, steps.thresholds, steps.levels);
  auto found = circuits_.find(key);
  if (found == circuits_.end()) {
    found = circuits_.emplace(key, arith::choose_form(steps, target_)).first;
  }
  return found->second;
}

}  // namespace nib::plan
