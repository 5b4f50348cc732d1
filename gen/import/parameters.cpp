// The parameters of quantisers.
#include "nib/import/parameters.h"

#include <fmt/format.h>

#include <cmath>

namespace nib::importer {

Tensor<double> parameter(NodeReader& node, std::size_t input, std::string_view what) {
  if (!node.is_known(input)) {
    node.fail(ErrorCode::E401,
              fmt::format("{} is computed ({})", what, in_quotes(node.raw().inputs[input])));
  }
  Tensor<double> values = node.reals(input, what);
  node.builder().spend(values.size(), node.raw().where);
  return values;
}

Tensor<double> scale_of(NodeReader& node, std::size_t input) {
  Tensor<double> scale = parameter(node, input, "the scale");
  for (std::int64_t i = 0; i < scale.size(); ++i) {
    if (!std::isfinite(scale[i]) || scale[i] == 0) {
      node.fail(ErrorCode::E402, fmt::format("the scale is {} at element {}", scale[i], i));
    }
  }
  return scale;
}

Tensor<double> zero_point_of(NodeReader& node, std::size_t input) {
  Tensor<double> zero_point = parameter(node, input, "the zero point");
  for (std::int64_t i = 0; i < zero_point.size(); ++i) {
    if (!std::isfinite(zero_point[i])) {
      node.fail(ErrorCode::E404,
                fmt::format("the zero point is {} at element {}", zero_point[i], i));
    }
  }
  return zero_point;
}

Tensor<double> bits_of(NodeReader& node, std::size_t input) {
  Tensor<double> bits = parameter(node, input, "the bit width");
  for (std::int64_t i = 0; i < bits.size(); ++i) {
    if (!(bits[i] >= 0 && bits[i] <= 64) || bits[i] != std::floor(bits[i])) {
      node.fail(ErrorCode::E403, fmt::format("the bit width is {} at element {}", bits[i], i));
    }
  }
  return bits;
}

Rounding rounding_of(NodeReader& node, Rounding absent) {
  const auto mode = node.text("rounding_mode");
  if (!mode) return absent;
  const auto rounding = rounding_from(*mode);
  if (!rounding) node.fail(ErrorCode::E405, in_quotes(*mode));
  return *rounding;
}

}  // namespace nib::importer
