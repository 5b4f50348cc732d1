// Exact quantisation.
#include "nib/golden/quantise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/geometry.h"

namespace nib::golden {
namespace {

Integer power2(unsigned bits) {
  Integer power;
  mpz_ui_pow_ui(power.get_mpz_t(), 2, bits);
  return power;
}

void set_limits(const graph::Quant& op, double bits, QuantEntry& entry) {
  if (bits == 0) {
    entry.low = entry.high = 0;
    return;
  }
  const auto width = static_cast<unsigned>(bits);
  const int narrow = op.narrow ? 1 : 0;
  if (op.is_signed) {
    entry.low = -power2(width - 1) + narrow;
    entry.high = power2(width - 1) - 1;
  } else {
    entry.low = 0;
    entry.high = power2(width) - 1 - narrow;
  }
}

Integer clipped(const Integer& code, const QuantEntry& entry) {
  return std::clamp(code, entry.low, entry.high);
}

}  // namespace

QuantTable::QuantTable(const graph::Quant& op, const Shape& x, const std::string& node) : x_(x) {
  Shape first;
  NIB_CHECK(broadcast(op.scale.shape, op.zero_point.shape, first) &&
                broadcast(first, op.bits.shape, joint_),
            "the parameters of " + node);
  const std::int64_t count = element_count(joint_);
  NIB_CHECK(op.limits.size() <= 1 || static_cast<std::int64_t>(op.limits.size()) == count,
            "the code limits of " + node);
  for (std::int64_t e = 0; e < count; ++e) {
    QuantEntry entry;
    entry.scale = op.scale[broadcast_at(op.scale.shape, joint_, e)];
    entry.zero_point = op.zero_point[broadcast_at(op.zero_point.shape, joint_, e)];
    const double bits = op.bits[broadcast_at(op.bits.shape, joint_, e)];
    if (!std::isfinite(entry.scale) || entry.scale == 0) {
      fail(ErrorCode::E402, fmt::format("the scale is {}", entry.scale), node);
    }
    if (!std::isfinite(entry.zero_point)) {
      fail(ErrorCode::E404, fmt::format("the zero point is {}", entry.zero_point), node);
    }
    if (op.zero_point_after_rounding && entry.zero_point != std::floor(entry.zero_point)) {
      fail(ErrorCode::E404, fmt::format("the zero point is {}, no integer", entry.zero_point),
           node);
    }
    if (!(bits >= 0 && bits <= 64) || bits != std::floor(bits)) {
      fail(ErrorCode::E403, fmt::format("the bit width is {}", bits), node);
    }
    if (!op.limits.empty()) {
      const Range& limits = op.limits[op.limits.size() == 1 ? 0 : static_cast<std::size_t>(e)];
      entry.low = to_integer(limits.min);
      entry.high = to_integer(limits.max);
    } else if (op.bits.size() == 1 && bits == 1 && op.is_signed && !op.zero_point_after_rounding) {
      entry.bipolar = true;
      entry.low = -1;
      entry.high = 1;
    } else {
      set_limits(op, bits, entry);
    }
    entries_.push_back(std::move(entry));
  }
}

std::size_t QuantTable::entry_of(std::int64_t element) const {
  return entries_.size() == 1 ? 0 : static_cast<std::size_t>(broadcast_at(joint_, x_, element));
}

Integer exact_code(const graph::Quant& op, const QuantEntry& entry, const Number& x) {
  Number t = x * Number(1 / exact(entry.scale));
  const Rational zero_point = exact(entry.zero_point);
  if (op.zero_point_after_rounding) {
    return clipped(Integer(t.round(op.rounding) + zero_point.get_num()), entry);
  }
  t += Number(zero_point);
  if (entry.bipolar) return t.sign() >= 0 ? 1 : -1;
  return clipped(t.round(op.rounding), entry);
}

Integer float32_code(const graph::Quant& op, const QuantEntry& entry, float x) {
  const auto scale = static_cast<float>(entry.scale);
  if (scale == 0 || !std::isfinite(scale)) {
    fail(ErrorCode::E402, fmt::format("the scale {} is no float32 number", entry.scale));
  }
  const float quotient = x / scale;
  if (!std::isfinite(quotient)) return quotient > 0 ? entry.high : entry.low;
  if (op.zero_point_after_rounding) {
    const Integer code = nib::round(exact(quotient), op.rounding);
    return clipped(Integer(code + exact(entry.zero_point).get_num()), entry);
  }
  const float t = quotient + static_cast<float>(entry.zero_point);
  if (entry.bipolar) return t >= 0 ? 1 : -1;
  if (!std::isfinite(t)) return t > 0 ? entry.high : entry.low;
  return clipped(nib::round(exact(t), op.rounding), entry);
}

Rational dequantised(const graph::Quant& op, const QuantEntry& entry, const Integer& code) {
  if (op.codes_out) return Rational(code);
  return (Rational(code) - exact(entry.zero_point)) * exact(entry.scale);
}

}  // namespace nib::golden
