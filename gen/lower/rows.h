// Rows of weights as integers: the arithmetic that products and convolutions share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/lower/constant.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"

namespace nib::lower {

/// Most bits of a weight: sums and differences of two weights are int64 with bits to spare.
inline constexpr int kMaxWeightBits = 61;

/// What a row needs to know of its input i: x_i = scale * code + offset, or the constant offset.
struct Operand {
  Rational scale = 1, offset = 0;
  Range range{};
  bool is_constant = false;
  std::int64_t multiple = 1;  ///< scale = multiple * grid of all inputs; 0: too large a number
};

/// sum_i w_i x_i = scale * sum_i integers_i code_i + offset.
struct Row {
  std::vector<std::int64_t> integers;
  Rational scale = 1;
  Rational offset = 0;
};

/// Makes the rows of one set of inputs.
class RowMaker {
 public:
  /// `constants`: an input whose range is one code is a constant, which takes no weight.
  RowMaker(std::vector<Operand> operands, bool constants);

  /// The row whose weight i is element index[i] of `weights`. Errors E0502: an irrational weight;
  /// E0503: weights without a common grid of kMaxWeightBits.
  [[nodiscard]] Row make(const Constant& weights, const std::vector<std::int64_t>& index,
                         const std::string& node) const;
  /// Reachable sums of a row. Errors E0503: beyond kMaxWordBits.
  [[nodiscard]] Range range(const std::vector<std::int64_t>& integers,
                            const std::string& node) const;

 private:
  [[nodiscard]] std::optional<Row> quick(const std::vector<double>& weights) const;
  [[nodiscard]] Row slow(const std::vector<Rational>& weights, const std::string& node) const;
  void add_offset(Row& row, const Constant& weights, const std::vector<std::int64_t>& index) const;

  std::vector<Operand> operands_;
  Rational grid_ = 1;      ///< of all scales
  bool narrow_ = true;     ///< all multiples are known
  bool one_shift_ = true;  ///< offset / scale is the same for all inputs
  Rational shift_ = 0;
};

}  // namespace nib::lower
