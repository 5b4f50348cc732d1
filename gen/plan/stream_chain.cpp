// Composition of steps and clamps, and their change of variable.
#include "nib/plan/stream_chain.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "nib/base/check.h"
#include "nib/plan/flow.h"

namespace nib::plan {
namespace {

using lower::StepFunction;

/// Joins neighbours of equal level.
StepFunction merged(const StepFunction& f) {
  StepFunction result{f.domain, {}, {f.levels[0]}};
  for (std::size_t i = 0; i < f.thresholds.size(); ++i) {
    if (f.levels[i + 1] == result.levels.back()) continue;
    result.thresholds.push_back(f.thresholds[i]);
    result.levels.push_back(f.levels[i + 1]);
  }
  return result;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {  // b > 0
  return a / b - (a % b < 0 ? 1 : 0);
}
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

}  // namespace

Range Affine::lanes_of(Range x) const {
  std::int64_t low = den * x.min - add, high = den * x.max - add;
  if (num < 0) std::tie(low, high) = std::pair(-high, -low);
  const std::int64_t size = num < 0 ? -num : num;
  return {floor_div(low, size), ceil_div(high, size)};
}

Chained identity(Range domain) { return {domain, std::nullopt, domain}; }

Chained behind(Chained first, const StepFunction& next) {
  if (first.step) {
    for (std::int64_t& level : first.step->levels) level = next(level);
    first.step = merged(*first.step);
    return first;
  }
  StepFunction step = restricted(next, first.limits);
  step.domain = first.domain;
  return {first.domain, merged(step), {}};
}

Chained behind(Chained first, Range limits) {
  const std::int64_t low = limits.min, high = limits.max;
  const auto clamped = [&](std::int64_t y) { return std::clamp(y, low, high); };
  if (first.step) {
    for (std::int64_t& level : first.step->levels) level = clamped(level);
    first.step = merged(*first.step);
  } else {
    first.limits = {clamped(first.limits.min), clamped(first.limits.max)};
  }
  return first;
}

std::optional<StepFunction> as_steps(const Chained& f, std::int64_t most) {
  if (f.step) return f.step;
  const std::int64_t low = std::clamp(f.domain.min, f.limits.min, f.limits.max);
  const std::int64_t high = std::clamp(f.domain.max, f.limits.min, f.limits.max);
  if (high - low > most) return std::nullopt;
  StepFunction step{f.domain, {}, {low}};
  for (std::int64_t y = low + 1; y <= high; ++y) {
    step.thresholds.push_back(y);
    step.levels.push_back(y);
  }
  return step;
}

Trend trend(const StepFunction& f) {
  if (f.thresholds.empty()) return Trend::kConstant;
  if (std::is_sorted(f.levels.begin(), f.levels.end())) return Trend::kRising;
  return std::is_sorted(f.levels.rbegin(), f.levels.rend()) ? Trend::kFalling : Trend::kNeither;
}

StepFunction on_lanes(const StepFunction& f, const Affine& x, Range lanes) {
  NIB_CHECK(x.num != 0 && x.den > 0, "lanes that tell x");
  const std::size_t count = f.thresholds.size();
  StepFunction g;
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;  // threshold, level from it on
  std::int64_t level = x.num > 0 ? f.levels.front() : f.levels.back();
  for (std::size_t i = 0; i < count; ++i) {
    if (x.num > 0) {  // x >= t from the lane ceil((den t - add) / num) on
      steps.emplace_back(ceil_div(x.den * f.thresholds[i] - x.add, x.num), f.levels[i + 1]);
    } else {  // x >= t up to the lane floor((add - den t) / -num)
      const std::size_t from = count - 1 - i;
      steps.emplace_back(floor_div(x.add - x.den * f.thresholds[from], -x.num) + 1, f.levels[from]);
    }
  }
  g.domain = lanes;
  for (const auto& [threshold, next] : steps) {
    if (threshold <= lanes.min) {
      level = next;
      continue;
    }
    if (threshold > lanes.max) break;
    if (g.levels.empty()) g.levels.push_back(level);
    if (!g.thresholds.empty() && g.thresholds.back() == threshold) {
      g.levels.back() = next;
    } else {
      g.thresholds.push_back(threshold);
      g.levels.push_back(next);
    }
  }
  if (g.levels.empty()) g.levels.push_back(level);
  return merged(g);
}

}  // namespace nib::plan
