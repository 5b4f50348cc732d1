// Shapes and broadcasting.
#include "nib/num/tensor.h"

#include <algorithm>

namespace nib {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) {
    NIB_CHECK(length >= 0 && !__builtin_mul_overflow(count, length, &count), to_string(shape));
  }
  return count;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

bool broadcast(const Shape& a, const Shape& b, Shape& result) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t x = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    const std::int64_t y = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (x != y && x != 1 && y != 1) return false;
    out[i] = x == 1 ? y : x;
  }
  result = std::move(out);
  return true;
}

std::vector<std::int64_t> broadcast_index(const Shape& from, const Shape& to) {
  NIB_CHECK(from.size() <= to.size(), to_string(from) + " to " + to_string(to));
  const std::size_t skip = to.size() - from.size();
  const auto from_strides = strides_of(from), to_strides = strides_of(to);
  std::vector<std::int64_t> index(static_cast<std::size_t>(element_count(to)));
  for (std::size_t e = 0; e < index.size(); ++e) {
    std::int64_t source = 0;
    for (std::size_t axis = 0; axis < from.size(); ++axis) {
      const std::int64_t at =
          static_cast<std::int64_t>(e) / to_strides[axis + skip] % to[axis + skip];
      NIB_CHECK(from[axis] == 1 || from[axis] == to[axis + skip], to_string(from));
      source += from[axis] == 1 ? 0 : at * from_strides[axis];
    }
    index[e] = source;
  }
  return index;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t length : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(length);
  }
  return text;
}

}  // namespace nib
