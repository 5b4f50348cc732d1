// Classification: how many rows have their largest element at the label.
#pragma once

#include <cstdint>

#include "nib/num/tensor.h"

namespace nib::golden {

/// Rows of `outputs` (batch first) whose largest element, the lowest index on ties, is the label; a
/// row of one element is an index itself. `labels`: one per row. Errors: E0105 where the counts
/// differ.
[[nodiscard]] std::int64_t top1_hits(const Tensor<double>& outputs,
                                     const Tensor<std::int64_t>& labels);

}  // namespace nib::golden
