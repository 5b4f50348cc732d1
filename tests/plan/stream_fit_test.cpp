// Lines through step functions: exact on every input, the smallest shift, none where there is none.
#include "nib/plan/stream_fit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace nib::plan::stream {
namespace {

std::int64_t steps_at(const std::vector<std::int64_t>& levels, std::int64_t first, std::int64_t x) {
  return first + std::count_if(levels.begin(), levels.end(),
                               [x](std::int64_t level) { return x >= level; });
}

/// True if clamping the line to [low, high] gives the steps everywhere.
bool holds(const Line& line, const std::vector<std::int64_t>& levels, std::int64_t first,
           Range inputs) {
  const std::int64_t high = first + static_cast<std::int64_t>(levels.size());
  for (std::int64_t x = inputs.min; x <= inputs.max; ++x) {
    const std::int64_t y = (x * line.factor + line.bias) >> line.shift;
    if (std::clamp(y, first, high) != steps_at(levels, first, x)) return false;
  }
  return true;
}

TEST_CASE("a rounded scale becomes a line that is exact on every sum") {
  // round(x * 0.0371 + 3), clamped to int8, over sums of 14 bits.
  std::vector<std::int64_t> levels;
  for (std::int64_t code = -127; code <= 127; ++code) {
    const double edge = (static_cast<double>(code) - 0.5 - 3) / 0.0371;
    levels.push_back(static_cast<std::int64_t>(edge < 0 ? edge : edge + 1));
  }
  const Range inputs{-8192, 8191};
  const auto line = fit_line(levels, -128, inputs);
  REQUIRE(line.has_value());
  CHECK(holds(*line, levels, -128, inputs));
  CHECK(line->shift == 23);  // edges come as near as 1/371 to an input
  for (int shift = 0; shift < line->shift; ++shift) {
    CHECK_FALSE(fit_line(levels, -128, inputs, shift).has_value());
  }
}

TEST_CASE("small step functions: a line is found if and only if there is one") {
  const Range inputs{-6, 6};
  int with = 0, without = 0;
  for (std::int64_t a = -7; a <= 8; ++a) {
    for (std::int64_t b = a; b <= 8; ++b) {
      for (std::int64_t c = b; c <= 8; ++c) {
        const std::vector<std::int64_t> levels{a, b, c};
        const auto line = fit_line(levels, 0, inputs, 3);
        if (line) {
          ++with;
          CHECK(holds(*line, levels, 0, inputs));
          continue;
        }
        ++without;
        bool any = false;
        for (std::int64_t factor = 0; factor <= 4 * 8; ++factor) {
          for (std::int64_t bias = -8 * 30; bias <= 8 * 30; ++bias) {
            any = any || (holds({factor, bias, 3}, levels, 0, inputs));
          }
        }
        CHECK_FALSE(any);
      }
    }
  }
  CHECK(with > 50);
  CHECK(without > 50);
}

TEST_CASE("levels out of reach are no conditions") {
  const std::vector<std::int64_t> levels{-1000, -999, 0, 999};
  const auto line = fit_line(levels, 5, {-3, 3});
  REQUIRE(line.has_value());
  CHECK(((-1 * line->factor + line->bias) >> line->shift) == 7);
  CHECK(((0 * line->factor + line->bias) >> line->shift) == 8);
  const auto constant = fit_line(std::vector<std::int64_t>{9}, 4, {-3, 3});
  REQUIRE(constant.has_value());
  CHECK(*constant == Line{0, 4, 0});
}

}  // namespace
}  // namespace nib::plan::stream
