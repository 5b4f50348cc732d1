// The op table's names.
#include "nib/graph/ops.h"

namespace nib::graph {
namespace {

struct NameOf {
  std::string_view operator()(const Quant&) const { return "quant"; }
  std::string_view operator()(const BipolarQuant&) const { return "bipolar_quant"; }
  std::string_view operator()(const MultiThreshold&) const { return "multi_threshold"; }
  std::string_view operator()(const MatMul&) const { return "matmul"; }
  std::string_view operator()(const Gemm&) const { return "gemm"; }
  std::string_view operator()(const Add&) const { return "add"; }
  std::string_view operator()(const Sub&) const { return "sub"; }
  std::string_view operator()(const Mul&) const { return "mul"; }
  std::string_view operator()(const Div&) const { return "div"; }
  std::string_view operator()(const Pow&) const { return "pow"; }
  std::string_view operator()(const Neg&) const { return "neg"; }
  std::string_view operator()(const BatchNormalization&) const { return "batch_norm"; }
  std::string_view operator()(const Relu&) const { return "relu"; }
  std::string_view operator()(const LeakyRelu&) const { return "leaky_relu"; }
  std::string_view operator()(const Clip&) const { return "clip"; }
  std::string_view operator()(const Reshape&) const { return "reshape"; }
  std::string_view operator()(const Transpose&) const { return "transpose"; }
  std::string_view operator()(const Concat&) const { return "concat"; }
  std::string_view operator()(const Softmax&) const { return "softmax"; }
  std::string_view operator()(const ArgMax&) const { return "argmax"; }
};

}  // namespace

std::string_view kind_name(const Op& op) { return std::visit(NameOf{}, op); }

}  // namespace nib::graph
