// Constant tensors during lowering, and folding of the operators that compute with constants only.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/lower/quantiser.h"
#include "nib/lower/surd.h"
#include "nib/num/tensor.h"

namespace nib::lower {

/// An exact constant: doubles where they hold it, surds otherwise.
struct Constant {
  std::variant<Tensor<double>, Tensor<Surd>> data;
  /// Stands in the file as it is (perhaps reshaped): a quantiser of it follows the float32 rule
  /// (exactness.md, settled point 2).
  bool stored = false;
  std::vector<std::string> sources{};  ///< graph nodes that made it

  [[nodiscard]] const Shape& shape() const;
  [[nodiscard]] std::int64_t size() const { return element_count(shape()); }
  [[nodiscard]] Surd at(std::int64_t element) const;
  /// The doubles; null where they do not hold it.
  [[nodiscard]] const Tensor<double>* reals() const { return std::get_if<Tensor<double>>(&data); }
};

/// A stored constant of the graph.
[[nodiscard]] Constant stored_constant(const graph::Constant& constant);

/// The result of a node whose inputs are all constants (null: an absent optional one).
/// Errors E0502: an operator that has no exact result here.
[[nodiscard]] Constant fold(const graph::Graph& graph, const graph::Node& node,
                            const std::vector<const Constant*>& inputs);

/// A quantiser on a stored constant: quotient and zero point sum in float32, then the rounding
/// exactly (exactness.md, settled point 2).
[[nodiscard]] Constant quantise_stored(const graph::Quant& op, const Constant& x,
                                       const Quantisers& quantisers);

/// A quantiser on a computed constant, exactly.
[[nodiscard]] Constant quantise_computed(const Constant& x, const Quantisers& quantisers);

/// Picks elements: result[e] = x[source[e]].
[[nodiscard]] Constant gather(const Constant& x, const Shape& shape,
                              const std::vector<std::int64_t>& source);

/// The tensor with its axes permuted: element e of the result is element source[e] of the operand.
[[nodiscard]] std::vector<std::int64_t> transpose_index(const Shape& shape,
                                                        const std::vector<int>& perm);

}  // namespace nib::lower
