// What nodes of constants come to in float32, as an executor computes them: for shapes, scales and
// other parameters that a file computes. The graph keeps the nodes: as data they stay exact.
#include <algorithm>
#include <cmath>

#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::ValueId;

/// Larger results are data, not parameters.
constexpr std::int64_t kMostComputed = 1 << 16;

struct Compute {
  const Builder& builder;
  const std::vector<ValueId>& in;
  const Shape& shape;

  [[nodiscard]] Tensor<double> operand(std::size_t i) const {
    const graph::Value& value = builder.graph.value(in[i]);
    if (value.constant) return graph::as_reals(*value.constant);
    return graph::as_reals(builder.computed.at(in[i]));
  }
  template <class F>
  std::optional<Tensor<double>> pair(F f) const {
    const Tensor<double> a = operand(0), b = operand(1);
    const auto from_a = broadcast_index(a.shape, shape), from_b = broadcast_index(b.shape, shape);
    Tensor<double> out(shape);
    for (std::int64_t i = 0; i < out.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      out[i] = f(static_cast<float>(a[from_a[at]]), static_cast<float>(b[from_b[at]]));
    }
    return out;
  }
  template <class F>
  std::optional<Tensor<double>> each(F f) const {
    Tensor<double> out = operand(0);
    for (double& x : out.data) x = f(static_cast<float>(x));
    return out;
  }

  std::optional<Tensor<double>> operator()(const graph::Add&) const {
    return pair([](float a, float b) { return a + b; });
  }
  std::optional<Tensor<double>> operator()(const graph::Sub&) const {
    return pair([](float a, float b) { return a - b; });
  }
  std::optional<Tensor<double>> operator()(const graph::Mul&) const {
    return pair([](float a, float b) { return a * b; });
  }
  std::optional<Tensor<double>> operator()(const graph::Div&) const {
    return pair([](float a, float b) { return a / b; });
  }
  std::optional<Tensor<double>> operator()(const graph::Neg&) const {
    return each([](float x) { return -x; });
  }
  std::optional<Tensor<double>> operator()(const graph::Unary& op) const {
    switch (op.kind) {
      case graph::UnaryKind::kFloor:
        return each([](float x) { return std::floor(x); });
      case graph::UnaryKind::kCeil:
        return each([](float x) { return std::ceil(x); });
      case graph::UnaryKind::kRound:
        return each([](float x) { return std::nearbyint(x); });
      case graph::UnaryKind::kAbs:
        return each([](float x) { return std::abs(x); });
      case graph::UnaryKind::kSqrt:
        return each([](float x) { return std::sqrt(x); });
      default:
        return std::nullopt;
    }
  }
  std::optional<Tensor<double>> operator()(const graph::Reshape&) const {
    Tensor<double> out = operand(0);
    out.shape = shape;
    return out;
  }
  std::optional<Tensor<double>> operator()(const graph::Concat& op) const {
    std::vector<Tensor<double>> parts;
    for (std::size_t i = 0; i < in.size(); ++i) parts.push_back(operand(i));
    std::int64_t outer = 1;
    for (int a = 0; a < op.axis; ++a) outer *= shape[static_cast<std::size_t>(a)];
    Tensor<double> out(shape);
    std::size_t at = 0;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (const Tensor<double>& part : parts) {
        const std::int64_t block = part.size() / outer;
        for (std::int64_t i = 0; i < block; ++i) out.data[at++] = part[o * block + i];
      }
    }
    return out;
  }
  template <class Op>
  std::optional<Tensor<double>> operator()(const Op&) const {
    return std::nullopt;
  }
};

}  // namespace

void compute_parameter(Builder& builder, const graph::Op& op, const std::vector<ValueId>& inputs,
                       ValueId out) {
  const Shape& shape = builder.graph.value(out).shape;
  if (inputs.empty() || element_count(shape) > kMostComputed) return;
  for (const ValueId id : inputs) {
    if (id == graph::kNone) return;
    const bool known = builder.graph.is_constant(id) || builder.computed.contains(id);
    if (!known || element_count(builder.graph.value(id).shape) > kMostComputed) return;
  }
  auto result = std::visit(Compute{builder, inputs, shape}, op);
  if (result) builder.computed.emplace(out, std::move(*result));
}

}  // namespace nib::importer
