// Dense tensors in C order: shape and storage, no arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nib/base/check.h"

namespace nib {

/// Lengths of the axes; empty for a scalar.
using Shape = std::vector<std::int64_t>;

/// Number of elements; an overflow or a negative length is an internal error.
[[nodiscard]] std::int64_t element_count(const Shape& shape);
/// Strides of C order, in elements.
[[nodiscard]] std::vector<std::int64_t> strides_of(const Shape& shape);
/// NumPy broadcasting of two shapes; false where they do not fit.
[[nodiscard]] bool broadcast(const Shape& a, const Shape& b, Shape& result);
/// For each element of `to` (C order) the index of the element of `from` that broadcasts there.
[[nodiscard]] std::vector<std::int64_t> broadcast_index(const Shape& from, const Shape& to);
/// "1x16" or "scalar".
[[nodiscard]] std::string to_string(const Shape& shape);

/// A dense array; data.size() == element_count(shape).
template <class T>
struct Tensor {
  Shape shape;
  std::vector<T> data;

  Tensor() : data(1) {}
  Tensor(Shape s, std::vector<T> d) : shape(std::move(s)), data(std::move(d)) {
    NIB_CHECK(element_count(shape) == static_cast<std::int64_t>(data.size()), "tensor size");
  }
  explicit Tensor(Shape s, T fill = T{})
      : shape(std::move(s)), data(static_cast<std::size_t>(element_count(shape)), fill) {}

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(data.size()); }
  [[nodiscard]] const T& operator[](std::int64_t i) const {
    return data[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] T& operator[](std::int64_t i) { return data[static_cast<std::size_t>(i)]; }
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

}  // namespace nib
