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
    const std::int64_t sum = x * line.factor + line.bias;
    std::int64_t y = sum >> line.shift;
    if (line.half_even && y % 2 != 0 && (y << line.shift) == sum) --y;
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

TEST_CASE("ties to even: no line without them, a short one with them") {
  // x / 8, ties to even, from -3 to 4: the edge to an even code is a tie that reaches it.
  std::vector<std::int64_t> levels;
  for (std::int64_t code = -2; code <= 4; ++code) {
    levels.push_back(8 * code - 4 + (code % 2 != 0 ? 1 : 0));
  }
  const Range inputs{-40, 50};
  CHECK_FALSE(fit_line(levels, -3, inputs).has_value());
  const auto line = fit_line(levels, -3, inputs, 24, true);
  REQUIRE(line.has_value());
  CHECK(*line == Line{1, 4, 3, true});
  CHECK(holds(*line, levels, -3, inputs));
}

TEST_CASE("steps may stand anywhere between inputs that come") {
  // Of the multiples of 10 alone: uneven steps become even.
  const std::vector<std::int64_t> levels{1, 19, 25}, snapped{10, 20, 30}, below{0, 10, 20};
  CHECK_FALSE(fit_line(levels, 0, {0, 30}, 3).has_value());
  const auto line = fit_line(snapped, 0, {0, 30}, 6, false, below);
  REQUIRE(line.has_value());
  for (std::int64_t x = 0; x <= 30; x += 10) {
    CHECK(((x * line->factor + line->bias) >> line->shift) == steps_at(levels, 0, x));
  }
  CHECK(line->shift < fit_line(snapped, 0, {0, 30}, 24)->shift);
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
