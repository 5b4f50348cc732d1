// Trunc and FloatQuant as quantisers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/quantiser.h"
#include "nib/lower/real_function.h"

namespace nib::lower {
namespace {

/// Parameters that broadcast to x, by groups of elements that have the same ones.
class Parameters {
 public:
  Parameters(const std::vector<const Tensor<double>*>& tensors, const Shape& shape) {
    const std::int64_t n = element_count(shape);
    std::vector<Broadcast> entries;
    for (const Tensor<double>* tensor : tensors) {
      entries.push_back(broadcast_groups(tensor->shape, shape));
      grouping_ = join(grouping_, entries.back().grouping, n);
    }
    for (std::int64_t g = 0; g < grouping_.count; ++g) {
      const std::int64_t e = first_of(grouping_, g);
      std::vector<double> values;
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        index_.push_back(entries[i].entry[entries[i].grouping.of(e)]);
        values.push_back((*tensors[i])[index_.back()]);
      }
      values_.push_back(std::move(values));
    }
    width_ = tensors.size();
  }

  [[nodiscard]] const Grouping& grouping() const { return grouping_; }
  [[nodiscard]] std::size_t count() const { return values_.size(); }
  [[nodiscard]] const std::vector<double>& of(std::size_t group) const { return values_[group]; }
  /// Which entry of parameter `i` a group has.
  [[nodiscard]] std::int64_t index(std::size_t group, std::size_t i) const {
    return index_[group * width_ + i];
  }

 private:
  Grouping grouping_ = kPerTensor;
  std::vector<std::vector<double>> values_;
  std::vector<std::int64_t> index_;
  std::size_t width_ = 0;
};

void need_scale(double scale, const std::string& what, const std::string& node) {
  if (!std::isfinite(scale) || scale == 0) {
    fail(ErrorCode::E402, fmt::format("{} is {}", what, scale), node);
  }
}

/// The codes that numbers t of [low, high] can become, with one to spare at both ends.
Range reachable_codes(const Rational& low, const Rational& high, const Rational& divisor,
                      const std::string& node) {
  const auto first = to_int64(Integer(nib::floor(Rational((low - 1) / divisor)) - 1));
  const auto last = to_int64(Integer(nib::ceil(Rational((high + 1) / divisor)) + 1));
  if (!first || !last || bits_for(Range{*first, *last}) > 60) {
    fail(ErrorCode::E503, "truncated codes of over 60 bits", node);
  }
  return {*first, *last};
}

Quantiser trunc_channel(const graph::Trunc& op, const std::vector<double>& p, const Range* limits,
                        const Reach& reach, const std::string& node) {
  need_scale(p[0], "the scale", node);
  need_scale(p[3], "the output scale", node);
  need_scale(p[2], "the divisor", node);
  Quantiser q;
  q.unit = 1 / exact(p[0]);
  q.shift = exact(p[1]);
  q.divisor = exact(p[2]);
  if (sgn(q.divisor) < 0 || !log2_exact(q.divisor)) {
    fail(ErrorCode::E502, fmt::format("the divisor {} is no power of two", p[2]), node);
  }
  q.second = op.rounding;
  q.rounding = Rounding::kHalfEven;
  const Rational a = reach.low * q.unit + q.shift, b = reach.high * q.unit + q.shift;
  q.codes = reachable_codes(std::min(a, b), std::max(a, b), q.divisor, node);
  if (limits != nullptr) {
    // Beyond what is reachable the limits matter no more; a code must be left.
    const Range reachable = q.codes;
    q.codes = {std::clamp(reachable.min, limits->min, limits->max),
               std::clamp(reachable.max, limits->min, limits->max)};
  }
  if (q.divisor == 1) q.divisor = 0;
  q.out_scale = exact(p[3]);
  q.out_offset = -exact(p[4]) * q.out_scale;
  return q;
}

/// The numbers of a minifloat that are not negative, ascending, and the spacing below each.
struct Magnitudes {
  std::vector<Rational> value{Rational(0)};
  std::vector<std::pair<std::int64_t, int>> steps{{0, 0}};  ///< value = first * 2^second
};

/// Up to the first number that is at least `most`.
Magnitudes magnitudes(int mantissa, int least_exponent, const Rational& most,
                      const std::string& node) {
  Magnitudes all;
  const std::int64_t binade = std::int64_t{1} << mantissa;
  std::int64_t step = 0;
  int exponent = least_exponent;
  while (all.value.back() < most) {
    ++step;
    all.value.push_back(scale2(to_rational(step), exponent));
    all.steps.emplace_back(step, exponent);
    if (step == 2 * binade) {
      step = binade;
      ++exponent;
    }
    if (static_cast<std::int64_t>(all.value.size()) > kMaxThresholds / 2) {
      fail(ErrorCode::E505, fmt::format("a FloatQuant of more than {} values", kMaxThresholds),
           node);
    }
  }
  return all;
}

int whole_in(double x, int low, int high, const char* what, const std::string& node) {
  if (!(x >= low && x <= high) || x != std::floor(x)) {
    fail(ErrorCode::E502, fmt::format("{} is {}", what, x), node);
  }
  return static_cast<int>(x);
}

/// The parameters of one channel of a FloatQuant.
struct Minifloat {
  Rational scale, limit;
  int mantissa = 0, least_exponent = 0;
};

Minifloat minifloat_of(const std::vector<double>& p, const std::string& node) {
  need_scale(p[0], "the scale", node);
  const int exponent_bits = whole_in(p[1], 1, 11, "the exponent width", node);
  const int mantissa = whole_in(p[2], 0, 52, "the mantissa width", node);
  const int bias = whole_in(p[3], -1024, 1024, "the exponent bias", node);
  const Rational largest =
      scale2(Rational(2 - scale2(Rational(1), -mantissa)), (1 << exponent_bits) - 1 - bias);
  if (!(p[4] >= 0) || !std::isfinite(p[4])) {
    fail(ErrorCode::E502, fmt::format("the largest value is {}", p[4]), node);
  }
  return {exact(p[0]), std::min(exact(p[4]), largest), mantissa, 1 - bias - mantissa};
}

[[noreturn]] void refuse_beyond(const std::string& node) {
  fail(ErrorCode::E502, "a FloatQuant that does not saturate, on values beyond its format", node,
       "set saturation to 1");
}

/// x / scale rounded to the number of few bits, times scale.
Rational float_value(const graph::FloatQuant& op, const Minifloat& format, const Surd& x,
                     const std::string& node) {
  const Surd t = x * Surd(Rational(1 / format.scale));
  const Surd magnitude = t.sign() < 0 ? -t : t;
  const auto reaches = [&](int exponent) {
    return (magnitude - Surd(scale2(Rational(1), exponent))).sign() >= 0;
  };
  // The binade: at least that of the smallest normal number; beyond the format it matters no more.
  double error = 0;
  const double near = magnitude.estimate(error);
  const int least = format.least_exponent + format.mantissa;
  int exponent = std::isfinite(error) && near > 0 ? std::max(std::ilogb(near) - 1, least) : least;
  while (exponent < 3100 && reaches(exponent + 1)) ++exponent;
  const int spacing = exponent - format.mantissa;
  const Integer steps = (t * Surd(scale2(Rational(1), -spacing))).round(op.rounding);
  const Rational value = scale2(Rational(steps), spacing);
  if (!op.saturation && abs(value) > format.limit) refuse_beyond(node);
  return std::clamp(value, Rational(-format.limit), format.limit) * format.scale;
}

Quantiser float_channel(const graph::FloatQuant& op, const std::vector<double>& p,
                        const std::optional<Reach>& reach, const std::string& node) {
  const Minifloat format = minifloat_of(p, node);
  const Rational& limit = format.limit;
  const int mantissa = format.mantissa, least = format.least_exponent;
  Quantiser q;
  q.unit = 1 / exact(p[0]);
  q.out_scale = exact(p[0]);
  Rational most = limit;
  if (reach) {
    const Rational far =
        std::max(abs(Rational(reach->low * q.unit)), abs(Rational(reach->high * q.unit)));
    if (op.saturation) {
      most = std::min(most, far);
    } else {
      const Magnitudes up_to = magnitudes(mantissa, least, far, node);
      if (far > limit && up_to.value.back() > limit) refuse_beyond(node);
      most = std::min(most, far);
    }
  } else if (!op.saturation) {
    fail(ErrorCode::E502, "a FloatQuant that does not saturate, on an input without type", node);
  }
  const Magnitudes all = magnitudes(mantissa, least, most, node);
  const auto n = static_cast<std::int64_t>(all.value.size());
  q.codes = {-(n - 1), n - 1};
  bool closed = true;
  for (std::int64_t k = -(n - 1); k <= n - 1; ++k) {
    const auto i = static_cast<std::size_t>(std::abs(k));
    const Rational magnitude = std::min(all.value[i], limit);
    q.values.push_back(k < 0 ? Rational(-magnitude) : magnitude);
    if (k == -(n - 1)) continue;
    // From the number below, in the spacing between the two.
    const auto [above, exponent] = all.steps[k > 0 ? i : i + 1];
    const std::int64_t twice = twice_entry_of(op.rounding, k > 0 ? above : 1 - above, closed);
    q.thresholds.push_back(scale2(to_rational(twice), exponent - 1));
    q.open.push_back(!closed);
  }
  if (q.thresholds.empty()) {  // all is 0
    q.codes = {0, 0};
    q.values.clear();
    q.unit = 0;
    q.out_scale = 1;
  }
  return q;
}

}  // namespace

Quantisers trunc_quantisers(const graph::Trunc& op, const Shape& shape, const Reach& reach,
                            const std::string& node) {
  const Parameters all({&op.scale, &op.zero_point, &op.divisor, &op.out_scale, &op.out_zero_point},
                       shape);
  Quantisers result{all.grouping(), {}, {}};
  for (std::size_t g = 0; g < all.count(); ++g) {
    const Range* limits = nullptr;
    if (op.limits.size() == 1) limits = op.limits.data();
    if (op.limits.size() > 1) {
      limits = &op.limits.at(static_cast<std::size_t>(all.index(g, 2)));
    }
    result.channels.push_back(trunc_channel(op, all.of(g), limits, reach, node));
  }
  result.words = fmt::format(
      "round to nearest, ties to even, divide by {}, round {}",
      op.divisor.size() == 1 ? nib::to_string(exact(op.divisor[0])) : "the channel's divisor",
      words_of(op.rounding));
  return result;
}

Quantisers float_quantisers(const graph::FloatQuant& op, const Shape& shape,
                            const std::optional<Reach>& reach, const std::string& node) {
  const Parameters all(
      {&op.scale, &op.exponent_bits, &op.mantissa_bits, &op.exponent_bias, &op.max_value}, shape);
  Quantisers result{all.grouping(), {}, {}};
  for (std::size_t g = 0; g < all.count(); ++g) {
    result.channels.push_back(float_channel(op, all.of(g), reach, node));
  }
  result.words = fmt::format("round {} to a number of few bits", words_of(op.rounding));
  return result;
}

void float_quantise(const graph::FloatQuant& op, const std::string& node, Tensor<Surd>& x) {
  const Parameters all(
      {&op.scale, &op.exponent_bits, &op.mantissa_bits, &op.exponent_bias, &op.max_value}, x.shape);
  std::vector<Minifloat> formats;
  for (std::size_t g = 0; g < all.count(); ++g) formats.push_back(minifloat_of(all.of(g), node));
  for (std::int64_t e = 0; e < x.size(); ++e) {
    x[e] = float_value(op, formats[all.grouping().of(e)], x[e], node);
  }
}

}  // namespace nib::lower
