// Inside plan: largest elements, by comparisons and selections.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/plan/layer_builder.h"

namespace nib::plan {

/// Writes the comparisons of one layer. `entries`: operations in order of their index.
class Chooser {
 public:
  explicit Chooser(LayerBuilder& builder) : builder_(builder) {}

  /// The largest of `entries`, by a tree; constants among them become one limit.
  Signal maximum(const std::vector<std::int32_t>& entries, std::int32_t output);
  /// Index of the largest; the first on equal values.
  std::int32_t argmax(const std::vector<std::int32_t>& entries, std::int32_t output);
  /// The k largest in order, the first of equal ones first: their values, or their indices. The
  /// result for rank r belongs to output element `outputs[r]`.
  std::vector<std::int32_t> top(const std::vector<std::int32_t>& entries, std::int64_t k,
                                bool values, const std::vector<std::int32_t>& outputs);

 private:
  struct Entry {
    std::int32_t value = -1;
    std::int32_t place = -1;
  };
  enum class Order { kFirst, kSecond, kOpen };

  /// Which one stands first where ties go to a, as far as the ranges tell.
  [[nodiscard]] Order order(std::int32_t a, std::int32_t b) const;
  std::int32_t at_least(std::int32_t a, std::int32_t b, std::int32_t output);
  std::int32_t select(std::int32_t c, std::int32_t a, std::int32_t b, plan::Operation::Role role,
                      std::int32_t output);
  /// Entries with constant places.
  std::vector<Entry> numbered(const std::vector<std::int32_t>& entries);
  /// The first k of two ordered lists; those of `a` stand first on ties.
  std::vector<Entry> merge(const std::vector<Entry>& a, const std::vector<Entry>& b, std::size_t k,
                           std::int32_t output);

  LayerBuilder& builder_;
};

}  // namespace nib::plan
