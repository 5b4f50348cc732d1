// Functions and quantisers of constants.
#include <algorithm>
#include <utility>

#include "nib/base/error.h"
#include "nib/lower/fold.h"
#include "nib/lower/real_function.h"

namespace nib::lower {
namespace {

using graph::UnaryKind;

/// A function that is transcendental at x.
Surd curve_at(const FoldNode& fold, Curve curve, const Surd& x) {
  if (!x.is_rational()) fold.fail("a function of an irrational number");
  if (abs(x.rational()) > Surd::kLargestArgument) {
    fold.fail("a function of a number beyond 32768");
  }
  return Surd::value_of(curve, x.rational());
}

/// Entries of a parameter vector along `axis`, by element.
std::int64_t along(const Shape& shape, int axis, std::int64_t element) {
  const auto at = static_cast<std::size_t>(axis);
  return element / strides_of(shape)[at] % shape[at];
}

}  // namespace

Surd fold_unary(const FoldNode& fold, const graph::Unary& op, const Surd& x) {
  if (op.kind == UnaryKind::kSqrt && x.sign() < 0) fold.fail("the root of a negative number");
  ScalarOp scalar;
  scalar.kind = ScalarOp::Kind::kUnary;
  scalar.function = op.kind;
  scalar.a = exact(op.alpha);
  scalar.b = exact(op.beta);
  if (auto value = apply(scalar, x)) return std::move(*value);
  switch (op.kind) {
    case UnaryKind::kSigmoid:
      return curve_at(fold, Curve::kSigmoid, x);
    case UnaryKind::kTanh:
      return curve_at(fold, Curve::kTanh, x);
    case UnaryKind::kElu:
      return curve_at(fold, Curve::kExpm1, x) * scalar.a;
    case UnaryKind::kSelu:
      return curve_at(fold, Curve::kExpm1, x) * scalar.a * scalar.b;
    case UnaryKind::kSoftplus:
      return curve_at(fold, Curve::kSoftplus, x);
    case UnaryKind::kExp:
      return curve_at(fold, Curve::kExp, x);
    case UnaryKind::kErf:
      return curve_at(fold, Curve::kErf, x);
    case UnaryKind::kSoftsign: {
      const Surd one{Rational(1)};
      return fold_quotient(fold, x, one + (x.sign() < 0 ? -x : x));
    }
    case UnaryKind::kSign:
    case UnaryKind::kAbs:
    case UnaryKind::kFloor:
    case UnaryKind::kCeil:
    case UnaryKind::kRound:
    case UnaryKind::kHardSigmoid:
    case UnaryKind::kHardSwish:
    case UnaryKind::kSqrt:
      break;
  }
  fold.fail("a function of an irrational number");
}

Surd fold_quotient(const FoldNode& fold, const Surd& a, const Surd& b) {
  if (b.sign() == 0) fold.fail("a division by zero");
  if (!b.has_inverse()) fold.fail("a division by a sum of irrational numbers");
  return a * b.inverse();
}

Surd fold_power(const FoldNode& fold, const Surd& base, const Surd& exponent) {
  if (!exponent.is_rational()) fold.fail("an irrational exponent");
  const Rational twice = exponent.rational() * 2;
  if (twice.get_den() != 1 || abs(twice) > 128) {
    fold.fail("a power that is no multiple of 1/2 from -64 to 64");
  }
  const long halves = twice.get_num().get_si();
  const bool root = halves % 2 != 0;
  if (root && !base.is_rational()) fold.fail("a root of an irrational number");
  if (root && base.sign() < 0) fold.fail("the root of a negative number");
  const Surd factor = root ? Surd::sqrt_of(base.rational()) : base;
  Surd result{Rational(1)};
  for (long i = std::abs(root ? halves : halves / 2); i > 0; --i) {
    result *= factor;
    if (result.bits() > kMaxExactBits) {
      nib::fail(ErrorCode::E407, "a power", fold.node.name);
    }
  }
  return halves < 0 ? fold_quotient(fold, Surd(Rational(1)), result) : result;
}

Constant fold_batch_norm(const FoldNode& fold, const graph::BatchNormalization& op) {
  Tensor<Surd> result(fold.shape);
  for (std::int64_t e = 0; e < result.size(); ++e) {
    const std::int64_t c = along(fold.shape, op.axis, e);
    const Surd spread = fold.in[4]->at(c) + Surd(exact(op.epsilon));
    if (!spread.is_rational() || spread.sign() <= 0) {
      fold.fail("a batch norm whose variance plus epsilon is not positive");
    }
    const Surd factor = Surd::sqrt_of(spread.rational()).inverse();
    result[e] =
        (fold.x().at(e) - fold.in[3]->at(c)) * factor * fold.in[1]->at(c) + fold.in[2]->at(c);
  }
  return tidy(std::move(result));
}

Constant fold_float_quant(const FoldNode& fold, const graph::FloatQuant& op) {
  Tensor<Surd> result(fold.shape);
  for (std::int64_t e = 0; e < result.size(); ++e) result[e] = fold.x().at(e);
  float_quantise(op, fold.node.name, result);
  return tidy(std::move(result));
}

Constant quantise_computed(const Constant& x, const Quantisers& quantisers) {
  Tensor<Surd> result(x.shape());
  for (std::int64_t e = 0; e < x.size(); ++e) {
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    const RealFunction function{{0, 0}, 1, 0, {{ScalarOp::Kind::kAffine, Rational(0), x.at(e)}}};
    result[e] = q.value_of(steps_of(function, q, {}).levels.at(0));
  }
  return tidy(std::move(result));
}

Constant fold_trunc(const FoldNode& fold, const graph::Trunc& op) {
  Reach reach{0, 0};
  for (std::int64_t e = 0; e < fold.x().size(); ++e) {
    const Surd x = fold.x().at(e);
    reach.low = std::min(reach.low, Rational(x.floor()));
    reach.high = std::max(reach.high, Rational(x.ceil()));
  }
  return quantise_computed(fold.x(), trunc_quantisers(op, fold.shape, reach, fold.node.name));
}

Constant fold_thresholds(const FoldNode& fold, const graph::MultiThreshold& op) {
  const Constant& thresholds = *fold.in[1];
  const std::int64_t levels = thresholds.shape()[1];
  Tensor<Surd> result(fold.shape);
  for (std::int64_t e = 0; e < result.size(); ++e) {
    const std::int64_t row = thresholds.shape()[0] == 1 ? 0 : along(fold.shape, op.channel_axis, e);
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < levels; ++i) {
      if ((fold.x().at(e) - thresholds.at(row * levels + i)).sign() >= 0) ++count;
    }
    result[e] = Rational(exact(op.out_scale) * to_rational(count) + exact(op.out_bias));
  }
  return tidy(std::move(result));
}

}  // namespace nib::lower
