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
  return per_element(elements);
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
