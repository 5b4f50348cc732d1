// Selections, resizing, functions: the graphs that their readers make, and the indices of Take.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

namespace {

std::vector<OperatorCase> selections() {
  return {
      {"Split into a sum",
       [](ModelMaker& made) {
         made.integers("parts", {3}, {1, 1, 2});
         made.node("Split", {"x", "parts"}, {"a", "b", "unused"}).set("axis", 1);
         made.node("Add", {"a", "b"}, {"y"});
       }},
      {"Gather of one element",
       [](ModelMaker& made) {
         made.integers("i", {}, {-1});
         made.node("Gather", {"x", "i"}, {"y"}).set("axis", 1);
       },
       13,
       {-1, 4, 3}},
      {"Expand and Tile",
       [](ModelMaker& made) {
         made.integers("s", {3}, {1, 3, 4});
         made.integers("u", {1}, {1});
         made.node("Unsqueeze", {"x", "u"}, {"e"});
         made.node("Expand", {"e", "s"}, {"f"});
         made.integers("r", {3}, {1, 1, 2});
         made.node("Tile", {"f", "r"}, {"y"});
       }},
      {"DepthToSpace and back",
       [](ModelMaker& made) {
         made.node("DepthToSpace", {"x"}, {"d"}).set("blocksize", 2);
         made.node("SpaceToDepth", {"d"}, {"s"}).set("blocksize", 2);
         made.node("DepthToSpace", {"s"}, {"y"}).set("blocksize", 2).set("mode", "CRD");
       },
       13,
       {-1, 8, 2, 3}},
      {"the last of the smallest",
       [](ModelMaker& made) {
         made.node("ArgMin", {"x"}, {"y"}).set("axis", 1).set("select_last_index", 1);
       }},
      {"Max by a number, of tensors, and Min by channels",
       [](ModelMaker& made) {
         made.reals("zero", {}, {0.5F});
         made.reals("c", {4}, {1, 2, 3, 4});
         made.node("Max", {"zero", "x"}, {"a"});
         made.node("Max", {"a", "x"}, {"b"});
         made.node("Min", {"b", "c", "a"}, {"y"});
       }},
      {"Mean of three",
       [](ModelMaker& made) {
         made.node("Neg", {"x"}, {"n"});
         made.node("Mean", {"x", "n", "x"}, {"y"});
       }},
      {"Im2Col",
       [](ModelMaker& made) {
         made.node("Im2Col", {"x"}, {"y"}, kQonnx)
             .set("stride", Dims{1, 2})
             .set("kernel_size", Dims{2, 3})
             .set("pad_amount", Dims{0, 1, 1, 1})
             .set("dilations", Dims{1, 1})
             .set("input_shape", "(1, 4, 5, 2)")
             .set("depthwise", 0);
       },
       13,
       {-1, 4, 5, 2}},
      {"functions",
       [](ModelMaker& made) {
         std::string last = "x";
         for (const char* op :
              {"Sign", "Abs", "Floor", "Ceil", "Round", "Softsign", "Sigmoid", "Tanh", "Softplus",
               "Exp", "Erf", "Sqrt", "HardSigmoid", "HardSwish", "HardTanh", "Elu", "Selu"}) {
           const std::string out = std::string(op) + "_out";
           made.node(op, {last}, {out});
           last = out;
         }
         made.filled("slope", {4}, 0.25F);
         made.node("PRelu", {last, "slope"}, {"p"});
         made.node("Sum", {"p", "x", last}, {"y"});
       },
       14},
      {"TopK of two, values and indices",
       [](ModelMaker& made) {
         made.integers("k", {1}, {2});
         made.node("TopK", {"x", "k"}, {"v", "i"}).set("largest", 0);
         made.output("i");
         made.node("Relu", {"v"}, {"y"});
       }},
      {"the greatest value of TopK",
       [](ModelMaker& made) {
         made.integers("k", {1}, {1});
         made.node("TopK", {"x", "k"}, {"y", "i"});
       }},
  };
}

/// The indices of the one Take along `axis`.
std::vector<std::int32_t> taken(const std::function<void(ModelMaker&)>& make, std::size_t axis,
                                std::int64_t opset = 13, const Dims& x = {-1, 4}) {
  ModelMaker made = x_to_y(opset, x);
  make(made);
  const graph::Graph graph = parse(made);
  REQUIRE(graph.nodes.size() == 1);
  const auto* op = std::get_if<graph::Take>(&graph.nodes[0].op);
  REQUIRE(op != nullptr);
  for (std::size_t i = 0; i < op->index.size(); ++i) {
    if (i != axis) CHECK(op->index[i].empty());
  }
  return op->index.at(axis);
}

using Index = std::vector<std::int32_t>;

Index slice(std::int64_t start, std::int64_t end, std::int64_t step) {
  return taken(
      [&](ModelMaker& made) {
        made.integers("s", {1}, {start});
        made.integers("e", {1}, {end});
        made.integers("a", {1}, {-1});
        made.integers("t", {1}, {step});
        made.node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
      },
      1, 13, {-1, 6});
}

Index pad(const char* mode, std::int64_t begin, std::int64_t end) {
  return taken(
      [&](ModelMaker& made) {
        made.integers("p", {4}, {0, begin, 0, end});
        made.node("Pad", {"x", "p"}, {"y"}).set("mode", mode);
      },
      1);
}

Index resize(const std::vector<float>& scale, const Dims& size, const char* transform,
             const char* nearest, std::int64_t opset = 13) {
  return taken(
      [&](ModelMaker& made) {
        Names inputs = {"x", "", "", ""};
        if (!scale.empty()) {
          made.reals("scales", {2}, {1, scale[0]});
          inputs[2] = "scales";
        } else {
          made.integers("sizes", {2}, {1, size[0]});
          inputs[3] = "sizes";
        }
        if (opset < 11) inputs = {"x", "scales"};
        NodeMaker node = made.node("Resize", inputs, {"y"});
        if (opset >= 11) {
          node.set("coordinate_transformation_mode", transform).set("nearest_mode", nearest);
        }
      },
      1, opset);
}

}  // namespace

TEST_CASE("selections and functions are read") {
  check_operators("import_selections.txt", selections());
}

TEST_CASE("Slice selects as ONNX says") {
  CHECK(slice(1, 4, 1) == Index{1, 2, 3});
  CHECK(slice(-3, 100, 1) == Index{3, 4, 5});
  CHECK(slice(0, 6, 4) == Index{0, 4});
  CHECK(slice(-1, -100, -2) == Index{5, 3, 1});
  CHECK(slice(4, 1, -1) == Index{4, 3, 2});
  CHECK(slice(-100, -200, -1) == Index{0});  // where NumPy has nothing
  CHECK(taken(
            [](ModelMaker& made) {
              made.node("Slice", {"x"}, {"y"})
                  .set("starts", Dims{0, 1})
                  .set("ends", Dims{2147483647, -1});
            },
            1, 9) == Index{1, 2});
}

TEST_CASE("Pad in all its modes") {
  CHECK(pad("constant", 2, 1) == Index{-1, -1, 0, 1, 2, 3, -1});
  CHECK(pad("edge", 2, 1) == Index{0, 0, 0, 1, 2, 3, 3});
  CHECK(pad("reflect", 3, 2) == Index{3, 2, 1, 0, 1, 2, 3, 2, 1});
  CHECK(pad("wrap", 1, 2) == Index{3, 0, 1, 2, 3, 0, 1});
  CHECK(pad("constant", -1, 1) == Index{1, 2, 3, -1});
  CHECK(taken(
            [](ModelMaker& made) {
              made.node("Pad", {"x"}, {"y"}).set("pads", Dims{0, 1, 0, 0}).set("value", 2.0F);
            },
            1, 10) == Index{-1, 0, 1, 2, 3});
}

TEST_CASE("Resize to the nearest element") {
  CHECK(resize({2}, {}, "asymmetric", "floor") == Index{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(resize({2}, {}, "", "", 10) == Index{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(resize({0.5F}, {}, "", "", 10) == Index{0, 2});
  CHECK(resize({2}, {}, "half_pixel", "round_prefer_floor") == Index{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(resize({0.5F}, {}, "half_pixel", "round_prefer_floor") == Index{0, 2});
  CHECK(resize({0.5F}, {}, "half_pixel", "round_prefer_ceil") == Index{1, 3});
  CHECK(resize({}, {7}, "align_corners", "round_prefer_floor") == Index{0, 0, 1, 1, 2, 2, 3});
  CHECK(resize({}, {7}, "align_corners", "round_prefer_ceil") == Index{0, 1, 1, 2, 2, 3, 3});
  CHECK(resize({}, {6}, "asymmetric", "floor") == Index{0, 0, 1, 2, 2, 3});
  CHECK(resize({}, {6}, "asymmetric", "ceil") == Index{0, 1, 2, 2, 3, 3});
  CHECK(resize({}, {1}, "pytorch_half_pixel", "round_prefer_floor") == Index{0});
}
