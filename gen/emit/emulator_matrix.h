// Inside emit: a matrix of constants as C++, in the form that runs fastest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/num/range.h"
#include "nib/num/tensor.h"

namespace nib::emit {

/// Groups of rows of constants; each group multiplies vectors of its own.
struct EmulatorMatrix {
  const Tensor<std::int64_t>& weights;  ///< rows x columns, whatever its shape: rows first
  const std::vector<BigInt>& bias;      ///< of each row
  std::int64_t groups = 1;
  Range codes;  ///< of every element of the vectors

  [[nodiscard]] std::int64_t rows() const { return weights.shape.at(0); }
  [[nodiscard]] std::int64_t columns() const { return weights.size() / rows(); }
  /// Holds every partial sum, in whatever order it is taken.
  [[nodiscard]] Range sums() const;
};

/// Tables, and the beginning of a call "detail::dense(..., kBias3" that wants ", x, y, vectors,
/// rows of a group, columns)"; in it `group` counts the groups where there are several.
struct EmulatorProduct {
  std::string tables, call;
};
[[nodiscard]] EmulatorProduct write_product(const EmulatorMatrix& matrix, const std::string& id);

}  // namespace nib::emit
