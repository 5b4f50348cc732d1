// Convolutions, pools and reductions: the graphs that their readers make.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

namespace {

constexpr char kLast[] = "qonnx.custom_op.channels_last";

std::vector<OperatorCase> convolutions() {
  return {
      {"Conv of one axis with pads",
       [](ModelMaker& made) {
         made.filled("w", {5, 4, 3}, 1);
         made.filled("b", {5}, 1);
         made.node("Conv", {"x", "w", "b"}, {"y"})
             .set("pads", Dims{1, 2})
             .set("dilations", Dims{2});
       },
       13,
       {-1, 4, 10}},
      {"Conv in groups with a stride",
       [](ModelMaker& made) {
         made.filled("w", {6, 2, 3, 2}, 1);
         made.node("Conv", {"x", "w"}, {"y"})
             .set("group", 2)
             .set("kernel_shape", Dims{3, 2})
             .set("strides", Dims{2, 1})
             .set("pads", Dims{0, 1, 2, 0});
       },
       13,
       {-1, 4, 9, 8}},
      {"Conv, SAME_UPPER with stride 2",
       [](ModelMaker& made) {
         made.filled("w", {1, 1, 3, 3}, 1);
         made.node("Conv", {"x", "w"}, {"y"})
             .set("auto_pad", "SAME_UPPER")
             .set("strides", Dims{2, 2});
       },
       13,
       {-1, 1, 32, 31}},
      {"Conv, SAME_LOWER with stride beyond the kernel",
       [](ModelMaker& made) {
         made.filled("w", {1, 1, 2, 2}, 1);
         made.node("Conv", {"x", "w"}, {"y"})
             .set("auto_pad", "SAME_LOWER")
             .set("strides", Dims{3, 1});
       },
       13,
       {-1, 1, 7, 7}},
      {"Conv, VALID",
       [](ModelMaker& made) {
         made.filled("w", {1, 1, 3, 3}, 1);
         made.node("Conv", {"x", "w"}, {"y"}).set("auto_pad", "VALID");
       },
       13,
       {-1, 1, 8, 8}},
      {"channels last: Conv, BatchNormalization, MaxPool",
       [](ModelMaker& made) {
         made.filled("w", {6, 3, 3, 2}, 1);
         made.node("Conv", {"x", "w"}, {"c"}, kLast).set("group", 2).set("pads", Dims{1, 1, 1, 1});
         for (const char* name : {"s", "b", "m", "v"}) made.filled(name, {6}, 1);
         made.node("BatchNormalization", {"c", "s", "b", "m", "v"}, {"n"}, kLast);
         made.node("MaxPool", {"n"}, {"y"}, kLast)
             .set("kernel_shape", Dims{2, 2})
             .set("strides", Dims{2, 2});
       },
       13,
       {-1, 8, 8, 4}},
      {"ConvTranspose",
       [](ModelMaker& made) {
         made.filled("w", {4, 2, 3, 3}, 1);
         made.node("ConvTranspose", {"x", "w"}, {"y"})
             .set("strides", Dims{2, 2})
             .set("pads", Dims{1, 1, 1, 1})
             .set("output_padding", Dims{1, 0});
       },
       13,
       {-1, 4, 5, 5}},
      {"ConvTranspose with the output's shape",
       [](ModelMaker& made) {
         made.filled("w", {4, 2, 3, 3}, 1);
         made.node("ConvTranspose", {"x", "w"}, {"y"})
             .set("strides", Dims{2, 2})
             .set("output_shape", Dims{10, 9});
       },
       13,
       {-1, 4, 5, 5}},
  };
}

std::vector<OperatorCase> pools() {
  const Dims image = {-1, 2, 7, 7};
  return {
      {"MaxPool with ceil_mode",
       [](ModelMaker& made) {
         made.node("MaxPool", {"x"}, {"y"})
             .set("kernel_shape", Dims{2, 3})
             .set("strides", Dims{2, 2})
             .set("ceil_mode", 1);
       },
       13, image},
      {"MaxPool: no window starts in the padding at the end",
       [](ModelMaker& made) {
         made.node("MaxPool", {"x"}, {"y"})
             .set("kernel_shape", Dims{2, 2})
             .set("strides", Dims{2, 2})
             .set("pads", Dims{1, 1, 1, 1})
             .set("ceil_mode", 1);
       },
       13, image},
      {"AveragePool that counts its pads",
       [](ModelMaker& made) {
         made.node("AveragePool", {"x"}, {"y"})
             .set("kernel_shape", Dims{3, 3})
             .set("pads", Dims{1, 1, 1, 1})
             .set("count_include_pad", 1);
       },
       13, image},
      {"AveragePool, SAME_LOWER",
       [](ModelMaker& made) {
         made.node("AveragePool", {"x"}, {"y"})
             .set("kernel_shape", Dims{2, 2})
             .set("auto_pad", "SAME_LOWER");
       },
       13, image},
      {"global pools",
       [](ModelMaker& made) {
         made.node("GlobalAveragePool", {"x"}, {"a"});
         made.node("GlobalMaxPool", {"x"}, {"m"});
         made.node("Add", {"a", "m"}, {"y"});
       },
       13, image},
      {"ReduceMean of opset 13 and ReduceSum",
       [](ModelMaker& made) {
         made.node("ReduceMean", {"x"}, {"m"}).set("axes", Dims{-1, 2}).set("keepdims", 0);
         made.integers("a", {1}, {1});
         made.node("ReduceSum", {"m", "a"}, {"y"});
       },
       13, image},
      {"reductions of opset 18",
       [](ModelMaker& made) {
         made.integers("a", {1}, {-1});
         made.node("ReduceMax", {"x", "a"}, {"p"});
         made.node("ReduceMin", {"p", "a"}, {"q"}).set("keepdims", 0);
         made.node("ReduceMean", {"q"}, {"y"}).set("noop_with_empty_axes", 1);
       },
       18, image},
      {"MaxPoolNHWC",
       [](ModelMaker& made) {
         made.node("MaxPoolNHWC", {"x"}, {"y"}, kQonnx)
             .set("kernel_shape", Dims{2, 2})
             .set("strides", Dims{2, 2})
             .set("pads", Dims{0, 0, 0, 0});
       },
       13, image},
      {"QuantAvgPool2d",
       [](ModelMaker& made) {
         made.node("QuantAvgPool2d", {"x"}, {"y"}, kQonnx)
             .set("kernel", 7)
             .set("stride", 1)
             .set("ibits", 4)
             .set("obits", 4)
             .set("signed", 0)
             .set("data_layout", "NCHW");
       },
       13, image},
  };
}

}  // namespace

TEST_CASE("convolutions are read") { check_operators("import_convolutions.txt", convolutions()); }
TEST_CASE("pools and reductions are read") { check_operators("import_pools.txt", pools()); }
