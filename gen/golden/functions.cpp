// Exact functions.
#include "nib/golden/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "nib/base/error.h"
#include "nib/golden/boundary.h"
#include "nib/golden/geometry.h"
#include "nib/golden/lattice.h"

namespace nib::golden {
namespace {

Number whole(const Integer& x) { return Rational(x); }
Number real(double x) { return exact(x); }

Number clamped(const Number& x, const Number& low, const Number& high) {
  if (compare(x, low) <= 0) return low;
  return compare(x, high) >= 0 ? high : x;
}

/// alpha (exp(x) - 1) for negative x.
Number elu(double alpha, const Number& x, const std::string& node) {
  if (x.sign() >= 0) return x;
  return Number::of(Transcendental::kExpm1, x, node) * real(alpha);
}

Number square_root(const Number& x, const std::string& node) {
  if (!x.is_rational()) fail(ErrorCode::E309, "a root of an irrational number", node);
  if (x.sign() < 0) fail(ErrorCode::E309, "a square root of a negative number", node);
  return x.sign() == 0 ? Number() : Number::root_of(x.rational());
}

double parameter(const Tensor<double>& tensor, const Shape& x, std::int64_t element) {
  return tensor[broadcast_at(tensor.shape, x, element)];
}

int whole_in(double x, int low, int high, std::string_view what, const std::string& node) {
  if (!(x >= low && x <= high) || x != std::floor(x)) {
    fail(ErrorCode::E309, fmt::format("{} is {}: not in {} .. {}", what, x, low, high), node);
  }
  return static_cast<int>(x);
}

}  // namespace

Number exact_unary(const graph::Unary& op, const Number& x, const std::string& node) {
  switch (op.kind) {
    case graph::UnaryKind::kSign:
      return Rational(x.sign());
    case graph::UnaryKind::kAbs:
      return x.sign() < 0 ? -x : x;
    case graph::UnaryKind::kFloor:
      return whole(x.round(Rounding::kFloor));
    case graph::UnaryKind::kCeil:
      return whole(x.round(Rounding::kCeil));
    case graph::UnaryKind::kRound:
      return whole(x.round(Rounding::kHalfEven));
    case graph::UnaryKind::kHardSigmoid:
      return clamped(x * real(op.alpha) + real(op.beta), Number(), Rational(1));
    case graph::UnaryKind::kHardSwish:
      return x *
             clamped(x * Number(Rational(1, 6)) + Number(Rational(1, 2)), Number(), Rational(1));
    case graph::UnaryKind::kSoftsign: {
      Number inverse;
      if (!Number::reciprocal(Number(Rational(1)) + (x.sign() < 0 ? -x : x), inverse)) {
        fail(ErrorCode::E309, "a division by a sum of irrational numbers", node);
      }
      return x * inverse;
    }
    case graph::UnaryKind::kSigmoid:
      return Number::of(Transcendental::kSigmoid, x, node);
    case graph::UnaryKind::kTanh:
      return Number::of(Transcendental::kTanh, x, node);
    case graph::UnaryKind::kElu:
      return elu(op.alpha, x, node);
    case graph::UnaryKind::kSelu:
      return elu(op.alpha, x, node) * real(op.beta);
    case graph::UnaryKind::kSoftplus:
      return Number::of(Transcendental::kSoftplus, x, node);
    case graph::UnaryKind::kExp:
      return Number::of(Transcendental::kExp, x, node);
    case graph::UnaryKind::kErf:
      return Number::of(Transcendental::kErf, x, node);
    case graph::UnaryKind::kSqrt:
      return square_root(x, node);
  }
  fail(ErrorCode::E309, "a function", node);
}

Number exact_reduce(graph::ReduceKind kind, const std::vector<Number>& x, double count,
                    const std::string& node) {
  if (x.empty() && kind != graph::ReduceKind::kSum && !(count > 0)) {
    fail(ErrorCode::E309, "nothing to reduce", node);
  }
  switch (kind) {
    case graph::ReduceKind::kMean:
    case graph::ReduceKind::kSum: {
      Number sum;
      for (const Number& term : x) sum += term;
      return kind == graph::ReduceKind::kSum ? sum : sum * Number(1 / exact(count));
    }
    case graph::ReduceKind::kMax:
    case graph::ReduceKind::kMin: {
      if (x.empty()) fail(ErrorCode::E309, "nothing to reduce", node);
      return x[best_of(x, 1, kind == graph::ReduceKind::kMax)[0]];
    }
  }
  fail(ErrorCode::E309, "a reduction", node);
}

Number exact_shifted(const graph::QuantAvgPool& op, const Number& sum, const std::string& node) {
  if (!sum.is_rational() || sum.rational().get_den() != 1) {
    fail(ErrorCode::E309, "an input that is no integer", node);
  }
  return whole(floor(scale2(sum.rational(), -op.shift)));
}

std::vector<std::size_t> best_of(const std::vector<Number>& x, std::size_t k, bool largest) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      const int sign = compare(x[a], x[b]);
                      return sign == 0 ? a < b : (sign > 0) == largest;
                    });
  order.resize(k);
  return order;
}

TruncEntry trunc_entry(const graph::Trunc& op, const Shape& x, std::int64_t element,
                       const std::string& node) {
  TruncEntry entry;
  entry.scale = parameter(op.scale, x, element);
  entry.zero_point = parameter(op.zero_point, x, element);
  entry.divisor = parameter(op.divisor, x, element);
  entry.out_scale = parameter(op.out_scale, x, element);
  entry.out_zero_point = parameter(op.out_zero_point, x, element);
  for (const auto& [value, what] : {std::pair{entry.scale, "scale"},
                                    {entry.out_scale, "output scale"},
                                    {entry.divisor, "divisor"}}) {
    if (!std::isfinite(value) || value == 0) {
      fail(ErrorCode::E402, fmt::format("the {} is {}", what, value), node);
    }
  }
  if (unit_of(entry.divisor).odd != 1) {
    fail(ErrorCode::E309, fmt::format("the divisor {} is no power of two", entry.divisor), node);
  }
  if (!op.limits.empty()) {
    const std::int64_t at = op.limits.size() == 1 ? 0 : broadcast_at(op.divisor.shape, x, element);
    const Range& range = op.limits.at(static_cast<std::size_t>(at));
    entry.limited = true;
    entry.low = static_cast<double>(range.min);
    entry.high = static_cast<double>(range.max);
  }
  return entry;
}

Number exact_trunc(const graph::Trunc& op, const TruncEntry& entry, const Number& x) {
  const Number t = x * Number(1 / exact(entry.scale)) + real(entry.zero_point);
  Rational q(t.round(Rounding::kHalfEven));
  q /= exact(entry.divisor);
  if (entry.limited) q = std::clamp(q, exact(entry.low), exact(entry.high));
  const Rational code(nib::round(q, op.rounding));
  return Rational((code - exact(entry.out_zero_point)) * exact(entry.out_scale));
}

double trunc_distance(const TruncEntry& entry, double x) {
  const double t = x / entry.scale + entry.zero_point;
  return std::abs(t - (std::floor(t) + 0.5));
}

FloatEntry float_entry(const graph::FloatQuant& op, const Shape& x, std::int64_t element,
                       const std::string& node) {
  FloatEntry entry;
  entry.scale = parameter(op.scale, x, element);
  if (!std::isfinite(entry.scale) || entry.scale == 0) {
    fail(ErrorCode::E402, fmt::format("the scale is {}", entry.scale), node);
  }
  const int exponent_bits =
      whole_in(parameter(op.exponent_bits, x, element), 1, 11, "the exponent width", node);
  entry.mantissa =
      whole_in(parameter(op.mantissa_bits, x, element), 0, 50, "the mantissa width", node);
  const int bias =
      whole_in(parameter(op.exponent_bias, x, element), -900, 900, "the exponent bias", node);
  entry.least_exponent = 1 - bias - entry.mantissa;
  const double largest =
      std::ldexp(2 - std::ldexp(1.0, -entry.mantissa), (1 << exponent_bits) - 1 - bias);
  const double given = parameter(op.max_value, x, element);
  if (!(given >= 0)) fail(ErrorCode::E309, fmt::format("the largest value is {}", given), node);
  entry.limit = std::min(given, largest);
  entry.node = &node;
  return entry;
}

double minifloat(const graph::FloatQuant& op, const FloatEntry& entry, double t) {
  if (t == 0) return 0;
  int exponent = 0;
  std::frexp(t, &exponent);  // |t| in [2^(exponent - 1), 2^exponent)
  const int spacing = std::max(exponent - 1 - entry.mantissa, entry.least_exponent);
  const double steps = std::ldexp(t, -spacing);
  const double value = std::ldexp(nib::round(steps, op.rounding), spacing);
  return std::min(std::max(value, -entry.limit), entry.limit);
}

double float_distance(const graph::FloatQuant& op, const FloatEntry& entry, double x) {
  const double t = x / entry.scale;
  if (!(std::abs(t) < entry.limit)) return HUGE_VAL;
  int exponent = 0;
  std::frexp(t, &exponent);
  const int spacing = std::max(exponent - 1 - entry.mantissa, entry.least_exponent);
  const double steps = t == 0 ? 0 : std::ldexp(t, -spacing);
  double boundary = 0;
  (void)nearest_boundary(op.rounding, -0x1p60, 0x1p60, steps, boundary);
  return std::abs(steps - boundary);
}

Number exact_float_quant(const graph::FloatQuant& op, const FloatEntry& entry, const Number& x) {
  const Number t = x * Number(1 / exact(entry.scale));
  const int sign = t.sign();
  if (sign == 0) return {};
  const Number magnitude = sign < 0 ? -t : t;
  // The exponent by doubles, corrected exactly; far outside of the format it does not matter.
  double error = 0;
  const double near = magnitude.approximate(error);
  if (op.saturation && !std::isfinite(error))
    return Rational(sign * exact(entry.limit) * exact(entry.scale));
  int exponent = 0;
  std::frexp(near, &exponent);
  exponent = near == 0 ? -1000 : exponent - 1;
  const auto power = [](int k) { return Number(scale2(Rational(1), k)); };
  while (compare(magnitude, power(exponent)) < 0 && exponent > -1100) --exponent;
  while (compare(magnitude, power(exponent + 1)) >= 0) ++exponent;
  const int spacing = std::max(exponent - entry.mantissa, entry.least_exponent);
  const Integer steps = (t * power(-spacing)).round(op.rounding);
  Rational value = scale2(Rational(steps), spacing);
  if (!op.saturation && abs(value) > exact(entry.limit)) {
    fail(ErrorCode::E309,
         fmt::format("a FloatQuant that does not saturate meets a value beyond {}", entry.limit),
         *entry.node, "it would make an infinity or NaN there: set saturation to 1");
  }
  value = std::clamp(value, Rational(-exact(entry.limit)), exact(entry.limit));
  return Rational(value * exact(entry.scale));
}

}  // namespace nib::golden
