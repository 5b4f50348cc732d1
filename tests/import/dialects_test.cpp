// QDQ, QCDQ, quantised operators and QONNX's other quantisers: the graphs that their readers make.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

namespace {

/// Scale 0.5 and zero point -3 of int8, called s and z.
void parameters(ModelMaker& made) {
  made.reals("s", {}, {0.5F});
  made.codes("z", {}, 3, {-3});
}

std::vector<OperatorCase> pairs() {
  return {
      {"QuantizeLinear without a zero point",
       [](ModelMaker& made) {
         made.reals("s", {}, {0.5F});
         made.node("QuantizeLinear", {"x", "s"}, {"y"});
       }},
      {"a pair is one quantiser",
       [](ModelMaker& made) {
         parameters(made);
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("DequantizeLinear", {"q", "s", "z"}, {"y"});
       }},
      {"a pair with a Clip between",
       [](ModelMaker& made) {
         parameters(made);
         made.codes("low", {}, 3, {-8});
         made.codes("high", {}, 3, {6});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("Clip", {"q", "low", "high"}, {"c"});
         made.node("DequantizeLinear", {"c", "s", "z"}, {"y"});
       }},
      {"a Clip whose limits cross gives the upper one",
       [](ModelMaker& made) {
         parameters(made);
         made.codes("low", {}, 3, {6});
         made.codes("high", {}, 3, {-8});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("Clip", {"q", "low", "high"}, {"c"});
         made.node("DequantizeLinear", {"c", "s", "z"}, {"y"});
       }},
      {"two scales are no pair",
       [](ModelMaker& made) {
         parameters(made);
         made.reals("t", {}, {0.25F});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("DequantizeLinear", {"q", "t", "z"}, {"y"});
       }},
      {"a scale for each channel",
       [](ModelMaker& made) {
         made.reals("s", {3}, {1, 2, 4});
         made.codes("z", {3}, 2, {0, 1, 2});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"}).set("axis", -2);
         made.node("DequantizeLinear", {"q", "s", "z"}, {"y"}).set("axis", 1);
       },
       13,
       {-1, 3, 4}},
      {"dequantised weights",
       [](ModelMaker& made) {
         made.reals("s", {2}, {0.5F, 0.25F});
         made.codes("z", {2}, 3, {0, 1});
         made.codes("w", {2, 4}, 3, {1, 2, 3, 4, 5, 6, 7, 8});
         made.node("DequantizeLinear", {"w", "s", "z"}, {"d"}).set("axis", 0);
         made.node("Gemm", {"x", "d"}, {"y"}).set("transB", 1);
       }},
  };
}

std::vector<OperatorCase> operators() {
  return {
      {"QLinearConv",
       [](ModelMaker& made) {
         parameters(made);
         made.reals("ws", {2}, {0.5F, 0.25F});
         made.codes("wz", {2}, 3, {0, 1});
         made.codes("w", {2, 1, 2, 2}, 3, {1, 2, 3, 4, 5, 6, 7, 8});
         made.codes("b", {2}, 6, {100, -100});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("QLinearConv", {"q", "s", "z", "w", "ws", "wz", "s", "z", "b"}, {"r"})
             .set("pads", Dims{1, 1, 0, 0});
         made.node("DequantizeLinear", {"r", "s", "z"}, {"y"});
       },
       13,
       {-1, 1, 4, 4}},
      {"QLinearMatMul",
       [](ModelMaker& made) {
         parameters(made);
         made.reals("ws", {2}, {0.5F, 0.25F});
         made.codes("wz", {2}, 3, {0, 1});
         made.codes("w", {4, 2}, 3, {1, 2, 3, 4, 5, 6, 7, 8});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("QLinearMatMul", {"q", "s", "z", "w", "ws", "wz", "s", "z"}, {"y"});
       }},
      {"QLinearMatMul, a row of scales",
       [](ModelMaker& made) {
         parameters(made);
         made.reals("ws", {1, 2}, {0.5F, 0.25F});
         made.codes("wz", {1, 2}, 3, {0, 1});
         made.codes("w", {4, 2}, 3, {1, 2, 3, 4, 5, 6, 7, 8});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("QLinearMatMul", {"q", "s", "z", "w", "ws", "wz", "s", "z"}, {"y"});
       }},
      {"MatMulInteger and Cast",
       [](ModelMaker& made) {
         parameters(made);
         made.codes("w", {4, 2}, 3, {1, 2, 3, 4, 5, 6, 7, 8});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("MatMulInteger", {"q", "w", "z"}, {"r"});
         made.node("Cast", {"r"}, {"y"}).set("to", 1);
       }},
      {"ConvInteger",
       [](ModelMaker& made) {
         parameters(made);
         made.codes("w", {1, 1, 2, 2}, 3, {1, 2, 3, 4});
         made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
         made.node("ConvInteger", {"q", "w", "z", "z"}, {"y"});
       },
       13,
       {-1, 1, 4, 4}},
      {"XnorPopcountMatMul",
       [](ModelMaker& made) {
         made.filled("w", {4, 2}, 1);
         made.node("XnorPopcountMatMul", {"x", "w"}, {"y"}, kQonnx);
       }},
      {"Trunc of version 1",
       [](ModelMaker& made) {
         for (const char* name : {"s", "z", "in", "out"}) made.filled(name, {}, 4);
         made.graph().mutable_initializer(2)->set_float_data(0, 8);
         made.node("Trunc", {"x", "s", "z", "in", "out"}, {"y"}, kQonnx);
       }},
      {"TruncQuant is Trunc of version 2",
       [](ModelMaker& made) {
         for (const char* name : {"s", "z", "in", "t", "out"}) made.filled(name, {}, 4);
         made.graph().mutable_initializer(3)->set_float_data(0, 64);
         made.node("TruncQuant", {"x", "s", "z", "in", "t", "out"}, {"y"}, kQonnx)
             .set("signed", 0)
             .set("narrow", 1)
             .set("rounding_mode", "ROUND");
       }},
      {"FloatQuant",
       [](ModelMaker& made) {
         made.reals("s", {}, {0.5F});
         made.reals("e", {}, {4});
         made.reals("m", {}, {3});
         made.reals("b", {}, {7});
         made.reals("top", {}, {448});
         made.node("FloatQuant", {"x", "s", "e", "m", "b", "top"}, {"y"}, kQonnx)
             .set("has_inf", 0)
             .set("has_nan", 1);
       }},
      {"DebugMarker",
       [](ModelMaker& made) {
         made.node("DebugMarker", {"x"}, {"d"}, kQonnx).set("export_debug_name", "here");
         made.node("Relu", {"d"}, {"y"});
       }},
  };
}

}  // namespace

TEST_CASE("pairs of QuantizeLinear and DequantizeLinear are read") {
  check_operators("import_qdq.txt", pairs());
}
TEST_CASE("quantised operators and other quantisers are read") {
  check_operators("import_dialects.txt", operators());
}
