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
  std::string_view operator()(const Conv&) const { return "conv"; }
  std::string_view operator()(const ConvTranspose&) const { return "conv_transpose"; }
  std::string_view operator()(const MaxPool&) const { return "max_pool"; }
  std::string_view operator()(const AveragePool&) const { return "average_pool"; }
  std::string_view operator()(const QuantAvgPool&) const { return "quant_avg_pool"; }
  std::string_view operator()(const Reduce&) const { return "reduce"; }
  std::string_view operator()(const Take&) const { return "take"; }
  std::string_view operator()(const Unary&) const { return "unary"; }
  std::string_view operator()(const PRelu&) const { return "prelu"; }
  std::string_view operator()(const Trunc&) const { return "trunc"; }
  std::string_view operator()(const FloatQuant&) const { return "float_quant"; }
  std::string_view operator()(const TopK&) const { return "topk"; }
};

}  // namespace

std::string_view kind_name(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kSign:
      return "sign";
    case UnaryKind::kAbs:
      return "abs";
    case UnaryKind::kFloor:
      return "floor";
    case UnaryKind::kCeil:
      return "ceil";
    case UnaryKind::kRound:
      return "round";
    case UnaryKind::kHardSigmoid:
      return "hard_sigmoid";
    case UnaryKind::kHardSwish:
      return "hard_swish";
    case UnaryKind::kSoftsign:
      return "softsign";
    case UnaryKind::kSigmoid:
      return "sigmoid";
    case UnaryKind::kTanh:
      return "tanh";
    case UnaryKind::kElu:
      return "elu";
    case UnaryKind::kSelu:
      return "selu";
    case UnaryKind::kSoftplus:
      return "softplus";
    case UnaryKind::kExp:
      return "exp";
    case UnaryKind::kErf:
      return "erf";
    case UnaryKind::kSqrt:
      return "sqrt";
  }
  return {};
}

std::string_view kind_name(const Op& op) { return std::visit(NameOf{}, op); }

}  // namespace nib::graph
