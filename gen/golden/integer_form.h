// Products by constant matrices as integer arithmetic: exact accumulators times a unit per column.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nib/golden/lattice.h"

namespace nib::golden {

struct IntegerForm {
  std::vector<double> matrix;    ///< k x n multiples
  std::vector<Unit> x_unit;      ///< per k
  std::vector<Multiple> column;  ///< of the outputs
  bool fits_float = false;       ///< every accumulator fits a float's significand
};

/// Of x (multiples per k) times exact `weights` (k x n). nullopt where a unit needs more than 64
/// bits or an accumulator might exceed 2^53.
[[nodiscard]] std::optional<IntegerForm> integer_form(const std::vector<Multiple>& x,
                                                      std::int64_t n,
                                                      const std::vector<double>& weights);

/// Factors that turn exact multiples of a unit into the multiple: by the inverse where that is
/// exact, else by division.
struct ToMultiple {
  double divisor = 1, inverse = 0;

  explicit ToMultiple(const Unit& unit);
  [[nodiscard]] double operator()(double value) const {
    return inverse != 0 ? value * inverse : value / divisor;
  }
};

}  // namespace nib::golden
