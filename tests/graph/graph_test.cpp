// Look-ups, constants, the verifier and the dump.
#include "nib/graph/graph.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "nib/base/check.h"

using namespace nib;
using namespace nib::graph;

namespace {

ValueId add_value(Graph& graph, const std::string& name, Shape shape) {
  Value value;
  value.name = name;
  value.shape = std::move(shape);
  graph.values.push_back(std::move(value));
  return static_cast<ValueId>(graph.values.size()) - 1;
}

ValueId add_constant(Graph& graph, const std::string& name, Constant constant) {
  const ValueId id = add_value(graph, name, shape_of(constant));
  graph.value(id).constant = std::move(constant);
  return id;
}

ValueId add_node(Graph& graph, const std::string& name, Op op, std::vector<ValueId> inputs,
                 const std::string& result, Shape shape) {
  const ValueId out = add_value(graph, result, std::move(shape));
  graph.value(out).producer = static_cast<NodeId>(graph.nodes.size());
  graph.nodes.push_back({name, std::string(kind_name(op)), op, std::move(inputs), {out}});
  return out;
}

Quant quant_of(Tensor<double> scale) {
  Quant quant;
  quant.scale = std::move(scale);
  quant.zero_point = Tensor<double>({}, {0});
  quant.bits = Tensor<double>({}, {4});
  return quant;
}

/// x (1x4) -> quant -> matmul with w (4x2) -> relu -> y.
Graph sample() {
  Graph graph;
  graph.name = std::string("sample");
  graph.dialect = std::string("QONNX");
  const ValueId x = add_value(graph, "x", {1, 4});
  graph.inputs.push_back({x, InputType{{true, 8, Rational(1, 16)}, {}}});
  const ValueId w = add_constant(graph, "w", Tensor<double>({4, 2}, 0.5));
  const ValueId q =
      add_node(graph, "quant", quant_of(Tensor<double>({4}, {1, 2, 3, 0.25})), {x}, "q", {1, 4});
  const ValueId m = add_node(graph, "matmul", MatMul{}, {q, w}, "m", {1, 2});
  const ValueId y = add_node(graph, "relu", Relu{}, {m}, "y", {1, 2});
  graph.value(y).datatype = std::string("UINT4");
  graph.outputs.push_back(y);
  graph.notes.push_back("made by hand");
  return graph;
}

}  // namespace

TEST_CASE("values are found by name and their readers in order") {
  Graph graph = sample();
  CHECK(graph.find("w") == 1);
  CHECK(graph.find("nowhere") == kNone);
  CHECK(graph.consumers(graph.find("x")) == std::vector<NodeId>{0});
  CHECK(graph.consumers(graph.find("y")).empty());
  CHECK(graph.is_constant(graph.find("w")));
  CHECK_FALSE(graph.is_constant(graph.find("x")));
  CHECK_FALSE(graph.is_constant(kNone));
  const ValueId m = graph.find("m");
  const ValueId sum = add_node(graph, "add", Add{}, {m, m}, "sum", {1, 2});
  graph.outputs.push_back(sum);
  CHECK(graph.consumers(m) == std::vector<NodeId>{2, 3});
  CHECK_NOTHROW(verify(graph));
}

TEST_CASE("constants become doubles where a double holds them") {
  const Constant integers = Tensor<std::int64_t>({2}, {-3, std::int64_t{1} << 53});
  CHECK(as_reals(integers) == Tensor<double>({2}, {-3, 9007199254740992.0}));
  CHECK(shape_of(integers) == Shape{2});
  const Constant reals = Tensor<double>({}, {0.1});
  CHECK(as_reals(reals).data[0] == 0.1);
  const Constant large = Tensor<std::int64_t>({1}, {(std::int64_t{1} << 53) + 1});
  CHECK_THROWS_AS((void)as_reals(large), InternalError);
}

TEST_CASE("a graph is dumped with one line per node") {
  CHECK(dump(sample()) ==
        "graph sample (QONNX)\n"
        "input x 1x4 as s8.4\n"
        "q 1x4 = quant(x) scale 4 in [0.25, 3], zero 0, bits 4, signed, ROUND\n"
        "m 1x2 = matmul(q, w:const 4x2)\n"
        "y 1x2 : UINT4 = relu(m)\n"
        "output y 1x2\n"
        "note made by hand\n");
}

TEST_CASE("every broken invariant is found") {
  const std::pair<const char*, std::function<void(Graph&)>> breaks[] = {
      {"a value without a name", [](Graph& g) { g.values[0].name.clear(); }},
      {"two values of one name", [](Graph& g) { g.values[1].name = std::string("x"); }},
      {"a constant with a producer", [](Graph& g) { g.values[1].producer = 0; }},
      {"a constant of another shape",
       [](Graph& g) {
         g.values[1].shape = {2, 4};
       }},
      {"a producer that does not exist", [](Graph& g) { g.values[2].producer = 17; }},
      {"a producer that makes something else", [](Graph& g) { g.values[2].producer = 2; }},
      {"a node without a name", [](Graph& g) { g.nodes[1].name.clear(); }},
      {"two nodes of one name", [](Graph& g) { g.nodes[1].name = std::string("quant"); }},
      {"an input too few", [](Graph& g) { g.nodes[1].inputs.pop_back(); }},
      {"an input too many", [](Graph& g) { g.nodes[2].inputs.push_back(0); }},
      {"an input that must be there", [](Graph& g) { g.nodes[1].inputs[1] = kNone; }},
      {"an input out of range", [](Graph& g) { g.nodes[1].inputs[1] = 99; }},
      {"two outputs", [](Graph& g) { g.nodes[1].outputs.push_back(0); }},
      {"a wrong order", [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); }},
      {"a wrong output shape",
       [](Graph& g) {
         g.values[4].shape = {1, 3};
       }},
      {"shapes that do not fit",
       [](Graph& g) {
         g.values[1].constant = Tensor<double>({3, 2}, 0.5);
         g.values[1].shape = {3, 2};
       }},
      {"no input", [](Graph& g) { g.inputs.clear(); }},
      {"no output", [](Graph& g) { g.outputs.clear(); }},
      {"an input twice", [](Graph& g) { g.inputs.push_back(g.inputs[0]); }},
      {"an input that is computed", [](Graph& g) { g.inputs[0].value = 2; }},
      {"an input that is constant", [](Graph& g) { g.inputs[0].value = 1; }},
      {"an output that is constant", [](Graph& g) { g.outputs[0] = 1; }},
      {"an output that is the input", [](Graph& g) { g.outputs[0] = 0; }},
      {"an output out of range", [](Graph& g) { g.outputs[0] = 99; }},
      {"a dead node", [](Graph& g) { g.outputs[0] = g.find("m"); }},
      {"a batch of 2",
       [](Graph& g) {
         for (const char* name : {"x", "q"}) g.value(g.find(name)).shape = {2, 4};
         for (const char* name : {"m", "y"}) g.value(g.find(name)).shape = {2, 2};
       }},
  };
  CHECK_NOTHROW(verify(sample()));
  for (const auto& [name, damage] : breaks) {
    CAPTURE(name);
    Graph graph = sample();
    damage(graph);
    CHECK_THROWS_AS(verify(graph), InternalError);
  }
}

TEST_CASE("without a batch axis the first length is free") {
  Graph graph = sample();
  for (const char* name : {"x", "q"}) graph.value(graph.find(name)).shape = {2, 4};
  for (const char* name : {"m", "y"}) graph.value(graph.find(name)).shape = {2, 2};
  graph.batched = false;
  CHECK_NOTHROW(verify(graph));
}
