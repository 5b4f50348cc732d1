// What one row of a Linear node multiplies.
#include "nib/plan/linear_row.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

LinearRow linear_row(const lower::Linear& op, const std::vector<Range>& x,
                     const std::vector<char>& live, std::size_t row) {
  const std::size_t outs = at(op.weights.shape[0]);
  const std::size_t ins = at(op.weights.shape[1]);
  LinearRow result;
  for (std::size_t o = 0; o < outs; ++o) {
    if (live[row * outs + o] == 0) continue;
    result.wanted.push_back(o);
    result.bias.push_back(op.bias[o]);
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < ins; ++i) {
    const Range r = x[row * ins + i];
    bool used = false;
    for (std::size_t k = 0; k < result.wanted.size(); ++k) {
      const std::int64_t w = op.weights.data[result.wanted[k] * ins + i];
      if (r.is_constant()) {
        result.bias[k] = checked_add(result.bias[k], checked_mul(w, r.min));
      }
      used = used || w != 0;
    }
    if (!used || r.is_constant()) continue;
    kept.push_back(i);
    result.columns.push_back(Source{0, static_cast<std::int32_t>(row * ins + i)});
    result.problem.inputs.push_back(r);
  }
  result.problem.matrix = Tensor<std::int64_t>(Shape{
      static_cast<std::int64_t>(result.wanted.size()), static_cast<std::int64_t>(kept.size())});
  std::size_t cell = 0;
  for (const std::size_t o : result.wanted) {
    for (const std::size_t i : kept) {
      result.problem.matrix.data[cell++] = op.weights.data[o * ins + i];
    }
  }
  return result;
}

}  // namespace nib::plan
