// Hostile models: operators and their attributes.
#include <cmath>
#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

std::string model(const std::function<void(ModelMaker&)>& make, std::int64_t opset = 13) {
  ModelMaker made = x_to_y(opset);
  make(made);
  return made.bytes();
}

/// y = op(x, ...) alone.
std::string one(const std::string& op, const std::function<void(NodeMaker&)>& change = {},
                std::int64_t opset = 13) {
  return model(
      [&](ModelMaker& made) {
        NodeMaker node = made.node(op, {"x"}, {"y"}).named("the_node");
        if (change) change(node);
      },
      opset);
}

HostileModels unsupported() {
  HostileModels out;
  add(out, "Hardmax", ErrorCode::E301, one("Hardmax"));
  add(out, "DynamicQuantizeLinear", ErrorCode::E301, one("DynamicQuantizeLinear"));
  add(out, "GenericPartition", ErrorCode::E301,
      model([](ModelMaker& made) { made.node("GenericPartition", {"x"}, {"y"}, kQonnx); }));
  add(out, "Trunc of one input", ErrorCode::E303,
      model([](ModelMaker& made) { made.node("Trunc", {"x"}, {"y"}, kQonnx); }));
  add(out, "an operator without a name", ErrorCode::E301, one(""));
  add(out, "an operator called ../../x", ErrorCode::E301, one("../../x"));
  add(out, "Relu in a quantiser's domain", ErrorCode::E301,
      model([](ModelMaker& made) { made.node("Relu", {"x"}, {"y"}, kQonnx); }));
  return out;
}

HostileModels arities() {
  HostileModels out;
  add(out, "Relu of two inputs", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("Relu", {"x", "x"}, {"y"});
      }));
  add(out, "Relu of none", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("Relu", {}, {"z"});
        made.node("Add", {"x", "z"}, {"y"});
      }));
  add(out, "MatMul of one input", ErrorCode::E303, one("MatMul"));
  add(out, "MatMul with an absent input", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("MatMul", {"x", ""}, {"y"});
      }));
  add(out, "Relu with two outputs", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"y", "z"});
      }));
  add(out, "a batch norm of which only the mean is used", ErrorCode::E303,
      model([](ModelMaker& made) {
        for (const char* name : {"s", "b", "m", "v"}) made.filled(name, {4}, 1);
        made.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"", "mean"});
        made.node("Add", {"x", "mean"}, {"y"});
      }));
  add(out, "Quant of three inputs", ErrorCode::E303, model([](ModelMaker& made) {
        made.quant("x", "y", 1, 0, 4).proto().mutable_input()->RemoveLast();
      }));
  add(out, "Concat with an absent input", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("Concat", {"x", ""}, {"y"}).set("axis", 1);
      }));
  add(out, "Unsqueeze without axes", ErrorCode::E303, one("Unsqueeze"));
  add(out, "Squeeze with axes as input in opset 11", ErrorCode::E303,
      model(
          [](ModelMaker& made) {
            made.integers("a", {1}, {1});
            made.node("Squeeze", {"x", "a"}, {"y"});
          },
          11));
  return out;
}

HostileModels attribute_types() {
  const auto damaged = [](const std::function<void(onnx::AttributeProto&)>& change) {
    return one("LeakyRelu", [&](NodeMaker& node) {
      auto& attribute = node.add("alpha", onnx::AttributeProto_AttributeType_FLOAT);
      attribute.set_f(0.5F);
      change(attribute);
    });
  };
  HostileModels out;
  add(out, "a float attribute as integer", ErrorCode::E304,
      one("LeakyRelu", [](NodeMaker& node) { node.set("alpha", 1); }));
  add(out, "an integer attribute as float", ErrorCode::E304,
      one("Flatten", [](NodeMaker& node) { node.set("axis", 1.0F); }));
  add(out, "a list as integer", ErrorCode::E304,
      one("Transpose", [](NodeMaker& node) { node.set("perm", 1); }));
  add(out, "a text as integer", ErrorCode::E304, model([](ModelMaker& made) {
        auto& node = made.quant("x", "y", 1, 0, 4).proto();
        node.mutable_attribute()->RemoveLast();
        NodeMaker(node).set("rounding_mode", 0);
      }));
  add(out, "a stated type that differs from the value", ErrorCode::E304,
      damaged([](onnx::AttributeProto& a) { a.set_type(onnx::AttributeProto_AttributeType_INT); }));
  add(out, "two values in one attribute", ErrorCode::E304,
      damaged([](onnx::AttributeProto& a) { a.set_i(3); }));
  add(out, "a type without a value", ErrorCode::E304,
      damaged([](onnx::AttributeProto& a) { a.clear_f(); }));
  add(out, "neither type nor value", ErrorCode::E304, damaged([](onnx::AttributeProto& a) {
        a.clear_f();
        a.clear_type();
      }));
  add(out, "a Constant whose value is a text", ErrorCode::E304, model([](ModelMaker& made) {
        made.node("Constant", {}, {"c"}).set("value", "1");
        made.node("Add", {"x", "c"}, {"y"});
      }));
  add(out, "an unknown attribute", ErrorCode::E305,
      one("Relu", [](NodeMaker& node) { node.set("threshold", 1.0F); }));
  add(out, "broadcast in opset 13", ErrorCode::E305, model([](ModelMaker& made) {
        made.reals("c", {}, {1});
        made.node("Add", {"x", "c"}, {"y"}).set("broadcast", 1);
      }));
  add(out, "min of Clip in opset 13", ErrorCode::E305,
      one("Clip", [](NodeMaker& node) { node.set("min", 0.0F); }));
  add(out, "a Constant of a sparse value", ErrorCode::E305, model([](ModelMaker& made) {
        made.node("Constant", {}, {"c"}).set("value_string", "1");
        made.node("Add", {"x", "c"}, {"y"});
      }));
  return out;
}

HostileModels attribute_values() {
  const auto batch_norm = [](float variance) {
    return model([&](ModelMaker& made) {
      for (const char* name : {"s", "b", "m"}) made.filled(name, {4}, 1);
      made.filled("v", {4}, variance);
      made.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
    });
  };
  const auto reshape = [](const Dims& shape) {
    return model([&](ModelMaker& made) {
      made.integers("s", {static_cast<std::int64_t>(shape.size())}, shape);
      made.node("Reshape", {"x", "s"}, {"y"});
    });
  };
  HostileModels out;
  add(out, "transB is 2", ErrorCode::E306, model([](ModelMaker& made) {
        made.filled("w", {4, 4}, 1);
        made.node("Gemm", {"x", "w"}, {"y"}).set("transB", 2);
      }));
  add(out, "an alpha that is NaN", ErrorCode::E306,
      one("LeakyRelu", [](NodeMaker& node) { node.set("alpha", std::nanf("")); }));
  add(out, "an axis that is not there", ErrorCode::E306,
      one("ArgMax", [](NodeMaker& node) { node.set("axis", 7); }));
  add(out, "an axis of -2^63", ErrorCode::E306, one("ArgMax", [](NodeMaker& node) {
        node.set("axis", std::numeric_limits<std::int64_t>::min());
      }));
  add(out, "a permutation with a repeated axis", ErrorCode::E307,
      one("Transpose", [](NodeMaker& node) {
        node.set("perm", Dims{0, 0});
      }));
  add(out, "a permutation that is too short", ErrorCode::E306,
      one("Transpose", [](NodeMaker& node) { node.set("perm", Dims{0}); }));
  add(out, "a negative variance", ErrorCode::E306, batch_norm(-1));
  add(out, "a variance that is NaN", ErrorCode::E306, batch_norm(std::nanf("")));
  add(out, "a Clip to infinity", ErrorCode::E306, model([](ModelMaker& made) {
        made.reals("low", {}, {HUGE_VALF});
        made.reals("high", {}, {HUGE_VALF});
        made.node("Clip", {"x", "low", "high"}, {"y"});
      }));
  add(out, "a division by 0", ErrorCode::E306, model([](ModelMaker& made) {
        made.reals("c", {4}, {1, 2, 0, 4});
        made.node("Div", {"x", "c"}, {"y"});
      }));
  add(out, "two lengths of -1", ErrorCode::E306, reshape({-1, -1}));
  add(out, "a length of -2", ErrorCode::E306, reshape({1, -2}));
  add(out, "lengths that overflow", ErrorCode::E306, reshape({1LL << 40, 1LL << 40}));
  add(out, "shape arithmetic that overflows", ErrorCode::E306, model([](ModelMaker& made) {
        made.integers("a", {1}, {1LL << 62});
        made.node("Mul", {"a", "a"}, {"s"});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a shape divided by 0", ErrorCode::E306, model([](ModelMaker& made) {
        made.integers("a", {1}, {4});
        made.integers("b", {1}, {0});
        made.node("Div", {"a", "b"}, {"s"});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a Gather beyond the end", ErrorCode::E306, model([](ModelMaker& made) {
        made.node("Shape", {"x"}, {"s"});
        made.integers("i", {}, {2});
        made.node("Gather", {"s", "i"}, {"l"});
        made.node("Add", {"x", "l"}, {"y"});
      }));
  add(out, "a Constant without a value", ErrorCode::E306, model([](ModelMaker& made) {
        made.node("Constant", {}, {"c"});
        made.node("Add", {"x", "c"}, {"y"});
      }));
  add(out, "an unknown data_layout", ErrorCode::E306, model([](ModelMaker& made) {
        made.reals("t", {1, 1}, {0});
        made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx).set("data_layout", "CHWN");
      }));
  add(out, "signed is 7", ErrorCode::E306, model([](ModelMaker& made) {
        made.quant("x", "y", 1, 0, 4).proto().mutable_attribute(0)->set_i(7);
      }));
  add(out, "a cast that does not fit", ErrorCode::E306, model([](ModelMaker& made) {
        made.reals("c", {1}, {300});
        made.node("Cast", {"c"}, {"s"}).set("to", 3);
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  return out;
}

HostileModels misfits() {
  const auto with = [](const std::string& op, const Dims& dims) {
    return model([&](ModelMaker& made) {
      made.filled("c", dims, 1);
      made.node(op, {"x", "c"}, {"y"});
    });
  };
  HostileModels out;
  add(out, "a matrix of the wrong height", ErrorCode::E307, with("MatMul", {3, 2}));
  add(out, "a scalar in a matrix product", ErrorCode::E307, with("MatMul", {}));
  add(out, "operands that do not broadcast", ErrorCode::E307, with("Add", {3}));
  add(out, "Gemm of rank 3", ErrorCode::E307, with("Gemm", {1, 4, 2}));
  add(out, "a C that enlarges the product", ErrorCode::E307, model([](ModelMaker& made) {
        made.filled("w", {4, 4}, 1);
        made.filled("c", {2, 1, 4}, 1);
        made.node("Gemm", {"x", "w", "c"}, {"y"});
      }));
  add(out, "a batch norm for 3 of 4 channels", ErrorCode::E307, model([](ModelMaker& made) {
        for (const char* name : {"s", "b", "m", "v"}) made.filled(name, {3}, 1);
        made.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
      }));
  add(out, "a reshape to more elements", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("s", {2}, {1, 5});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a reshape that does not divide", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("s", {2}, {3, -1});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a reshape that copies an axis too many", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("s", {3}, {0, 0, 0});
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "Squeeze of an axis of length 4", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("a", {1}, {1});
        made.node("Squeeze", {"x", "a"}, {"y"});
      }));
  add(out, "Concat of ranks 2 and 1", ErrorCode::E307, model([](ModelMaker& made) {
        made.filled("c", {4}, 1);
        made.node("Concat", {"x", "c"}, {"y"}).set("axis", 1);
      }));
  add(out, "Add without broadcast in opset 6", ErrorCode::E307,
      model(
          [](ModelMaker& made) {
            made.filled("c", {4}, 1);
            made.node("Add", {"x", "c"}, {"y"});
          },
          6));
  return out;
}

HostileModels computed_and_modes() {
  const auto batch_norm = [](const std::function<void(NodeMaker&)>& change, std::int64_t opset) {
    return model(
        [&](ModelMaker& made) {
          for (const char* name : {"s", "b", "m", "v"}) made.filled(name, {4}, 1);
          NodeMaker node = made.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
          change(node);
        },
        opset);
  };
  HostileModels out;
  add(out, "a computed shape", ErrorCode::E308, model([](ModelMaker& made) {
        made.node("ArgMax", {"x"}, {"s"}).set("axis", 1);
        made.node("Reshape", {"x", "s"}, {"y"});
      }));
  add(out, "a computed limit", ErrorCode::E308, model([](ModelMaker& made) {
        made.node("Clip", {"x", "x"}, {"y"});
      }));
  add(out, "a computed gamma", ErrorCode::E308, model([](ModelMaker& made) {
        for (const char* name : {"b", "m", "v"}) made.filled(name, {4}, 1);
        made.node("BatchNormalization", {"x", "x", "b", "m", "v"}, {"y"});
      }));
  add(out, "a batch norm in training", ErrorCode::E309,
      batch_norm([](NodeMaker& node) { node.set("training_mode", 1); }, 14));
  add(out, "a batch norm that is not spatial", ErrorCode::E309,
      batch_norm([](NodeMaker& node) { node.set("spatial", 0); }, 7));
  add(out, "the running mean of a batch norm", ErrorCode::E309, model([](ModelMaker& made) {
        for (const char* name : {"s", "b", "m", "v"}) made.filled(name, {4}, 1);
        made.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"z", "mean"});
        made.node("Add", {"z", "mean"}, {"y"});
      }));
  add(out, "Softmax in the middle", ErrorCode::E309, model([](ModelMaker& made) {
        made.node("Softmax", {"x"}, {"z"}).named("attention");
        made.node("Mul", {"z", "x"}, {"y"});
      }));
  add(out, "nothing but Softmax", ErrorCode::E309, one("Softmax"));
  add(out, "a Softmax and its input as outputs", ErrorCode::E309, model([](ModelMaker& made) {
        made.node("Relu", {"x"}, {"z"});
        made.node("Softmax", {"z"}, {"y"});
        made.output("z");
      }));
  add(out, "TopK with k = 5 of 4", ErrorCode::E306, model([](ModelMaker& made) {
        made.integers("k", {1}, {5});
        made.node("TopK", {"x", "k"}, {"v", "y"});
      }));
  add(out, "Dropout in training", ErrorCode::E309, model([](ModelMaker& made) {
        made.reals("r", {}, {0.5F});
        made.integers("t", {}, {1});
        made.node("Dropout", {"x", "r", "t"}, {"y"});
      }));
  add(out, "a cast that truncates", ErrorCode::E309,
      one("Cast", [](NodeMaker& node) { node.set("to", 7); }));
  add(out, "a cast to float16", ErrorCode::E309,
      one("Cast", [](NodeMaker& node) { node.set("to", 10); }));
  add(out, "a cast to type 999", ErrorCode::E204,
      one("Cast", [](NodeMaker& node) { node.set("to", 999); }));
  add(out, "a computed exponent", ErrorCode::E309, model([](ModelMaker& made) {
        made.node("Pow", {"x", "x"}, {"y"});
      }));
  add(out, "the square root of a negative constant", ErrorCode::E309, model([](ModelMaker& made) {
        made.reals("b", {}, {-2});
        made.reals("e", {}, {0.5F});
        made.node("Pow", {"b", "e"}, {"c"});
        made.node("Mul", {"x", "c"}, {"y"});
      }));
  add(out, "a division of integers", ErrorCode::E309, model([](ModelMaker& made) {
        made.integers("two", {}, {2});
        made.node("ArgMax", {"x"}, {"i"}).set("axis", 1);
        made.node("Div", {"i", "two"}, {"y"});
      }));
  add(out, "arithmetic on int8", ErrorCode::E309, [] {
    ModelMaker made(13);
    made.input("x", {1, 4}, 3).output("y");
    made.node("Add", {"x", "x"}, {"y"});
    return made.bytes();
  }());
  add(out, "Gather of rows of the batch", ErrorCode::E215, model([](ModelMaker& made) {
        made.integers("i", {1}, {0});
        made.node("Gather", {"x", "i"}, {"y"});
      }));
  add(out, "Slice of the batch", ErrorCode::E215, model([](ModelMaker& made) {
        made.integers("a", {1}, {0});
        made.integers("b", {1}, {1});
        made.node("Slice", {"x", "a", "b"}, {"y"});
      }));
  return out;
}

}  // namespace

HostileModels hostile_operators() {
  HostileModels out = unsupported();
  for (HostileModels more :
       {arities(), attribute_types(), attribute_values(), misfits(), computed_and_modes()}) {
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace nib::testing
