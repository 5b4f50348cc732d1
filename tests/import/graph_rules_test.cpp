// What import does with a graph as a whole: order, dead nodes, names, inputs, notes, payloads.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "nib/base/error.h"
#include "operator_cases.h"

using namespace nib;
using namespace nib::testing;

TEST_CASE("nodes out of order are sorted; sorted ones keep the file's order") {
  ModelMaker made = x_to_y();
  made.node("Relu", {"b"}, {"y"}).named("last");
  made.node("Neg", {"x"}, {"a"}).named("first");
  made.node("Neg", {"a"}, {"b"}).named("second");
  const graph::Graph graph = parse(made);
  REQUIRE(graph.nodes.size() == 3);
  CHECK(graph.nodes[0].name == "first");
  CHECK(graph.nodes[1].name == "second");
  CHECK(graph.nodes[2].name == "last");
}

TEST_CASE("dead nodes and what only they use are dropped unchecked") {
  ModelMaker made = x_to_y();
  made.node("Relu", {"x"}, {"y"});
  made.node("NoSuchOperator", {"x", "nowhere\n"}, {"dead"}, "no.such.domain");
  made.reals("broken", {1000}, {1});
  made.node("Add", {"dead", "broken"}, {"dead2"});
  const graph::Graph graph = parse(made);
  CHECK(graph.nodes.size() == 1);
  CHECK(graph.values.size() == 2);
}

TEST_CASE("missing and repeated node names are made unique") {
  ModelMaker made = x_to_y();
  made.node("Relu", {"x"}, {"a"});
  made.node("Relu", {"a"}, {"b"}).named("same");
  made.node("Relu", {"b"}, {"c"}).named("same");
  made.node("Relu", {"c"}, {"d"}).named("same_2");
  made.node("Relu", {"d"}, {"y"}).named("Relu_0");
  const graph::Graph graph = parse(made);
  std::vector<std::string> names;
  for (const graph::Node& node : graph.nodes) names.push_back(node.name);
  CHECK(names == std::vector<std::string>{"Relu_0_2", "same", "same_2_2", "same_2", "Relu_0"});
}

TEST_CASE("long chains and many equal names cost no stack and no quadratic time") {
  ModelMaker made = x_to_y();
  made.filled("w", {4, 4}, 1);
  made.node("MatMul", {"x", "w"}, {"logits"});
  made.node("Softmax", {"logits"}, {"r0"});
  constexpr int kLength = 19'000;
  for (int i = 0; i < kLength; ++i) {
    const std::string out = i + 1 == kLength ? std::string("y") : numbered("r", i + 1);
    made.node("Identity", {numbered("r", i)}, {out}).named("same");
  }
  const graph::Graph graph = parse(made);
  CHECK(graph.nodes.size() == kLength + 1);
  CHECK(graph.nodes.back().name == fmt::format("same_2_{}", kLength - 1));
}

TEST_CASE("made-up tensor names avoid those of the file") {
  ModelMaker made = x_to_y(6, {-1, 3, 5});
  made.reals("c", {3}, {1, 2, 3});
  made.node("Add", {"x", "c"}, {"a"}).named("n").set("broadcast", 1).set("axis", 1);
  made.node("Relu", {"a"}, {"n_operand"});
  made.node("Relu", {"n_operand"}, {"y"});
  CHECK(parse(made).find("n_operand_") != graph::kNone);
}

TEST_CASE("the batch may have any length or a symbol") {
  for (const std::int64_t batch : {1, 7, 789444, -1}) {
    CAPTURE(batch);
    ModelMaker made = x_to_y(13, {batch, 4});
    made.node("Relu", {"x"}, {"y"});
    const graph::Graph graph = parse(made);
    CHECK(graph.batched);
    CHECK(graph.value(graph.inputs[0].value).shape == Shape{1, 4});
  }
}

TEST_CASE("a batch of 1 that the graph does not respect is part of the shape") {
  ModelMaker made = x_to_y(13, {1, 4});
  made.node("Transpose", {"x"}, {"t"});
  made.node("MatMul", {"x", "t"}, {"y"});
  const graph::Graph graph = parse(made);
  CHECK_FALSE(graph.batched);
  REQUIRE(graph.notes.size() == 1);
  CHECK(graph.notes[0] ==
        "axis 0 is not taken as a batch: it combines a batch on axis 0 with a batch on axis 1");
}

TEST_CASE("initialisers that are also inputs are constants; unused inputs are dropped") {
  ModelMaker made = x_to_y();
  made.filled("w", {4, 4}, 2);
  made.input("w", {4, 4});
  made.input("unused", {3, 3});
  made.node("MatMul", {"x", "w"}, {"y"});
  const graph::Graph graph = parse(made);
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.value(graph.inputs[0].value).name == "x");
  CHECK(graph.is_constant(graph.find("w")));
  CHECK(graph.notes == std::vector<std::string>{"input \"unused\" is not used: dropped"});
}

TEST_CASE("an input that only a folded shape used is dropped") {
  ModelMaker made = x_to_y();
  made.input("z", {-1, 4});
  made.node("Shape", {"z"}, {"s"});
  made.node("Reshape", {"x", "s"}, {"y"});
  CHECK(parse(made).inputs.size() == 1);
}

TEST_CASE("input types go to one input or to all without one of their own") {
  ModelMaker made = x_to_y();
  made.input("z", {-1, 4});
  made.node("Add", {"x", "z"}, {"y"});
  importer::Options options;
  options.input_types.push_back({"", {*parse_port_type("u8.0"), {}}});
  options.input_types.push_back({"z", {*parse_port_type("s6.2"), std::vector<Range>(4)}});
  const graph::Graph graph = parse(made, options);
  REQUIRE(graph.inputs.size() == 2);
  CHECK(graph.inputs[0].type->type == *parse_port_type("u8.0"));
  CHECK(graph.inputs[1].type->type == *parse_port_type("s6.2"));
  CHECK(graph.inputs[1].type->ranges.size() == 4);
}

TEST_CASE("annotations give data types") {
  ModelMaker made = x_to_y();
  made.node("Relu", {"x"}, {"y"});
  for (const char* name : {"x", "gone"}) {
    auto& annotation = *made.graph().add_quantization_annotation();
    annotation.set_tensor_name(std::string(name));
    auto& entry = *annotation.add_quant_parameter_tensor_names();
    entry.set_key(std::string("finn_datatype"));
    entry.set_value(std::string("BIPOLAR"));
  }
  CHECK(parse(made).value(0).datatype == "BIPOLAR");
}

TEST_CASE("a newer opset is read with a note") {
  ModelMaker made = x_to_y(99);
  made.node("Relu", {"x"}, {"y"});
  CHECK(parse(made).notes == std::vector<std::string>{"opset 99 is read by the rules of opset 23"});
}

TEST_CASE("an integer input becomes real behind a quantiser") {
  ModelMaker made(13);
  made.import(kQonnx, 1).input("x", {-1, 4}, 3).output("y");
  made.quant("x", "q", 1, 0, 8);
  made.node("Add", {"q", "q"}, {"y"});
  CHECK(parse(made).nodes.size() == 2);
}

TEST_CASE("the graph is named after the file or by option") {
  ModelMaker made = x_to_y();
  made.node("Relu", {"x"}, {"y"});
  const std::string bytes = made.bytes();
  const graph::Graph graph = importer::parse_model(bytes, "jets.onnx.gz");
  CHECK(graph.name == "jets");
  CHECK(graph.source_file == "jets.onnx.gz");
  CHECK(graph.sha256.size() == 64);
  importer::Options options;
  options.name = "mine";
  CHECK(importer::parse_model(bytes, "jets.onnx", options).name == "mine");
}

namespace {

/// y = x + c; the constant as reals.
Tensor<double> stored(const std::function<void(onnx::TensorProto&)>& change) {
  ModelMaker made = x_to_y(13, {-1, 2});
  made.node("Add", {"x", "c"}, {"y"});
  onnx::TensorProto& tensor = *made.graph().add_initializer();
  tensor.set_name(std::string("c"));
  tensor.add_dims(2);
  change(tensor);
  const graph::Graph graph = parse(made);
  return graph::as_reals(*graph.value(graph.find("c")).constant);
}

std::vector<double> raw(int type, const std::string& bytes) {
  return stored([&](onnx::TensorProto& tensor) {
           tensor.set_data_type(type);
           tensor.set_raw_data(bytes);
         })
      .data;
}

}  // namespace

TEST_CASE("every element type is read from raw data") {
  const auto text = [](std::initializer_list<int> bytes) {
    std::string out;
    for (const int byte : bytes) out += static_cast<char>(byte);
    return out;
  };
  using Values = std::vector<double>;
  CHECK(raw(1, text({0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80})) == Values{1.5, -0.0});
  CHECK(raw(2, text({200, 1})) == Values{200, 1});
  CHECK(raw(3, text({200, 1})) == Values{-56, 1});
  CHECK(raw(4, text({0xff, 0xff, 1, 0})) == Values{65535, 1});
  CHECK(raw(5, text({0xff, 0xff, 1, 0})) == Values{-1, 1});
  CHECK(raw(6, text({0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0})) == Values{-1, 7});
  CHECK(raw(12, text({0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0})) == Values{4294967295.0, 7});
  CHECK(raw(7, std::string(8, '\xff') + text({3, 0, 0, 0, 0, 0, 0, 0})) == Values{-1, 3});
  CHECK(raw(9, text({0, 2})) == Values{0, 1});
  CHECK(raw(11, text({0, 0, 0, 0, 0, 0, 0xf0, 0xbf, 1, 0, 0, 0, 0, 0, 0, 0})) ==
        Values{-1, 4.9406564584124654e-324});
  CHECK(raw(10, text({0x01, 0x00, 0x55, 0xb5})) == Values{5.9604644775390625e-08, -0.333251953125});
  CHECK(raw(10, text({0xff, 0x7b, 0x00, 0x04})) == Values{65504, 6.103515625e-05});
  CHECK(raw(16, text({0x80, 0x3f, 0x49, 0xc0})) == Values{1, -3.140625});
}

TEST_CASE("typed data of narrow types is read by value or by bits") {
  const auto narrow = [](int type, int a, int b) {
    return stored([&](onnx::TensorProto& tensor) {
             tensor.set_data_type(type);
             tensor.add_int32_data(a);
             tensor.add_int32_data(b);
           })
        .data;
  };
  CHECK(narrow(3, -128, 127) == std::vector<double>{-128, 127});
  CHECK(narrow(10, 0x3c00, 0xc000) == std::vector<double>{1, -2});
  CHECK(narrow(16, 0x3f80, 0xc000) == std::vector<double>{1, -2});
}

TEST_CASE("subnormal parameters are kept") {
  const float tiny = 5.6e-45F;
  const auto values = stored([&](onnx::TensorProto& tensor) {
    tensor.set_data_type(1);
    tensor.add_float_data(tiny);
    tensor.add_float_data(-1.7e-41F);
  });
  CHECK(values[0] == double{tiny});
  CHECK(values[0] > 0);
  CHECK(values[1] == double{-1.7e-41F});
}
