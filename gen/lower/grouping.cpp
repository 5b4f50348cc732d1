// Groupings: joins and broadcasting.
#include "nib/lower/grouping.h"

#include <algorithm>
#include <numeric>

namespace nib::lower {

Grouping along_axis(const Shape& shape, std::size_t axis) {
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  return {inner, shape.at(axis)};
}

Grouping join(const Grouping& a, const Grouping& b, std::int64_t elements) {
  if (a == b || b.count == 1) return a;
  if (a.count == 1) return b;
  // Runs of the greatest common divisor, repeated with the least common multiple of both periods.
  const std::int64_t inner = std::gcd(a.inner, b.inner);
  const std::int64_t period_a = a.inner * a.count, period_b = b.inner * b.count;
  const std::int64_t factor = period_b / std::gcd(period_a, period_b);
  if (factor > elements / period_a) return per_element(elements);
  return {inner, period_a * factor / inner};
}

Grouping grouping_of_classes(const std::vector<std::int64_t>& classes) {
  const auto n = static_cast<std::int64_t>(classes.size());
  std::int64_t inner = n;
  for (std::size_t e = 1; e < classes.size(); ++e) {
    if (classes[e] != classes[e - 1]) inner = std::gcd(inner, static_cast<std::int64_t>(e));
  }
  if (inner == n) return kPerTensor;
  // The smallest period of the blocks, by the failure function of Knuth, Morris and Pratt (1977).
  const auto blocks = static_cast<std::size_t>(n / inner);
  const auto at = [&](std::size_t block) {
    return classes[block * static_cast<std::size_t>(inner)];
  };
  std::vector<std::size_t> border(blocks, 0);
  for (std::size_t i = 1; i < blocks; ++i) {
    std::size_t length = border[i - 1];
    while (length > 0 && at(i) != at(length)) length = border[length - 1];
    border[i] = at(i) == at(length) ? length + 1 : 0;
  }
  const std::size_t period = blocks - border[blocks - 1];
  return {inner, static_cast<std::int64_t>(blocks % period == 0 ? period : blocks)};
}

Broadcast broadcast_groups(const Shape& from, const Shape& to) {
  if (element_count(from) == 1) return {kPerTensor, {0}};
  std::size_t wide = 0, axis = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == 1) continue;
    ++wide;
    axis = i + (to.size() - from.size());
  }
  if (wide == 1 && to.size() >= from.size()) {
    Broadcast result{along_axis(to, axis), {}};
    result.entry.resize(static_cast<std::size_t>(result.grouping.count));
    std::iota(result.entry.begin(), result.entry.end(), std::int64_t{0});
    return result;
  }
  return {per_element(element_count(to)), broadcast_index(from, to)};
}

}  // namespace nib::lower
