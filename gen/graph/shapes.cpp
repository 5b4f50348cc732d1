// The shape rules of the op table.
#include "nib/graph/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
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
  /// Spatial axes of x under a layout; the channel axis is 1 or the last.
  [[nodiscard]] std::size_t first_spatial(bool channels_last) const {
    return channels_last ? 1 : 2;
  }
  [[nodiscard]] std::size_t channel_axis(bool channels_last) const {
    return channels_last ? x().size() - 1 : 1;
  }
  /// Sets the spatial lengths of `out` to the numbers of window positions; says what does not fit.
  [[nodiscard]] std::string slide(const Window& window, bool channels_last, Shape& out) const {
    if (x().size() != window.rank() + 2) {
      return fmt::format("{} has not a batch, channels and {} spatial axes", to_string(x()),
                         window.rank());
    }
    for (std::size_t axis = 0; axis < window.rank(); ++axis) {
      std::int64_t& length = out[first_spatial(channels_last) + axis];
      const std::int64_t room = length + window.pads_begin[axis] + window.pads_end[axis] +
                                window.ceil_extra[axis] - window.extent(axis);
      if (room < 0) {
        return fmt::format("a window of {} on {} padded elements", window.extent(axis),
                           room + window.extent(axis));
      }
      length = room / window.strides[axis] + 1;
    }
    return {};
  }
  [[nodiscard]] ShapeResult pooled(const Window& window, bool channels_last) const {
    Shape out = x();
    std::string problem = slide(window, channels_last, out);
    return problem.empty() ? good(std::move(out)) : bad(std::move(problem));
  }
  /// What does not fit between weights (out, in, kernel...) and channels; empty: it fits.
  [[nodiscard]] std::string weights_misfit(const Window& window, const Shape& w,
                                           std::int64_t in_count, std::int64_t out_count,
                                           std::int64_t groups, std::size_t first_kernel) const {
    const auto text = [&] {
      return fmt::format("weights of shape {} for {}, {} group(s)", to_string(w), to_string(x()),
                         groups);
    };
    if (w.size() != window.rank() + 2 || groups < 1) return text();
    for (std::size_t axis = 0; axis < window.rank(); ++axis) {
      if (w[first_kernel + axis] != window.kernel[axis]) return text();
    }
    if (in_count % groups != 0 || out_count % groups != 0) return text();
    if (in.size() > 2 && in[2] != nullptr && *in[2] != Shape{out_count}) {
      return fmt::format("a bias of shape {} for {} channels", to_string(*in[2]), out_count);
    }
    return {};
  }
  ShapeResult operator()(const Conv& op) const {
    Shape out = x();
    if (std::string problem = slide(op.window, op.channels_last, out); !problem.empty()) {
      return bad(std::move(problem));
    }
    const Shape& w = *in[1];
    const std::int64_t channels = x()[channel_axis(op.channels_last)];
    std::string problem =
        w.size() != x().size()
            ? fmt::format("weights of shape {} for {}", to_string(w), to_string(x()))
            : weights_misfit(op.window, w, channels, w[0], op.groups, op.channels_last ? 1 : 2);
    if (problem.empty() && w[op.channels_last ? w.size() - 1 : 1] != channels / op.groups) {
      problem = fmt::format("weights of shape {} for {} channels in {} group(s)", to_string(w),
                            channels, op.groups);
    }
    if (!problem.empty()) return bad(std::move(problem));
    out[channel_axis(op.channels_last)] = w[0];
    return good(std::move(out));
  }
  ShapeResult operator()(const ConvTranspose& op) const {
    const Window& window = op.window;
    const Shape& w = *in[1];
    if (x().size() != window.rank() + 2 || w.size() != x().size() || w[0] != x()[1]) {
      return bad(fmt::format("weights of shape {} for {}", to_string(w), to_string(x())));
    }
    const std::int64_t outputs = w[1] * op.groups;
    if (std::string problem = weights_misfit(window, w, w[0], outputs, op.groups, 2);
        !problem.empty()) {
      return bad(std::move(problem));
    }
    Shape out = x();
    out[1] = outputs;
    for (std::size_t axis = 0; axis < window.rank(); ++axis) {
      std::int64_t& length = out[2 + axis];
      length = window.strides[axis] * (length - 1) + op.output_padding[axis] + window.extent(axis) -
               window.pads_begin[axis] - window.pads_end[axis];
      if (length < 1) return bad(fmt::format("no output left of {}", to_string(x())));
    }
    return good(std::move(out));
  }
  ShapeResult operator()(const MaxPool& op) const { return pooled(op.window, op.channels_last); }
  ShapeResult operator()(const AveragePool& op) const {
    return pooled(op.window, op.channels_last);
  }
  ShapeResult operator()(const QuantAvgPool& op) const {
    return pooled(op.window, op.channels_last);
  }
  ShapeResult operator()(const Reduce& op) const {
    Shape out;
    std::size_t next = 0;
    for (std::size_t axis = 0; axis < x().size(); ++axis) {
      const bool gone = next < op.axes.size() && op.axes[next] == static_cast<int>(axis);
      if (gone) ++next;
      if (gone && x()[axis] == 0) return bad("nothing to reduce");
      if (!gone || op.keep_dims) out.push_back(gone ? 1 : x()[axis]);
    }
    if (next != op.axes.size()) return bad(fmt::format("no such axes in {}", to_string(x())));
    return good(std::move(out));
  }
  ShapeResult operator()(const Take& op) const {
    if (op.index.size() != x().size()) {
      return bad(fmt::format("{} index lists for {}", op.index.size(), to_string(x())));
    }
    Shape out = x();
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      for (const std::int32_t i : op.index[axis]) {
        if (i < -1 || i >= x()[axis]) {
          return bad(fmt::format("index {} on axis {} of {}", i, axis, to_string(x())));
        }
      }
      if (!op.index[axis].empty()) out[axis] = static_cast<std::int64_t>(op.index[axis].size());
    }
    return good(std::move(out));
  }
  ShapeResult operator()(const Unary&) const { return good(x()); }
  ShapeResult operator()(const PRelu&) const {
    std::string problem = misfit(x(), *in[1], "the slope");
    return problem.empty() ? good(x()) : bad(std::move(problem));
  }
  [[nodiscard]] ShapeResult with_parameters(
      std::initializer_list<std::pair<const Tensor<double>*, std::string_view>> parameters) const {
    for (const auto& [tensor, what] : parameters) {
      if (std::string problem = misfit(x(), tensor->shape, what); !problem.empty()) {
        return bad(std::move(problem));
      }
    }
    return good(x());
  }
  ShapeResult operator()(const Trunc& op) const {
    return with_parameters({{&op.scale, "the scale"},
                            {&op.zero_point, "the zero point"},
                            {&op.divisor, "the divisor"},
                            {&op.out_scale, "the output scale"},
                            {&op.out_zero_point, "the output's zero point"}});
  }
  ShapeResult operator()(const FloatQuant& op) const {
    return with_parameters({{&op.scale, "the scale"},
                            {&op.exponent_bits, "the exponent width"},
                            {&op.mantissa_bits, "the mantissa width"},
                            {&op.exponent_bias, "the exponent bias"},
                            {&op.max_value, "the largest value"}});
  }
  ShapeResult operator()(const TopK& op) const {
    if (!has_axis(x(), op.axis) || op.k < 1 || op.k > at(x(), op.axis)) {
      return bad(fmt::format("the best {} along axis {} of {}", op.k, op.axis, to_string(x())));
    }
    Shape out = x();
    out[static_cast<std::size_t>(op.axis)] = op.k;
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
  Arity operator()(const Conv&) const { return {2, 3}; }
  Arity operator()(const ConvTranspose&) const { return {2, 3}; }
  Arity operator()(const MaxPool&) const { return {1, 1}; }
  Arity operator()(const AveragePool&) const { return {1, 1}; }
  Arity operator()(const QuantAvgPool&) const { return {1, 1}; }
  Arity operator()(const Reduce&) const { return {1, 1}; }
  Arity operator()(const Take&) const { return {1, 1}; }
  Arity operator()(const Unary&) const { return {1, 1}; }
  Arity operator()(const PRelu&) const { return {2, 2}; }
  Arity operator()(const Trunc&) const { return {1, 1}; }
  Arity operator()(const FloatQuant&) const { return {1, 1}; }
  Arity operator()(const TopK&) const { return {1, 1}; }
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
