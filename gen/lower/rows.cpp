// Weights become integers, row by row.
#include "nib/lower/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "nib/base/error.h"
#include "nib/lower/rational_gcd.h"
#include "nib/lower/width.h"

namespace nib::lower {
namespace {

/// mantissa * 2^exponent, mantissa odd or 0.
struct Dyadic {
  std::int64_t mantissa = 0;
  int exponent = 0;
};
Dyadic dyadic(double x) {
  if (x == 0) return {};
  Dyadic d;
  d.mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &d.exponent), 53));
  const int zeros = __builtin_ctzll(static_cast<unsigned long long>(d.mantissa));
  d.mantissa /= std::int64_t{1} << zeros;
  d.exponent += zeros - 53;
  return d;
}

[[noreturn]] void fail_weights(const std::string& node) {
  fail(ErrorCode::E503, fmt::format("weights without a common grid of {} bits", kMaxWeightBits),
       node);
}

}  // namespace

RowMaker::RowMaker(std::vector<Operand> operands, bool constants) : operands_(std::move(operands)) {
  Rational grid = 0;
  const Operand* first = nullptr;
  for (Operand& operand : operands_) {
    operand.is_constant = sgn(operand.scale) == 0 || (constants && operand.range.is_constant());
    if (operand.is_constant) {
      operand.offset += operand.scale * to_rational(operand.range.min);
      continue;
    }
    if (first == nullptr || operand.scale != first->scale) grid = gcd_of(grid, operand.scale);
    // sum of w_i (scale_i code_i + offset_i): offset_i / scale_i is often the same for all i.
    if (first == nullptr) {
      shift_ = operand.offset / operand.scale;
      first = &operand;
    } else if (operand.scale != first->scale || operand.offset != first->offset) {
      one_shift_ = one_shift_ && operand.offset / operand.scale == shift_;
    }
  }
  if (sgn(grid) != 0) grid_ = grid;
  for (Operand& operand : operands_) {
    if (operand.is_constant) continue;
    operand.multiple = to_int64(Rational(operand.scale / grid_).get_num()).value_or(0);
    narrow_ = narrow_ && operand.multiple != 0;
  }
}

/// Integers by 64-bit arithmetic; nullopt where that is too narrow.
std::optional<Row> RowMaker::quick(const std::vector<double>& weights) const {
  thread_local std::vector<Dyadic> parts;
  parts.resize(weights.size());
  int lowest = 0;
  bool any = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts[i] = operands_[i].is_constant ? Dyadic{} : dyadic(weights[i]);
    if (parts[i].mantissa == 0) continue;
    lowest = any ? std::min(lowest, parts[i].exponent) : parts[i].exponent;
    any = true;
  }
  Row row{std::vector<std::int64_t>(weights.size(), 0), 1, 0};
  if (!any) return row;
  std::int64_t divisor = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (parts[i].mantissa == 0) continue;
    const int shift = parts[i].exponent - lowest;
    if (shift > 60) return std::nullopt;
    std::int64_t integer = 0;
    if (__builtin_mul_overflow(parts[i].mantissa, operands_[i].multiple, &integer) ||
        __builtin_mul_overflow(integer, std::int64_t{1} << shift, &integer)) {
      return std::nullopt;
    }
    row.integers[i] = integer;
    if (divisor != 1) divisor = std::gcd(divisor, integer);
  }
  if (divisor != 1) {
    for (std::int64_t& integer : row.integers) integer /= divisor;
  }
  row.scale = scale2(Rational(grid_ * to_rational(divisor)), lowest);
  return row;
}

/// The same over the rationals.
Row RowMaker::slow(const std::vector<Rational>& weights, const std::string& node) const {
  Row row{std::vector<std::int64_t>(weights.size(), 0), 1, 0};
  std::vector<Rational> products(weights.size());
  Rational divisor = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (operands_[i].is_constant) continue;
    products[i] = weights[i] * operands_[i].scale;
    divisor = gcd_of(divisor, products[i]);
  }
  if (sgn(divisor) == 0) return row;
  row.scale = divisor;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Rational integer = products[i] / divisor;
    const auto fits = to_int64(integer.get_num());
    if (!fits) fail_weights(node);
    row.integers[i] = *fits;
  }
  return row;
}

void RowMaker::add_offset(Row& row, const Constant& weights,
                          const std::vector<std::int64_t>& index) const {
  if (one_shift_ && sgn(shift_) != 0) {
    BigInt total = 0;
    for (const std::int64_t w : row.integers) total += w;
    row.offset = shift_ * row.scale * to_rational(total);
  }
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    const Operand& operand = operands_[i];
    if (sgn(operand.offset) == 0) continue;
    if (operand.is_constant) {
      row.offset += weights.at(index[i]).rational() * operand.offset;
    } else if (!one_shift_ && row.integers[i] != 0) {
      row.offset += to_rational(row.integers[i]) * row.scale * operand.offset / operand.scale;
    }
  }
}

Row RowMaker::make(const Constant& weights, const std::vector<std::int64_t>& index,
                   const std::string& node) const {
  std::optional<Row> row;
  if (const Tensor<double>* reals = weights.reals(); reals != nullptr && narrow_) {
    thread_local std::vector<double> line;
    line.clear();
    for (const std::int64_t i : index) line.push_back((*reals)[i]);
    row = quick(line);
  }
  if (!row) {
    std::vector<Rational> line;
    for (const std::int64_t i : index) {
      const Surd w = weights.at(i);
      if (!w.is_rational()) fail(ErrorCode::E502, "an irrational weight", node);
      line.push_back(w.rational());
    }
    row = slow(line, node);
  }
  for (const std::int64_t w : row->integers) {
    if (!fits_signed({w, w}, kMaxWeightBits)) fail_weights(node);
  }
  add_offset(*row, weights, index);
  return std::move(*row);
}

Range RowMaker::range(const std::vector<std::int64_t>& integers, const std::string& node) const {
  Range sum{0, 0};
  for (std::size_t i = 0; i < integers.size(); ++i) {
    add_product(sum, integers[i], operands_[i].range);
  }
  check_width(sum, "an accumulator", node);
  return sum;
}

}  // namespace nib::lower
