// Small ONNX models for tests, built from the protobuf classes.
#pragma once

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nib::testing {

using Names = std::vector<std::string>;
using Dims = std::vector<std::int64_t>;

inline constexpr char kQonnx[] = "qonnx.custom_op.general";

/// "c7".
inline std::string numbered(std::string_view stem, int index) {
  return fmt::format("{}{}", stem, index);
}

/// Adds attributes to one node.
class NodeMaker {
 public:
  explicit NodeMaker(onnx::NodeProto& node) : node_(&node) {}
  NodeMaker& set(const std::string& name, std::int64_t value) {
    auto& a = add(name, onnx::AttributeProto_AttributeType_INT);
    a.set_i(value);
    return *this;
  }
  NodeMaker& set(const std::string& name, int value) { return set(name, std::int64_t{value}); }
  NodeMaker& set(const std::string& name, float value) {
    auto& a = add(name, onnx::AttributeProto_AttributeType_FLOAT);
    a.set_f(value);
    return *this;
  }
  NodeMaker& set(const std::string& name, const char* value) {
    auto& a = add(name, onnx::AttributeProto_AttributeType_STRING);
    a.set_s(std::string(value));
    return *this;
  }
  NodeMaker& set(const std::string& name, const Dims& values) {
    auto& a = add(name, onnx::AttributeProto_AttributeType_INTS);
    for (const std::int64_t value : values) a.add_ints(value);
    return *this;
  }
  NodeMaker& named(const std::string& name) {
    node_->set_name(name);
    return *this;
  }
  onnx::AttributeProto& add(const std::string& name, onnx::AttributeProto_AttributeType type) {
    auto& a = *node_->add_attribute();
    a.set_name(name);
    a.set_type(type);
    return a;
  }
  onnx::NodeProto& proto() { return *node_; }

 private:
  onnx::NodeProto* node_;
};

/// A model under construction; `model` is open for any damage.
struct ModelMaker {
  onnx::ModelProto model;

  explicit ModelMaker(std::int64_t opset = 13) {
    model.set_ir_version(8);
    model.mutable_graph()->set_name(std::string("test"));
    if (opset != 0) import("", opset);
  }
  onnx::GraphProto& graph() { return *model.mutable_graph(); }
  ModelMaker& import(std::string_view domain, std::int64_t version) {
    auto& opset = *model.add_opset_import();
    opset.set_domain(std::string(domain));
    opset.set_version(version);
    return *this;
  }
  /// An input; a length of -1 is the symbol "N".
  ModelMaker& input(std::string_view name, const Dims& dims, int type = 1) {
    auto& info = *graph().add_input();
    info.set_name(std::string(name));
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (const std::int64_t length : dims) {
      auto& dim = *tensor.mutable_shape()->add_dim();
      if (length == -1) {
        dim.set_dim_param(std::string("N"));
      } else {
        dim.set_dim_value(length);
      }
    }
    return *this;
  }
  ModelMaker& output(std::string_view name) {
    graph().add_output()->set_name(std::string(name));
    return *this;
  }
  /// A float32 initialiser.
  onnx::TensorProto& reals(std::string_view name, const Dims& dims,
                           const std::vector<float>& data) {
    auto& tensor = *graph().add_initializer();
    fill(tensor, name, dims, 1);
    for (const float x : data) tensor.add_float_data(x);
    return tensor;
  }
  /// The same, every element `value`.
  onnx::TensorProto& filled(std::string_view name, const Dims& dims, float value) {
    std::size_t count = 1;
    for (const std::int64_t length : dims) count *= static_cast<std::size_t>(length);
    return reals(name, dims, std::vector<float>(count, value));
  }
  /// An int64 initialiser.
  onnx::TensorProto& integers(std::string_view name, const Dims& dims, const Dims& data) {
    auto& tensor = *graph().add_initializer();
    fill(tensor, name, dims, 7);
    for (const std::int64_t x : data) tensor.add_int64_data(x);
    return tensor;
  }
  /// An initialiser of another integer type: 2 uint8, 3 int8, 5 int16, 6 int32.
  onnx::TensorProto& codes(std::string_view name, const Dims& dims, int type, const Dims& data) {
    auto& tensor = *graph().add_initializer();
    fill(tensor, name, dims, type);
    for (const std::int64_t x : data) tensor.add_int32_data(static_cast<std::int32_t>(x));
    return tensor;
  }
  static void fill(onnx::TensorProto& tensor, std::string_view name, const Dims& dims, int type) {
    tensor.set_name(std::string(name));
    tensor.set_data_type(type);
    for (const std::int64_t length : dims) tensor.add_dims(length);
  }
  NodeMaker node(std::string_view op, const Names& inputs, const Names& outputs,
                 std::string_view domain = "") {
    auto& node = *graph().add_node();
    node.set_op_type(std::string(op));
    for (const std::string& name : inputs) node.add_input(name);
    for (const std::string& name : outputs) node.add_output(name);
    if (!domain.empty()) node.set_domain(std::string(domain));
    return NodeMaker(node);
  }
  /// A Quant node with parameters of its own, called <output>_scale and so on.
  NodeMaker quant(const std::string& in, const std::string& out, float scale, float zero_point,
                  float bits) {
    reals(out + "_scale", {}, {scale});
    reals(out + "_zero", {}, {zero_point});
    reals(out + "_bits", {}, {bits});
    return node("Quant", {in, out + "_scale", out + "_zero", out + "_bits"}, {out}, kQonnx)
        .set("signed", 1)
        .set("narrow", 0)
        .set("rounding_mode", "ROUND");
  }
  [[nodiscard]] std::string bytes() const { return model.SerializeAsString(); }
};

/// x (1 x 4) -> ... -> y, imports in order.
inline ModelMaker x_to_y(std::int64_t opset = 13, const Dims& x = {-1, 4}) {
  ModelMaker made(opset);
  made.import(kQonnx, 1).input("x", x).output("y");
  return made;
}

}  // namespace nib::testing
