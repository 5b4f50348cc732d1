// Activations, class pickers and rearranging operators: the graphs that their readers make.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

namespace {

std::vector<OperatorCase> activations() {
  importer::Options argmax;
  argmax.argmax = true;
  const auto logits = [](ModelMaker& made, const std::string& out = "logits") {
    made.filled("w", {4, 3}, 1);
    made.node("MatMul", {"x", "w"}, {out});
  };
  return {
      {"Relu, LeakyRelu",
       [](ModelMaker& made) {
         made.node("Relu", {"x"}, {"r"});
         made.node("LeakyRelu", {"r"}, {"s"});
         made.node("LeakyRelu", {"s"}, {"y"}).set("alpha", 0.125F);
       }},
      {"Clip of opset 13",
       [](ModelMaker& made) {
         made.reals("low", {}, {0});
         made.reals("high", {1}, {6});
         made.node("Clip", {"x", "low", "high"}, {"a"});
         made.node("Clip", {"a", "", "high"}, {"b"});
         made.node("Clip", {"b"}, {"y"});
       }},
      {"Clip of opset 6",
       [](ModelMaker& made) {
         made.node("Clip", {"x"}, {"a"}).set("min", -1.0F).set("max", 1.0F);
         made.node("Clip", {"a"}, {"y"}).set("max", 0.5F);
       },
       6},
      {"a final Softmax",
       [logits](ModelMaker& made) {
         logits(made);
         made.node("Softmax", {"logits"}, {"y"}).set("axis", 1);
       }},
      {"a final LogSoftmax behind which is a Reshape",
       [logits](ModelMaker& made) {
         logits(made);
         made.node("LogSoftmax", {"logits"}, {"p"});
         made.integers("s", {2}, {-1, 3});
         made.node("Reshape", {"p", "s"}, {"y"});
       }},
      {"a Softmax before ArgMax",
       [logits](ModelMaker& made) {
         logits(made);
         made.node("Softmax", {"logits"}, {"p"});
         made.node("ArgMax", {"p"}, {"y"}).set("axis", -1).set("keepdims", 0);
       }},
      {"a Softmax of opset 9 before TopK",
       [logits](ModelMaker& made) {
         logits(made);
         made.node("Softmax", {"logits"}, {"p"});
         made.node("TopK", {"p"}, {"values", "y"}).set("k", 1).set("axis", 1);
       },
       9},
      {"TopK with k as input",
       [logits](ModelMaker& made) {
         made.integers("k", {1}, {1});
         made.node("TopK", {"x", "k"}, {"", "i"}).set("sorted", 0);
         made.node("Cast", {"i"}, {"y"}).set("to", 1);
       }},
      {"--argmax", [logits](ModelMaker& made) { logits(made, "y"); }, 13, {-1, 4}, argmax},
      {"--argmax behind a Softmax",
       [logits](ModelMaker& made) {
         logits(made);
         made.node("Softmax", {"logits"}, {"y"});
       },
       13,
       {-1, 4},
       argmax},
      {"--argmax where there is one",
       [logits](ModelMaker& made) {
         made.node("Relu", {"x"}, {"r"});
         made.node("ArgMax", {"r"}, {"y"}).set("axis", 1);
       },
       13,
       {-1, 4},
       argmax},
  };
}

std::vector<OperatorCase> shapes() {
  const Dims image = {-1, 2, 3, 5};
  return {
      {"Flatten", [](ModelMaker& made) { made.node("Flatten", {"x"}, {"y"}); }, 13, image},
      {"Flatten from axis 2",
       [](ModelMaker& made) { made.node("Flatten", {"x"}, {"y"}).set("axis", -1); },
       11,
       {-1, 1, 1, 5}},
      {"Reshape with 0 and -1",
       [](ModelMaker& made) {
         made.integers("s", {3}, {0, -1, 5});
         made.node("Reshape", {"x", "s"}, {"y"});
       },
       13, image},
      {"Reshape of opset 4",
       [](ModelMaker& made) {
         made.node("Reshape", {"x"}, {"y"}).set("shape", Dims{0, 30});
       },
       4, image},
      {"Reshape to the batch of the file",
       [](ModelMaker& made) {
         made.integers("s", {2}, {789444, -1});
         made.node("Reshape", {"x", "s"}, {"y"});
       },
       9,
       {789444, 2, 3, 5}},
      {"the shape chain of PyTorch",
       [](ModelMaker& made) {
         made.node("Shape", {"x"}, {"shape"});
         made.node("Constant", {}, {"zero"}).set("value_int", 0);
         made.node("Gather", {"shape", "zero"}, {"batch"}).set("axis", 0);
         made.node("Unsqueeze", {"batch"}, {"batch1"}).set("axes", Dims{0});
         made.integers("rest", {1}, {-1});
         made.node("Concat", {"batch1", "rest"}, {"target"}).set("axis", 0);
         made.node("Reshape", {"x", "target"}, {"y"});
       },
       11, image},
      {"a shape chain with Slice, Cast, Mul and Squeeze",
       [](ModelMaker& made) {
         made.node("Shape", {"x"}, {"shape"});
         made.integers("one", {1}, {1});
         made.integers("two", {1}, {2});
         made.integers("three", {1}, {3});
         made.node("Slice", {"shape", "one", "two"}, {"channels"});
         made.node("Slice", {"shape", "two", "three"}, {"height"});
         made.node("Mul", {"channels", "height"}, {"product"});
         made.node("Cast", {"product"}, {"as_float"}).set("to", 1);
         made.node("Cast", {"as_float"}, {"again"}).set("to", 7);
         made.node("Squeeze", {"again"}, {"scalar"});
         made.integers("axis", {1}, {0});
         made.node("Unsqueeze", {"scalar", "axis"}, {"vector"});
         made.integers("batch", {1}, {1});
         made.node("Concat", {"batch", "vector", "five"}, {"target"}).set("axis", 0);
         made.integers("five", {1}, {5});
         made.node("Reshape", {"x", "target"}, {"y"});
       },
       13, image},
      {"Slice of opset 9 and ConstantOfShape",
       [](ModelMaker& made) {
         made.node("Shape", {"x"}, {"shape"});
         made.node("Slice", {"shape"}, {"tail"}).set("starts", Dims{-2}).set("ends", Dims{99});
         made.node("ConstantOfShape", {"tail"}, {"zeros"});
         made.node("Add", {"x", "zeros"}, {"y"});
       },
       9, image},
      {"Transpose",
       [](ModelMaker& made) {
         made.node("Transpose", {"x"}, {"y"}).set("perm", Dims{0, 2, 3, 1});
       },
       13, image},
      {"Squeeze and Unsqueeze with attributes",
       [](ModelMaker& made) {
         made.node("Unsqueeze", {"x"}, {"a"}).set("axes", Dims{1, -1});
         made.node("Squeeze", {"a"}, {"b"}).set("axes", Dims{1});
         made.node("Squeeze", {"b"}, {"y"});
       },
       11},
      {"Unsqueeze in front of the batch and back",
       [](ModelMaker& made) {
         made.integers("axis", {1}, {0});
         made.node("Unsqueeze", {"x", "axis"}, {"a"});
         made.node("Relu", {"a"}, {"b"});
         made.node("Squeeze", {"b", "axis"}, {"y"});
       }},
      {"Identity and Dropout",
       [](ModelMaker& made) {
         made.node("Identity", {"x"}, {"a"});
         made.node("Dropout", {"a"}, {"y", "mask"}).set("ratio", 0.5F);
       },
       9},
      {"Dropout with inputs",
       [](ModelMaker& made) {
         made.reals("ratio", {}, {0.5F});
         auto& training = made.integers("training", {}, {0});
         training.set_data_type(9);
         training.clear_int64_data();
         training.add_int32_data(0);
         made.node("Dropout", {"x", "ratio", "training"}, {"y"});
       }},
      {"Concat",
       [](ModelMaker& made) {
         made.reals("c", {1, 2}, {1, 2});
         made.node("Concat", {"x", "c", "x"}, {"y"}).set("axis", -1);
       }},
      {"Cast of the data", [](ModelMaker& made) { made.node("Cast", {"x"}, {"y"}).set("to", 11); }},
      {"a vector, without batch axis",
       [](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}); },
       13,
       {4}},
      {"a squeezed batch of 1",
       [](ModelMaker& made) {
         made.node("Squeeze", {"x"}, {"a"});
         made.node("Relu", {"a"}, {"y"});
       },
       13,
       {1, 4}},
  };
}

}  // namespace

TEST_CASE("activations and class pickers become nodes of the graph") {
  check_operators("import_activations.txt", activations());
}

TEST_CASE("rearranging operators become Reshape, Transpose or nothing") {
  check_operators("import_shapes.txt", shapes());
}

TEST_CASE("a transposed constant is moved, not only reshaped") {
  ModelMaker made = x_to_y(13, {-1, 3});
  made.reals("c", {3, 2}, {1, 2, 3, 4, 5, 6});
  made.node("Transpose", {"c"}, {"t"});
  made.integers("axes", {1}, {0});
  made.node("Unsqueeze", {"t", "axes"}, {"u"});
  made.integers("shape", {2}, {2, 3});
  made.node("Reshape", {"u", "shape"}, {"w"});
  made.node("Gemm", {"x", "w"}, {"y"}).set("transB", 1);
  const graph::Graph graph = parse(made);
  REQUIRE(graph.nodes.size() == 1);
  const graph::Value& w = graph.value(graph.nodes[0].inputs[1]);
  CHECK(graph::as_reals(*w.constant) == Tensor<double>({2, 3}, {1, 3, 5, 2, 4, 6}));
}

TEST_CASE("integers are cast to float32 by rounding, reals toward zero") {
  ModelMaker made = x_to_y(13, {-1, 2});
  made.integers("big", {2}, {(1 << 24) + 1, -3});
  made.node("Cast", {"big"}, {"f"}).set("to", 1);
  made.reals("r", {2}, {2.75F, -2.75F});
  made.node("Cast", {"r"}, {"i"}).set("to", 7);
  made.node("Add", {"x", "f"}, {"a"});
  made.node("Add", {"a", "i"}, {"y"});
  const graph::Graph graph = parse(made);
  REQUIRE(graph.nodes.size() == 2);
  CHECK(graph::as_reals(*graph.value(graph.nodes[0].inputs[1]).constant).data ==
        std::vector<double>{16777216, -3});
  CHECK(graph::as_reals(*graph.value(graph.nodes[1].inputs[1]).constant).data ==
        std::vector<double>{2, -2});
}

TEST_CASE("a Slice runs backwards and stops at the ends") {
  struct Case {
    std::int64_t start, end, step;
    Dims result;
  };
  const Case cases[] = {
      {0, 4, 1, {10, 20, 30, 40}}, {-2, 100, 1, {30, 40}}, {3, -100, -1, {40, 30, 20, 10}},
      {100, 0, -2, {40, 20}},      {1, 4, 2, {20, 40}},    {-100, 2, 1, {10, 20}}};
  for (const Case& test : cases) {
    CAPTURE(test.start);
    CAPTURE(test.step);
    const auto length = static_cast<std::int64_t>(test.result.size());
    ModelMaker made = x_to_y(13, {-1, length});
    made.integers("c", {4}, {10, 20, 30, 40});
    made.integers("from", {1}, {test.start});
    made.integers("to", {1}, {test.end});
    made.integers("axes", {1}, {0});
    made.integers("step", {1}, {test.step});
    made.node("Slice", {"c", "from", "to", "axes", "step"}, {"s"});
    made.node("Add", {"x", "s"}, {"y"});
    const graph::Graph graph = parse(made);
    const graph::Value& s = graph.value(graph.nodes[0].inputs[1]);
    CHECK(std::get<Tensor<std::int64_t>>(*s.constant).data == test.result);
  }
}
