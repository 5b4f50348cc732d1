// Hostile models: names, wiring, inputs, outputs, imports, the batch.
#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

std::string model(const std::function<void(ModelMaker&)>& make, std::int64_t opset = 13) {
  ModelMaker made = x_to_y(opset);
  make(made);
  return made.bytes();
}

/// A model of one Relu with these names.
std::string named(const std::string& tensor, const std::string& node = "relu") {
  return model([&](ModelMaker& made) {
    made.node("Relu", {"x"}, {tensor}).named(node);
    made.node("Relu", {tensor}, {"y"});
  });
}

HostileModels names() {
  return {
      {"a newline in a tensor's name", ErrorCode::E211, named("a\nmodule evil;")},
      {"a NUL in a tensor's name", ErrorCode::E211, named(std::string("a\0b", 3))},
      {"an escape sequence in a node's name", ErrorCode::E211, named("a", "\x1b[2J")},
      {"a C1 control in a name", ErrorCode::E211, named("a\xc2\x9bz")},
      {"a DEL in a name", ErrorCode::E211, named("a\x7f")},
      {"bytes that are no UTF-8", ErrorCode::E211, named("\xff\xfe")},
      {"an overlong UTF-8 sequence", ErrorCode::E211, named("\xc0\xaf")},
      {"a UTF-8 surrogate", ErrorCode::E211, named("\xed\xa0\x80")},
      {"UTF-8 beyond U+10FFFF", ErrorCode::E211, named("\xf4\x90\x80\x80")},
      {"a cut UTF-8 sequence", ErrorCode::E211, named("\xe2\x82")},
      {"a name of 10 MB", ErrorCode::E211, named(std::string(10'000'000, 'a'))},
      {"a node name of 1025 bytes", ErrorCode::E211, named("a", std::string(1025, 'n'))},
      {"a control character in the operator", ErrorCode::E211,
       model([](ModelMaker& made) { made.node("Re\nlu", {"x"}, {"y"}); })},
      {"a control character in a text attribute", ErrorCode::E211, model([](ModelMaker& made) {
         made.quant("x", "y", 1, 0, 4).proto().mutable_attribute(2)->set_s(std::string("RO\rUND"));
       })},
      {"a control character in a finn_datatype", ErrorCode::E211, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         auto& annotation = *made.graph().add_quantization_annotation();
         annotation.set_tensor_name("y");
         auto& entry = *annotation.add_quant_parameter_tensor_names();
         entry.set_key("finn_datatype");
         entry.set_value("INT\n8");
       })},
      {"an initialiser without a name", ErrorCode::E211, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.reals("", {}, {1});
       })},
      {"an input without a name", ErrorCode::E211, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.input("", {1, 4});
       })},
  };
}

HostileModels duplicates() {
  return {
      {"two initialisers of one name", ErrorCode::E208, model([](ModelMaker& made) {
         made.reals("c", {}, {1});
         made.reals("c", {}, {2});
         made.node("Add", {"x", "c"}, {"y"});
       })},
      {"two inputs of one name", ErrorCode::E208, model([](ModelMaker& made) {
         made.input("x", {1, 4});
         made.node("Relu", {"x"}, {"y"});
       })},
      {"two outputs of one name", ErrorCode::E208, model([](ModelMaker& made) {
         made.output("y");
         made.node("Relu", {"x"}, {"y"});
       })},
      {"two nodes that compute one tensor", ErrorCode::E208, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.node("Neg", {"x"}, {"y"});
       })},
      {"a dead node that computes it again", ErrorCode::E208, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.node("Neg", {"x"}, {"z"});
         made.node("Relu", {"x"}, {"z"});
       })},
      {"a node with the same output twice", ErrorCode::E208, model([](ModelMaker& made) {
         made.node("TopK", {"x"}, {"y", "y"});
       })},
      {"a node that computes the input", ErrorCode::E208, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.node("Relu", {"y"}, {"x"});
       })},
      {"a node that computes an initialiser", ErrorCode::E208, model([](ModelMaker& made) {
         made.reals("c", {}, {1});
         made.node("Relu", {"x"}, {"y"});
         made.node("Relu", {"x"}, {"c"});
       })},
      {"an attribute twice", ErrorCode::E208, model([](ModelMaker& made) {
         made.node("LeakyRelu", {"x"}, {"y"}).set("alpha", 0.5F).set("alpha", 0.25F);
       })},
  };
}

HostileModels cycles_and_gaps() {
  return {
      {"a node that reads its own output", ErrorCode::E209, model([](ModelMaker& made) {
         made.node("Add", {"x", "y"}, {"y"}).named("self");
       })},
      {"a cycle of three", ErrorCode::E209, model([](ModelMaker& made) {
         made.node("Add", {"x", "c"}, {"a"}).named("first");
         made.node("Relu", {"a"}, {"b"});
         made.node("Relu", {"b"}, {"c"});
         made.node("Relu", {"c"}, {"y"}).named("behind");
       })},
      {"a cycle that no output sees", ErrorCode::E209, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.node("Relu", {"a"}, {"b"});
         made.node("Relu", {"b"}, {"a"});
       })},
      {"a tensor that nothing defines", ErrorCode::E210, model([](ModelMaker& made) {
         made.node("Add", {"x", "nowhere"}, {"y"});
       })},
      {"an output that nothing defines", ErrorCode::E210,
       model([](ModelMaker& made) { made.node("Relu", {"x"}, {"z"}); })},
      {"an output that is an input", ErrorCode::E213, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.output("x");
       })},
      {"an output that is an initialiser", ErrorCode::E213, model([](ModelMaker& made) {
         made.reals("c", {}, {1});
         made.node("Relu", {"x"}, {"y"});
         made.output("c");
       })},
      {"an output that is constant", ErrorCode::E213,
       model([](ModelMaker& made) { made.node("Shape", {"x"}, {"y"}); })},
      {"an output that only constants reach", ErrorCode::E213, model([](ModelMaker& made) {
         made.reals("c", {1, 4}, {1, 2, 3, 4});
         made.node("Relu", {"c"}, {"y"});
       })},
      {"no output", ErrorCode::E213, model([](ModelMaker& made) {
         made.node("Relu", {"x"}, {"y"});
         made.graph().clear_output();
       })},
      {"no node", ErrorCode::E210, model([](ModelMaker&) {})},
  };
}

HostileModels imports() {
  const auto relu = [](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}); };
  return {
      {"one domain in two versions", ErrorCode::E212, model([&](ModelMaker& made) {
         relu(made);
         made.import("", 11);
       })},
      {"ai.onnx beside the empty domain", ErrorCode::E212, model([&](ModelMaker& made) {
         relu(made);
         made.import("ai.onnx", 9);
       })},
      {"version 0", ErrorCode::E212, model([&](ModelMaker& made) {
         relu(made);
         made.import("onnx.brevitas", 0);
       })},
      {"version -5", ErrorCode::E212, model(relu, -5)},
      {"no import of ai.onnx", ErrorCode::E212, model(relu, 0)},
      {"an unknown domain", ErrorCode::E302,
       model([](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}, "com.example"); })},
      {"FINN's hardware layers", ErrorCode::E302, model([](ModelMaker& made) {
         made.node("MVAU_hls", {"x"}, {"y"}, "finn.custom_op.fpgadataflow.hls");
       })},
      {"channels-last operators", ErrorCode::E302, model([](ModelMaker& made) {
         made.node("Conv", {"x"}, {"y"}, "qonnx.custom_op.channels_last");
       })},
  };
}

/// One Relu on an input of this shape.
std::string shaped(const Dims& dims, int type = 1) {
  ModelMaker made(13);
  made.input("x", dims, type).output("y");
  made.node("Relu", {"x"}, {"y"});
  return made.bytes();
}

HostileModels inputs() {
  importer::Options wrong_name;
  wrong_name.input_types.push_back({"z", {}});
  importer::Options wrong_ranges;
  wrong_ranges.input_types.push_back({"x", {{}, {Range{0, 1}}}});
  const auto shapeless = [](ModelMaker& made) {
    made.node("Relu", {"x"}, {"y"});
    made.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  };
  return {
      {"an input without a shape", ErrorCode::E214, model(shapeless)},
      {"a symbolic length behind the batch", ErrorCode::E214, shaped({1, -1})},
      {"a symbolic length of a vector", ErrorCode::E214, shaped({-1})},
      {"a length of 0", ErrorCode::E214, shaped({1, 0})},
      {"a length of -3", ErrorCode::E214, shaped({1, -3})},
      {"an input of strings", ErrorCode::E204, shaped({1, 4}, 8)},
      {"an input of type 999", ErrorCode::E204, shaped({1, 4}, 999)},
      {"an input of nine axes", ErrorCode::E207, shaped({1, 1, 1, 1, 1, 1, 1, 1, 1})},
      {"an input of 2^62 elements", ErrorCode::E207, shaped({1, 1LL << 31, 1LL << 31})},
      {"a type for an input that is not there", ErrorCode::E216, shaped({1, 4}), wrong_name},
      {"a range for an input of four", ErrorCode::E105, shaped({1, 4}), wrong_ranges},
  };
}

HostileModels growth() {
  return {
      {"a broadcast to 2^26 elements", ErrorCode::E207, model([](ModelMaker& made) {
         made.filled("a", {1, 1 << 13, 1}, 1);
         made.filled("b", {1, 1, 1 << 13}, 1);
         made.node("Add", {"a", "b"}, {"c"});
         made.node("Add", {"x", "c"}, {"y"});
       })},
      {"a constant of 2^33 elements", ErrorCode::E207, model([](ModelMaker& made) {
         made.integers("s", {1}, {1LL << 33});
         made.node("ConstantOfShape", {"s"}, {"c"});
         made.node("Add", {"x", "c"}, {"y"});
       })},
      {"constants that double 30 times", ErrorCode::E207, model([](ModelMaker& made) {
         made.integers("c0", {4}, {1, 2, 3, 4});
         for (int i = 0; i < 30; ++i) {
           const std::string from = numbered("c", i), to = numbered("c", i + 1);
           made.node("Concat", {from, from}, {to}).set("axis", 0);
         }
         made.node("Add", {"x", "c30"}, {"y"});
       })},
      {"forty constants of a million elements", ErrorCode::E207,
       [] {
         ModelMaker made = x_to_y(13, {-1, 1});
         made.integers("s", {1}, {1 << 20});
         std::string last = "x";
         for (int i = 0; i < 40; ++i) {
           const std::string out = i == 39 ? std::string("y") : numbered("z", i);
           made.node("ConstantOfShape", {"s"}, {numbered("c", i)});
           made.node("Add", {last, numbered("c", i)}, {out});
           last = out;
         }
         return made.bytes();
       }()},
      {"quantisers that share a large scale", ErrorCode::E207,
       [] {
         ModelMaker made = x_to_y(13, {1, 1 << 20});
         made.filled("s", {1 << 20}, 1);
         made.reals("z", {}, {0});
         made.reals("b", {}, {4});
         std::string last = "x";
         for (int i = 0; i < 40; ++i) {
           const std::string out = i == 39 ? "y" : numbered("q", i);
           made.node("Quant", {last, "s", "z", "b"}, {out}, kQonnx);
           last = out;
         }
         return made.bytes();
       }()},
      {"forty tensors of 2^23 elements", ErrorCode::E207,
       [] {
         ModelMaker made = x_to_y(13, {1, 1 << 23});
         std::string last = "x";
         for (int i = 0; i < 40; ++i) {
           const std::string out = i == 39 ? "y" : numbered("r", i);
           made.node("Relu", {last}, {out});
           last = out;
         }
         return made.bytes();
       }()},
  };
}

HostileModels rows() {
  const auto square = [](ModelMaker& made) { made.filled("w", {4, 4}, 1); };
  return {
      {"a matrix from the left", ErrorCode::E215,
       [&] {
         ModelMaker made = x_to_y(13, {4, 4});
         square(made);
         made.node("MatMul", {"w", "x"}, {"y"}).named("mixer");
         return made.bytes();
       }()},
      {"rows times rows", ErrorCode::E215, model([](ModelMaker& made) {
         made.node("Transpose", {"x"}, {"t"});
         made.node("MatMul", {"x", "t"}, {"y"}).named("gram");
       })},
      {"a constant for each row", ErrorCode::E215, model([](ModelMaker& made) {
         made.filled("c", {100, 4}, 1);
         made.node("Add", {"x", "c"}, {"y"}).named("rows");
       })},
      {"a reshape that joins rows", ErrorCode::E215, model([](ModelMaker& made) {
         made.integers("s", {2}, {2, 2});
         made.node("Reshape", {"x", "s"}, {"y"});
       })},
      {"Flatten from axis 0", ErrorCode::E215,
       model([](ModelMaker& made) { made.node("Flatten", {"x"}, {"y"}).set("axis", 0); })},
      {"Squeeze of the batch", ErrorCode::E215, model([](ModelMaker& made) {
         made.integers("a", {1}, {0});
         made.node("Squeeze", {"x", "a"}, {"y"});
       })},
      {"an output with the batch last", ErrorCode::E215,
       model([](ModelMaker& made) { made.node("Transpose", {"x"}, {"y"}); })},
      {"ArgMax over the rows", ErrorCode::E215,
       model([](ModelMaker& made) { made.node("ArgMax", {"x"}, {"y"}).set("axis", 0); })},
      {"Concat of rows", ErrorCode::E215, model([](ModelMaker& made) {
         made.node("Concat", {"x", "x"}, {"y"}).set("axis", 0);
       })},
      {"Gemm over the rows", ErrorCode::E215, model([&](ModelMaker& made) {
         made.filled("b", {1, 4}, 1);
         made.node("Gemm", {"x", "b"}, {"y"}).set("transA", 1);
       })},
  };
}

}  // namespace

HostileModels hostile_graphs() {
  HostileModels out = names();
  for (HostileModels more :
       {duplicates(), cycles_and_gaps(), imports(), inputs(), growth(), rows()}) {
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace nib::testing
