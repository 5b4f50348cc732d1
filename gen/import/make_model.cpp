// ONNX bytes of the networks that nib makes itself.
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <bit>

#include "nib/base/check.h"
#include "nib/import/import.h"

namespace nib::importer {
namespace {

/// A model of one node from "x" (batch x inputs) to "y" (batch x outputs), of float64.
struct OneNode {
  onnx::ModelProto model;
  onnx::NodeProto* node = nullptr;

  OneNode(std::string_view name, std::int64_t inputs, std::int64_t outputs) {
    model.set_ir_version(7);
    model.set_producer_name(std::string("nib"));
    import("", 13);
    onnx::GraphProto& graph = *model.mutable_graph();
    graph.set_name(std::string(name));
    port(*graph.add_input(), "x", inputs);
    port(*graph.add_output(), "y", outputs);
    node = graph.add_node();
    node->set_name(std::string(name));
    node->add_input(std::string("x"));
    node->add_output(std::string("y"));
  }

  void import(std::string_view domain, std::int64_t version) {
    onnx::OperatorSetIdProto& opset = *model.add_opset_import();
    opset.set_domain(std::string(domain));
    opset.set_version(version);
  }

  static void port(onnx::ValueInfoProto& info, std::string_view name, std::int64_t length) {
    info.set_name(std::string(name));
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto_DataType_DOUBLE);
    tensor.mutable_shape()->add_dim()->set_dim_param("batch");
    tensor.mutable_shape()->add_dim()->set_dim_value(length);
  }

  /// Adds a float64 initialiser as the node's next input.
  void constant(std::string_view name, const Shape& shape, const std::vector<double>& data) {
    onnx::TensorProto& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(std::string(name));
    tensor.set_data_type(onnx::TensorProto_DataType_DOUBLE);
    for (const std::int64_t length : shape) tensor.add_dims(length);
    tensor.mutable_double_data()->Add(data.begin(), data.end());
    node->add_input(std::string(name));
  }

  void attribute(std::string_view name, std::int64_t value) const {
    onnx::AttributeProto& attribute = *node->add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(onnx::AttributeProto_AttributeType_INT);
    attribute.set_i(value);
  }
  void attribute(std::string_view name, std::string_view value) const {
    onnx::AttributeProto& attribute = *node->add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(onnx::AttributeProto_AttributeType_STRING);
    attribute.set_s(std::string(value));
  }
};

}  // namespace

std::string mac_array_model(const Tensor<double>& weights, const std::vector<double>& bias) {
  NIB_CHECK(weights.shape.size() == 2 && weights.size() > 0, "weights: outputs x inputs");
  const std::int64_t outputs = weights.shape[0], inputs = weights.shape[1];
  NIB_CHECK(bias.empty() || static_cast<std::int64_t>(bias.size()) == outputs, "a bias per output");
  OneNode made("mac_array", inputs, outputs);
  made.node->set_op_type(std::string("Gemm"));
  made.constant("weights", weights.shape, weights.data);
  if (!bias.empty()) made.constant("bias", {outputs}, bias);
  made.attribute("transB", std::int64_t{1});
  return made.model.SerializeAsString();
}

std::string threshold_model(const Tensor<double>& thresholds) {
  NIB_CHECK(thresholds.shape.size() == 2 && thresholds.size() > 0, "thresholds: channels x levels");
  const std::int64_t channels = thresholds.shape[0], levels = thresholds.shape[1];
  OneNode made("threshold_unit", channels, channels);
  made.import("qonnx.custom_op.general", 1);
  made.node->set_op_type(std::string("MultiThreshold"));
  made.node->set_domain(std::string("qonnx.custom_op.general"));
  made.constant("thresholds", thresholds.shape, thresholds.data);
  made.attribute("out_dtype",
                 fmt::format("UINT{}", std::bit_width(static_cast<std::uint64_t>(levels))));
  made.attribute("data_layout", std::string_view("NC"));
  return made.model.SerializeAsString();
}

}  // namespace nib::importer
