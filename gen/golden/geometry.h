// Which elements of its inputs an element of an operator's output is computed from.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/graph/graph.h"

namespace nib::golden {

/// Index of the element of `from` that broadcasts (NumPy) to element `element` of `to`.
[[nodiscard]] std::int64_t broadcast_at(const Shape& from, const Shape& to, std::int64_t element);
/// Index of `element` along `axis`.
[[nodiscard]] std::int64_t index_on_axis(const Shape& shape, int axis, std::int64_t element);
/// Index of the input element that element `element` of the transposed tensor takes.
[[nodiscard]] std::int64_t transpose_at(const Shape& from, const std::vector<int>& perm,
                                        std::int64_t element);
/// Part and element that element `element` of a Concat of these shapes takes.
struct Part {
  std::size_t input = 0;
  std::int64_t element = 0;
};
[[nodiscard]] Part concat_at(const std::vector<const Shape*>& parts, int axis, const Shape& out,
                             std::int64_t element);

/// A MatMul or Gemm as `batches` products of m x k by k x n matrices; the output is C order.
struct MatrixProduct {
  std::int64_t m = 1, k = 1, n = 1;
  std::vector<std::int64_t> a_base, b_base;  ///< first elements, one entry per batch
  std::int64_t a_row = 0, a_inner = 0, b_inner = 0, b_column = 0;  ///< strides

  [[nodiscard]] std::int64_t batches() const { return static_cast<std::int64_t>(a_base.size()); }
};
[[nodiscard]] MatrixProduct matmul_of(const Shape& a, const Shape& b);
[[nodiscard]] MatrixProduct gemm_of(const graph::Gemm& op, const Shape& a, const Shape& b);

/// Elements that an ArgMax compares for its output element `element`: a start and a stride.
struct Lane {
  std::int64_t first = 0, stride = 1, count = 1;
};
[[nodiscard]] Lane argmax_lane(const graph::ArgMax& op, const Shape& x, std::int64_t element);
/// The same for output element `element` of a TopK.
[[nodiscard]] Lane topk_lane(const graph::TopK& op, const Shape& x, std::int64_t element);

/// True where the value is a stored constant, also through operators that only rearrange: a
/// quantiser of it follows the float32 rule (exactness.md, settled point 2).
[[nodiscard]] bool is_stored(const graph::Graph& graph, graph::ValueId id);

/// For each value: true where it does not depend on an input.
[[nodiscard]] std::vector<bool> constant_values(const graph::Graph& graph);

}  // namespace nib::golden
