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
  HostileModels out;
  add(out, "a newline in a tensor's name", ErrorCode::E211, named("a\nmodule evil;"));
  add(out, "a NUL in a tensor's name", ErrorCode::E211, named(std::string("a\0b", 3)));
  add(out, "an escape sequence in a node's name", ErrorCode::E211, named("a", "\x1b[2J"));
  add(out, "a C1 control in a name", ErrorCode::E211, named("a\xc2\x9bz"));
  add(out, "a DEL in a name", ErrorCode::E211, named("a\x7f"));
  add(out, "bytes that are no UTF-8", ErrorCode::E211, named("\xff\xfe"));
  add(out, "an overlong UTF-8 sequence", ErrorCode::E211, named("\xc0\xaf"));
  add(out, "a UTF-8 surrogate", ErrorCode::E211, named("\xed\xa0\x80"));
  add(out, "UTF-8 beyond U+10FFFF", ErrorCode::E211, named("\xf4\x90\x80\x80"));
  add(out, "a cut UTF-8 sequence", ErrorCode::E211, named("\xe2\x82"));
  add(out, "a name of 10 MB", ErrorCode::E211, named(std::string(10'000'000, 'a')));
  add(out, "a node name of 1025 bytes", ErrorCode::E211, named("a", std::string(1025, 'n')));
  add(out, "a control character in the operator", ErrorCode::E211,
      model([](ModelMaker& made) { made.node("Re\nlu", {"x"}, {"y"}); }));
  add(out, "a control character in a text attribute", ErrorCode::E211, model([](ModelMaker& made) {
        made.quant("x", "y", 1, 0, 4).proto().mutable_attribute(2)->set_s(std::string("RO\rUND"));
      }));
  add(out, "a control character in a finn_datatype", ErrorCode::E211, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        auto& annotation = *made.graph().add_quantization_annotation();
        annotation.set_tensor_name("y");
        auto& entry = *annotation.add_quant_parameter_tensor_names();
        entry.set_key("finn_datatype");
        entry.set_value("INT\n8");
      }));
  add(out, "an initialiser without a name", ErrorCode::E211, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.reals("", {}, {1});
      }));
  add(out, "an input without a name", ErrorCode::E211, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.input("", {1, 4});
      }));
  return out;
}

HostileModels duplicates() {
  HostileModels out;
  add(out, "two initialisers of one name", ErrorCode::E208, model([](ModelMaker& made) {
        made.reals("c", {}, {1});
        made.reals("c", {}, {2});
        made.node("Add", {"x", "c"}, {"y"});
      }));
  add(out, "two inputs of one name", ErrorCode::E208, model([](ModelMaker& made) {
        made.input("x", {1, 4});
        made.node("Relu", {"x"}, {"y"});
      }));
  add(out, "two outputs of one name", ErrorCode::E208, model([](ModelMaker& made) {
        made.output("y");
        made.node("Relu", {"x"}, {"y"});
      }));
  add(out, "two nodes that compute one tensor", ErrorCode::E208, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.node("Neg", {"x"}, {"y"});
      }));
  add(out, "a dead node that computes it again", ErrorCode::E208, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.node("Neg", {"x"}, {"z"});
        made.node("Relu", {"x"}, {"z"});
      }));
  add(out, "a node with the same output twice", ErrorCode::E208, model([](ModelMaker& made) {
        made.node("TopK", {"x"}, {"y", "y"});
      }));
  add(out, "a node that computes the input", ErrorCode::E208, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.node("Relu", {"y"}, {"x"});
      }));
  add(out, "a node that computes an initialiser", ErrorCode::E208, model([](ModelMaker& made) {
        made.reals("c", {}, {1});
        made.node("Relu", {"x"}, {"y"});
        made.node("Relu", {"x"}, {"c"});
      }));
  add(out, "an attribute twice", ErrorCode::E208, model([](ModelMaker& made) {
        made.node("LeakyRelu", {"x"}, {"y"}).set("alpha", 0.5F).set("alpha", 0.25F);
      }));
  return out;
}

HostileModels cycles_and_gaps() {
  HostileModels out;
  add(out, "a node that reads its own output", ErrorCode::E209, model([](ModelMaker& made) {
        made.node("Add", {"x", "y"}, {"y"}).named("self");
      }));
  add(out, "a cycle of three", ErrorCode::E209, model([](ModelMaker& made) {
        made.node("Add", {"x", "c"}, {"a"}).named("first");
        made.node("Relu", {"a"}, {"b"});
        made.node("Relu", {"b"}, {"c"});
        made.node("Relu", {"c"}, {"y"}).named("behind");
      }));
  add(out, "a cycle that no output sees", ErrorCode::E209, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.node("Relu", {"a"}, {"b"});
        made.node("Relu", {"b"}, {"a"});
      }));
  add(out, "a tensor that nothing defines", ErrorCode::E210, model([](ModelMaker& made) {
        made.node("Add", {"x", "nowhere"}, {"y"});
      }));
  add(out, "an output that nothing defines", ErrorCode::E210,
      model([](ModelMaker& made) { made.node("Relu", {"x"}, {"z"}); }));
  add(out, "an output that is an input", ErrorCode::E219, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.output("x");
      }));
  add(out, "an output that is an initialiser", ErrorCode::E219, model([](ModelMaker& made) {
        made.reals("c", {}, {1});
        made.node("Relu", {"x"}, {"y"});
        made.output("c");
      }));
  add(out, "an output that is constant", ErrorCode::E213,
      model([](ModelMaker& made) { made.node("Shape", {"x"}, {"y"}); }));
  add(out, "an output that only constants reach", ErrorCode::E213, model([](ModelMaker& made) {
        made.reals("c", {1, 4}, {1, 2, 3, 4});
        made.node("Relu", {"c"}, {"y"});
      }));
  add(out, "no output", ErrorCode::E213, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y"});
        made.graph().clear_output();
      }));
  add(out, "no node", ErrorCode::E210, model([](ModelMaker&) {}));
  return out;
}

HostileModels imports() {
  const auto relu = [](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}); };
  HostileModels out;
  add(out, "one domain in two versions", ErrorCode::E212, model([&](ModelMaker& made) {
        relu(made);
        made.import("", 11);
      }));
  add(out, "ai.onnx beside the empty domain", ErrorCode::E212, model([&](ModelMaker& made) {
        relu(made);
        made.import("ai.onnx", 9);
      }));
  add(out, "version 0", ErrorCode::E212, model([&](ModelMaker& made) {
        relu(made);
        made.import("onnx.brevitas", 0);
      }));
  add(out, "version -5", ErrorCode::E212, model(relu, -5));
  add(out, "no import of ai.onnx", ErrorCode::E212, model(relu, 0));
  add(out, "an unknown domain", ErrorCode::E302,
      model([](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}, "com.example"); }));
  add(out, "FINN's hardware layers", ErrorCode::E302, model([](ModelMaker& made) {
        made.node("MVAU_hls", {"x"}, {"y"}, "finn.custom_op.fpgadataflow.hls");
      }));
  add(out, "operators of another vendor", ErrorCode::E302,
      model([](ModelMaker& made) { made.node("Conv", {"x"}, {"y"}, "com.microsoft"); }));
  return out;
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
  HostileModels out;
  add(out, "an input without a shape", ErrorCode::E214, model(shapeless));
  add(out, "a symbolic length behind the batch", ErrorCode::E214, shaped({1, -1}));
  add(out, "a symbolic length of a vector", ErrorCode::E214, shaped({-1}));
  add(out, "a length of 0", ErrorCode::E214, shaped({1, 0}));
  add(out, "a length of -3", ErrorCode::E214, shaped({1, -3}));
  add(out, "an input of strings", ErrorCode::E204, shaped({1, 4}, 8));
  add(out, "an input of type 999", ErrorCode::E204, shaped({1, 4}, 999));
  add(out, "an input of nine axes", ErrorCode::E207, shaped({1, 1, 1, 1, 1, 1, 1, 1, 1}));
  add(out, "an input of 2^62 elements", ErrorCode::E207, shaped({1, 1LL << 31, 1LL << 31}));
  add(out, "a type for an input that is not there", ErrorCode::E216, shaped({1, 4}), wrong_name);
  add(out, "a range for an input of four", ErrorCode::E105, shaped({1, 4}), wrong_ranges);
  return out;
}

HostileModels growth() {
  HostileModels out;
  add(out, "a broadcast to 2^26 elements", ErrorCode::E207, model([](ModelMaker& made) {
        made.filled("a", {1, 1 << 13, 1}, 1);
        made.filled("b", {1, 1, 1 << 13}, 1);
        made.node("Add", {"a", "b"}, {"c"});
        made.node("Add", {"x", "c"}, {"y"});
      }));
  add(out, "a constant of 2^33 elements", ErrorCode::E207, model([](ModelMaker& made) {
        made.integers("s", {1}, {1LL << 33});
        made.node("ConstantOfShape", {"s"}, {"c"});
        made.node("Add", {"x", "c"}, {"y"});
      }));
  add(out, "constants that double 30 times", ErrorCode::E207, model([](ModelMaker& made) {
        made.integers("c0", {4}, {1, 2, 3, 4});
        for (int i = 0; i < 30; ++i) {
          const std::string from = numbered("c", i), to = numbered("c", i + 1);
          made.node("Concat", {from, from}, {to}).set("axis", 0);
        }
        made.node("Add", {"x", "c30"}, {"y"});
      }));
  add(out, "forty constants of a million elements", ErrorCode::E207, [] {
    ModelMaker made = x_to_y(13, {-1, 1});
    made.integers("s", {1}, {1 << 20});
    std::string last = "x";
    for (int i = 0; i < 40; ++i) {
      const std::string next = i == 39 ? std::string("y") : numbered("z", i);
      made.node("ConstantOfShape", {"s"}, {numbered("c", i)});
      made.node("Add", {last, numbered("c", i)}, {next});
      last = next;
    }
    return made.bytes();
  }());
  add(out, "quantisers that share a large scale", ErrorCode::E207, [] {
    ModelMaker made = x_to_y(13, {1, 1 << 20});
    made.filled("s", {1 << 20}, 1);
    made.reals("z", {}, {0});
    made.reals("b", {}, {4});
    std::string last = "x";
    for (int i = 0; i < 40; ++i) {
      const std::string next = i == 39 ? "y" : numbered("q", i);
      made.node("Quant", {last, "s", "z", "b"}, {next}, kQonnx);
      last = next;
    }
    return made.bytes();
  }());
  add(out, "forty tensors of 2^23 elements", ErrorCode::E207, [] {
    ModelMaker made = x_to_y(13, {1, 1 << 23});
    std::string last = "x";
    for (int i = 0; i < 40; ++i) {
      const std::string next = i == 39 ? "y" : numbered("r", i);
      made.node("Relu", {last}, {next});
      last = next;
    }
    return made.bytes();
  }());
  return out;
}

HostileModels rows() {
  const auto square = [](ModelMaker& made) { made.filled("w", {4, 4}, 1); };
  HostileModels out;
  add(out, "a matrix from the left", ErrorCode::E215, [&] {
    ModelMaker made = x_to_y(13, {4, 4});
    square(made);
    made.node("MatMul", {"w", "x"}, {"y"}).named("mixer");
    return made.bytes();
  }());
  add(out, "a matrix from the left of a symbolic batch", ErrorCode::E215,
      model([&](ModelMaker& made) {
        square(made);
        made.node("MatMul", {"w", "x"}, {"y"}).named("mixer");
      }));
  add(out, "rows times rows", ErrorCode::E215, model([](ModelMaker& made) {
        made.node("Transpose", {"x"}, {"t"});
        made.node("MatMul", {"x", "t"}, {"y"}).named("gram");
      }));
  add(out, "a constant for each row", ErrorCode::E215, model([](ModelMaker& made) {
        made.filled("c", {100, 4}, 1);
        made.node("Add", {"x", "c"}, {"y"}).named("rows");
      }));
  add(out, "a reshape that joins rows", ErrorCode::E215, model([](ModelMaker& made) {
        made.integers("s", {2}, {2, 2});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a reshape that joins three rows", ErrorCode::E215, [] {
    ModelMaker made = x_to_y(13, {3, 4});
    made.integers("s", {2}, {1, -1});
    made.node("Reshape", {"x", "s"}, {"y"});
    return made.bytes();
  }());
  add(out, "a resize that keeps one row of three", ErrorCode::E215, [] {
    ModelMaker made = x_to_y(13, {3, 1, 4});
    made.integers("s", {3}, {1, 1, 8});
    made.node("Resize", {"x", "", "", "s"}, {"y"});
    return made.bytes();
  }());
  add(out, "Flatten from axis 0", ErrorCode::E215,
      model([](ModelMaker& made) { made.node("Flatten", {"x"}, {"y"}).set("axis", 0); }));
  add(out, "Squeeze of the batch", ErrorCode::E215, model([](ModelMaker& made) {
        made.integers("a", {1}, {0});
        made.node("Squeeze", {"x", "a"}, {"y"});
      }));
  add(out, "an output with the batch last", ErrorCode::E215,
      model([](ModelMaker& made) { made.node("Transpose", {"x"}, {"y"}); }));
  add(out, "ArgMax over the rows", ErrorCode::E215,
      model([](ModelMaker& made) { made.node("ArgMax", {"x"}, {"y"}).set("axis", 0); }));
  add(out, "Concat of rows", ErrorCode::E215, model([](ModelMaker& made) {
        made.node("Concat", {"x", "x"}, {"y"}).set("axis", 0);
      }));
  add(out, "Gemm over the rows", ErrorCode::E215, model([&](ModelMaker& made) {
        made.filled("b", {1, 4}, 1);
        made.node("Gemm", {"x", "b"}, {"y"}).set("transA", 1);
      }));
  return out;
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
