// Quantisers and linear operators: the graphs that their readers make.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

namespace {

void batch_norm(ModelMaker& made, const std::string& in, const std::string& out, int channels) {
  for (const char* name : {"s", "b", "m"}) made.filled(name, {channels}, 1);
  made.filled("v", {channels}, 4);
  made.node("BatchNormalization", {in, "s", "b", "m", "v"}, {out}).set("epsilon", 0.5F);
}

std::vector<OperatorCase> quantisers() {
  return {
      {"Quant", [](ModelMaker& made) { made.quant("x", "y", 0.25F, 1, 5); }},
      {"Quant without attributes",
       [](ModelMaker& made) { made.quant("x", "y", 0.25F, 0, 5).proto().clear_attribute(); }},
      {"IntQuant in lower case, unsigned, narrow",
       [](ModelMaker& made) {
         onnx::NodeProto& node = made.quant("x", "y", 0.25F, 0, 8).proto();
         node.set_op_type(std::string("IntQuant"));
         node.mutable_attribute(0)->set_i(0);
         node.mutable_attribute(1)->set_i(1);
         node.mutable_attribute(2)->set_s(std::string("half_up"));
       }},
      {"Quant in the default domain",
       [](ModelMaker& made) { made.quant("x", "y", 1, 0, 4).proto().clear_domain(); }},
      {"Quant in onnx.brevitas, not imported",
       [](ModelMaker& made) {
         made.quant("x", "y", 1, 0, 4).proto().set_domain(std::string("onnx.brevitas"));
       }},
      {"Quant of 1 bit, unsigned and narrow",
       [](ModelMaker& made) {
         onnx::NodeProto& node = made.quant("x", "y", 1, 0, 1).proto();
         node.mutable_attribute(0)->set_i(0);
         node.mutable_attribute(1)->set_i(1);
       }},
      {"Quant with typed parameters of several shapes",
       [](ModelMaker& made) {
         made.reals("s", {1, 4}, {0.5F, 1, -2, 4});
         auto& zero = made.integers("z", {1}, {-3});
         zero.set_data_type(3);  // int8
         zero.clear_int64_data();
         zero.add_int32_data(-3);
         made.integers("b", {4}, {0, 1, 8, 64});
         made.node("Quant", {"x", "s", "z", "b"}, {"y"}, kQonnx)
             .set("signed", 1)
             .set("narrow", 1)
             .set("rounding_mode", "FLOOR");
       }},
      {"a constant chain before a scale",
       [](ModelMaker& made) {
         made.reals("s0", {2, 2}, {1, 2, 3, 4});
         made.node("Transpose", {"s0"}, {"s1"});
         made.node("Identity", {"s1"}, {"s2"});
         made.integers("shape", {2}, {1, -1});
         made.node("Reshape", {"s2", "shape"}, {"s3"});
         made.node("Cast", {"s3"}, {"s4"}).set("to", 1);
         made.reals("z", {}, {0});
         made.node("Constant", {}, {"b"}).set("value_int", 6);
         made.node("Quant", {"x", "s4", "z", "b"}, {"y"}, kQonnx)
             .set("signed", 1)
             .set("narrow", 0)
             .set("rounding_mode", "CEIL");
       }},
      {"BipolarQuant",
       [](ModelMaker& made) {
         made.reals("s", {1}, {0.5F});
         made.node("BipolarQuant", {"x", "s"}, {"y"}, kQonnx);
       }},
      {"MultiThreshold of FINN",
       [](ModelMaker& made) {
         made.reals("t", {4, 2}, {-1, 0, 1, 2, 3, 4, 5, 6});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, "finn.custom_op.general")
             .set("out_dtype", "BIPOLAR")
             .set("out_scale", 2.0F)
             .set("out_bias", -1.0F)
             .set("data_layout", "NC");
       }},
      {"MultiThreshold of rank 3, channels on axis 1",
       [](ModelMaker& made) {
         made.reals("t", {3, 1}, {-1, 0, 1});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx);
       },
       13,
       {-1, 3, 5}},
      {"MultiThreshold of rank 3, channels last",
       [](ModelMaker& made) {
         made.reals("t", {5, 1}, {-1, 0, 1, 2, 3});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx);
       },
       13,
       {-1, 3, 5}},
      {"MultiThreshold of rank 3, two axes of one length: axis 1, with a note",
       [](ModelMaker& made) {
         made.reals("t", {3, 1}, {-1, 0, 1});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx);
       },
       13,
       {-1, 3, 3}},
      {"MultiThreshold of rank 3, the layout named",
       [](ModelMaker& made) {
         made.reals("t", {3, 1}, {-1, 0, 1});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx).set("data_layout", "NWC");
       },
       13,
       {-1, 3, 3}},
      {"MultiThreshold NHWC",
       [](ModelMaker& made) {
         made.reals("t", {5, 1}, {-1, 0, 1, 2, 3});
         made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx).set("data_layout", "NHWC");
       },
       13,
       {-1, 2, 3, 5}},
  };
}

std::vector<OperatorCase> linear() {
  return {
      {"MatMul",
       [](ModelMaker& made) {
         made.filled("w", {4, 3}, 1);
         made.node("MatMul", {"x", "w"}, {"y"});
       }},
      {"MatMul of rank 3",
       [](ModelMaker& made) {
         made.filled("w", {5, 2}, 1);
         made.node("MatMul", {"x", "w"}, {"y"});
       },
       13,
       {-1, 3, 5}},
      {"MatMul from the left, behind a Transpose",
       [](ModelMaker& made) {
         made.filled("w", {3, 4}, 1);
         made.node("Transpose", {"x"}, {"t"});
         made.node("MatMul", {"w", "t"}, {"u"});
         made.node("Transpose", {"u"}, {"y"});
       }},
      {"Gemm",
       [](ModelMaker& made) {
         made.filled("w", {3, 4}, 1);
         made.filled("c", {3}, 1);
         made.node("Gemm", {"x", "w", "c"}, {"y"})
             .set("alpha", 0.5F)
             .set("beta", 0.1F)
             .set("transB", 1);
       }},
      {"Gemm without C",
       [](ModelMaker& made) {
         made.filled("w", {4, 3}, 1);
         made.node("Gemm", {"x", "w", ""}, {"y"});
       }},
      {"Gemm of opset 6",
       [](ModelMaker& made) {
         made.filled("w", {4, 3}, 1);
         made.filled("c", {3}, 1);
         made.node("Gemm", {"x", "w", "c"}, {"y"}).set("broadcast", 1);
       },
       6},
      {"Gemm with A transposed",
       [](ModelMaker& made) {
         made.filled("w", {4, 3}, 1);
         made.node("Transpose", {"x"}, {"t"});
         made.node("Gemm", {"t", "w"}, {"y"}).set("transA", 1);
       }},
      {"arithmetic",
       [](ModelMaker& made) {
         made.reals("c", {4}, {1, 2, 3, 4});
         made.node("Add", {"x", "c"}, {"a"});
         made.node("Sub", {"a", "c"}, {"b"});
         made.node("Mul", {"b", "x"}, {"d"});
         made.node("Div", {"d", "c"}, {"e"});
         made.node("Neg", {"e"}, {"y"});
       }},
      {"arithmetic of opset 6 from axis 1",
       [](ModelMaker& made) {
         made.reals("c", {3}, {1, 2, 3});
         made.node("Add", {"x", "c"}, {"y"}).set("broadcast", 1).set("axis", 1);
       },
       6,
       {-1, 3, 5}},
      {"Pow of constants and a square",
       [](ModelMaker& made) {
         made.reals("c", {}, {2});
         made.reals("half", {}, {0.5F});
         made.integers("two", {}, {2});
         made.node("Pow", {"c", "half"}, {"root"});
         made.node("Pow", {"x", "two"}, {"square"});
         made.node("Div", {"square", "root"}, {"y"});
       }},
      {"BatchNormalization",
       [](ModelMaker& made) { batch_norm(made, "x", "y", 3); },
       13,
       {-1, 3, 5}},
      {"BatchNormalization of opset 7",
       [](ModelMaker& made) {
         batch_norm(made, "x", "y", 4);
         NodeMaker(*made.graph().mutable_node(0)).set("momentum", 0.9F).set("spatial", 1);
         made.graph().mutable_node(0)->add_output(std::string("saved_mean"));
       },
       7},
      {"BatchNormalization of a transposed batch",
       [](ModelMaker& made) {
         made.node("Transpose", {"x"}, {"t"});
         batch_norm(made, "t", "u", 4);
         made.node("Transpose", {"u"}, {"y"});
       },
       6},
  };
}

}  // namespace

TEST_CASE("quantisers become nodes of the graph") {
  check_operators("import_quantisers.txt", quantisers());
}

TEST_CASE("linear operators become nodes of the graph") {
  check_operators("import_linear.txt", linear());
}

TEST_CASE("float attributes keep their float32 value") {
  ModelMaker made = x_to_y();
  made.node("LeakyRelu", {"x"}, {"a"});
  made.node("LeakyRelu", {"a"}, {"y"}).set("alpha", 0.1F);
  const graph::Graph graph = parse(made);
  CHECK(std::get<graph::LeakyRelu>(graph.nodes[0].op).alpha == double{0.01F});
  CHECK(std::get<graph::LeakyRelu>(graph.nodes[1].op).alpha == double{0.1F});
}

TEST_CASE("the default epsilon of a batch norm is the float32 1e-5") {
  ModelMaker made = x_to_y();
  batch_norm(made, "x", "y", 4);
  made.graph().mutable_node(0)->clear_attribute();
  const graph::Graph graph = parse(made);
  CHECK(std::get<graph::BatchNormalization>(graph.nodes[0].op).epsilon == double{1e-5F});
}

TEST_CASE("every rounding mode of QONNX is read, in any case") {
  const std::pair<const char*, Rounding> modes[] = {
      {"ROUND", Rounding::kHalfEven},
      {"half_even", Rounding::kHalfEven},
      {"HALF_UP", Rounding::kHalfUp},
      {"Half_Down", Rounding::kHalfDown},
      {"CEIL", Rounding::kCeil},
      {"FLOOR", Rounding::kFloor},
      {"UP", Rounding::kUp},
      {"DOWN", Rounding::kDown},
      {"ROUND_TO_ZERO", Rounding::kDown},
      {"DPU", Rounding::kDpu},
  };
  for (const auto& [name, mode] : modes) {
    CAPTURE(name);
    ModelMaker made = x_to_y();
    made.quant("x", "y", 1, 0, 4).proto().mutable_attribute(2)->set_s(std::string(name));
    CHECK(std::get<graph::Quant>(parse(made).nodes[0].op).rounding == mode);
  }
}
