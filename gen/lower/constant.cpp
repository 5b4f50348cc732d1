// Constant tensors.
#include "nib/lower/constant.h"

#include <cmath>
#include <optional>
#include <utility>

#include "nib/lower/fold.h"

namespace nib::lower {
Constant gather(const Constant& x, const Shape& shape, const std::vector<std::int64_t>& source) {
  Constant result = x;
  std::visit(
      [&](auto& tensor) {
        auto picked = std::remove_reference_t<decltype(tensor)>(shape);
        for (std::size_t e = 0; e < source.size(); ++e) picked.data[e] = tensor[source[e]];
        tensor = std::move(picked);
      },
      result.data);
  return result;
}

const Shape& Constant::shape() const {
  return std::visit([](const auto& tensor) -> const Shape& { return tensor.shape; }, data);
}

Surd Constant::at(std::int64_t element) const {
  if (const auto* tensor = reals()) return exact((*tensor)[element]);
  return std::get<Tensor<Surd>>(data)[element];
}

Constant stored_constant(const graph::Constant& constant) {
  if (const auto* integers = std::get_if<Tensor<std::int64_t>>(&constant)) {
    Tensor<Surd> values(integers->shape);
    for (std::int64_t i = 0; i < values.size(); ++i) values[i] = to_rational((*integers)[i]);
    Constant result = tidy(std::move(values));
    result.stored = true;
    return result;
  }
  return {std::get<Tensor<double>>(constant), true, {}};
}

std::vector<std::int64_t> transpose_index(const Shape& shape, const std::vector<int>& perm) {
  const auto strides = strides_of(shape);
  Shape out, step;
  for (const int axis : perm) {
    out.push_back(shape[static_cast<std::size_t>(axis)]);
    step.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  std::vector<std::int64_t> source(static_cast<std::size_t>(element_count(shape)));
  std::vector<std::int64_t> at(out.size(), 0);
  std::int64_t from = 0;
  for (std::int64_t& entry : source) {
    entry = from;
    for (std::size_t axis = out.size(); axis-- > 0;) {  // an odometer, last axis fastest
      from += step[axis];
      if (++at[axis] < out[axis]) break;
      from -= step[axis] * out[axis];
      at[axis] = 0;
    }
  }
  return source;
}

Constant quantise_stored(const graph::Quant& op, const Constant& x, const Quantisers& quantisers) {
  const Tensor<double>* reals = x.reals();
  if (reals == nullptr) return quantise_computed(x, quantisers);  // integers beyond a double
  const Broadcast scale = broadcast_groups(op.scale.shape, x.shape());
  const Broadcast zero = broadcast_groups(op.zero_point.shape, x.shape());
  Tensor<double> fast(x.shape());
  std::optional<Tensor<Surd>> slow;
  const bool one = quantisers.grouping.count == 1;
  for (std::int64_t e = 0; e < x.size(); ++e) {
    const Quantiser& q = quantisers.channels[one ? 0 : quantisers.grouping.of(e)];
    const double s = op.scale[one ? 0 : scale.entry[scale.grouping.of(e)]];
    const double z = op.zero_point[one ? 0 : zero.entry[zero.grouping.of(e)]];
    const float quotient = static_cast<float>((*reals)[e]) / static_cast<float>(s);
    const float t = op.zero_point_after_rounding ? quotient : quotient + static_cast<float>(z);
    double code = 0;
    if (q.by_rounding()) {
      code = op.rounding == Rounding::kHalfEven ? std::nearbyint(static_cast<double>(t))
                                                : nib::round(static_cast<double>(t), op.rounding);
      if (op.zero_point_after_rounding) code += z;
      code = std::min(std::max(code, static_cast<double>(q.codes.min)),
                      static_cast<double>(q.codes.max));
    } else {
      code = t >= 0 ? 1 : 0;
    }
    const auto whole = static_cast<std::int64_t>(code);
    // In doubles where all steps are exact: small codes times a float32 scale, a whole zero point.
    const double centred = op.codes_out ? code : q.by_rounding() ? code - z : 2 * code - 1 - z;
    const double factor = op.codes_out ? 1 : s;
    const double value = centred * factor;
    const bool exact_here = std::abs(code) < 0x1p50 && std::abs(z) < 0x1p50 && z == std::floor(z) &&
                            std::fma(centred, factor, -value) == 0 &&
                            (value == 0 || std::abs(value) > 1e-200);
    if (exact_here && !slow) {
      fast[e] = value;
      continue;
    }
    if (!slow) {
      slow.emplace(x.shape());
      for (std::int64_t i = 0; i < e; ++i) (*slow)[i] = exact(fast[i]);
    }
    (*slow)[e] = Rational(q.out_scale * to_rational(whole) + q.out_offset);
  }
  if (slow) return {std::move(*slow)};
  return {std::move(fast)};
}

}  // namespace nib::lower
