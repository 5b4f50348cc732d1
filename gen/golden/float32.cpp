// Evaluation in float32, operator by operator.
#include "nib/golden/float32.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "nib/base/check.h"
#include "nib/golden/functions.h"

namespace nib::golden {
namespace {

using graph::kNone;

template <class F>
void each_pair(const std::vector<float>& a, const Shape& a_shape, const std::vector<float>& b,
               const Shape& b_shape, const Shape& out_shape, std::vector<float>& out, F f) {
  for (std::size_t e = 0; e < out.size(); ++e) {
    const auto i = static_cast<std::int64_t>(e);
    out[e] = f(a[static_cast<std::size_t>(broadcast_at(a_shape, out_shape, i))],
               b[static_cast<std::size_t>(broadcast_at(b_shape, out_shape, i))]);
  }
}

float float32_unary(const graph::Unary& op, float x) {
  const auto alpha = static_cast<float>(op.alpha), beta = static_cast<float>(op.beta);
  const auto clip01 = [](float y) { return std::min(std::max(y, 0.0F), 1.0F); };
  const auto elu = [alpha](float y) { return y >= 0 ? y : alpha * std::expm1(y); };
  switch (op.kind) {
    case graph::UnaryKind::kSign:
      return x > 0 ? 1.0F : x < 0 ? -1.0F : 0.0F;
    case graph::UnaryKind::kAbs:
      return std::abs(x);
    case graph::UnaryKind::kFloor:
      return std::floor(x);
    case graph::UnaryKind::kCeil:
      return std::ceil(x);
    case graph::UnaryKind::kRound:
      return static_cast<float>(nib::round(static_cast<double>(x), Rounding::kHalfEven));
    case graph::UnaryKind::kHardSigmoid:
      return clip01(alpha * x + beta);
    case graph::UnaryKind::kHardSwish:
      return x * clip01(x / 6 + 0.5F);
    case graph::UnaryKind::kSoftsign:
      return x / (1 + std::abs(x));
    case graph::UnaryKind::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case graph::UnaryKind::kTanh:
      return std::tanh(x);
    case graph::UnaryKind::kElu:
      return elu(x);
    case graph::UnaryKind::kSelu:
      return beta * elu(x);
    case graph::UnaryKind::kSoftplus:
      return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x)));
    case graph::UnaryKind::kExp:
      return std::exp(x);
    case graph::UnaryKind::kErf:
      return std::erf(x);
    case graph::UnaryKind::kSqrt:
      return std::sqrt(x);
  }
  return x;
}

}  // namespace

/// One node over the floats of its inputs.
struct Float32Run::NodeRun {
  Float32Run& self;
  graph::NodeId id;
  const graph::Node& node;
  Floats& out;
  std::vector<double>& codes;  ///< of a quantiser, one per element

  [[nodiscard]] const Floats& in(std::size_t i) const {
    return self.values_[static_cast<std::size_t>(node.inputs[i])];
  }
  [[nodiscard]] const Shape& shape(std::size_t i) const {
    return self.state_.graph.value(node.inputs[i]).shape;
  }
  [[nodiscard]] const Shape& out_shape() const {
    return self.state_.graph.value(node.outputs[0]).shape;
  }
  template <class F>
  void map(F f) const {
    std::transform(in(0).begin(), in(0).end(), out.begin(), f);
  }
  template <class F>
  void pair(F f) const {
    each_pair(in(0), shape(0), in(1), shape(1), out_shape(), out, f);
  }

  void operator()(const graph::Quant& op) const {
    const QuantTable& table = *self.tables_[static_cast<std::size_t>(id)];
    for (std::size_t e = 0; e < out.size(); ++e) {
      const QuantEntry& entry = table.entries()[table.entry_of(static_cast<std::int64_t>(e))];
      const auto scale = static_cast<float>(entry.scale);
      const auto zero_point = static_cast<float>(entry.zero_point);
      const float x = std::isnan(in(0)[e]) ? 0.0F : in(0)[e];
      const Integer code = float32_code(op, entry, x);
      codes[e] = code.get_d();
      out[e] = op.codes_out ? static_cast<float>(codes[e])
                            : (static_cast<float>(codes[e]) - zero_point) * scale;
    }
  }
  void operator()(const graph::BipolarQuant& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const auto i = broadcast_at(op.scale.shape, out_shape(), static_cast<std::int64_t>(e));
      codes[e] = in(0)[e] >= 0 ? 1 : -1;
      out[e] = static_cast<float>(codes[e] * op.scale[i]);
    }
  }
  void operator()(const graph::MultiThreshold& op) const {
    const std::int64_t levels = shape(1)[1];
    for (std::size_t e = 0; e < out.size(); ++e) {
      const std::int64_t row =
          shape(1)[0] == 1 ? 0
                           : index_on_axis(shape(0), op.channel_axis, static_cast<std::int64_t>(e));
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < levels; ++i) {
        if (in(0)[e] >= in(1)[static_cast<std::size_t>(row * levels + i)]) ++count;
      }
      codes[e] = static_cast<double>(count);
      out[e] = static_cast<float>(op.out_scale) * static_cast<float>(count) +
               static_cast<float>(op.out_bias);
    }
  }
  void dot() const {
    const MatrixProduct& p = self.products_[static_cast<std::size_t>(id)];
    std::size_t element = 0;
    for (std::size_t batch = 0; batch < p.a_base.size(); ++batch) {
      for (std::int64_t i = 0; i < p.m; ++i) {
        for (std::int64_t j = 0; j < p.n; ++j) {
          float sum = 0;
          for (std::int64_t k = 0; k < p.k; ++k) {
            sum +=
                in(0)[static_cast<std::size_t>(p.a_base[batch] + i * p.a_row + k * p.a_inner)] *
                in(1)[static_cast<std::size_t>(p.b_base[batch] + j * p.b_column + k * p.b_inner)];
          }
          out[element++] = sum;
        }
      }
    }
  }
  void operator()(const graph::MatMul&) const { dot(); }
  void operator()(const graph::Gemm& op) const {
    dot();
    const bool has_c = node.inputs.size() > 2 && node.inputs[2] != kNone;
    for (std::size_t e = 0; e < out.size(); ++e) {
      out[e] *= static_cast<float>(op.alpha);
      if (!has_c) continue;
      const auto c = broadcast_at(shape(2), out_shape(), static_cast<std::int64_t>(e));
      out[e] += static_cast<float>(op.beta) * in(2)[static_cast<std::size_t>(c)];
    }
  }
  void operator()(const graph::Add&) const {
    pair([](float a, float b) { return a + b; });
  }
  void operator()(const graph::Sub&) const {
    pair([](float a, float b) { return a - b; });
  }
  void operator()(const graph::Mul&) const {
    pair([](float a, float b) { return a * b; });
  }
  void operator()(const graph::Div&) const {
    pair([](float a, float b) { return a / b; });
  }
  void operator()(const graph::Pow&) const {
    pair([](float a, float b) { return std::pow(a, b); });
  }
  void operator()(const graph::Neg&) const {
    map([](float a) { return -a; });
  }
  void operator()(const graph::BatchNormalization& op) const {
    // The order of onnxruntime: scale and bias are folded first.
    for (std::size_t e = 0; e < out.size(); ++e) {
      const auto c =
          static_cast<std::size_t>(index_on_axis(shape(0), op.axis, static_cast<std::int64_t>(e)));
      const float factor = in(1)[c] / std::sqrt(in(4)[c] + static_cast<float>(op.epsilon));
      out[e] = in(0)[e] * factor + (in(2)[c] - in(3)[c] * factor);
    }
  }
  void operator()(const graph::Relu&) const {
    map([](float a) { return std::max(a, 0.0F); });
  }
  void operator()(const graph::LeakyRelu& op) const {
    map([alpha = static_cast<float>(op.alpha)](float a) { return a >= 0 ? a : alpha * a; });
  }
  void operator()(const graph::Clip& op) const {
    map([low = static_cast<float>(op.low), high = static_cast<float>(op.high)](float a) {
      return std::min(std::max(a, low), high);
    });
  }
  void operator()(const graph::Reshape&) const { out = in(0); }
  void operator()(const graph::Transpose& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      out[e] = in(0)[static_cast<std::size_t>(
          transpose_at(shape(0), op.perm, static_cast<std::int64_t>(e)))];
    }
  }
  void operator()(const graph::Concat& op) const {
    std::vector<const Shape*> shapes;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) shapes.push_back(&shape(i));
    for (std::size_t e = 0; e < out.size(); ++e) {
      const Part part = concat_at(shapes, op.axis, out_shape(), static_cast<std::int64_t>(e));
      out[e] = in(part.input)[static_cast<std::size_t>(part.element)];
    }
  }
  void convolve() const {
    const Convolution& c = *self.forms_[static_cast<std::size_t>(id)].convolution;
    const bool biased = node.inputs.size() > 2 && node.inputs[2] != kNone;
    std::vector<Convolution::Term> terms;
    for (std::size_t e = 0; e < out.size(); ++e) {
      const Convolution::Place place = c.place_of(static_cast<std::int64_t>(e));
      c.terms_of(place, terms);
      float sum = 0;
      for (const auto& term : terms) {
        sum += in(0)[static_cast<std::size_t>(term.x)] * in(1)[static_cast<std::size_t>(term.w)];
      }
      if (biased) sum += in(2)[static_cast<std::size_t>(place.group * c.outputs + place.output)];
      out[e] = sum;
    }
  }
  void operator()(const graph::Conv&) const { convolve(); }
  void operator()(const graph::ConvTranspose&) const { convolve(); }
  void reduce(graph::ReduceKind kind) const {
    const Fan& fan = *self.forms_[static_cast<std::size_t>(id)].fan;
    for (std::size_t e = 0; e < out.size(); ++e) {
      const auto first = static_cast<std::size_t>(fan.first[e]);
      const auto last = static_cast<std::size_t>(fan.first[e + 1]);
      const auto at = [&](std::size_t i) { return in(0)[static_cast<std::size_t>(fan.source[i])]; };
      const bool sums = kind == graph::ReduceKind::kSum || kind == graph::ReduceKind::kMean;
      float y = sums ? 0 : at(first);
      for (std::size_t i = first; i < last; ++i) {
        if (sums) y += at(i);
        if (kind == graph::ReduceKind::kMax) y = std::max(y, at(i));
        if (kind == graph::ReduceKind::kMin) y = std::min(y, at(i));
      }
      out[e] = kind == graph::ReduceKind::kMean ? y / static_cast<float>(fan.count[e]) : y;
    }
  }
  void operator()(const graph::MaxPool&) const { reduce(graph::ReduceKind::kMax); }
  void operator()(const graph::AveragePool&) const { reduce(graph::ReduceKind::kMean); }
  void operator()(const graph::QuantAvgPool& op) const {
    reduce(graph::ReduceKind::kSum);
    for (float& y : out) y = std::floor(std::ldexp(y, -op.shift));
  }
  void operator()(const graph::Reduce& op) const { reduce(op.kind); }
  void operator()(const graph::Take& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const std::int64_t from = take_at(op, shape(0), out_shape(), static_cast<std::int64_t>(e));
      out[e] = from < 0 ? static_cast<float>(op.fill) : in(0)[static_cast<std::size_t>(from)];
    }
  }
  void operator()(const graph::Unary& op) const {
    map([&op](float x) { return float32_unary(op, x); });
  }
  void operator()(const graph::PRelu&) const {
    pair([](float x, float slope) { return x >= 0 ? x : slope * x; });
  }
  void operator()(const graph::Trunc& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const TruncEntry entry = trunc_entry(op, shape(0), static_cast<std::int64_t>(e), node.name);
      const float t =
          in(0)[e] / static_cast<float>(entry.scale) + static_cast<float>(entry.zero_point);
      double q = nib::round(static_cast<double>(t), Rounding::kHalfEven) / entry.divisor;
      if (entry.limited) q = std::min(std::max(q, entry.low), entry.high);
      const auto code = static_cast<float>(nib::round(q, op.rounding));
      out[e] =
          (code - static_cast<float>(entry.out_zero_point)) * static_cast<float>(entry.out_scale);
    }
  }
  void operator()(const graph::FloatQuant& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const FloatEntry entry = float_entry(op, shape(0), static_cast<std::int64_t>(e), node.name);
      const auto scale = static_cast<float>(entry.scale);
      out[e] =
          static_cast<float>(minifloat(op, entry, static_cast<double>(in(0)[e] / scale))) * scale;
    }
  }
  void operator()(const graph::TopK& op) const {
    std::vector<std::size_t> order;
    for (std::size_t e = 0; e < out.size(); ++e) {
      const auto element = static_cast<std::int64_t>(e);
      const Lane lane = topk_lane(op, shape(0), element);
      const auto at = [&](std::size_t i) {
        return in(
            0)[static_cast<std::size_t>(lane.first) + i * static_cast<std::size_t>(lane.stride)];
      };
      order.resize(static_cast<std::size_t>(lane.count));
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return op.largest ? at(a) > at(b) : at(a) < at(b);
      });
      const std::size_t best =
          order[static_cast<std::size_t>(index_on_axis(out_shape(), op.axis, element))];
      out[e] = op.values ? at(best) : static_cast<float>(best);
    }
  }
  void operator()(const graph::Softmax&) const { NIB_CHECK(false, "a Softmax"); }
  void operator()(const graph::ArgMax& op) const {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const Lane lane = argmax_lane(op, shape(0), static_cast<std::int64_t>(e));
      const auto at = [&](std::int64_t i) {
        return in(0)[static_cast<std::size_t>(lane.first + i * lane.stride)];
      };
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < lane.count; ++i) {
        if (at(i) > at(best)) best = i;
      }
      out[e] = static_cast<float>(best);
    }
  }
};

Float32Run::Float32Run(State& state)
    : state_(state),
      values_(state.graph.values.size()),
      products_(state.graph.nodes.size()),
      tables_(state.graph.nodes.size()) {
  const graph::Graph& graph = state.graph;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const graph::Value& value = graph.values[i];
    values_[i].resize(static_cast<std::size_t>(element_count(value.shape)));
    if (!value.constant) continue;
    const Tensor<double> reals = graph::as_reals(*value.constant);
    std::transform(reals.data.begin(), reals.data.end(), values_[i].begin(),
                   [](double x) { return static_cast<float>(x); });
  }
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const graph::Node& node = graph.nodes[n];
    const auto shape = [&](std::size_t i) { return graph.value(node.inputs[i]).shape; };
    if (const auto* gemm = std::get_if<graph::Gemm>(&node.op)) {
      products_[n] = gemm_of(*gemm, shape(0), shape(1));
    } else if (std::holds_alternative<graph::MatMul>(node.op)) {
      products_[n] = matmul_of(shape(0), shape(1));
    } else if (const auto* quant = std::get_if<graph::Quant>(&node.op)) {
      tables_[n].emplace(*quant, shape(0), node.name);
    }
    forms_.push_back(forms_of(graph, node));
    if (state.block(node.outputs[0]).constant) {
      run_node(static_cast<graph::NodeId>(n), 0, 0, nullptr);
    }
  }
}

namespace {

/// The same code: steps of Trunc and FloatQuant are far larger than what float32 rounds away.
bool close(double a, double b) {
  return std::abs(a - b) <= 2e-6 * std::max(std::abs(a), std::abs(b));
}

}  // namespace

void Float32Run::run_node(graph::NodeId id, std::int64_t row, std::int64_t number,
                          std::vector<Float32Difference>* differences) {
  const graph::Node& node = state_.graph.node(id);
  const graph::ValueId value = node.outputs[0];
  Floats& out = values_[static_cast<std::size_t>(value)];
  std::vector<double> codes(out.size());
  std::visit(NodeRun{*this, id, node, out, codes}, node.op);
  const bool quantiser = std::holds_alternative<graph::Quant>(node.op) ||
                         std::holds_alternative<graph::BipolarQuant>(node.op) ||
                         std::holds_alternative<graph::MultiThreshold>(node.op);
  const bool truncates = std::holds_alternative<graph::Trunc>(node.op) ||
                         std::holds_alternative<graph::FloatQuant>(node.op);
  if (!(quantiser || truncates) || differences == nullptr) return;
  const Block& block = state_.block(value);
  for (std::size_t e = 0; e < out.size(); ++e) {
    const auto element = static_cast<std::int64_t>(e);
    if (truncates) {
      const double exact = block.at(row, element).value;
      if (close(exact, static_cast<double>(out[e]))) continue;
    } else if (block.codes[static_cast<std::size_t>(row) * out.size() + e] == codes[e]) {
      continue;
    }
    differences->push_back({state_.graph.value(value).name, number, element,
                            block.at(row, element).value, static_cast<double>(out[e]),
                            tie_distance(state_, id, row, element)});
  }
}

void Float32Run::run(std::int64_t row, std::int64_t number,
                     std::vector<Float32Difference>& differences) {
  for (const graph::GraphInput& input : state_.graph.inputs) {
    Floats& floats = values_[static_cast<std::size_t>(input.value)];
    const double* values = state_.block(input.value).values(row);
    for (std::size_t e = 0; e < floats.size(); ++e) floats[e] = static_cast<float>(values[e]);
  }
  for (std::size_t n = 0; n < state_.graph.nodes.size(); ++n) {
    const auto id = static_cast<graph::NodeId>(n);
    if (state_.block(state_.graph.node(id).outputs[0]).constant) continue;
    run_node(id, row, number, &differences);
  }
}

}  // namespace nib::golden
