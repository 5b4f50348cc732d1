// Steps of the functions of single elements.
#include <algorithm>
#include <cmath>
#include <limits>

#include "nib/golden/functions.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Approx kUnknown{0, kInfinity};

/// The C library documents at most 2 units in the last place for these functions on every machine
/// that it supports with IEEE doubles (glibc manual, "Errors in Math Functions"); a few roundings
/// come on top. 2^-48 is 16 units or more.
Approx from_library(double value, double carried) {
  return widened(value, carried + std::abs(value) * 0x1p-48 + 0x1p-1000);
}

/// f of a step function: known where both ends of the bound agree.
template <class F>
Approx stepped(Approx x, F f) {
  if (x.error == 0) return {f(x.value), 0};
  const double low = std::nextafter(x.value - x.error, -kInfinity);
  const double high = std::nextafter(x.value + x.error, kInfinity);
  if (!(x.error < kInfinity) || f(low) != f(high)) return kUnknown;
  return {f(low), 0};
}

Approx clip01(Approx x) {
  if (x.value - x.error >= 1) return {1, 0};
  if (x.value + x.error <= 0) return {};
  return {std::min(std::max(x.value, 0.0), 1.0), x.error};
}

Approx magnitude(Approx x) { return {std::abs(x.value), x.error}; }

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

Approx elu(double alpha, Approx x) {
  if (x.value - x.error >= 0) return x;
  const double steepest = std::max(1.0, std::abs(alpha));
  const double value = x.value >= 0 ? x.value : alpha * std::expm1(x.value);
  return from_library(value, x.error * steepest);
}

Approx square_root(Approx x) {
  if (x.value == 0 && x.error == 0) return {};
  if (!(x.value - x.error > 0) || x.value < kUnderflow) return kUnknown;
  const double root = std::sqrt(x.value);
  if (x.error == 0 && std::fma(root, root, -x.value) == 0) return {root, 0};
  return widened(root, x.error / root * (1 + 0x1p-40) + root * 0x1p-51);
}

/// f(x) with its bound; an infinite one where exact numbers must tell.
Approx bounded(const graph::Unary& op, Approx x) {
  const Approx one{1, 0};
  const bool zero = x.value == 0 && x.error == 0;
  if (!(x.error < kInfinity)) return kUnknown;
  switch (op.kind) {
    case graph::UnaryKind::kSign:
      return stepped(x, sign_of);
    case graph::UnaryKind::kAbs:
      return magnitude(x);
    case graph::UnaryKind::kFloor:
      return stepped(x, [](double v) { return std::floor(v); });
    case graph::UnaryKind::kCeil:
      return stepped(x, [](double v) { return std::ceil(v); });
    case graph::UnaryKind::kRound:
      return stepped(x, [](double v) { return nib::round(v, Rounding::kHalfEven); });
    case graph::UnaryKind::kHardSigmoid:
      return clip01(Approx{op.alpha, 0} * x + Approx{op.beta, 0});
    case graph::UnaryKind::kHardSwish:
      return x * clip01((x + Approx{3, 0}) / Approx{6, 0});
    case graph::UnaryKind::kSoftsign:
      return x / (one + magnitude(x));
    case graph::UnaryKind::kSigmoid:
      return zero ? Approx{0.5, 0} : from_library(1 / (1 + std::exp(-x.value)), x.error / 4);
    case graph::UnaryKind::kTanh:
      return zero ? x : from_library(std::tanh(x.value), x.error);
    case graph::UnaryKind::kElu:
      return elu(op.alpha, x);
    case graph::UnaryKind::kSelu:
      return elu(op.alpha, x) * Approx{op.beta, 0};
    case graph::UnaryKind::kSoftplus: {
      const double tail = std::log1p(std::exp(-std::abs(x.value)));
      return from_library(std::max(x.value, 0.0) + tail, x.error);
    }
    case graph::UnaryKind::kExp: {
      const double value = std::exp(x.value);
      return zero ? one : from_library(value, value * std::expm1(x.error) * (1 + 0x1p-40));
    }
    case graph::UnaryKind::kErf:
      // The slope is at most 2 / sqrt(pi) < 1.1284.
      return zero ? x : from_library(std::erf(x.value), x.error * 1.1284);
    case graph::UnaryKind::kSqrt:
      return square_root(x);
  }
  return kUnknown;
}

void set_unary_lattice(const graph::Unary& op, const Block& x, Block& out) {
  if (out.constant) return;
  if (op.kind == graph::UnaryKind::kSign) {
    out.lattice.emplace(static_cast<std::size_t>(out.size), Multiple{{1, 0}, 1});
    out.exact = true;
  } else if (op.kind == graph::UnaryKind::kAbs) {
    out.lattice = x.lattice;
    out.exact = x.exact;
  } else if (x.lattice &&
             (op.kind == graph::UnaryKind::kFloor || op.kind == graph::UnaryKind::kCeil ||
              op.kind == graph::UnaryKind::kRound)) {
    out.lattice.emplace();
    for (const Multiple& m : *x.lattice) {
      const double most = m.unit.is_zero() ? 0.0 : m.bound * to_double(m.unit);
      out.lattice->push_back({{1, 0}, most * (1 + 0x1p-30) + 1});
    }
    out.exact = all_doubles(*out.lattice);
  }
}

}  // namespace

Step compile_unary(State& state, graph::NodeId id, const graph::Unary& op) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  set_unary_lattice(op, x, out);
  const bool decides = op.kind == graph::UnaryKind::kSign || op.kind == graph::UnaryKind::kFloor ||
                       op.kind == graph::UnaryKind::kCeil || op.kind == graph::UnaryKind::kRound;
  const bool partial = op.kind == graph::UnaryKind::kSqrt;
  return [&state, &node, &op, &x, &out, decides, partial](std::int64_t rows) {
    out.resize(rows);
    for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        Approx y = bounded(op, x.at(r, e));
        if (!(y.error < kInfinity) && (decides || partial)) {
          const Number exact_x = state.cone.evaluate(node.inputs[0], e, state.source(r));
          y.value = exact_unary(op, exact_x, node.name).approximate(y.error);
        }
        out.set(r, e, y);
      }
    }
  };
}

Step compile_prelu(Block& x, Block& slope, Block& out) {
  const auto index = broadcast_index(slope.shape, out.shape);
  if (x.lattice && slope.lattice && !out.constant) {
    out.lattice.emplace();
    for (std::size_t e = 0; e < index.size() && out.lattice; ++e) {
      const Multiple& own = (*x.lattice)[e];
      const auto scaled = product(own, (*slope.lattice)[static_cast<std::size_t>(index[e])]);
      if (scaled) {
        out.lattice->push_back(hull(own, *scaled));
      } else {
        out.lattice.reset();
      }
    }
    out.exact = x.exact && slope.exact && out.lattice && all_doubles(*out.lattice);
  }
  return [&x, &slope, &out, index](std::int64_t rows) {
    out.resize(rows);
    for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        const Approx a = x.at(r, e);
        const Approx s = slope.at(r, index[static_cast<std::size_t>(e)]);
        const Approx scaled = s * a;
        if (a.value - a.error >= 0) {
          out.set(r, e, a);
        } else if (a.value + a.error < 0) {
          out.set(r, e, scaled);
        } else {
          // The sign is open: both branches are small here, within steepest * |x| of each other.
          const double steepest = std::max(1.0, std::abs(s.value) + s.error);
          const double value = a.value >= 0 ? a.value : scaled.value;
          const double doubt = (std::abs(a.value) + a.error) * (s.error + 0x1p-51 * steepest);
          out.set(r, e, widened(value, a.error * steepest * (1 + 0x1p-40) + doubt + 0x1p-1000));
        }
      }
    }
  };
}

}  // namespace nib::golden
