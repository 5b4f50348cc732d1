// The exact evaluator and evaluate_exact.
#include "nib/golden/exact.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/functions.h"
#include "nib/golden/golden.h"

namespace nib::golden {
namespace {

using graph::kNone;
using graph::NodeId;
using graph::ValueId;

Number stored_element(const graph::Constant& constant, std::int64_t element) {
  if (const auto* integers = std::get_if<Tensor<std::int64_t>>(&constant)) {
    return to_rational((*integers)[element]);
  }
  return exact(std::get<Tensor<double>>(constant)[element]);
}

const Number& larger(const Number& a, const Number& b) { return compare(a, b) >= 0 ? a : b; }

Number clipped(const graph::Clip& op, const Number& x) {
  // As ONNX has it: min(max(x, low), high); the limits may be infinite.
  Number result = x;
  if (op.low > -std::numeric_limits<double>::infinity()) {
    if (std::isinf(op.low)) fail(ErrorCode::E309, "a Clip to infinity");
    result = larger(result, exact(op.low));
  }
  if (op.high < std::numeric_limits<double>::infinity()) {
    if (std::isinf(op.high)) fail(ErrorCode::E309, "a Clip to infinity");
    result = -larger(-result, Number(Rational(-exact(op.high))));
  }
  return result;
}

std::vector<const Shape*> shapes_of(const graph::Graph& graph, const graph::Node& node) {
  std::vector<const Shape*> shapes;
  for (const ValueId id : node.inputs) shapes.push_back(&graph.value(id).shape);
  return shapes;
}

}  // namespace

Number quotient(const Number& a, const Number& b, const std::string& node) {
  if (b.sign() == 0) fail(ErrorCode::E309, "a division by zero", node);
  Number inverse;
  if (!Number::reciprocal(b, inverse)) {
    fail(ErrorCode::E309, "a division by a sum of several square roots", node);
  }
  return a * inverse;
}

Number batch_norm_factor(const Rational& variance, double epsilon, const std::string& node) {
  const Rational sum = variance + exact(epsilon);
  if (sgn(sum) <= 0) fail(ErrorCode::E309, "variance + epsilon is not positive", node);
  return Number::root_of(sum) * Number(1 / sum);  // sqrt(v) / v
}

Number power(const Number& base, const Number& exponent, const std::string& node) {
  if (!exponent.is_rational()) fail(ErrorCode::E309, "an irrational exponent", node);
  const Rational twice = exponent.rational() * 2;
  if (twice.get_den() != 1 || abs(twice) > 128) {
    fail(ErrorCode::E309,
         fmt::format("exponent {}: only multiples of 1/2 up to 64 are computed exactly",
                     to_string(exponent.rational())),
         node);
  }
  const long halves = twice.get_num().get_si();
  Number root = base;
  if (halves % 2 != 0) {
    if (!base.is_rational()) fail(ErrorCode::E309, "a root of a root", node);
    if (base.sign() < 0) fail(ErrorCode::E309, "a square root of a negative number", node);
    if (base.sign() != 0) root = Number::root_of(base.rational());
  }
  const long times = halves % 2 != 0 ? std::abs(halves) : std::abs(halves / 2);
  Number result(Rational(1));
  for (long i = 0; i < times; ++i) {
    result = result * root;
    if (result.bits() > kMaxExactBits) fail(ErrorCode::E407, "a power", node);
  }
  return halves < 0 ? quotient(Number(Rational(1)), result, node) : result;
}

ExactCone::ExactCone(const graph::Graph& graph)
    : graph_(graph),
      products_(graph.nodes.size()),
      tables_(graph.nodes.size()),
      forms_(graph.nodes.size()),
      stored_(graph.nodes.size(), -1) {}

std::uint64_t ExactCone::key_of(ValueId value, std::int64_t element) {
  // 2^20 values of 2^44 elements: import's limits are far below.
  return static_cast<std::uint64_t>(value) << 44 | static_cast<std::uint64_t>(element);
}

bool ExactCone::known(ValueId value, std::int64_t element, const Source& source,
                      Number& result) const {
  if (source && source(value, element, result)) return true;
  if (graph_.value(value).constant) {
    result = stored_element(*graph_.value(value).constant, element);
    return true;
  }
  const auto found = memo_.find(key_of(value, element));
  if (found == memo_.end()) return false;
  result = found->second;
  return true;
}

Number ExactCone::evaluate(ValueId value, std::int64_t element, const Source& source) {
  // Depth first without recursion: a graph may be a chain of many thousand nodes.
  std::vector<std::pair<ValueId, std::int64_t>> stack = {{value, element}};
  Operands operands;
  Numbers numbers;
  Number result;
  while (true) {
    const auto [at, e] = stack.back();
    if (known(at, e, source, result)) {
      stack.pop_back();
      if (stack.empty()) return result;
      continue;
    }
    const NodeId producer = graph_.value(at).producer;
    NIB_CHECK(producer != kNone, "nothing is known of " + graph_.value(at).name);
    const graph::Node& node = graph_.node(producer);
    operands.clear();
    list_operands(producer, e, operands);
    numbers.assign(operands.size(), Number());
    bool ready = true;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const ValueId input = node.inputs[operands[i].input];
      if (known(input, operands[i].element, source, numbers[i])) continue;
      stack.emplace_back(input, operands[i].element);
      ready = false;
    }
    if (!ready) continue;
    Number computed = apply(producer, e, numbers);
    if (computed.bits() > kMaxExactBits) {
      fail(ErrorCode::E407, fmt::format("{} bits at {}", computed.bits(), graph_.value(at).name),
           node.name);
    }
    memo_.emplace(key_of(at, e), std::move(computed));
  }
}

Integer ExactCone::code(NodeId id, std::int64_t element, const Source& source) {
  Operands operands;
  list_operands(id, element, operands);
  Numbers numbers;
  for (const Operand& operand : operands) {
    numbers.push_back(evaluate(graph_.node(id).inputs[operand.input], operand.element, source));
  }
  return code_of(id, element, numbers);
}

const MatrixProduct& ExactCone::product_of(NodeId id) {
  auto& product = products_[static_cast<std::size_t>(id)];
  if (!product) {
    const graph::Node& node = graph_.node(id);
    const Shape& a = graph_.value(node.inputs[0]).shape;
    const Shape& b = graph_.value(node.inputs[1]).shape;
    const auto* gemm = std::get_if<graph::Gemm>(&node.op);
    product = gemm != nullptr ? gemm_of(*gemm, a, b) : matmul_of(a, b);
  }
  return *product;
}

const QuantTable& ExactCone::table_of(NodeId id) {
  auto& table = tables_[static_cast<std::size_t>(id)];
  if (!table) {
    const graph::Node& node = graph_.node(id);
    table.emplace(std::get<graph::Quant>(node.op), graph_.value(node.inputs[0]).shape, node.name);
  }
  return *table;
}

const Forms& ExactCone::forms(NodeId id) {
  auto& own = forms_[static_cast<std::size_t>(id)];
  if (!own) own = forms_of(graph_, graph_.node(id));
  return *own;
}

bool ExactCone::list_windowed(NodeId id, std::int64_t element, Operands& operands) {
  const graph::Node& node = graph_.node(id);
  const Shape& x = graph_.value(node.inputs[0]).shape;
  if (const auto* take = std::get_if<graph::Take>(&node.op)) {
    const Shape& out = graph_.value(node.outputs[0]).shape;
    const std::int64_t from = take_at(*take, x, out, element);
    if (from >= 0) operands.push_back({0, from});
    return true;
  }
  if (const auto* topk = std::get_if<graph::TopK>(&node.op)) {
    const Lane lane = topk_lane(*topk, x, element);
    for (std::int64_t i = 0; i < lane.count; ++i) {
      operands.push_back({0, lane.first + i * lane.stride});
    }
    return true;
  }
  const Forms& own = forms(id);
  if (own.fan) {
    const auto e = static_cast<std::size_t>(element);
    for (std::int64_t i = own.fan->first[e]; i < own.fan->first[e + 1]; ++i) {
      operands.push_back({0, own.fan->source[static_cast<std::size_t>(i)]});
    }
    return true;
  }
  if (!own.convolution) return false;
  const Convolution::Place place = own.convolution->place_of(element);
  std::vector<Convolution::Term> terms;
  own.convolution->terms_of(place, terms);
  for (const Convolution::Term& term : terms) {
    operands.push_back({0, term.x});
    operands.push_back({1, term.w});
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
    operands.push_back({2, place.group * own.convolution->outputs + place.output});
  }
  return true;
}

void ExactCone::list_product(const MatrixProduct& product, std::int64_t element,
                             Operands& operands) const {
  const std::int64_t column = element % product.n, row = element / product.n % product.m;
  const auto batch = static_cast<std::size_t>(element / (product.m * product.n));
  for (std::int64_t k = 0; k < product.k; ++k) {
    operands.push_back({0, product.a_base[batch] + row * product.a_row + k * product.a_inner});
    operands.push_back(
        {1, product.b_base[batch] + column * product.b_column + k * product.b_inner});
  }
}

void ExactCone::list_operands(NodeId id, std::int64_t element, Operands& operands) {
  const graph::Node& node = graph_.node(id);
  const Shape& out = graph_.value(node.outputs[0]).shape;
  const auto shape = [&](std::size_t input) -> const Shape& {
    return graph_.value(node.inputs[input]).shape;
  };
  if (std::holds_alternative<graph::MatMul>(node.op) ||
      std::holds_alternative<graph::Gemm>(node.op)) {
    list_product(product_of(id), element, operands);
    if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
      operands.push_back({2, broadcast_at(shape(2), out, element)});
    }
  } else if (const auto* threshold = std::get_if<graph::MultiThreshold>(&node.op)) {
    operands.push_back({0, element});
    const std::int64_t levels = shape(1)[1];
    const std::int64_t row =
        shape(1)[0] == 1 ? 0 : index_on_axis(shape(0), threshold->channel_axis, element);
    for (std::int64_t i = 0; i < levels; ++i) operands.push_back({1, row * levels + i});
  } else if (const auto* norm = std::get_if<graph::BatchNormalization>(&node.op)) {
    operands.push_back({0, element});
    const std::int64_t channel = index_on_axis(shape(0), norm->axis, element);
    for (std::size_t i = 1; i < 5; ++i) operands.push_back({i, channel});
  } else if (const auto* transpose = std::get_if<graph::Transpose>(&node.op)) {
    operands.push_back({0, transpose_at(shape(0), transpose->perm, element)});
  } else if (const auto* concat = std::get_if<graph::Concat>(&node.op)) {
    const Part part = concat_at(shapes_of(graph_, node), concat->axis, out, element);
    operands.push_back({part.input, part.element});
  } else if (const auto* argmax = std::get_if<graph::ArgMax>(&node.op)) {
    const Lane lane = argmax_lane(*argmax, shape(0), element);
    for (std::int64_t i = 0; i < lane.count; ++i) {
      operands.push_back({0, lane.first + i * lane.stride});
    }
  } else if (!list_windowed(id, element, operands)) {
    // Elementwise: one input, or two that broadcast. Reshape keeps the order of the elements.
    const bool reshape = std::holds_alternative<graph::Reshape>(node.op);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      operands.push_back({i, reshape ? element : broadcast_at(shape(i), out, element)});
    }
  }
}

Integer ExactCone::code_of(NodeId id, std::int64_t element, const Numbers& x) {
  const graph::Node& node = graph_.node(id);
  if (std::holds_alternative<graph::BipolarQuant>(node.op)) return x[0].sign() >= 0 ? 1 : -1;
  if (std::holds_alternative<graph::MultiThreshold>(node.op)) {
    return static_cast<long>(std::count_if(x.begin() + 1, x.end(),
                                           [&](const Number& t) { return compare(x[0], t) >= 0; }));
  }
  const auto& op = std::get<graph::Quant>(node.op);
  const QuantTable& table = table_of(id);
  const QuantEntry& entry = table.entries()[table.entry_of(element)];
  auto& stored = stored_[static_cast<std::size_t>(id)];
  if (stored < 0) stored = is_stored(graph_, node.inputs[0]) ? 1 : 0;
  if (stored == 0) return exact_code(op, entry, x[0]);
  return float32_code(op, entry, static_cast<float>(to_double(x[0].rational())));
}

Number ExactCone::batch_norm(const graph::Node& node, const graph::BatchNormalization& op,
                             const Numbers& x) const {
  // (x - mean) / sqrt(variance + epsilon) * scale + bias; the inputs are x, scale, bias, mean,
  // variance.
  if (!x[4].is_rational()) fail(ErrorCode::E309, "an irrational variance", node.name);
  const Number factor = batch_norm_factor(x[4].rational(), op.epsilon, node.name);
  return (x[0] - x[3]) * factor * x[1] + x[2];
}

Number ExactCone::apply(NodeId id, std::int64_t element, const Numbers& x) {
  const graph::Node& node = graph_.node(id);
  struct Visitor {
    ExactCone& cone;
    NodeId id;
    const graph::Node& node;
    std::int64_t element;
    const Numbers& x;

    [[nodiscard]] Number dot(std::int64_t inner) const {
      Number sum;
      for (std::size_t k = 0; k < static_cast<std::size_t>(inner); ++k) {
        sum += x[2 * k] * x[2 * k + 1];
      }
      return sum;
    }
    Number operator()(const graph::Quant& op) const {
      const QuantTable& table = cone.table_of(id);
      return dequantised(op, table.entries()[table.entry_of(element)],
                         cone.code_of(id, element, x));
    }
    Number operator()(const graph::BipolarQuant& op) const {
      const Shape& shape = cone.graph_.value(node.inputs[0]).shape;
      const Rational scale = exact(op.scale[broadcast_at(op.scale.shape, shape, element)]);
      return Rational(cone.code_of(id, element, x) * scale);
    }
    Number operator()(const graph::MultiThreshold& op) const {
      return Rational(exact(op.out_scale) * cone.code_of(id, element, x) + exact(op.out_bias));
    }
    Number operator()(const graph::MatMul&) const { return dot(cone.product_of(id).k); }
    Number operator()(const graph::Gemm& op) const {
      const std::int64_t inner = cone.product_of(id).k;
      Number result = dot(inner) * Number(exact(op.alpha));
      if (x.size() > 2 * static_cast<std::size_t>(inner)) {
        result += x.back() * Number(exact(op.beta));
      }
      return result;
    }
    Number operator()(const graph::Add&) const { return x[0] + x[1]; }
    Number operator()(const graph::Sub&) const { return x[0] - x[1]; }
    Number operator()(const graph::Mul&) const { return x[0] * x[1]; }
    Number operator()(const graph::Div&) const { return quotient(x[0], x[1], node.name); }
    Number operator()(const graph::Pow&) const { return power(x[0], x[1], node.name); }
    Number operator()(const graph::Neg&) const { return -x[0]; }
    Number operator()(const graph::BatchNormalization& op) const {
      return cone.batch_norm(node, op, x);
    }
    Number operator()(const graph::Relu&) const { return x[0].sign() > 0 ? x[0] : Number(); }
    Number operator()(const graph::LeakyRelu& op) const {
      return x[0].sign() >= 0 ? x[0] : x[0] * Number(exact(op.alpha));
    }
    Number operator()(const graph::Clip& op) const { return clipped(op, x[0]); }
    Number operator()(const graph::Reshape&) const { return x[0]; }
    Number operator()(const graph::Transpose&) const { return x[0]; }
    Number operator()(const graph::Concat&) const { return x[0]; }
    Number operator()(const graph::Softmax&) const {
      fail(ErrorCode::E309, "a Softmax has no exact value", node.name);
    }
    [[nodiscard]] Number biased_dot() const {
      const Number sum = dot(static_cast<std::int64_t>(x.size() / 2));
      return x.size() % 2 != 0 ? sum + x.back() : sum;
    }
    Number operator()(const graph::Conv&) const { return biased_dot(); }
    Number operator()(const graph::ConvTranspose&) const { return biased_dot(); }
    Number operator()(const graph::MaxPool&) const {
      return exact_reduce(graph::ReduceKind::kMax, x, 1, node.name);
    }
    [[nodiscard]] Number reduced(graph::ReduceKind kind) const {
      const double count = cone.forms(id).fan->count[static_cast<std::size_t>(element)];
      return exact_reduce(kind, x, count, node.name);
    }
    Number operator()(const graph::AveragePool&) const { return reduced(graph::ReduceKind::kMean); }
    Number operator()(const graph::QuantAvgPool& op) const {
      return exact_shifted(op, reduced(graph::ReduceKind::kSum), node.name);
    }
    Number operator()(const graph::Reduce& op) const { return reduced(op.kind); }
    Number operator()(const graph::Take& op) const {
      return x.empty() ? Number(exact(op.fill)) : x[0];
    }
    Number operator()(const graph::Unary& op) const { return exact_unary(op, x[0], node.name); }
    Number operator()(const graph::PRelu&) const { return x[0].sign() >= 0 ? x[0] : x[0] * x[1]; }
    Number operator()(const graph::Trunc& op) const {
      return exact_trunc(op, trunc_entry(op, shape(), element, node.name), x[0]);
    }
    Number operator()(const graph::FloatQuant& op) const {
      return exact_float_quant(op, float_entry(op, shape(), element, node.name), x[0]);
    }
    Number operator()(const graph::TopK& op) const {
      const auto order = best_of(x, static_cast<std::size_t>(op.k), op.largest);
      const auto rank = static_cast<std::size_t>(
          index_on_axis(cone.graph_.value(node.outputs[0]).shape, op.axis, element));
      return op.values ? x[order[rank]] : Rational(static_cast<unsigned long>(order[rank]));
    }
    [[nodiscard]] const Shape& shape() const { return cone.graph_.value(node.inputs[0]).shape; }
    Number operator()(const graph::ArgMax&) const {
      std::size_t best = 0;
      for (std::size_t i = 1; i < x.size(); ++i) {
        if (compare(x[i], x[best]) > 0) best = i;
      }
      return Rational(static_cast<unsigned long>(best));
    }
  };
  return std::visit(Visitor{*this, id, node, element, x}, node.op);
}

std::vector<std::optional<Tensor<Rational>>> evaluate_exact(const graph::Graph& graph,
                                                            std::span<const Given> given,
                                                            std::span<const ValueId> keep) {
  std::vector<const Tensor<Rational>*> known(graph.values.size(), nullptr);
  for (const Given& g : given) {
    NIB_CHECK(g.exact.shape == graph.value(g.value).shape,
              "the shape of " + graph.value(g.value).name);
    known[static_cast<std::size_t>(g.value)] = &g.exact;
  }
  const ExactCone::Source source = [&](ValueId value, std::int64_t element, Number& result) {
    const Tensor<Rational>* tensor = known[static_cast<std::size_t>(value)];
    if (tensor != nullptr) result = (*tensor)[element];
    return tensor != nullptr;
  };
  ExactCone cone(graph);
  std::vector<std::optional<Tensor<Rational>>> results;
  for (const ValueId value : keep) {
    std::optional<Tensor<Rational>> tensor(std::in_place, graph.value(value).shape);
    for (std::int64_t e = 0; tensor && e < tensor->size(); ++e) {
      const Number number = cone.evaluate(value, e, source);
      if (number.is_rational()) {
        (*tensor)[e] = number.rational();
      } else {
        tensor.reset();
      }
    }
    results.push_back(std::move(tensor));
  }
  return results;
}

}  // namespace nib::golden
