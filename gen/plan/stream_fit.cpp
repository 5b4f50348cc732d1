// The line through steps: concave search for each shift.
#include "nib/plan/stream_fit.h"

#include <algorithm>
#include <vector>

#include "nib/base/check.h"

namespace nib::plan::stream {
namespace {

__extension__ using Wide = __int128;

/// One condition on factor * x + bias: at least the code's first number, or less than that.
struct Bound {
  std::int64_t x = 0;
  Wide code = 0;
};

struct Bounds {
  std::vector<Bound> above, below;
  bool half_even = false;
};

/// Biases that a factor allows: [first, last]; none where first > last.
struct Interval {
  Wide first = 0, last = 0;
};

Interval biases(const Bounds& bounds, Wide factor, int shift) {
  const auto at = [&](const std::vector<Bound>& list, std::size_t i) {
    const Wide tie = bounds.half_even && list[i].code % 2 != 0 ? 1 : 0;
    return (list[i].code << shift) + tie - factor * list[i].x;
  };
  Interval result{at(bounds.above, 0), at(bounds.below, 0) - 1};
  for (std::size_t i = 1; i < bounds.above.size(); ++i) {
    result.first = std::max(result.first, at(bounds.above, i));
  }
  for (std::size_t i = 1; i < bounds.below.size(); ++i) {
    result.last = std::min(result.last, at(bounds.below, i) - 1);
  }
  return result;
}

Wide room(const Bounds& bounds, Wide factor, int shift) {
  const Interval i = biases(bounds, factor, shift);
  return i.last - i.first;
}

/// Adds to `hull` those of `points` that are corners of their convex hull, from above (side 1) or
/// below (side -1): no other is ever the greatest or least of code - factor * x.
void add_corners(std::vector<Bound> points, int side, std::vector<Bound>& hull) {
  std::sort(points.begin(), points.end(), [&](const Bound& a, const Bound& b) {
    return a.x != b.x ? a.x < b.x : side * a.code > side * b.code;
  });
  const auto first = static_cast<std::ptrdiff_t>(hull.size());
  const auto inner = [&](const Bound& next) {
    const Bound &a = hull[hull.size() - 2], &b = hull.back();
    const Wide turn =
        (b.code - a.code) * (Wide{next.x} - a.x) - (next.code - a.code) * (Wide{b.x} - a.x);
    return side * turn <= 0;
  };
  for (const Bound& point : points) {
    const auto count = [&] { return static_cast<std::ptrdiff_t>(hull.size()) - first; };
    if (count() > 0 && hull.back().x == point.x) continue;
    while (count() > 1 && inner(point)) hull.pop_back();
    hull.push_back(point);
  }
}

/// The bounds that matter; odd codes apart where they bound differently.
std::vector<Bound> corners(const std::vector<Bound>& points, int side, bool half_even) {
  std::vector<Bound> hull;
  if (!half_even) {
    add_corners(points, side, hull);
    return hull;
  }
  std::vector<Bound> parts[2];
  for (const Bound& point : points) parts[point.code % 2 != 0 ? 1 : 0].push_back(point);
  for (std::vector<Bound>& part : parts) add_corners(std::move(part), side, hull);
  return hull;
}

/// The factor with most room: room() is concave, so that its difference changes sign once.
Wide best_factor(const Bounds& bounds, int shift, Wide most) {
  Wide low = 0, high = most;
  while (low < high) {
    const Wide middle = low + (high - low) / 2;
    if (room(bounds, middle + 1, shift) > room(bounds, middle, shift)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

std::optional<Line> fit_line(std::span<const std::int64_t> levels, std::int64_t first_code,
                             Range inputs, int most_shift, bool half_even,
                             std::span<const std::int64_t> below) {
  NIB_CHECK(std::is_sorted(levels.begin(), levels.end()), "levels ascend");
  // Levels that no input passes bound the line at the ends: there the clamp does not help.
  std::vector<std::int64_t> inside, before;
  Bounds bounds;
  bounds.half_even = half_even;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::int64_t level = levels[i];
    if (level <= inputs.min) {
      ++first_code;
      bounds.above = {{inputs.min, first_code}};
    } else if (level <= inputs.max) {
      inside.push_back(level);
      before.push_back(below.empty() ? level - 1 : below[i]);
    }
  }
  if (inside.empty()) return Line{0, first_code, 0};
  const Wide last_code = Wide{first_code} + static_cast<std::int64_t>(inside.size());
  if (levels.back() > inputs.max) bounds.below.push_back({inputs.max, last_code + 1});
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const Wide code = Wide{first_code} + static_cast<std::int64_t>(i) + 1;
    bounds.above.push_back({inside[i], code});
    bounds.below.push_back({before[i], code});
  }
  bounds.above = corners(bounds.above, 1, half_even);
  bounds.below = corners(bounds.below, -1, half_even);
  const auto line = [&](int shift) -> std::optional<Line> {
    // More than all codes between two neighbours: no line is steeper.
    const Wide most = static_cast<Wide>(inside.size() + 1) << shift;
    const Wide factor = best_factor(bounds, shift, most);
    const Interval bias = biases(bounds, factor, shift);
    if (bias.first > bias.last) return std::nullopt;
    // The bias nearest to zero costs least.
    const Wide chosen = std::clamp<Wide>(0, bias.first, bias.last);
    return Line{static_cast<std::int64_t>(factor), static_cast<std::int64_t>(chosen), shift,
                half_even};
  };
  // Twice the factor and bias do for one shift more: what fits a shift fits all above.
  std::optional<Line> best = line(most_shift);
  for (int low = half_even ? 1 : 0; best && low < best->shift;) {
    const int middle = low + (best->shift - low) / 2;
    if (const auto better = line(middle)) {
      best = better;
    } else {
      low = middle + 1;
    }
  }
  return best;
}

}  // namespace nib::plan::stream
