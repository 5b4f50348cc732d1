// Exact evaluation of single elements: the cone of what they depend on, over Number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nib/golden/geometry.h"
#include "nib/golden/number.h"
#include "nib/golden/quantise.h"
#include "nib/golden/windows.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// Evaluates elements on demand and remembers them until clear(). Not thread-safe.
class ExactCone {
 public:
  /// What is known from elsewhere: true where it wrote the exact value of the element.
  using Source = std::function<bool(graph::ValueId, std::int64_t, Number&)>;

  /// `graph` must outlive it.
  explicit ExactCone(const graph::Graph& graph);

  /// The element of the value, from constants and what `source` knows. Errors: E0309 a division by
  /// zero, or an irrational divisor or exponent of no closed form; E0407.
  [[nodiscard]] Number evaluate(graph::ValueId value, std::int64_t element, const Source& source);
  /// The code that quantiser `node` gives its input element (BipolarQuant: -1 or 1;
  /// MultiThreshold: the count).
  [[nodiscard]] Integer code(graph::NodeId node, std::int64_t element, const Source& source);
  /// Forgets all that was computed from sources.
  void clear() { memo_.clear(); }

 private:
  struct Operand {
    std::size_t input;
    std::int64_t element;
  };
  using Operands = std::vector<Operand>;
  using Numbers = std::vector<Number>;

  [[nodiscard]] static std::uint64_t key_of(graph::ValueId value, std::int64_t element);
  [[nodiscard]] bool known(graph::ValueId value, std::int64_t element, const Source& source,
                           Number& result) const;
  void list_operands(graph::NodeId id, std::int64_t element, Operands& operands);
  void list_product(const MatrixProduct& product, std::int64_t element, Operands& operands) const;
  [[nodiscard]] Number apply(graph::NodeId id, std::int64_t element, const Numbers& x);
  [[nodiscard]] Integer code_of(graph::NodeId id, std::int64_t element, const Numbers& x);
  [[nodiscard]] Number batch_norm(const graph::Node& node, const graph::BatchNormalization& op,
                                  const Numbers& x) const;
  [[nodiscard]] const MatrixProduct& product_of(graph::NodeId id);
  [[nodiscard]] const QuantTable& table_of(graph::NodeId id);
  [[nodiscard]] const Forms& forms(graph::NodeId id);
  /// Of convolutions, poolings, reductions, Take and TopK; false where the node is none of these.
  [[nodiscard]] bool list_windowed(graph::NodeId id, std::int64_t element, Operands& operands);

  const graph::Graph& graph_;
  std::unordered_map<std::uint64_t, Number> memo_;
  std::vector<std::optional<MatrixProduct>> products_;  ///< per node, made when first needed
  std::vector<std::optional<QuantTable>> tables_;
  std::vector<std::optional<Forms>> forms_;
  std::vector<signed char> stored_;  ///< per node: is_stored of its input; -1 not yet asked
};

/// 1 / sqrt(variance + epsilon). Errors: E0309 where the sum is not positive.
[[nodiscard]] Number batch_norm_factor(const Rational& variance, double epsilon,
                                       const std::string& node);
/// base^exponent for whole and half exponents. Errors: E0309.
[[nodiscard]] Number power(const Number& base, const Number& exponent, const std::string& node);
/// a / b. Errors: E0309.
[[nodiscard]] Number quotient(const Number& a, const Number& b, const std::string& node);

}  // namespace nib::golden
