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
                        Softmax, ArgMax>;

/// Short lower-case name of the operator, for dumps.
[[nodiscard]] std::string_view kind_name(const Op& op);

}  // namespace nib::graph
