// The integer types of codes in the QDQ dialects.
#pragma once

#include <optional>

#include "nib/import/builder.h"
#include "nib/num/range.h"

namespace nib::importer {

/// Bits and sign of a type of codes.
struct CodeType {
  int bits = 8;
  bool is_signed = false;

  [[nodiscard]] Range range() const { return full_range(bits, is_signed); }
};
/// int8, uint8, int16, uint16 or int32; nullopt for any other type.
[[nodiscard]] std::optional<CodeType> code_type(ElementType type);

/// A scale or zero point of QuantizeLinear and its kin, for data of shape `x`: a vector gets its
/// place on `axis`, one element becomes a scalar. Errors: E0307.
[[nodiscard]] Tensor<double> on_axis(const NodeReader& node, Tensor<double> parameter,
                                     const Shape& x, std::int64_t axis, std::string_view what);

/// The quantiser of QuantizeLinear: codes out, the zero point added after rounding.
[[nodiscard]] graph::Quant code_quantiser(Tensor<double> scale, Tensor<double> zero_point,
                                          CodeType type);

/// The zero point on that input, 0 where it is absent; its type must be one of codes (E0309).
[[nodiscard]] Tensor<double> code_zero_point(NodeReader& node, std::size_t input);

/// Value minus zero point, as a constant where it is one: exact. `suffix` names the new tensor.
[[nodiscard]] graph::ValueId centred(NodeReader& node, std::size_t input,
                                     const Tensor<double>& zero_point, std::string_view suffix);

[[nodiscard]] bool all_zero(const Tensor<double>& tensor);

}  // namespace nib::importer
