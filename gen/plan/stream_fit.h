// A step function as factor, bias, shift: what a requantiser multiplies with, exactly.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "nib/num/range.h"

namespace nib::plan::stream {

/// y = clamp(floor((x * factor + bias) / 2^shift)); with half_even the odd codes that divide
/// without a rest count one less, as ties to even do once the bias holds the half.
struct Line {
  std::int64_t factor = 0, bias = 0;
  int shift = 0;
  bool half_even = false;
  friend bool operator==(const Line&, const Line&) = default;
};

/// The line with the smallest shift, up to `most_shift`, that equals for every x in `inputs`, once
/// clamped to the codes first_code to first_code + levels.size(), the step function: first_code
/// below levels[0], one more from each level on. Levels ascend. None where the steps are too
/// uneven for a line. `below`: for each level the greatest input that comes below it (and the level
/// is one that comes); none: the number before it.
///
/// For a level t with the code k from t on, the line must satisfy
///   factor * t + bias >= k * 2^shift   and   factor * (t - 1) + bias <= k * 2^shift - 1,
/// or, with half_even and an odd k, both with k * 2^shift + 1 instead of k * 2^shift, so that the
/// bias lies in an interval whose ends are, as functions of the factor, a maximum and a minimum of
/// lines: its length is concave, and the best factor is found by bisection.
[[nodiscard]] std::optional<Line> fit_line(std::span<const std::int64_t> levels,
                                           std::int64_t first_code, Range inputs,
                                           int most_shift = 24, bool half_even = false,
                                           std::span<const std::int64_t> below = {});

}  // namespace nib::plan::stream
