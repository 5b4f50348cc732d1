// Exact values of the functions of single elements, of Trunc, FloatQuant, reductions and TopK.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/golden/number.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// Errors: E0309 a value with no exact form, or a function that is not defined there.
[[nodiscard]] Number exact_unary(const graph::Unary& op, const Number& x, const std::string& node);
/// `count` divides a mean. Errors: E0309 nothing to reduce.
[[nodiscard]] Number exact_reduce(graph::ReduceKind kind, const std::vector<Number>& x,
                                  double count, const std::string& node);
/// floor(sum / 2^shift). Errors: E0309 where the sum is no integer.
[[nodiscard]] Number exact_shifted(const graph::QuantAvgPool& op, const Number& sum,
                                   const std::string& node);
/// Indices of the best k, best first, the lowest index first on ties.
[[nodiscard]] std::vector<std::size_t> best_of(const std::vector<Number>& x, std::size_t k,
                                               bool largest);

/// The parameters of a Trunc for one element.
struct TruncEntry {
  double scale = 1, zero_point = 0, divisor = 1, out_scale = 1, out_zero_point = 0;
  bool limited = false;
  double low = 0, high = 0;  ///< limits of the output code
};
/// Errors: E0309 a divisor that is no power of two, E0402.
[[nodiscard]] TruncEntry trunc_entry(const graph::Trunc& op, const Shape& x, std::int64_t element,
                                     const std::string& node);
[[nodiscard]] Number exact_trunc(const graph::Trunc& op, const TruncEntry& entry, const Number& x);
/// How far the input x is from where its rounding to an input code changes, in codes.
[[nodiscard]] double trunc_distance(const TruncEntry& entry, double x);

/// The parameters of a FloatQuant for one element.
struct FloatEntry {
  double scale = 1;
  int mantissa = 0;                   ///< stored bits
  int least_exponent = 0;             ///< of the spacing of the smallest numbers, as a power of two
  double limit = 0;                   ///< the largest magnitude, before the scale
  const std::string* node = nullptr;  ///< for messages
};
/// `node` must outlive it. Errors: E0309 where a width is no whole number in range.
[[nodiscard]] FloatEntry float_entry(const graph::FloatQuant& op, const Shape& x,
                                     std::int64_t element, const std::string& node);
/// The minifloat nearest to x / scale by the mode, of an exact double; monotone in it.
[[nodiscard]] double minifloat(const graph::FloatQuant& op, const FloatEntry& entry, double t);
/// Errors: E0309 a value that is too large where nothing saturates.
[[nodiscard]] Number exact_float_quant(const graph::FloatQuant& op, const FloatEntry& entry,
                                       const Number& x);
/// How far the input x is from where its minifloat changes, in steps of the format there; infinite
/// where it saturates.
[[nodiscard]] double float_distance(const graph::FloatQuant& op, const FloatEntry& entry, double x);

}  // namespace nib::golden
