// Inside plan: what the steps and clamps behind an accumulator do to one element.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nib/lower/integer_graph.h"

namespace nib::plan {

/// x = (num * lane + add) / den, without a rest for every lane that comes.
struct Affine {
  std::int64_t num = 1, add = 0, den = 1;
  [[nodiscard]] bool is_identity() const { return num == 1 && add == 0 && den == 1; }
  friend bool operator==(const Affine&, const Affine&) = default;
  [[nodiscard]] std::int64_t operator()(std::int64_t lane) const {
    return (num * lane + add) / den;
  }
  /// The lanes of all x; outwards where x is no lane's.
  [[nodiscard]] Range lanes_of(Range x) const;
};

/// A function of x in `domain`: a step function, or else y = min(max(x, limits.min), limits.max).
struct Chained {
  Range domain;
  std::optional<lower::StepFunction> step;
  Range limits;

  [[nodiscard]] Range image() const { return step ? step->image() : limits; }
};
/// The identity.
[[nodiscard]] Chained identity(Range domain);
/// `next` behind `first`.
[[nodiscard]] Chained behind(Chained first, const lower::StepFunction& next);
[[nodiscard]] Chained behind(Chained first, Range limits);
/// The function as steps, one for each number; `most` levels, else none.
[[nodiscard]] std::optional<lower::StepFunction> as_steps(const Chained& f, std::int64_t most);

/// How a step function goes.
enum class Trend { kConstant, kRising, kFalling, kNeither };
[[nodiscard]] Trend trend(const lower::StepFunction& f);
/// f of x as a function of the lane, on the lanes in `lanes`.
[[nodiscard]] lower::StepFunction on_lanes(const lower::StepFunction& f, const Affine& x,
                                           Range lanes);

}  // namespace nib::plan
