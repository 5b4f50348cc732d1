// Quantisers element by element: parameters, exact codes, the float32 rule for stored constants.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/golden/number.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// The parameters that one element of a tensor is quantised with.
struct QuantEntry {
  double scale = 1;
  double zero_point = 0;
  bool bipolar = false;  ///< one signed bit for the whole tensor: codes -1 and 1, a sign decision
  Integer low, high;     ///< codes
};

/// The parameters of a quantiser, by element of its input.
class QuantTable {
 public:
  /// `x`: shape of the quantiser's input. Errors: E0402, E0403, E0404.
  QuantTable(const graph::Quant& op, const Shape& x, const std::string& node);

  [[nodiscard]] const std::vector<QuantEntry>& entries() const { return entries_; }
  /// Index in entries() of an element of the input.
  [[nodiscard]] std::size_t entry_of(std::int64_t element) const;

 private:
  Shape x_, joint_;
  std::vector<QuantEntry> entries_;  ///< one per element of the parameters' joint shape
};

/// The code of x, exactly.
[[nodiscard]] Integer exact_code(const graph::Quant& op, const QuantEntry& entry, const Number& x);
/// The code of a stored constant: quotient and zero point sum in float32, then exact.
[[nodiscard]] Integer float32_code(const graph::Quant& op, const QuantEntry& entry, float x);
/// What the quantiser puts out for a code.
[[nodiscard]] Rational dequantised(const graph::Quant& op, const QuantEntry& entry,
                                   const Integer& code);

}  // namespace nib::golden
