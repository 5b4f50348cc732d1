// Constant folding: which operator is folded how.
#include "nib/lower/fold.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/real_function.h"

namespace nib::lower {

void FoldNode::fail(const std::string& why) const { nib::fail(ErrorCode::E502, why, node.name); }

Constant tidy(Tensor<Surd> exact_values) {
  Tensor<double> reals(exact_values.shape);
  for (std::int64_t i = 0; i < exact_values.size(); ++i) {
    const Surd& value = exact_values[i];
    if (!value.is_rational() || !is_dyadic(value.rational())) return {std::move(exact_values)};
    reals[i] = value.rational().get_d();
    if (!std::isfinite(reals[i]) || exact(reals[i]) != value.rational()) {
      return {std::move(exact_values)};
    }
  }
  return {std::move(reals)};
}

namespace {

template <class Function>
Constant elementwise(const Constant& a, const Constant& b, const Shape& shape, Function function) {
  const auto from_a = broadcast_index(a.shape(), shape), from_b = broadcast_index(b.shape(), shape);
  Tensor<Surd> result(shape);
  for (std::size_t e = 0; e < from_a.size(); ++e) {
    result.data[e] = function(a.at(from_a[e]), b.at(from_b[e]));
  }
  return tidy(std::move(result));
}

template <class Function>
Constant map(const Constant& x, Function function) {
  Tensor<Surd> result(x.shape());
  for (std::int64_t e = 0; e < x.size(); ++e) result[e] = function(x.at(e));
  return tidy(std::move(result));
}

struct Folder {
  const FoldNode& fold;

  [[nodiscard]] const Constant& x() const { return fold.x(); }
  template <class Function>
  [[nodiscard]] Constant pairwise(Function function) const {
    return elementwise(x(), *fold.in[1], fold.shape, function);
  }
  [[nodiscard]] Quantisers quantisers(const graph::Op& op) const {
    return quantisers_of(op, fold.shape, nullptr, fold.node.name);
  }

  Constant operator()(const graph::Quant& op) const {
    return x().stored ? quantise_stored(op, x(), quantisers(op))
                      : quantise_computed(x(), quantisers(op));
  }
  Constant operator()(const graph::BipolarQuant& op) const {
    if (op.scale.size() != 1 || x().reals() == nullptr) {
      return quantise_computed(x(), quantisers(op));
    }
    Tensor<double> signs(fold.shape);
    for (std::int64_t e = 0; e < signs.size(); ++e) {
      signs[e] = (*x().reals())[e] >= 0 ? op.scale[0] : -op.scale[0];
    }
    return {std::move(signs)};
  }
  Constant operator()(const graph::MultiThreshold& op) const { return fold_thresholds(fold, op); }
  Constant operator()(const graph::Add&) const {
    return pairwise([](const Surd& a, const Surd& b) { return a + b; });
  }
  Constant operator()(const graph::Sub&) const {
    return pairwise([](const Surd& a, const Surd& b) { return a - b; });
  }
  Constant operator()(const graph::Mul&) const {
    return pairwise([](const Surd& a, const Surd& b) { return a * b; });
  }
  Constant operator()(const graph::Div&) const {
    return pairwise([&](const Surd& a, const Surd& b) { return fold_quotient(fold, a, b); });
  }
  Constant operator()(const graph::Pow&) const {
    return pairwise([&](const Surd& a, const Surd& b) { return fold_power(fold, a, b); });
  }
  Constant operator()(const graph::PRelu&) const {
    return pairwise([](const Surd& a, const Surd& slope) { return a.sign() < 0 ? a * slope : a; });
  }
  Constant operator()(const graph::Neg&) const {
    return map(x(), [](const Surd& a) { return -a; });
  }
  Constant operator()(const graph::Relu&) const {
    return map(x(), [](const Surd& a) { return a.sign() < 0 ? Surd() : a; });
  }
  Constant operator()(const graph::LeakyRelu& op) const {
    const Surd alpha = exact(op.alpha);
    return map(x(), [&](const Surd& a) { return a.sign() < 0 ? a * alpha : a; });
  }
  Constant operator()(const graph::Clip& op) const {
    return map(x(), [&](const Surd& a) {
      Surd y = a;
      if (std::isfinite(op.low) && (y - Surd(exact(op.low))).sign() < 0) y = exact(op.low);
      if (std::isfinite(op.high) && (y - Surd(exact(op.high))).sign() > 0) y = exact(op.high);
      return y;
    });
  }
  Constant operator()(const graph::Unary& op) const {
    return map(x(), [&](const Surd& a) { return fold_unary(fold, op, a); });
  }
  Constant operator()(const graph::Reshape&) const {
    std::vector<std::int64_t> same(static_cast<std::size_t>(x().size()));
    std::iota(same.begin(), same.end(), std::int64_t{0});
    return gather(x(), fold.shape, same);
  }
  Constant operator()(const graph::Transpose& op) const {
    return gather(x(), fold.shape, transpose_index(x().shape(), op.perm));
  }
  Constant operator()(const graph::MatMul&) const { return fold_product(fold); }
  Constant operator()(const graph::Gemm& op) const { return fold_gemm(fold, op); }
  Constant operator()(const graph::Conv& op) const { return fold_conv(fold, op); }
  Constant operator()(const graph::ConvTranspose& op) const {
    return fold_conv_transpose(fold, op);
  }
  Constant operator()(const graph::MaxPool& op) const { return fold_largest(fold, op); }
  Constant operator()(const graph::AveragePool& op) const { return fold_average(fold, op); }
  Constant operator()(const graph::QuantAvgPool& op) const { return fold_shifted_sum(fold, op); }
  Constant operator()(const graph::Reduce& op) const { return fold_reduce(fold, op); }
  Constant operator()(const graph::Take& op) const { return fold_take(fold, op); }
  Constant operator()(const graph::Trunc& op) const { return fold_trunc(fold, op); }
  Constant operator()(const graph::FloatQuant& op) const { return fold_float_quant(fold, op); }
  Constant operator()(const graph::TopK& op) const { return fold_top_k(fold, op); }
  Constant operator()(const graph::BatchNormalization& op) const {
    return fold_batch_norm(fold, op);
  }
  Constant operator()(const graph::Concat& op) const { return fold_concat(fold, op); }
  Constant operator()(const graph::ArgMax& op) const { return fold_arg_max(fold, op); }
  Constant operator()(const graph::Softmax&) const { fold.fail("Softmax of constants"); }
};

/// Errors E0407: numbers of more bits than there may be.
void check_bits(const Constant& constant, const std::string& node) {
  if (constant.reals() != nullptr) return;
  for (std::int64_t e = 0; e < constant.size(); ++e) {
    if (constant.at(e).bits() > kMaxExactBits) fail(ErrorCode::E407, "a constant", node);
  }
}

}  // namespace

Constant fold(const graph::Graph& graph, const graph::Node& node,
              const std::vector<const Constant*>& inputs) {
  const FoldNode operands{graph, node, inputs, graph.value(node.outputs.at(0)).shape};
  Constant result;
  try {
    result = std::visit(Folder{operands}, node.op);
  } catch (const Error& error) {
    if (error.node().empty()) fail(error.code(), error.detail(), node.name, error.hint());
    throw;
  }
  check_bits(result, node.name);
  const bool rearranges = std::holds_alternative<graph::Reshape>(node.op) ||
                          std::holds_alternative<graph::Transpose>(node.op);
  result.stored = rearranges && inputs.at(0)->stored;
  result.sources.clear();
  for (const Constant* input : inputs) {
    if (input == nullptr) continue;
    result.sources.insert(result.sources.end(), input->sources.begin(), input->sources.end());
  }
  result.sources.push_back(node.name);
  return result;
}

}  // namespace nib::lower
