// Constant matrices for `nib make`: .npy arrays and text files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nib/num/range.h"
#include "nib/num/tensor.h"

namespace nib::cli {

/// A matrix of y = M x and, where its file states them, the ranges of x.
struct Matrix {
  Tensor<double> weights{Shape{0, 0}};  ///< outputs x inputs
  std::vector<Range> ranges;            ///< per input; empty: not stated
};

/// Reads a .npy (outputs x inputs) or a text file. Text is of the form that matrices of constant
/// multiplication are published in: "rows columns", then the rows (x M: a row per input, a column
/// per output), then for all rows, if at all, the minimum and maximum of that input. Errors E0101,
/// E0104, E0106, E0807.
[[nodiscard]] Matrix read_matrix(const std::string& path);
/// The text form by itself. Errors E0807.
[[nodiscard]] Matrix parse_text_matrix(const std::string& text);

/// A .npy of inputs x 2: minimum and maximum codes. Errors E0101, E0104, E0807.
[[nodiscard]] std::vector<Range> read_ranges(const std::string& path, std::int64_t inputs);
/// A .npy of rank 2. Errors E0101, E0104, E0106, E0807 (`what` names it).
[[nodiscard]] Tensor<double> read_table(const std::string& path, const std::string& what);
/// A .npy of one entry per output, of any shape. Errors E0101, E0104, E0106, E0807.
[[nodiscard]] std::vector<double> read_bias(const std::string& path, std::int64_t outputs);

}  // namespace nib::cli
