// The shape rules of the op table.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nib/graph/ops.h"
#include "nib/num/tensor.h"

namespace nib::graph {

/// The shape of an operator's output, or what does not fit.
struct ShapeResult {
  Shape shape;
  std::string problem;  ///< empty: it fits
};

/// Numbers of inputs that an operator takes; an absent optional one counts.
struct Arity {
  std::size_t min = 1;
  std::size_t max = 1;
};
[[nodiscard]] Arity arity_of(const Op& op);

/// Shape of the output for inputs of these shapes; a null entry is an absent optional input. The
/// output of Reshape is not determined by its input: `reshaped` is what it claims to be.
[[nodiscard]] ShapeResult infer_shape(const Op& op, std::span<const Shape* const> inputs,
                                      const Shape& reshaped = {});

/// NumPy matmul of two shapes.
[[nodiscard]] ShapeResult matmul_shape(const Shape& a, const Shape& b);

}  // namespace nib::graph
