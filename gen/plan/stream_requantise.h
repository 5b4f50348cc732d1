// Inside plan: the units that turn lanes into codes: thresholds, or factor, bias and shift.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nib/plan/stream_builder.h"
#include "nib/plan/stream_chain.h"

namespace nib::plan {

/// What becomes of one channel.
struct Point {
  Affine x;   ///< of the lane
  Chained f;  ///< the code
  Range lane;
  /// The lanes that come, ascending, where they are known and few; null: all of the range.
  std::shared_ptr<const std::vector<std::int64_t>> reach = nullptr;
};

/// Adds the units that make f(x(lane)) of every lane of `in`, by channel or (where there are as
/// many points as elements) by pixel and channel. `bipolar`: codes of two neighbouring numbers
/// become bipolar lanes. Errors: E0706 on `node` for a function that no unit computes.
[[nodiscard]] Carried requantised(StreamBuilder& builder, Carried in,
                                  const std::vector<Point>& points, bool bipolar,
                                  const std::string& node);

}  // namespace nib::plan
