// The shape rules, operator by operator.
#include "nib/graph/shapes.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "nib/base/check.h"

using namespace nib;
using namespace nib::graph;

namespace {

/// "2x3", or what does not fit.
std::string shape(const Op& op, const std::vector<Shape>& inputs, const Shape& reshaped = {}) {
  std::vector<const Shape*> pointers;
  for (const Shape& input : inputs) pointers.push_back(&input);
  const ShapeResult result = infer_shape(op, pointers, reshaped);
  return result.problem.empty() ? to_string(result.shape) : result.problem;
}

Quant quant_of(const Shape& scale, const Shape& zero_point, const Shape& bits) {
  Quant quant;
  quant.scale = Tensor<double>(scale, 1);
  quant.zero_point = Tensor<double>(zero_point, 0);
  quant.bits = Tensor<double>(bits, 4);
  return quant;
}

}  // namespace

TEST_CASE("matmul follows NumPy") {
  CHECK(shape(MatMul{}, {{2, 3}, {3, 4}}) == "2x4");
  CHECK(shape(MatMul{}, {{3}, {3, 4}}) == "4");
  CHECK(shape(MatMul{}, {{2, 3}, {3}}) == "2");
  CHECK(shape(MatMul{}, {{3}, {3}}) == "scalar");
  CHECK(shape(MatMul{}, {{5, 2, 3}, {3, 4}}) == "5x2x4");
  CHECK(shape(MatMul{}, {{5, 1, 2, 3}, {7, 3, 4}}) == "5x7x2x4");
  CHECK(shape(MatMul{}, {{5, 2, 3}, {3}}) == "5x2");
  CHECK(shape(MatMul{}, {{3}, {5, 3, 2}}) == "5x2");
  CHECK(shape(MatMul{}, {{2, 3}, {4, 3}}) == "a matrix product of 2x3 and 4x3");
  CHECK(shape(MatMul{}, {{}, {3}}) == "a matrix product of scalar and 3");
  CHECK(shape(MatMul{}, {{5, 2, 3}, {4, 3, 2}}) == "a matrix product of 5x2x3 and 4x3x2");
}

TEST_CASE("gemm transposes and broadcasts C") {
  CHECK(shape(Gemm{}, {{2, 3}, {3, 4}}) == "2x4");
  CHECK(shape(Gemm{1, 1, true, false}, {{3, 2}, {3, 4}}) == "2x4");
  CHECK(shape(Gemm{1, 1, false, true}, {{2, 3}, {4, 3}}) == "2x4");
  CHECK(shape(Gemm{1, 1, true, true}, {{3, 2}, {4, 3}}) == "2x4");
  CHECK(shape(Gemm{}, {{2, 3}, {3, 4}, {2, 1}}) == "2x4");
  CHECK(shape(Gemm{}, {{2, 3}, {3, 4}, {}}) == "2x4");
  CHECK(shape(Gemm{}, {{2, 3}, {3, 4}, {3, 1}}) == "C of shape 3x1 does not broadcast to 2x4");
  CHECK(shape(Gemm{}, {{2, 3}, {3, 4}, {1, 2, 4}}) == "C of shape 1x2x4 does not broadcast to 2x4");
  CHECK(shape(Gemm{}, {{1, 2, 3}, {3, 4}}) == "Gemm of 1x2x3 and 3x4: both must have rank 2");
}

TEST_CASE("elementwise operators broadcast") {
  for (const Op& op : {Op(Add{}), Op(Sub{}), Op(Mul{}), Op(Div{}), Op(Pow{})}) {
    CHECK(shape(op, {{2, 1, 4}, {3, 1}}) == "2x3x4");
    CHECK(shape(op, {{2, 4}, {3}}) == "shapes 2x4 and 3 do not broadcast");
  }
}

TEST_CASE("quantiser parameters broadcast to the data, never beyond") {
  CHECK(shape(quant_of({}, {1}, {2, 1}), {{2, 4}}) == "2x4");
  CHECK(shape(quant_of({3}, {}, {}), {{2, 4}}) == "the scale of shape 3 does not broadcast to 2x4");
  CHECK(shape(quant_of({}, {1, 2, 4}, {}), {{2, 4}}) ==
        "the zero point of shape 1x2x4 does not broadcast to 2x4");
  CHECK(shape(quant_of({}, {}, {2, 4}), {{1, 4}}) ==
        "the bit width of shape 2x4 does not broadcast to 1x4");
  CHECK(shape(BipolarQuant{Tensor<double>({4}, 1)}, {{2, 4}}) == "2x4");
  CHECK(shape(BipolarQuant{Tensor<double>({2}, 1)}, {{2, 4}}) ==
        "the scale of shape 2 does not broadcast to 2x4");
}

TEST_CASE("thresholds have a row for each channel or one for all") {
  CHECK(shape(MultiThreshold{}, {{1, 4}, {4, 3}}) == "1x4");
  CHECK(shape(MultiThreshold{}, {{1, 4}, {1, 3}}) == "1x4");
  CHECK(shape(MultiThreshold{1, 0, 2}, {{1, 4, 5}, {5, 3}}) == "1x4x5");
  CHECK(shape(MultiThreshold{}, {{1, 4}, {3, 3}}) ==
        "3 rows of thresholds for 1x4 with channels on axis 1");
  CHECK(shape(MultiThreshold{}, {{1, 4}, {4}}) == "thresholds of shape 4, not channels x levels");
}

TEST_CASE("batch norm has one parameter per channel") {
  CHECK(shape(BatchNormalization{1, 1}, {{2, 3, 4}, {3}, {3}, {3}, {3}}) == "2x3x4");
  CHECK(shape(BatchNormalization{1, 2}, {{2, 3, 4}, {4}, {4}, {4}, {4}}) == "2x3x4");
  CHECK(shape(BatchNormalization{1, 1}, {{2, 3}, {3}, {3}, {4}, {3}}) ==
        "a parameter of shape 4 for 3 channels");
  CHECK(shape(BatchNormalization{1, 1}, {{2}, {3}, {3}, {3}, {3}}) == "no channel axis 1 in 2");
}

TEST_CASE("rearranging keeps the elements") {
  CHECK(shape(Reshape{}, {{2, 6}}, {3, 4}) == "3x4");
  CHECK(shape(Reshape{}, {{2, 6}}, {3, 5}) == "2x6 has not the 15 elements of 3x5");
  CHECK(shape(Transpose{{2, 0, 1}}, {{2, 3, 4}}) == "4x2x3");
  for (const std::vector<int>& perm :
       {std::vector<int>{0, 1}, {0, 0, 1}, {0, 1, 3}, {0, 1, -1}, {0, 1, 2, 2}}) {
    CHECK(shape(Transpose{perm}, {{2, 3, 4}}) == "perm is no permutation of the 3 axes of 2x3x4");
  }
}

TEST_CASE("concat joins one axis") {
  CHECK(shape(Concat{1}, {{2, 3}, {2, 4}, {2, 1}}) == "2x8");
  CHECK(shape(Concat{0}, {{2, 3}}) == "2x3");
  CHECK(shape(Concat{1}, {{2, 3}, {3, 4}}) == "2x3 and 3x4 do not join on axis 1");
  CHECK(shape(Concat{1}, {{2, 3}, {2}}) == "2x3 and 2 do not join");
  CHECK(shape(Concat{2}, {{2, 3}}) == "no axis 2 in 2x3");
  CHECK(shape(Concat{0}, {{INT64_MAX}, {1}}) == "9223372036854775807 and 1 do not join");
}

TEST_CASE("argmax keeps or drops its axis") {
  CHECK(shape(ArgMax{1, true}, {{2, 3, 4}}) == "2x1x4");
  CHECK(shape(ArgMax{1, false}, {{2, 3, 4}}) == "2x4");
  CHECK(shape(ArgMax{3, false}, {{2, 3, 4}}) == "no axis 3 in 2x3x4");
  CHECK(shape(ArgMax{0, false}, {{0}}) == "no element to choose from");
}

TEST_CASE("unary operators keep the shape") {
  for (const Op& op : {Op(Neg{}), Op(Relu{}), Op(LeakyRelu{}), Op(Clip{}), Op(Softmax{})}) {
    CHECK(shape(op, {{2, 3}}) == "2x3");
  }
}

TEST_CASE("a wrong number of inputs is our own fault") {
  CHECK_THROWS_AS((void)shape(Relu{}, {{2}, {2}}), InternalError);
  CHECK_THROWS_AS((void)shape(MatMul{}, {{2}}), InternalError);
  const Shape a = {2, 3};
  const Shape* absent[] = {&a, nullptr};
  CHECK_THROWS_AS((void)infer_shape(MatMul{}, absent), InternalError);
}

/// A window of that kernel; strides and dilations 1, no padding.
Window window(std::vector<std::int64_t> kernel) {
  const std::vector<std::int64_t> ones(kernel.size(), 1), zeros(kernel.size(), 0);
  return {std::move(kernel), ones, ones, zeros, zeros, zeros};
}

TEST_CASE("windows of convolutions and pooling") {
  Conv conv{window({3, 3}), 1, false};
  CHECK(shape(conv, {{1, 2, 8, 9}, {5, 2, 3, 3}}) == "1x5x6x7");
  CHECK(shape(conv, {{1, 2, 8, 9}, {5, 2, 3, 3}, {5}}) == "1x5x6x7");
  CHECK(shape(conv, {{1, 2, 8, 9}, {5, 2, 3, 3}, {4}}) == "a bias of shape 4 for 5 channels");
  CHECK(shape(conv, {{1, 2, 8, 9}, {5, 3, 3, 3}}) ==
        "weights of shape 5x3x3x3 for 2 channels in 1 group(s)");
  CHECK(shape(conv, {{1, 2, 2, 9}, {5, 2, 3, 3}}) == "a window of 3 on 2 padded elements");
  conv.window.pads_begin = {1, 0};
  conv.window.pads_end = {2, 1};
  conv.window.strides = {2, 3};
  conv.window.dilations = {2, 1};
  CHECK(shape(conv, {{1, 2, 8, 9}, {5, 2, 3, 3}}) == "1x5x4x3");
  CHECK(shape(Conv{window({3, 3}), 2, false}, {{1, 4, 5, 5}, {6, 2, 3, 3}}) == "1x6x3x3");
  CHECK(shape(Conv{window({3, 3}), 4, false}, {{1, 4, 5, 5}, {6, 1, 3, 3}}) ==
        "weights of shape 6x1x3x3 for 1x4x5x5, 4 group(s)");
  CHECK(shape(Conv{window({3, 2}), 1, true}, {{1, 5, 6, 2}, {7, 3, 2, 2}}) == "1x3x5x7");
  CHECK(shape(Conv{window({3}), 1, false}, {{1, 4, 10}, {8, 4, 3}}) == "1x8x8");

  ConvTranspose up{window({3, 3}), {1, 0}, 1};
  up.window.strides = {2, 2};
  CHECK(shape(up, {{1, 2, 4, 4}, {2, 5, 3, 3}}) == "1x5x10x9");
  CHECK(shape(up, {{1, 3, 4, 4}, {2, 5, 3, 3}}) == "weights of shape 2x5x3x3 for 1x3x4x4");

  MaxPool pool{window({2, 2}), false};
  pool.window.strides = {2, 2};
  CHECK(shape(pool, {{1, 3, 5, 6}}) == "1x3x2x3");
  pool.window.ceil_extra = {1, 0};
  CHECK(shape(pool, {{1, 3, 5, 6}}) == "1x3x3x3");
  CHECK(shape(AveragePool{pool.window, true, true}, {{1, 5, 6, 3}}) == "1x3x3x3");
  CHECK(shape(QuantAvgPool{window({4, 4}), 2, false}, {{1, 3, 4, 4}}) == "1x3x1x1");
  CHECK(shape(pool, {{1, 3, 5}}) == "1x3x5 has not a batch, channels and 2 spatial axes");
}

TEST_CASE("reductions, selections and choices") {
  CHECK(shape(Reduce{ReduceKind::kMean, {2, 3}, true}, {{1, 3, 4, 5}}) == "1x3x1x1");
  CHECK(shape(Reduce{ReduceKind::kMax, {1, 3}, false}, {{1, 3, 4, 5}}) == "1x4");
  CHECK(shape(Reduce{ReduceKind::kSum, {4}, true}, {{1, 3}}) == "no such axes in 1x3");
  CHECK(shape(Reduce{ReduceKind::kMin, {1}, true}, {{1, 0}}) == "nothing to reduce");
  CHECK(shape(Take{{{}, {2, -1, 0, 0}}, 0}, {{1, 3}}) == "1x4");
  CHECK(shape(Take{{{}, {3}}, 0}, {{1, 3}}) == "index 3 on axis 1 of 1x3");
  CHECK(shape(Take{{{}}, 0}, {{1, 3}}) == "1 index lists for 1x3");
  CHECK(shape(TopK{1, 2, true, false}, {{1, 5}}) == "1x2");
  CHECK(shape(TopK{1, 6, true, false}, {{1, 5}}) == "the best 6 along axis 1 of 1x5");
  CHECK(shape(PRelu{}, {{1, 4, 2, 2}, {4, 1, 1}}) == "1x4x2x2");
  CHECK(shape(PRelu{}, {{1, 4}, {3}}) == "the slope of shape 3 does not broadcast to 1x4");
  CHECK(shape(Unary{UnaryKind::kTanh, 0, 0}, {{1, 4}}) == "1x4");
}

TEST_CASE("every operator has a name of its own") {
  const Op ops[] = {Quant{},         BipolarQuant{}, MultiThreshold{},
                    MatMul{},        Gemm{},         Add{},
                    Sub{},           Mul{},          Div{},
                    Pow{},           Neg{},          BatchNormalization{},
                    Relu{},          LeakyRelu{},    Clip{},
                    Reshape{},       Transpose{},    Concat{},
                    Softmax{},       ArgMax{},       Conv{},
                    ConvTranspose{}, MaxPool{},      AveragePool{},
                    QuantAvgPool{},  Reduce{},       Take{},
                    Unary{},         PRelu{},        Trunc{},
                    FloatQuant{},    TopK{}};
  CHECK(std::size(ops) == std::variant_size_v<Op>);
  std::vector<std::string_view> names;
  for (const Op& op : ops) {
    for (const std::string_view name : names) CHECK(name != kind_name(op));
    names.push_back(kind_name(op));
  }
}
