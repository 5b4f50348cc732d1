// The parameters of quantisers.
#pragma once

#include <string_view>

#include "nib/import/builder.h"

namespace nib::importer {

/// A quantiser's parameter: a constant, or E0401.
[[nodiscard]] Tensor<double> parameter(NodeReader& node, std::size_t input, std::string_view what);
/// Finite and not 0, or E0402.
[[nodiscard]] Tensor<double> scale_of(NodeReader& node, std::size_t input);
/// Finite, or E0404.
[[nodiscard]] Tensor<double> zero_point_of(NodeReader& node, std::size_t input);
/// Whole numbers in 0 .. 64, or E0403.
[[nodiscard]] Tensor<double> bits_of(NodeReader& node, std::size_t input);
/// The attribute rounding_mode. Errors: E0405.
[[nodiscard]] Rounding rounding_of(NodeReader& node, Rounding absent);

}  // namespace nib::importer
