// Constant folding.
#include "nib/lower/constant.h"

#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/real_function.h"

namespace nib::lower {
namespace {

/// Surds back to doubles where all of them are doubles.
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

[[noreturn]] void no_result(const graph::Node& node, const std::string& why) {
  fail(ErrorCode::E502, why, node.name);
}

Surd power(const Surd& base, const Surd& exponent, const graph::Node& node) {
  if (!base.is_rational() || !exponent.is_rational()) no_result(node, "a power of an irrational");
  const Rational& e = exponent.rational();
  if (e == Rational(1, 2)) {
    if (base.sign() < 0) no_result(node, "the root of a negative number");
    return Surd::sqrt_of(base.rational());
  }
  if (e.get_den() != 1 || abs(e) > 64) no_result(node, "a power that is not a small whole number");
  if (sgn(e) < 0 && base.sign() == 0) no_result(node, "a negative power of zero");
  Rational result = 1;
  for (Integer i = 0; i < abs(e.get_num()); ++i) result *= base.rational();
  if (sgn(e) < 0) result = 1 / result;
  return result;
}

Surd quotient(const Surd& a, const Surd& b, const graph::Node& node) {
  if (b.sign() == 0) no_result(node, "a division by zero");
  if (!b.is_monomial()) no_result(node, "a division by a sum of roots");
  return a * b.inverse();
}

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
  for (std::int64_t e = 0; e < x.size(); ++e) result[e] = function(x.at(e), e);
  return tidy(std::move(result));
}

Constant quantise_computed(const Constant& x, const Quantisers& quantisers) {
  return map(x, [&](const Surd& value, std::int64_t e) {
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    RealFunction function{{0, 0}, 1, 0, {{ScalarOp::Kind::kAffine, Rational(0), value}}};
    const std::int64_t code = steps_of(function, q, {}).levels.at(0);
    return Surd(q.value_of(code));
  });
}

struct Folder {
  const graph::Graph& graph;
  const graph::Node& node;
  const std::vector<const Constant*>& in;
  const Shape& shape;

  [[nodiscard]] const Constant& x() const { return *in[0]; }

  Constant quantised(const graph::Op& op) const {
    const Tensor<double>* thresholds = in.size() > 1 ? in[1]->reals() : nullptr;
    const Quantisers quantisers = quantisers_of(op, shape, thresholds, node.name);
    const auto* quant = std::get_if<graph::Quant>(&op);
    if (quant != nullptr && x().stored) return quantise_stored(*quant, x(), quantisers);
    return quantise_computed(x(), quantisers);
  }
  Constant operator()(const graph::Quant& op) const { return quantised(op); }
  Constant operator()(const graph::MultiThreshold& op) const { return quantised(op); }
  Constant operator()(const graph::BipolarQuant& op) const {
    if (op.scale.size() != 1 || x().reals() == nullptr) return quantised(op);
    Tensor<double> signs(shape);
    for (std::int64_t e = 0; e < signs.size(); ++e) {
      signs[e] = (*x().reals())[e] >= 0 ? op.scale[0] : -op.scale[0];
    }
    return {std::move(signs)};
  }
  Constant operator()(const graph::Add&) const {
    return elementwise(x(), *in[1], shape, [](const Surd& a, const Surd& b) { return a + b; });
  }
  Constant operator()(const graph::Sub&) const {
    return elementwise(x(), *in[1], shape, [](const Surd& a, const Surd& b) { return a - b; });
  }
  Constant operator()(const graph::Mul&) const {
    return elementwise(x(), *in[1], shape, [](const Surd& a, const Surd& b) { return a * b; });
  }
  Constant operator()(const graph::Div&) const {
    return elementwise(x(), *in[1], shape,
                       [&](const Surd& a, const Surd& b) { return quotient(a, b, node); });
  }
  Constant operator()(const graph::Pow&) const {
    return elementwise(x(), *in[1], shape,
                       [&](const Surd& a, const Surd& b) { return power(a, b, node); });
  }
  Constant operator()(const graph::Neg&) const {
    return map(x(), [](const Surd& a, std::int64_t) { return -a; });
  }
  Constant operator()(const graph::Relu&) const {
    return map(x(), [](const Surd& a, std::int64_t) { return a.sign() < 0 ? Surd() : a; });
  }
  Constant operator()(const graph::LeakyRelu& op) const {
    const Surd alpha = exact(op.alpha);
    return map(x(), [&](const Surd& a, std::int64_t) { return a.sign() < 0 ? a * alpha : a; });
  }
  Constant operator()(const graph::Clip& op) const {
    return map(x(), [&](const Surd& a, std::int64_t) {
      Surd y = a;
      if (std::isfinite(op.low) && (y - Surd(exact(op.low))).sign() < 0) y = exact(op.low);
      if (std::isfinite(op.high) && (y - Surd(exact(op.high))).sign() > 0) y = exact(op.high);
      return y;
    });
  }
  Constant operator()(const graph::Reshape&) const {
    std::vector<std::int64_t> same(static_cast<std::size_t>(x().size()));
    std::iota(same.begin(), same.end(), std::int64_t{0});
    return gather(x(), shape, same);
  }
  Constant operator()(const graph::Transpose& op) const {
    return gather(x(), shape, transpose_index(x().shape(), op.perm));
  }
  Constant operator()(const graph::Conv&) const { return refuse(); }
  Constant operator()(const graph::ConvTranspose&) const { return refuse(); }
  Constant operator()(const graph::MaxPool&) const { return refuse(); }
  Constant operator()(const graph::AveragePool&) const { return refuse(); }
  Constant operator()(const graph::QuantAvgPool&) const { return refuse(); }
  Constant operator()(const graph::Reduce&) const { return refuse(); }
  Constant operator()(const graph::Take&) const { return refuse(); }
  Constant operator()(const graph::Unary&) const { return refuse(); }
  Constant operator()(const graph::PRelu&) const { return refuse(); }
  Constant operator()(const graph::Trunc&) const { return refuse(); }
  Constant operator()(const graph::FloatQuant&) const { return refuse(); }
  Constant operator()(const graph::TopK&) const { return refuse(); }
  Constant operator()(const graph::MatMul&) const { return refuse(); }
  Constant operator()(const graph::Gemm&) const { return refuse(); }
  Constant operator()(const graph::BatchNormalization&) const { return refuse(); }
  Constant operator()(const graph::Concat&) const { return refuse(); }
  Constant operator()(const graph::Softmax&) const { return refuse(); }
  Constant operator()(const graph::ArgMax&) const { return refuse(); }
  [[noreturn]] Constant refuse() const {
    no_result(node, node.op_type + " of constants only: fold it into a constant at export");
  }
};

}  // namespace

Constant gather(const Constant& x, const Shape& shape, const std::vector<std::int64_t>& source) {
  Constant result = x;
  std::visit(
      [&](auto& tensor) {
        auto picked = std::remove_reference_t<decltype(tensor)>(shape);
        for (std::size_t e = 0; e < source.size(); ++e) picked.data[e] = tensor[source[e]];
        tensor = std::move(picked);
      },
      result.data);
  return result;
}

const Shape& Constant::shape() const {
  return std::visit([](const auto& tensor) -> const Shape& { return tensor.shape; }, data);
}

Surd Constant::at(std::int64_t element) const {
  if (const auto* tensor = reals()) return exact((*tensor)[element]);
  return std::get<Tensor<Surd>>(data)[element];
}

Constant stored_constant(const graph::Constant& constant) {
  if (const auto* integers = std::get_if<Tensor<std::int64_t>>(&constant)) {
    Tensor<Surd> values(integers->shape);
    for (std::int64_t i = 0; i < values.size(); ++i) values[i] = to_rational((*integers)[i]);
    Constant result = tidy(std::move(values));
    result.stored = true;
    return result;
  }
  return {std::get<Tensor<double>>(constant), true, {}};
}

std::vector<std::int64_t> transpose_index(const Shape& shape, const std::vector<int>& perm) {
  const auto strides = strides_of(shape);
  Shape out, step;
  for (const int axis : perm) {
    out.push_back(shape[static_cast<std::size_t>(axis)]);
    step.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  std::vector<std::int64_t> source(static_cast<std::size_t>(element_count(shape)));
  std::vector<std::int64_t> at(out.size(), 0);
  std::int64_t from = 0;
  for (std::int64_t& entry : source) {
    entry = from;
    for (std::size_t axis = out.size(); axis-- > 0;) {  // an odometer, last axis fastest
      from += step[axis];
      if (++at[axis] < out[axis]) break;
      from -= step[axis] * out[axis];
      at[axis] = 0;
    }
  }
  return source;
}

Constant quantise_stored(const graph::Quant& op, const Constant& x, const Quantisers& quantisers) {
  const Tensor<double>* reals = x.reals();
  if (reals == nullptr) return quantise_computed(x, quantisers);  // integers beyond a double
  const Broadcast scale = broadcast_groups(op.scale.shape, x.shape());
  const Broadcast zero = broadcast_groups(op.zero_point.shape, x.shape());
  Tensor<double> fast(x.shape());
  std::optional<Tensor<Surd>> slow;
  const bool one = quantisers.grouping.count == 1;
  for (std::int64_t e = 0; e < x.size(); ++e) {
    const Quantiser& q = quantisers.channels[one ? 0 : quantisers.grouping.of(e)];
    const double s = op.scale[one ? 0 : scale.entry[scale.grouping.of(e)]];
    const double z = op.zero_point[one ? 0 : zero.entry[zero.grouping.of(e)]];
    const float quotient = static_cast<float>((*reals)[e]) / static_cast<float>(s);
    const float t = op.zero_point_after_rounding ? quotient : quotient + static_cast<float>(z);
    double code = 0;
    if (q.by_rounding()) {
      code = op.rounding == Rounding::kHalfEven ? std::nearbyint(static_cast<double>(t))
                                                : nib::round(static_cast<double>(t), op.rounding);
      if (op.zero_point_after_rounding) code += z;
      code = std::min(std::max(code, static_cast<double>(q.codes.min)),
                      static_cast<double>(q.codes.max));
    } else {
      code = t >= 0 ? 1 : 0;
    }
    const auto whole = static_cast<std::int64_t>(code);
    // In doubles where all steps are exact: small codes times a float32 scale, a whole zero point.
    const double centred = op.codes_out ? code : q.by_rounding() ? code - z : 2 * code - 1 - z;
    const double factor = op.codes_out ? 1 : s;
    const double value = centred * factor;
    const bool exact_here = std::abs(code) < 0x1p50 && std::abs(z) < 0x1p50 && z == std::floor(z) &&
                            std::fma(centred, factor, -value) == 0 &&
                            (value == 0 || std::abs(value) > 1e-200);
    if (exact_here && !slow) {
      fast[e] = value;
      continue;
    }
    if (!slow) {
      slow.emplace(x.shape());
      for (std::int64_t i = 0; i < e; ++i) (*slow)[i] = exact(fast[i]);
    }
    (*slow)[e] = Rational(q.out_scale * to_rational(whole) + q.out_offset);
  }
  if (slow) return {std::move(*slow)};
  return {std::move(fast)};
}

Constant fold(const graph::Graph& graph, const graph::Node& node,
              const std::vector<const Constant*>& inputs) {
  const Shape& shape = graph.value(node.outputs.at(0)).shape;
  Constant result = std::visit(Folder{graph, node, inputs, shape}, node.op);
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
