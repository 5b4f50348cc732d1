// The shape rules of the op table.
#include "nib/graph/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "nib/base/check.h"

namespace nib::graph {
namespace {

ShapeResult good(Shape shape) { return {std::move(shape), {}}; }
ShapeResult bad(std::string problem) { return {{}, std::move(problem)}; }

/// The parameter must broadcast to x without enlarging it.
std::string misfit(const Shape& x, const Shape& parameter, std::string_view what) {
  Shape both;
  if (broadcast(x, parameter, both) && both == x) return {};
  return fmt::format("{} of shape {} does not broadcast to {}", what, to_string(parameter),
                     to_string(x));
}

bool has_axis(const Shape& shape, int axis) {
  return axis >= 0 && static_cast<std::size_t>(axis) < shape.size();
}

std::int64_t at(const Shape& shape, int axis) { return shape[static_cast<std::size_t>(axis)]; }

struct Rule {
  std::span<const Shape* const> in;
  const Shape& reshaped;

  [[nodiscard]] const Shape& x() const { return *in[0]; }

  [[nodiscard]] ShapeResult elementwise() const {
    Shape both;
    if (!broadcast(*in[0], *in[1], both)) {
      return bad(
          fmt::format("shapes {} and {} do not broadcast", to_string(*in[0]), to_string(*in[1])));
    }
    return good(std::move(both));
  }

  ShapeResult operator()(const Quant& op) const {
    for (const auto& [shape, what] : {std::pair{&op.scale.shape, "the scale"},
                                      {&op.zero_point.shape, "the zero point"},
                                      {&op.bits.shape, "the bit width"}}) {
      if (std::string problem = misfit(x(), *shape, what); !problem.empty()) {
        return bad(std::move(problem));
      }
    }
    return good(x());
  }
  ShapeResult operator()(const BipolarQuant& op) const {
    std::string problem = misfit(x(), op.scale.shape, "the scale");
    return problem.empty() ? good(x()) : bad(std::move(problem));
  }
  ShapeResult operator()(const MultiThreshold& op) const {
    const Shape& rows = *in[1];
    if (rows.size() != 2) {
      return bad(fmt::format("thresholds of shape {}, not channels x levels", to_string(rows)));
    }
    if (rows[0] != 1 && (!has_axis(x(), op.channel_axis) || at(x(), op.channel_axis) != rows[0])) {
      return bad(fmt::format("{} rows of thresholds for {} with channels on axis {}", rows[0],
                             to_string(x()), op.channel_axis));
    }
    return good(x());
  }
  ShapeResult operator()(const MatMul&) const { return matmul_shape(*in[0], *in[1]); }
  ShapeResult operator()(const Gemm& op) const {
    if (x().size() != 2 || in[1]->size() != 2) {
      return bad(fmt::format("Gemm of {} and {}: both must have rank 2", to_string(x()),
                             to_string(*in[1])));
    }
    Shape a = x(), b = *in[1];
    if (op.trans_a) std::swap(a[0], a[1]);
    if (op.trans_b) std::swap(b[0], b[1]);
    ShapeResult product = matmul_shape(a, b);
    if (!product.problem.empty() || in.size() < 3 || in[2] == nullptr) return product;
    std::string problem = misfit(product.shape, *in[2], "C");
    return problem.empty() ? product : bad(std::move(problem));
  }
  ShapeResult operator()(const Add&) const { return elementwise(); }
  ShapeResult operator()(const Sub&) const { return elementwise(); }
  ShapeResult operator()(const Mul&) const { return elementwise(); }
  ShapeResult operator()(const Div&) const { return elementwise(); }
  ShapeResult operator()(const Pow&) const { return elementwise(); }
  ShapeResult operator()(const Neg&) const { return good(x()); }
  ShapeResult operator()(const BatchNormalization& op) const {
    if (!has_axis(x(), op.axis)) {
      return bad(fmt::format("no channel axis {} in {}", op.axis, to_string(x())));
    }
    for (std::size_t i = 1; i < in.size(); ++i) {
      if (*in[i] != Shape{at(x(), op.axis)}) {
        return bad(fmt::format("a parameter of shape {} for {} channels", to_string(*in[i]),
                               at(x(), op.axis)));
      }
    }
    return good(x());
  }
  ShapeResult operator()(const Relu&) const { return good(x()); }
  ShapeResult operator()(const LeakyRelu&) const { return good(x()); }
  ShapeResult operator()(const Clip&) const { return good(x()); }
  ShapeResult operator()(const Reshape&) const {
    if (element_count(x()) != element_count(reshaped)) {
      return bad(fmt::format("{} has not the {} elements of {}", to_string(x()),
                             element_count(reshaped), to_string(reshaped)));
    }
    return good(reshaped);
  }
  ShapeResult operator()(const Transpose& op) const {
    Shape out;
    std::vector<bool> seen(x().size(), false);
    for (const int axis : op.perm) {
      if (!has_axis(x(), axis) || seen[static_cast<std::size_t>(axis)]) break;
      seen[static_cast<std::size_t>(axis)] = true;
      out.push_back(at(x(), axis));
    }
    if (out.size() != x().size() || op.perm.size() != x().size()) {
      return bad(
          fmt::format("perm is no permutation of the {} axes of {}", x().size(), to_string(x())));
    }
    return good(std::move(out));
  }
  ShapeResult operator()(const Concat& op) const {
    if (!has_axis(x(), op.axis))
      return bad(fmt::format("no axis {} in {}", op.axis, to_string(x())));
    Shape out = x();
    const auto axis = static_cast<std::size_t>(op.axis);
    for (std::size_t i = 1; i < in.size(); ++i) {
      Shape other = *in[i];
      if (other.size() != out.size() ||
          __builtin_add_overflow(out[axis], other[axis], &out[axis])) {
        return bad(fmt::format("{} and {} do not join", to_string(x()), to_string(other)));
      }
      other[axis] = out[axis];
      if (other != out) {
        return bad(fmt::format("{} and {} do not join on axis {}", to_string(x()),
                               to_string(*in[i]), op.axis));
      }
    }
    return good(std::move(out));
  }
  ShapeResult operator()(const Softmax&) const { return good(x()); }
  ShapeResult operator()(const ArgMax& op) const {
    if (!has_axis(x(), op.axis))
      return bad(fmt::format("no axis {} in {}", op.axis, to_string(x())));
    if (at(x(), op.axis) == 0) return bad("no element to choose from");
    Shape out = x();
    if (op.keep_dims) {
      out[static_cast<std::size_t>(op.axis)] = 1;
    } else {
      out.erase(out.begin() + op.axis);
    }
    return good(std::move(out));
  }
};

struct ArityRule {
  Arity operator()(const Quant&) const { return {1, 1}; }
  Arity operator()(const BipolarQuant&) const { return {1, 1}; }
  Arity operator()(const MultiThreshold&) const { return {2, 2}; }
  Arity operator()(const MatMul&) const { return {2, 2}; }
  Arity operator()(const Gemm&) const { return {2, 3}; }
  Arity operator()(const Add&) const { return {2, 2}; }
  Arity operator()(const Sub&) const { return {2, 2}; }
  Arity operator()(const Mul&) const { return {2, 2}; }
  Arity operator()(const Div&) const { return {2, 2}; }
  Arity operator()(const Pow&) const { return {2, 2}; }
  Arity operator()(const Neg&) const { return {1, 1}; }
  Arity operator()(const BatchNormalization&) const { return {5, 5}; }
  Arity operator()(const Relu&) const { return {1, 1}; }
  Arity operator()(const LeakyRelu&) const { return {1, 1}; }
  Arity operator()(const Clip&) const { return {1, 1}; }
  Arity operator()(const Reshape&) const { return {1, 1}; }
  Arity operator()(const Transpose&) const { return {1, 1}; }
  Arity operator()(const Concat&) const { return {1, std::numeric_limits<std::size_t>::max()}; }
  Arity operator()(const Softmax&) const { return {1, 1}; }
  Arity operator()(const ArgMax&) const { return {1, 1}; }
};

}  // namespace

Arity arity_of(const Op& op) { return std::visit(ArityRule{}, op); }

ShapeResult infer_shape(const Op& op, std::span<const Shape* const> inputs, const Shape& reshaped) {
  const Arity arity = arity_of(op);
  NIB_CHECK(arity.min <= inputs.size() && inputs.size() <= arity.max, "number of inputs");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    NIB_CHECK(inputs[i] != nullptr || i >= arity.min, "an input that must be there");
  }
  return std::visit(Rule{inputs, reshaped}, op);
}

ShapeResult matmul_shape(const Shape& a, const Shape& b) {
  const auto misfit_text = [&] {
    return bad(fmt::format("a matrix product of {} and {}", to_string(a), to_string(b)));
  };
  if (a.empty() || b.empty()) return misfit_text();
  const std::int64_t inner = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (a.back() != inner) return misfit_text();
  const Shape lead_a(a.begin(), a.size() > 2 ? a.end() - 2 : a.begin());
  const Shape lead_b(b.begin(), b.size() > 2 ? b.end() - 2 : b.begin());
  Shape out;
  if (!broadcast(lead_a, lead_b, out)) return misfit_text();
  if (a.size() > 1) out.push_back(a[a.size() - 2]);
  if (b.size() > 1) out.push_back(b.back());
  return good(std::move(out));
}

}  // namespace nib::graph
