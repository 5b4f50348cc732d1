// Quantisers by their entry points.
#include "nib/lower/quantiser.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::lower {
namespace {

/// The codes of `bits` bits; 0 bits hold the code 0.
Range codes_of(const graph::Quant& op, int bits, const std::string& node) {
  if (bits > 62) {
    fail(ErrorCode::E503, fmt::format("codes of {} bits", bits), node,
         "nib computes with codes of at most 62 bits");
  }
  Range codes = full_range(bits, op.is_signed);
  if (op.narrow && bits > 0) (op.is_signed ? codes.min : codes.max) += op.is_signed ? 1 : -1;
  return codes;
}

}  // namespace

std::string words_of(Rounding mode) {
  switch (mode) {
    case Rounding::kHalfEven:
      return "to nearest, ties to even";
    case Rounding::kHalfUp:
      return "to nearest, ties away from zero";
    case Rounding::kHalfDown:
      return "to nearest, ties toward zero";
    case Rounding::kCeil:
      return "up";
    case Rounding::kFloor:
      return "down";
    case Rounding::kUp:
      return "away from zero";
    case Rounding::kDown:
      return "toward zero";
    case Rounding::kDpu:
      return "to nearest, ties to even, negative ties up";
  }
  NIB_CHECK(false, "rounding mode");
}

namespace {

std::string range_words(const std::vector<Quantiser>& channels) {
  const auto same = [&](const Quantiser& q) { return q.codes == channels[0].codes; };
  if (std::all_of(channels.begin(), channels.end(), same)) return to_string(channels[0].codes);
  return "the channel's range";
}

/// All parameter tensors of a Quant broadcast to x; the groups that their entries make.
struct QuantEntries {
  Grouping grouping;
  std::vector<double> scale, zero, bits;
};
QuantEntries entries_of(const graph::Quant& op, const Shape& shape) {
  const Broadcast scale = broadcast_groups(op.scale.shape, shape);
  const Broadcast zero = broadcast_groups(op.zero_point.shape, shape);
  const Broadcast bits = broadcast_groups(op.bits.shape, shape);
  const std::int64_t n = element_count(shape);
  QuantEntries all;
  all.grouping = join(join(scale.grouping, zero.grouping, n), bits.grouping, n);
  const auto pick = [&](const Tensor<double>& tensor, const Broadcast& b, std::int64_t g) {
    return tensor[b.entry[b.grouping.of(first_of(all.grouping, g))]];
  };
  for (std::int64_t g = 0; g < all.grouping.count; ++g) {
    all.scale.push_back(pick(op.scale, scale, g));
    all.zero.push_back(pick(op.zero_point, zero, g));
    all.bits.push_back(pick(op.bits, bits, g));
  }
  return all;
}

Quantiser quant_channel(const graph::Quant& op, double scale, double zero, int bits,
                        const std::string& node) {
  Quantiser q;
  const Rational s = exact(scale), z = exact(zero);
  q.unit = 1 / s;
  q.rounding = op.rounding;
  if (op.bits.size() == 1 && bits == 1 && op.is_signed && op.limits.empty() &&
      !op.zero_point_after_rounding) {
    // One signed bit is the sign: codes 0, 1 stand for -1, 1.
    q.shift = z;
    q.codes = {0, 1};
    q.thresholds = {Rational(0)};
    q.out_scale = 2 * s;
    q.out_offset = (-1 - z) * s;
    return q;
  }
  q.codes = codes_of(op, bits, node);
  if (op.zero_point_after_rounding) {
    NIB_CHECK(z.get_den() == 1, "a whole zero point");
    q.after_rounding = to_int64(z.get_num()).value();
  } else {
    q.shift = z;
  }
  q.out_scale = op.codes_out ? Rational(1) : s;
  q.out_offset = op.codes_out ? Rational(0) : Rational(-z * s);
  return q;
}

Quantisers make(const graph::Quant& op, const Shape& shape, const std::string& node) {
  const QuantEntries all = entries_of(op, shape);
  Quantisers result{all.grouping, {}, {}};
  for (std::size_t g = 0; g < all.scale.size(); ++g) {
    result.channels.push_back(
        quant_channel(op, all.scale[g], all.zero[g], static_cast<int>(all.bits[g]), node));
  }
  if (!op.limits.empty()) {
    // Limits broadcast like a per-tensor or a per-channel parameter of the scale's shape.
    const std::size_t n = op.limits.size();
    NIB_CHECK(n == 1 || n == result.channels.size(), "code limits, one or one per channel");
    for (std::size_t g = 0; g < result.channels.size(); ++g) {
      result.channels[g].codes = op.limits[n == 1 ? 0 : g];
    }
  }
  const bool one_scale = op.scale.size() == 1;
  const std::string scale = one_scale ? nib::to_string(exact(op.scale[0])) : "the channel's scale";
  if (!result.channels[0].by_rounding()) {
    result.words = fmt::format("the sign, times {}", scale);
  } else {
    result.words = fmt::format("round {} in units of {}, saturate to {}", words_of(op.rounding),
                               scale, range_words(result.channels));
  }
  return result;
}

Quantisers make(const graph::BipolarQuant& op, const Shape& shape) {
  const Broadcast scale = broadcast_groups(op.scale.shape, shape);
  Quantisers result{scale.grouping, {}, {}};
  for (const std::int64_t entry : scale.entry) {
    Quantiser q;
    const Rational s = exact(op.scale[entry]);
    q.codes = {0, 1};
    q.thresholds = {Rational(0)};
    q.out_scale = 2 * s;
    q.out_offset = -s;
    result.channels.push_back(std::move(q));
  }
  result.words = fmt::format("the sign (1 where >= 0, else -1){}",
                             op.scale.size() == 1 && op.scale[0] == 1 ? "" : ", times its scale");
  return result;
}

Quantisers make(const graph::MultiThreshold& op, const Shape& shape, const Tensor<double>& table) {
  const std::int64_t rows = table.shape.at(0), levels = table.shape.at(1);
  const auto axis = static_cast<std::size_t>(op.channel_axis);
  Quantisers result{rows == 1 ? kPerTensor : along_axis(shape, axis), {}, {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    Quantiser q;
    q.codes = {0, levels};
    for (std::int64_t i = 0; i < levels; ++i) {
      q.thresholds.push_back(exact(table[row * levels + i]));
    }
    std::sort(q.thresholds.begin(), q.thresholds.end());
    q.out_scale = exact(op.out_scale);
    q.out_offset = exact(op.out_bias);
    if (sgn(q.out_scale) == 0) q.codes = {0, 0}, q.thresholds.clear(), q.out_scale = 1;
    result.channels.push_back(std::move(q));
  }
  result.words = fmt::format("the number of its {} thresholds reached", levels);
  return result;
}

}  // namespace

std::int64_t twice_entry_of(Rounding mode, std::int64_t code, bool& closed) {
  const bool even = code % 2 == 0;
  switch (mode) {
    case Rounding::kHalfEven:
      closed = even;
      return 2 * code - 1;
    case Rounding::kHalfUp:
      closed = code >= 1;
      return 2 * code - 1;
    case Rounding::kHalfDown:
      closed = code <= 0;
      return 2 * code - 1;
    case Rounding::kDpu:
      closed = even || code <= 0;
      return 2 * code - 1;
    case Rounding::kCeil:
      closed = false;
      return 2 * code - 2;
    case Rounding::kFloor:
      closed = true;
      return 2 * code;
    case Rounding::kUp:
      closed = code <= 0;
      return code <= 0 ? 2 * code : 2 * code - 2;
    case Rounding::kDown:
      closed = code >= 1;
      return code >= 1 ? 2 * code : 2 * code - 2;
  }
  NIB_CHECK(false, "rounding mode");
}

std::int64_t Quantiser::twice_entry(std::int64_t k, bool& closed) const {
  std::int64_t code = k - after_rounding;
  if (sgn(divisor) != 0) {
    // The smallest whole number q such that q / divisor has entered the code.
    const Rational at = Rational(to_integer(twice_entry_of(second, code, closed))) / 2 * divisor;
    const Integer least = closed ? nib::ceil(at) : Integer(nib::floor(at) + 1);
    const auto whole = to_int64(least);
    NIB_CHECK(whole && bits_for(Range{*whole, *whole}) <= 62, "an entry of at most 62 bits");
    code = *whole;
  }
  return twice_entry_of(rounding, code, closed);
}

Rational Quantiser::value_of(std::int64_t code) const {
  if (values.empty()) return out_scale * to_rational(code) + out_offset;
  return out_scale * values[static_cast<std::size_t>(code - codes.min)];
}

Entry Quantiser::entry(std::int64_t k) const {
  NIB_CHECK(codes.min < k && k <= codes.max, "a code that is entered");
  if (!by_rounding()) {
    const auto at = static_cast<std::size_t>(k - codes.min - 1);
    return {thresholds[at], open.empty() || !open[at]};
  }
  Entry result;
  result.at = Rational(to_integer(twice_entry(k, result.closed))) / 2;
  return result;
}

bool is_quantiser(const graph::Op& op) {
  return std::holds_alternative<graph::Quant>(op) ||
         std::holds_alternative<graph::BipolarQuant>(op) ||
         std::holds_alternative<graph::MultiThreshold>(op);
}

Quantisers quantisers_of(const graph::Op& op, const Shape& shape, const Tensor<double>* thresholds,
                         const std::string& node) {
  if (const auto* quant = std::get_if<graph::Quant>(&op)) return make(*quant, shape, node);
  if (const auto* sign = std::get_if<graph::BipolarQuant>(&op)) return make(*sign, shape);
  NIB_CHECK(thresholds != nullptr, "thresholds");
  return make(std::get<graph::MultiThreshold>(op), shape, *thresholds);
}

}  // namespace nib::lower
