// Values and shapes of scalar operators.
#include "nib/lower/scalar_op.h"

#include <algorithm>

#include "nib/base/check.h"

namespace nib::lower {
namespace {

using Kind = ScalarOp::Kind;
using graph::UnaryKind;

Surd limited(const Surd& x, const Surd& low, const Surd& high) {
  if ((x - low).sign() < 0) return low;
  return (x - high).sign() > 0 ? high : x;
}

std::optional<Surd> product(const Surd& a, const Surd& b) {
  if (!a.multiplies(b)) return std::nullopt;
  return a * b;
}

std::optional<Surd> power(const Surd& x, int exponent) {
  if (!x.is_algebraic() && exponent > 1) return std::nullopt;
  Surd y = x;
  for (int i = 1; i < exponent; ++i) y *= x;
  return y;
}

std::optional<Surd> exact_unary(const ScalarOp& op, const Surd& x) {
  const Surd one{Rational(1)};
  const bool zero = x.sign() == 0;
  switch (op.function) {
    case UnaryKind::kSign:
      return Surd(Rational(x.sign()));
    case UnaryKind::kAbs:
      return x.sign() < 0 ? -x : x;
    case UnaryKind::kFloor:
      return Surd(Rational(x.floor()));
    case UnaryKind::kCeil:
      return Surd(Rational(x.ceil()));
    case UnaryKind::kRound:
      return Surd(Rational(x.round(Rounding::kHalfEven)));
    case UnaryKind::kHardSigmoid:
      return limited(op.a * x + op.b, Surd(), one);
    case UnaryKind::kHardSwish:
      return product(x, limited(x * Surd(Rational(1, 6)) + Surd(Rational(1, 2)), Surd(), one));
    case UnaryKind::kSoftsign:
      if (!x.is_rational()) return std::nullopt;
      return Surd(Rational(x.rational() / (1 + abs(x.rational()))));
    case UnaryKind::kSigmoid:
      if (zero) return Surd(Rational(1, 2));
      return std::nullopt;
    case UnaryKind::kTanh:
    case UnaryKind::kErf:
      if (zero) return Surd();
      return std::nullopt;
    case UnaryKind::kExp:
      if (zero) return one;
      return std::nullopt;
    case UnaryKind::kElu:
      if (x.sign() >= 0 || op.a.sign() == 0) return x.sign() >= 0 ? x : Surd();
      return std::nullopt;
    case UnaryKind::kSelu:
      if (x.sign() >= 0) return op.b * x;
      if (op.a.sign() == 0 || op.b.sign() == 0) return Surd();
      return std::nullopt;
    case UnaryKind::kSoftplus:
      return std::nullopt;  // log 2 at 0
    case UnaryKind::kSqrt:
      if (!x.is_rational()) return std::nullopt;
      return Surd::sqrt_of(x.rational());
  }
  NIB_CHECK(false, "a function");
}

/// x >= 0 ? x : alpha (exp(x) - 1)
Enclosure elu(const Enclosure& x, const Surd& alpha) {
  const Enclosure zero(x.bits());
  const Enclosure bent = x.at_most(zero).mapped(Curve::kExpm1).times(alpha);
  if (x.sign() == -1) return bent;
  if (x.sign() != 2) return x;
  return bent.hull(x.at_least(zero));
}

Enclosure enclosed_unary(const ScalarOp& op, const Enclosure& x) {
  const int bits = x.bits();
  const Enclosure zero(bits), one(Surd(Rational(1)), bits);
  switch (op.function) {
    case UnaryKind::kSign:
    case UnaryKind::kFloor:
    case UnaryKind::kCeil:
    case UnaryKind::kRound: {
      const auto at = [&](const Rational& bound) {
        return Enclosure(*exact_unary(op, Surd(bound)), bits);
      };
      return at(x.low()).hull(at(x.high()));
    }
    case UnaryKind::kAbs: {
      if (x.sign() >= 0 && x.sign() != 2) return x;
      const Enclosure turned = x.negated();
      return x.sign() == -1 ? turned : zero.hull(x.at_least(turned));
    }
    case UnaryKind::kHardSigmoid:
      return x.times(op.a).plus(Enclosure(op.b, bits)).at_least(zero).at_most(one);
    case UnaryKind::kHardSwish: {
      const Enclosure line = x.times(Surd(Rational(1, 6)));
      const Enclosure half(Surd(Rational(1, 2)), bits);
      return x.times(line.plus(half).at_least(zero).at_most(one));
    }
    case UnaryKind::kSoftsign: {
      ScalarOp magnitude;
      magnitude.kind = Kind::kUnary;
      return x.times(one.plus(enclosed_unary(magnitude, x)).inverse());
    }
    case UnaryKind::kSigmoid:
      return x.mapped(Curve::kSigmoid);
    case UnaryKind::kTanh:
      return x.mapped(Curve::kTanh);
    case UnaryKind::kElu:
      return elu(x, op.a);
    case UnaryKind::kSelu:
      return elu(x, op.a).times(op.b);
    case UnaryKind::kSoftplus:
      return x.mapped(Curve::kSoftplus);
    case UnaryKind::kExp:
      return x.mapped(Curve::kExp);
    case UnaryKind::kErf:
      return x.mapped(Curve::kErf);
    case UnaryKind::kSqrt:
      return x.mapped(Curve::kSqrt);
  }
  NIB_CHECK(false, "a function");
}

/// -1: falls, 0: constant, 1: rises (perhaps with flat parts), 2: turns.
int course_of(const ScalarOp& op) {
  switch (op.kind) {
    case Kind::kAffine:
      return op.a.sign();
    case Kind::kLeaky:
      return op.a.sign() >= 0 ? 1 : 2;
    case Kind::kClip:
      return 1;
    case Kind::kPower:
      return op.exponent % 2 != 0 ? 1 : 2;
    case Kind::kUnary:
      break;
  }
  switch (op.function) {
    case UnaryKind::kAbs:
    case UnaryKind::kHardSwish:
      return 2;
    case UnaryKind::kHardSigmoid:
      return op.a.sign();
    case UnaryKind::kElu:
      return op.a.sign() >= 0 ? 1 : 2;
    case UnaryKind::kSelu:
      if (op.b.sign() == 0) return 0;
      return op.a.sign() >= 0 ? op.b.sign() : 2;
    case UnaryKind::kSign:
    case UnaryKind::kFloor:
    case UnaryKind::kCeil:
    case UnaryKind::kRound:
    case UnaryKind::kSoftsign:
    case UnaryKind::kSigmoid:
    case UnaryKind::kTanh:
    case UnaryKind::kSoftplus:
    case UnaryKind::kExp:
    case UnaryKind::kErf:
    case UnaryKind::kSqrt:
      return 1;
  }
  NIB_CHECK(false, "a function");
}

bool is_transcendental(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kSigmoid:
    case UnaryKind::kTanh:
    case UnaryKind::kElu:
    case UnaryKind::kSelu:
    case UnaryKind::kSoftplus:
    case UnaryKind::kExp:
    case UnaryKind::kErf:
      return true;
    case UnaryKind::kSign:
    case UnaryKind::kAbs:
    case UnaryKind::kFloor:
    case UnaryKind::kCeil:
    case UnaryKind::kRound:
    case UnaryKind::kHardSigmoid:
    case UnaryKind::kHardSwish:
    case UnaryKind::kSoftsign:
    case UnaryKind::kSqrt:
      return false;
  }
  NIB_CHECK(false, "a function");
}

}  // namespace

bool is_piecewise_linear(const ScalarOp& op) {
  if (!op.a.is_algebraic() || !op.b.is_algebraic()) return false;
  if (op.kind == Kind::kClip) return true;
  return (op.kind == Kind::kAffine || op.kind == Kind::kLeaky) && op.a.is_monomial();
}

bool is_rational(const ScalarOp& op) {
  if (!op.a.is_rational() || !op.b.is_rational()) return false;
  return op.kind != Kind::kUnary ||
         (!is_transcendental(op.function) && op.function != UnaryKind::kSqrt);
}

bool never_falls(const ScalarOp& op) {
  const int course = course_of(op);
  return course == 0 || course == 1;
}

bool always_rises(const ScalarOp& op) {
  if (course_of(op) != 1) return false;
  if (op.kind == Kind::kLeaky) return op.a.sign() > 0;
  if (op.kind != Kind::kUnary) return op.kind != Kind::kClip;
  switch (op.function) {
    case UnaryKind::kElu:
    case UnaryKind::kSelu:
      return op.a.sign() > 0;
    case UnaryKind::kSoftsign:
    case UnaryKind::kSqrt:
      return true;
    default:
      return is_transcendental(op.function);
  }
}

std::optional<Rational> turn_of(const ScalarOp& op) {
  if (course_of(op) != 2) return std::nullopt;
  const bool swish = op.kind == Kind::kUnary && op.function == UnaryKind::kHardSwish;
  return swish ? Rational(-3, 2) : Rational(0);
}

std::optional<Surd> apply(const ScalarOp& op, const Surd& x) {
  switch (op.kind) {
    case Kind::kAffine: {
      const std::optional<Surd> scaled = product(op.a, x);
      if (!scaled) return std::nullopt;
      return *scaled + op.b;
    }
    case Kind::kLeaky:
      if (x.sign() >= 0) return x;
      return product(op.a, x);
    case Kind::kClip: {
      Surd y = x;
      if (op.has_low && (y - op.a).sign() < 0) y = op.a;
      if (op.has_high && (y - op.b).sign() > 0) y = op.b;
      return y;
    }
    case Kind::kPower:
      return power(x, op.exponent);
    case Kind::kUnary:
      return exact_unary(op, x);
  }
  NIB_CHECK(false, "a scalar operator");
}

Enclosure apply(const ScalarOp& op, const Enclosure& x) {
  const int bits = x.bits();
  switch (op.kind) {
    case Kind::kAffine:
      return x.times(op.a).plus(Enclosure(op.b, bits));
    case Kind::kLeaky: {
      const Enclosure zero(bits);
      const Enclosure bent = x.at_most(zero).times(op.a);
      if (x.sign() == -1) return bent;
      return x.sign() == 2 ? bent.hull(x.at_least(zero)) : x;
    }
    case Kind::kClip: {
      Enclosure y = x;
      if (op.has_low) y = y.at_least(Enclosure(op.a, bits));
      if (op.has_high) y = y.at_most(Enclosure(op.b, bits));
      return y;
    }
    case Kind::kPower: {
      Enclosure y = x;
      for (int i = 1; i < op.exponent; ++i) y = y.times(x);
      return y;
    }
    case Kind::kUnary:
      return enclosed_unary(op, x);
  }
  NIB_CHECK(false, "a scalar operator");
}

}  // namespace nib::lower
