// Steps of the operators that work element by element, and of those that only move elements.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

using graph::ValueId;

/// The lattice of an elementwise function, or none where one element has none.
template <class F>
std::optional<Lattice> lattice_of(std::int64_t size, F&& f) {
  Lattice lattice;
  lattice.reserve(static_cast<std::size_t>(size));
  for (std::int64_t e = 0; e < size; ++e) {
    std::optional<Multiple> m = f(e);
    if (!m) return std::nullopt;
    lattice.push_back(*m);
  }
  return lattice;
}

const Multiple& at(const std::optional<Lattice>& lattice, std::int64_t e) {
  return (*lattice)[static_cast<std::size_t>(e)];
}

/// y = f(x) with f for exact doubles and g for bounded ones.
template <class F, class G>
Step unary(Block& a, Block& out, F f, G g) {
  return [&a, &out, f, g](std::int64_t rows) {
    out.resize(rows);
    if (out.exact) {
      const std::size_t count = out.value.size();
      for (std::size_t i = 0; i < count; ++i) out.value[i] = f(a.value[i]);
      return;
    }
    const std::int64_t count = out.constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) out.set(r, e, g(a.at(r, e)));
    }
  };
}

template <class F>
Step binary(Block& a, Block& b, Block& out, F f) {
  return [&a, &b, &out, f, ia = broadcast_index(a.shape, out.shape),
          ib = broadcast_index(b.shape, out.shape)](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    const auto size = static_cast<std::size_t>(out.size);
    for (std::int64_t r = 0; r < count; ++r) {
      if (!out.exact) {
        for (std::size_t e = 0; e < size; ++e) {
          out.set(r, static_cast<std::int64_t>(e), f(a.at(r, ia[e]), b.at(r, ib[e])));
        }
        continue;
      }
      const double* x = a.values(r);
      const double* y = b.values(r);
      double* z = out.value.data() + r * out.row_stride();
      for (std::size_t e = 0; e < size; ++e) z[e] = f(x[ia[e]], y[ib[e]]);
    }
  };
}

/// The lattice of a / b where b is a constant power of two.
std::optional<Multiple> quotient_multiple(const Multiple& a, double b) {
  const Unit unit = unit_of(b);
  if (unit.odd != 1) return std::nullopt;
  return product(a, Multiple{{1, -unit.exponent}, 1});
}

void set_binary_lattice(const Block& a, const Block& b, Block& out, Binary op) {
  if (!a.lattice || !b.lattice || out.constant) return;
  if (op == Binary::kDiv && !(b.constant && b.exact)) return;
  const auto ia = broadcast_index(a.shape, out.shape), ib = broadcast_index(b.shape, out.shape);
  out.lattice = lattice_of(out.size, [&](std::int64_t e) -> std::optional<Multiple> {
    const std::int64_t eb = ib[static_cast<std::size_t>(e)];
    const Multiple& x = at(a.lattice, ia[static_cast<std::size_t>(e)]);
    const Multiple& y = at(b.lattice, eb);
    switch (op) {
      case Binary::kAdd:
      case Binary::kSub:
        return sum(x, y);
      case Binary::kMul:
        return product(x, y);
      case Binary::kDiv:
        return quotient_multiple(x, b.value[static_cast<std::size_t>(eb)]);
    }
    NIB_CHECK(false, "a binary operator");
  });
  out.exact = a.exact && b.exact && out.lattice && all_doubles(*out.lattice);
}

Step compile_leaky(Block& a, Block& out, double alpha) {
  if (a.lattice && !out.constant) {
    out.lattice = lattice_of(out.size, [&](std::int64_t e) -> std::optional<Multiple> {
      const auto scaled = product(at(a.lattice, e), multiple_of(alpha));
      if (!scaled) return std::nullopt;
      return hull(at(a.lattice, e), *scaled);
    });
    out.exact = a.exact && out.lattice && all_doubles(*out.lattice);
  }
  const double steepest = std::max(1.0, std::abs(alpha));
  return unary(
      a, out, [alpha](double x) { return x >= 0 ? x : alpha * x; },
      [alpha, steepest](Approx x) {
        if (x.value - x.error >= 0) return x;
        const Approx scaled = Approx{alpha, 0} * x;
        if (x.value + x.error < 0) return scaled;
        const double value = x.value >= 0 ? x.value : scaled.value;
        return widened(value, x.error * steepest + std::abs(value) * 0x1p-52);
      });
}

Step compile_clip(Block& a, Block& out, double low, double high, const std::string& node) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(low) || std::isnan(high) || low == kInfinity || high == -kInfinity) {
    fail(ErrorCode::E309, fmt::format("a Clip to [{}, {}]", low, high), node);
  }
  if (a.lattice && !out.constant) {
    out.lattice = lattice_of(out.size, [&](std::int64_t e) -> std::optional<Multiple> {
      Multiple m = at(a.lattice, e);
      if (std::isfinite(low)) m = hull(m, multiple_of(low));
      if (std::isfinite(high)) m = hull(m, multiple_of(high));
      return m;
    });
  }
  out.exact = a.exact && !out.constant;
  const auto clip = [low, high](double x) { return std::min(std::max(x, low), high); };
  return unary(a, out, clip, [low, high, clip](Approx x) {
    if (low > high || x.value - x.error >= high) return Approx{high, 0};
    if (x.value + x.error <= low) return Approx{low, 0};
    return Approx{clip(x.value), x.error};
  });
}

Step compile_relu(Block& a, Block& out) {
  out.lattice = a.lattice;
  out.exact = a.exact;
  return unary(
      a, out, [](double x) { return x > 0 ? x : 0.0; },
      [](Approx x) {
        if (x.value + x.error <= 0) return Approx{};
        return Approx{x.value > 0 ? x.value : 0.0, x.error};
      });
}

/// x^n for a constant whole n; anything else that is not constant is left to exact numbers.
Step compile_power(Block& a, Block& b, Block& out) {
  return [&a, &b, &out, ia = broadcast_index(a.shape, out.shape),
          ib = broadcast_index(b.shape, out.shape)](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        const Approx x = a.at(r, ia[static_cast<std::size_t>(e)]);
        const Approx n = b.at(r, ib[static_cast<std::size_t>(e)]);
        const bool whole =
            n.error == 0 && n.value == std::floor(n.value) && std::abs(n.value) <= 64;
        Approx y{1, whole ? 0 : std::numeric_limits<double>::infinity()};
        for (int i = 0; whole && i < static_cast<int>(std::abs(n.value)); ++i) y = y * x;
        out.set(r, e, whole && n.value < 0 ? Approx{1, 0} / y : y);
      }
    }
  };
}

std::vector<std::int64_t> counted(std::int64_t size) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::int64_t>(i);
  return index;
}

Step compile_gemm(State& state, graph::NodeId id, const graph::Gemm& op, Block& out,
                  std::vector<Step>& steps) {
  const graph::Node& node = state.graph.node(id);
  Block& a = state.block(node.inputs[0]);
  Block& b = state.block(node.inputs[1]);
  const MatrixProduct product = gemm_of(op, a.shape, b.shape);
  const bool has_c = node.inputs.size() > 2 && node.inputs[2] != graph::kNone;
  // alpha a b, beta c and their sum, each a step of its own where it is there.
  Block* sum = &out;
  const auto next = [&](bool last) -> Block& {
    sum = last ? &out : &state.temporary(out.shape, out.constant);
    return *sum;
  };
  Step step = compile_product(state, product, a, b, next(op.alpha == 1 && !has_c));
  if (op.alpha != 1) {
    steps.push_back(std::move(step));
    Block& from = *sum;
    step = compile_scaled(from, op.alpha, next(!has_c));
  }
  if (!has_c) return step;
  steps.push_back(std::move(step));
  Block* c = &state.block(node.inputs[2]);
  if (op.beta != 1) {
    Block& scaled = state.temporary(c->shape, c->constant);
    Step scale = compile_scaled(*c, op.beta, scaled);
    if (scaled.constant) {
      scale(1);
      State::settle_constant(scaled);
    } else {
      steps.push_back(std::move(scale));
    }
    c = &scaled;
  }
  return compile_binary(*sum, *c, out, Binary::kAdd);
}

struct NodeCompiler {
  State& state;
  graph::NodeId id;
  const graph::Node& node;
  std::vector<Step>& steps;

  [[nodiscard]] Block& in(std::size_t i) const { return state.block(node.inputs[i]); }
  [[nodiscard]] Block& out() const { return state.block(node.outputs[0]); }
  [[nodiscard]] Step both(Binary op) const { return compile_binary(in(0), in(1), out(), op); }

  Step operator()(const graph::Quant& op) const { return compile_quant(state, id, op); }
  Step operator()(const graph::BipolarQuant& op) const { return compile_bipolar(state, id, op); }
  Step operator()(const graph::MultiThreshold& op) const {
    return compile_threshold(state, id, op);
  }
  Step operator()(const graph::MatMul&) const {
    return compile_product(state, matmul_of(in(0).shape, in(1).shape), in(0), in(1), out());
  }
  Step operator()(const graph::Gemm& op) const { return compile_gemm(state, id, op, out(), steps); }
  Step operator()(const graph::Add&) const { return both(Binary::kAdd); }
  Step operator()(const graph::Sub&) const { return both(Binary::kSub); }
  Step operator()(const graph::Mul&) const { return both(Binary::kMul); }
  Step operator()(const graph::Div&) const { return both(Binary::kDiv); }
  Step operator()(const graph::Pow&) const { return compile_power(in(0), in(1), out()); }
  Step operator()(const graph::Neg&) const {
    out().lattice = in(0).lattice;
    out().exact = in(0).exact;
    return unary(
        in(0), out(), [](double x) { return -x; }, [](Approx x) { return -x; });
  }
  Step operator()(const graph::BatchNormalization& op) const {
    return compile_batch_norm(state, id, op);
  }
  Step operator()(const graph::Relu&) const { return compile_relu(in(0), out()); }
  Step operator()(const graph::LeakyRelu& op) const {
    return compile_leaky(in(0), out(), op.alpha);
  }
  Step operator()(const graph::Clip& op) const {
    return compile_clip(in(0), out(), op.low, op.high, node.name);
  }
  Step operator()(const graph::Reshape&) const {
    out().exact = in(0).exact;
    out().lattice = in(0).lattice;
    return [&a = in(0), &o = out()](std::int64_t) {
      o.value = a.value;
      o.error = a.error;
    };
  }
  Step operator()(const graph::Transpose& op) const {
    std::vector<std::int64_t> index = counted(out().size);
    for (std::int64_t& e : index) e = transpose_at(in(0).shape, op.perm, e);
    std::vector<std::size_t> source(index.size(), 0);
    return compile_gather({&in(0)}, std::move(source), std::move(index), out());
  }
  Step operator()(const graph::Concat& op) const {
    std::vector<Block*> parts;
    std::vector<const Shape*> shapes;
    for (const ValueId input : node.inputs) {
      parts.push_back(&state.block(input));
      shapes.push_back(&parts.back()->shape);
    }
    std::vector<std::size_t> source;
    std::vector<std::int64_t> index;
    for (std::int64_t e = 0; e < out().size; ++e) {
      const Part part = concat_at(shapes, op.axis, out().shape, e);
      source.push_back(part.input);
      index.push_back(part.element);
    }
    return compile_gather(std::move(parts), std::move(source), std::move(index), out());
  }
  Step operator()(const graph::Softmax&) const {
    fail(ErrorCode::E309, "a Softmax has no exact value", node.name);
  }
  Step operator()(const graph::ArgMax& op) const { return compile_argmax(state, id, op); }
  Step operator()(const graph::Conv&) const { return compile_convolution(state, id, steps); }
  Step operator()(const graph::ConvTranspose&) const {
    return compile_convolution(state, id, steps);
  }
  Step operator()(const graph::MaxPool&) const { return compile_pool(state, id, steps); }
  Step operator()(const graph::AveragePool&) const { return compile_pool(state, id, steps); }
  Step operator()(const graph::QuantAvgPool&) const { return compile_pool(state, id, steps); }
  Step operator()(const graph::Reduce&) const { return compile_pool(state, id, steps); }
  Step operator()(const graph::Take& op) const { return compile_take(state, id, op); }
  Step operator()(const graph::Unary& op) const { return compile_unary(state, id, op); }
  Step operator()(const graph::PRelu&) const { return compile_prelu(in(0), in(1), out()); }
  Step operator()(const graph::Trunc& op) const { return compile_trunc(state, id, op); }
  Step operator()(const graph::FloatQuant& op) const { return compile_float_quant(state, id, op); }
  Step operator()(const graph::TopK& op) const { return compile_topk(state, id, op); }
};

}  // namespace

Step compile_gather(std::vector<Block*> parts, std::vector<std::size_t> source,
                    std::vector<std::int64_t> index, Block& out) {
  out.exact = std::all_of(parts.begin(), parts.end(), [](const Block* b) { return b->exact; });
  const bool known = std::all_of(parts.begin(), parts.end(),
                                 [](const Block* b) { return b->lattice.has_value(); });
  if (known) {
    out.lattice = lattice_of(out.size, [&](std::int64_t e) -> std::optional<Multiple> {
      const auto i = static_cast<std::size_t>(e);
      return at(parts[source[i]]->lattice, index[i]);
    });
  }
  return [parts = std::move(parts), source = std::move(source), index = std::move(index),
          &out](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::size_t e = 0; e < index.size(); ++e) {
        out.set(r, static_cast<std::int64_t>(e), parts[source[e]]->at(r, index[e]));
      }
    }
  };
}

Step compile_binary(Block& a, Block& b, Block& out, Binary op) {
  set_binary_lattice(a, b, out, op);
  switch (op) {
    case Binary::kAdd:
      return binary(a, b, out, [](auto x, auto y) { return x + y; });
    case Binary::kSub:
      return binary(a, b, out, [](auto x, auto y) { return x - y; });
    case Binary::kMul:
      return binary(a, b, out, [](auto x, auto y) { return x * y; });
    case Binary::kDiv:
      return binary(a, b, out, [](auto x, auto y) { return x / y; });
  }
  NIB_CHECK(false, "a binary operator");
}

Step compile_scaled(Block& a, double factor, Block& out) {
  if (a.lattice && !out.constant) {
    out.lattice = lattice_of(
        out.size, [&](std::int64_t e) { return product(at(a.lattice, e), multiple_of(factor)); });
    out.exact = a.exact && out.lattice && all_doubles(*out.lattice);
  }
  return unary(
      a, out, [factor](double x) { return x * factor; },
      [factor](Approx x) {
        return x * Approx{factor, 0};
      });
}

void compile_node(State& state, graph::NodeId id, std::vector<Step>& steps) {
  const graph::Node& node = state.graph.node(id);
  Block& out = state.block(node.outputs[0]);
  std::vector<Step> made;
  Step last = std::visit(NodeCompiler{state, id, node, made}, node.op);
  made.push_back(std::move(last));
  if (!out.constant) {
    for (Step& step : made) steps.push_back(std::move(step));
    return;
  }
  for (const Step& step : made) step(1);
  State::settle_constant(out);
}

}  // namespace nib::golden
