// Arithmetic of groupings: which entry of a per-channel vector an element uses.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/lower/integer_graph.h"

namespace nib::lower {

/// One entry for all elements.
inline constexpr Grouping kPerTensor{1, 1};
/// One entry for each element.
[[nodiscard]] inline Grouping per_element(std::int64_t elements) { return {1, elements}; }

/// Entries along `axis` of `shape`.
[[nodiscard]] Grouping along_axis(const Shape& shape, std::size_t axis);

/// The coarsest grouping that tells apart what either of two tells apart, for tensors of `elements`
/// elements.
[[nodiscard]] Grouping join(const Grouping& a, const Grouping& b, std::int64_t elements);

/// True where elements of one group of `fine` are always of one group of `coarse`.
[[nodiscard]] inline bool refines(const Grouping& fine, const Grouping& coarse,
                                  std::int64_t elements) {
  return join(fine, coarse, elements) == fine;
}

/// The coarsest grouping under which elements of one group are of one class. classes[e]: any number
/// that names the class of element e.
[[nodiscard]] Grouping grouping_of_classes(const std::vector<std::int64_t>& classes);

/// An element of group `g` of `grouping` (the first one).
[[nodiscard]] inline std::int64_t first_of(const Grouping& grouping, std::int64_t g) {
  return g * grouping.inner;
}

/// How a tensor of shape `from` broadcasts to `to`, as a grouping of the elements of `to`, with the
/// entry of `from` that each group uses.
struct Broadcast {
  Grouping grouping;
  std::vector<std::int64_t> entry;
};
[[nodiscard]] Broadcast broadcast_groups(const Shape& from, const Shape& to);

}  // namespace nib::lower
