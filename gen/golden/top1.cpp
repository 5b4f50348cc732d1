// Classification hits.
#include "nib/golden/top1.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/error.h"

namespace nib::golden {

std::int64_t top1_hits(const Tensor<double>& outputs, const Tensor<std::int64_t>& labels) {
  const std::int64_t rows = outputs.shape.empty() ? 1 : outputs.shape[0];
  if (labels.size() != rows) {
    fail(ErrorCode::E105, fmt::format("{} labels for {} rows", labels.size(), rows), {},
         "give one label per row");
  }
  const std::int64_t width = rows == 0 ? 0 : outputs.size() / rows;
  std::int64_t hits = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double* row = outputs.data.data() + r * width;
    const double answer =
        width == 1 ? row[0] : static_cast<double>(std::max_element(row, row + width) - row);
    hits += answer == static_cast<double>(labels[r]) ? 1 : 0;
  }
  return hits;
}

}  // namespace nib::golden
