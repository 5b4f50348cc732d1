// The op table: one struct per operator with its attributes, defaults already filled in.
//
// Adding an operator: add its struct here and to `Op`; every std::visit and switch over OpKind then
// fails to compile until import, golden and lower know it.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::graph {

/// Uniform quantiser of any dialect: y = (clip(round(x / scale, zero_point)) - zero_point) * scale.
/// Inputs: x. Parameters are constant tensors that broadcast (NumPy) to x.
struct Quant {
  Tensor<double> scale;       ///< finite, not 0; may be negative
  Tensor<double> zero_point;  ///< may be fractional in QONNX
  Tensor<double> bits;        ///< whole numbers in 0 .. 64
  bool is_signed = true;
  bool narrow = false;
  Rounding rounding = Rounding::kHalfEven;
  /// QONNX adds the zero point, clips, then rounds; QuantizeLinear rounds, adds, then clips.
  bool zero_point_after_rounding = false;
  /// True for QuantizeLinear alone: the output is the integer code, not dequantised.
  bool codes_out = false;
  /// Explicit code limits where a dialect states them (QCDQ's Clip); empty: from bits, sign,
  /// narrow.
  std::vector<Range> limits;
};
/// y = scale * (x >= 0 ? 1 : -1). Inputs: x.
struct BipolarQuant {
  Tensor<double> scale;
};
/// y = out_scale * #{i : x >= T[c, i]} + out_bias. Inputs: x, T (channels or 1 x levels).
struct MultiThreshold {
  double out_scale = 1;
  double out_bias = 0;
  int channel_axis = 1;
};
/// NumPy matmul. Inputs: a, b.
struct MatMul {};
/// y = alpha * op(a) op(b) + beta * c. Inputs: a, b, c (may be absent).
struct Gemm {
  double alpha = 1;  ///< the float32 value
  double beta = 1;
  bool trans_a = false;
  bool trans_b = false;
};
struct Add {};
struct Sub {};
struct Mul {};
struct Div {};
/// Elementwise power of constants, or of x by a constant whole exponent.
struct Pow {};
struct Neg {};
/// Inputs: x, scale, bias, mean, variance; channel axis 1 (NCHW), or `axis`.
struct BatchNormalization {
  double epsilon = 0;  ///< the float32 value
  int axis = 1;
};
struct Relu {};
struct LeakyRelu {
  double alpha = 0;  ///< the float32 value
};
/// Inputs: x only; limits resolved to constants (infinite where absent).
struct Clip {
  double low = 0;
  double high = 0;
};
/// Any operator that only rearranges: the output has the elements of the input in C order
/// (Flatten, Reshape, Squeeze, Unsqueeze, Identity, Dropout). Inputs: x. The shape is the output's.
struct Reshape {};
struct Transpose {
  std::vector<int> perm;
};
/// Inputs: any number, at least one.
struct Concat {
  int axis = 0;
};
/// The sliding window of a convolution or pooling: one entry per spatial axis in each vector.
struct Window {
  std::vector<std::int64_t> kernel, strides, dilations;  ///< all at least 1
  std::vector<std::int64_t> pads_begin, pads_end;        ///< not negative; auto_pad is resolved
  /// Room past the end padding that ceil_mode lets the last window reach into; mostly 0.
  std::vector<std::int64_t> ceil_extra;

  [[nodiscard]] std::size_t rank() const { return kernel.size(); }
  /// Length of the input along `axis` that a kernel covers: dilation * (kernel - 1) + 1.
  [[nodiscard]] std::int64_t extent(std::size_t axis) const {
    return dilations[axis] * (kernel[axis] - 1) + 1;
  }
};
/// Convolution; real zeros stand in the padding. Inputs: x, w, bias (may be absent).
/// x is (N, C, spatial...) and w (O, C / groups, kernel...); channels last, x is (N, spatial..., C)
/// and w (O, kernel..., C / groups). The bias has O elements.
struct Conv {
  Window window;
  std::int64_t groups = 1;
  bool channels_last = false;
};
/// Transposed convolution. Inputs: x (N, C, spatial...), w (C, O / groups, kernel...), bias (may be
/// absent). Output length: stride (in - 1) + output_padding + extent - pads.
struct ConvTranspose {
  Window window;
  std::vector<std::int64_t> output_padding;
  std::int64_t groups = 1;
};
/// The largest element of each window; padding never wins. Inputs: x.
struct MaxPool {
  Window window;
  bool channels_last = false;
};
/// The mean of each window. What ceil_extra covers is never counted, padding where it says so.
struct AveragePool {
  Window window;
  bool count_include_pad = false;
  bool channels_last = false;
};
/// QONNX's QuantAvgPool2d: sums of integers, shifted right arithmetically. Inputs: x.
struct QuantAvgPool {
  Window window;
  int shift = 0;
  bool channels_last = false;
};
enum class ReduceKind { kMean, kSum, kMax, kMin };
/// Over `axes` (ascending), which stay with length 1 or are dropped. Inputs: x.
struct Reduce {
  ReduceKind kind = ReduceKind::kMean;
  std::vector<int> axes;
  bool keep_dims = true;
};
/// Selects, repeats or pads along each axis: y[i0, i1, ...] = x[index[0][i0], index[1][i1], ...];
/// where an index is -1, y is `fill`. An axis with an empty list is taken as it is. What Slice,
/// Split, Gather, Pad, Tile, Expand, nearest Resize and Upsample are. Inputs: x.
struct Take {
  std::vector<std::vector<std::int32_t>> index;
  double fill = 0;
};
enum class UnaryKind {
  kSign,
  kAbs,
  kFloor,
  kCeil,
  kRound,        ///< half to even
  kHardSigmoid,  ///< clip(alpha x + beta, 0, 1)
  kHardSwish,    ///< x clip(x / 6 + 1 / 2, 0, 1)
  kSoftsign,     ///< x / (1 + |x|)
  kSigmoid,
  kTanh,
  kElu,   ///< x >= 0 ? x : alpha (exp(x) - 1)
  kSelu,  ///< beta (x >= 0 ? x : alpha (exp(x) - 1))
  kSoftplus,
  kExp,
  kErf,
  kSqrt,
};
/// A function of each element; alpha and beta are the float32 values. Inputs: x.
struct Unary {
  UnaryKind kind = UnaryKind::kSign;
  double alpha = 0, beta = 0;
};
/// y = x >= 0 ? x : slope x. Inputs: x, slope (broadcasts to x).
struct PRelu {};
/// QONNX's Trunc: q = roundeven(x / scale + zero_point); y = (round(clip(q / divisor)) -
/// out_zero_point) * out_scale. Version 1 clips nothing. Parameters broadcast to x.
struct Trunc {
  Tensor<double> scale, zero_point;
  Tensor<double> divisor;  ///< powers of two
  Tensor<double> out_scale, out_zero_point;
  std::vector<Range> limits;  ///< of output codes: one, one per element of divisor, or none
  Rounding rounding = Rounding::kFloor;
};
/// QONNX's FloatQuant: x / scale rounded to a minifloat, times scale. Parameters broadcast to x.
struct FloatQuant {
  Tensor<double> scale, exponent_bits, mantissa_bits, exponent_bias, max_value;
  Rounding rounding = Rounding::kHalfEven;
  bool has_subnormal = true;
  bool has_infinity = false;
  bool has_nan = false;
  bool saturation = true;  ///< false: what is too large has no value here (an infinity, NaN)
};
/// The k largest (or smallest) along `axis`, best first, the lowest index first on ties: their
/// values, or their indices. Inputs: x.
struct TopK {
  int axis = -1;
  std::int64_t k = 1;
  bool largest = true;
  bool values = false;
};
/// Only as a graph's last operator, where it is removed by import (with a note).
struct Softmax {
  int axis = -1;
};
/// Index of the largest element along `axis` (the lowest index on ties), axis kept with length 1
/// or dropped.
struct ArgMax {
  int axis = 0;
  bool keep_dims = true;
};

using Op = std::variant<Quant, BipolarQuant, MultiThreshold, MatMul, Gemm, Add, Sub, Mul, Div, Pow,
                        Neg, BatchNormalization, Relu, LeakyRelu, Clip, Reshape, Transpose, Concat,
                        Softmax, ArgMax, Conv, ConvTranspose, MaxPool, AveragePool, QuantAvgPool,
                        Reduce, Take, Unary, PRelu, Trunc, FloatQuant, TopK>;

/// "sigmoid".
[[nodiscard]] std::string_view kind_name(UnaryKind kind);
/// Short lower-case name of the operator, for dumps.
[[nodiscard]] std::string_view kind_name(const Op& op);

}  // namespace nib::graph
