// Step functions against a direct evaluation in this file: chains of scalar operators, all rounding
// modes, zero points of both kinds, negative and odd scales, exhaustively over their domains.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "nib/lower/real_function.h"
#include "nib/num/rational.h"

using namespace nib;
using namespace nib::lower;

namespace {

constexpr Rounding kModes[] = {Rounding::kHalfEven, Rounding::kHalfUp, Rounding::kHalfDown,
                               Rounding::kCeil,     Rounding::kFloor,  Rounding::kUp,
                               Rounding::kDown,     Rounding::kDpu};

/// The chain by its definition, for rational parameters.
Rational direct(const RealFunction& f, std::int64_t x) {
  Rational v = f.scale * to_rational(x) + f.offset;
  for (const ScalarOp& op : f.ops) {
    switch (op.kind) {
      case ScalarOp::Kind::kAffine:
        v = op.a.rational() * v + op.b.rational();
        break;
      case ScalarOp::Kind::kLeaky:
        if (sgn(v) < 0) v *= op.a.rational();
        break;
      case ScalarOp::Kind::kClip:
        if (op.has_low && v < op.a.rational()) v = op.a.rational();
        if (op.has_high && v > op.b.rational()) v = op.b.rational();
        break;
      case ScalarOp::Kind::kPower:
      case ScalarOp::Kind::kUnary:
        FAIL("not among the chains of this test");
        break;
    }
  }
  return v;
}

/// The quantiser by its definition: QONNX clips, then rounds; QuantizeLinear rounds, adds, clips.
std::int64_t direct_code(const Quantiser& q, const Rational& v) {
  Rational t = v * q.unit + q.shift;
  if (!q.by_rounding()) {
    return std::count_if(q.thresholds.begin(), q.thresholds.end(),
                         [&](const Rational& at) { return t >= at; });
  }
  const Rational low = to_rational(q.codes.min - q.after_rounding);
  const Rational high = to_rational(q.codes.max - q.after_rounding);
  t = std::min(std::max(t, low), high);
  return to_int64(nib::round(t, q.rounding)).value() + q.after_rounding;
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  Rational fraction(std::int64_t top, std::int64_t bottom) {
    Rational r(to_integer(whole(-top, top)), to_integer(whole(1, bottom)));
    r.canonicalize();
    return r;
  }
  Rational nonzero(std::int64_t top, std::int64_t bottom) {
    for (;;) {
      Rational r = fraction(top, bottom);
      if (sgn(r) != 0) return r;
    }
  }

 private:
  std::mt19937 engine_;
};

ScalarOp random_op(Dice& dice) {
  ScalarOp op;
  switch (dice.whole(0, 3)) {
    case 0:
      op.kind = ScalarOp::Kind::kAffine;
      op.a = dice.fraction(8, 8);
      op.b = dice.fraction(20, 6);
      break;
    case 1:
      op.kind = ScalarOp::Kind::kLeaky;
      op.a = Rational(0);
      break;
    case 2:
      op.kind = ScalarOp::Kind::kLeaky;
      op.a = dice.fraction(3, 7);
      break;
    default: {
      op.kind = ScalarOp::Kind::kClip;
      const Rational low = dice.fraction(40, 4);
      op.a = low;
      op.b = Rational(low + abs(dice.fraction(60, 4)));
      op.has_low = dice.whole(0, 2) > 0;
      op.has_high = dice.whole(0, 2) > 0;
      break;
    }
  }
  return op;
}

Quantiser random_quantiser(Dice& dice, Rounding mode) {
  Quantiser q;
  q.rounding = mode;
  q.unit = dice.nonzero(9, 9);
  if (dice.whole(0, 3) == 0) {
    q.codes.max = dice.whole(1, 9);
    for (std::int64_t i = 0; i < q.codes.max; ++i) q.thresholds.push_back(dice.fraction(50, 5));
    std::sort(q.thresholds.begin(), q.thresholds.end());
    return q;
  }
  const std::int64_t low = dice.whole(-20, 5);
  q.codes = {low, low + dice.whole(0, 40)};
  if (dice.whole(0, 1) == 0) q.shift = dice.fraction(6, 2);
  if (dice.whole(0, 2) == 0) q.after_rounding = dice.whole(-9, 9);
  return q;
}

void check_well_formed(const StepFunction& steps) {
  REQUIRE(steps.levels.size() == steps.thresholds.size() + 1);
  std::int64_t before = steps.domain.min;
  for (std::size_t i = 0; i < steps.thresholds.size(); ++i) {
    REQUIRE(before < steps.thresholds[i]);
    REQUIRE(steps.thresholds[i] <= steps.domain.max);
    REQUIRE(steps.levels[i] != steps.levels[i + 1]);
    before = steps.thresholds[i];
  }
}

}  // namespace

TEST_CASE("random step functions equal their definition on the whole domain") {
  Dice dice(20260801);
  std::size_t thresholds = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    RealFunction f;
    f.domain.min = dice.whole(-150, 50);
    f.domain.max = f.domain.min + dice.whole(0, 200);
    f.scale = dice.nonzero(7, 9);
    f.offset = dice.fraction(10, 3);
    for (std::int64_t n = dice.whole(0, 3); n > 0; --n) f.ops.push_back(random_op(dice));
    const Quantiser q = random_quantiser(dice, kModes[trial % 8]);
    const StepFunction steps = steps_of(f, q, "test");
    check_well_formed(steps);
    thresholds += steps.thresholds.size();
    for (std::int64_t x = f.domain.min; x <= f.domain.max; ++x) {
      const std::int64_t expected = direct_code(q, direct(f, x));
      if (steps(x) != expected) {
        FAIL("trial " << trial << " at " << x << ": " << steps(x) << ", not " << expected);
      }
    }
    prove(steps, f, q, 16);  // by both sides of each threshold
    prove(steps, f, q, 1 << 20);
  }
  CHECK(thresholds > 10000);
}

TEST_CASE("the proof notices a moved threshold and a wrong level") {
  RealFunction f;
  f.domain = {-100, 100};
  f.scale = Rational(1, 3);
  f.ops.push_back({ScalarOp::Kind::kLeaky, Rational(0), Surd()});
  Quantiser q;
  q.rounding = Rounding::kHalfEven;
  q.codes = {0, 15};
  const StepFunction good = steps_of(f, q, "test");
  REQUIRE(good.thresholds.size() == 15);
  for (const std::int64_t all_up_to : {0, 1000}) {
    prove(good, f, q, all_up_to);
    for (std::size_t i = 0; i < good.thresholds.size(); ++i) {
      for (const std::int64_t by : {-1, 1}) {
        StepFunction bad = good;
        bad.thresholds[i] += by;
        CHECK_THROWS_AS(prove(bad, f, q, all_up_to), InternalError);
      }
      StepFunction bad = good;
      bad.levels[i + 1] += 100;
      CHECK_THROWS_AS(prove(bad, f, q, all_up_to), InternalError);
    }
    StepFunction missing = good;
    missing.thresholds.pop_back();
    missing.levels.pop_back();
    CHECK_THROWS_AS(prove(missing, f, q, all_up_to), InternalError);
  }
}

TEST_CASE("ties follow the parity of the code") {
  // x / 2 with half-even: 1/2 -> 0, 3/2 -> 2, 5/2 -> 2, 7/2 -> 4.
  RealFunction f;
  f.domain = {0, 8};
  f.scale = Rational(1, 2);
  Quantiser q;
  q.rounding = Rounding::kHalfEven;
  q.codes = {0, 15};
  const StepFunction steps = steps_of(f, q, "test");
  CHECK(steps.thresholds == std::vector<BigInt>{2, 3, 6, 7});
  CHECK(steps.levels == std::vector<std::int64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("irrational slopes: a batch norm by sqrt(7), exact ties at the mean") {
  // (x - 5) / sqrt(7) * gamma + 1/2 with half-even codes: at x = 5 the tie 1/2 goes to 0.
  for (const std::int64_t gamma : {1, -1, 3}) {
    RealFunction f;
    f.domain = {-300, 300};
    const Surd factor = Surd(to_rational(gamma)) * Surd::sqrt_of(7).inverse();
    f.ops.push_back(
        {ScalarOp::Kind::kAffine, factor, Surd(Rational(1, 2)) - factor * Surd(Rational(5))});
    Quantiser q;
    q.rounding = Rounding::kHalfEven;
    q.codes = {-20, 20};
    const StepFunction steps = steps_of(f, q, "test");
    prove(steps, f, q, 1 << 20);
    CHECK(steps(5) == 0);
    for (std::int64_t x = -300; x <= 300; ++x) {
      // Elsewhere no tie is near: long double decides.
      const long double t = static_cast<long double>(gamma * (x - 5)) / sqrtl(7.0L) + 0.5L;
      const long double nearest = roundl(t);
      if (x == 5) continue;
      REQUIRE(fabsl(fabsl(t - nearest) - 0.5L) > 1e-12L);
      const auto expected = std::clamp<std::int64_t>(static_cast<std::int64_t>(nearest), -20, 20);
      CHECK(steps(x) == expected);
    }
  }
}

TEST_CASE("two irrational factors in one chain") {
  RealFunction f;
  f.domain = {-200, 200};
  f.ops.push_back({ScalarOp::Kind::kAffine, Surd::sqrt_of(2), Surd(Rational(1, 3))});
  f.ops.push_back({ScalarOp::Kind::kLeaky, Rational(1, 8), Surd()});
  f.ops.push_back({ScalarOp::Kind::kAffine, Surd::sqrt_of(3).inverse(), Surd(Rational(-1, 5))});
  Quantiser q;
  q.rounding = Rounding::kHalfUp;
  q.codes = {-100, 100};
  const StepFunction steps = steps_of(f, q, "test");
  prove(steps, f, q, 1 << 20);
  for (std::int64_t x = -200; x <= 200; ++x) {
    long double v = sqrtl(2.0L) * static_cast<long double>(x) + 1.0L / 3;
    if (v < 0) v /= 8;
    v = v / sqrtl(3.0L) - 0.2L;
    const auto expected = std::clamp<std::int64_t>(static_cast<std::int64_t>(roundl(v)), -100, 100);
    CHECK(steps(x) == expected);
  }
}

TEST_CASE("out of reach: levels are dropped, a dead channel is one level") {
  RealFunction f;
  f.domain = {-10, 10};
  f.scale = Rational(1, 100);
  Quantiser q;
  q.rounding = Rounding::kHalfEven;
  q.codes = {-128, 127};
  const StepFunction steps = steps_of(f, q, "test");
  CHECK(steps.thresholds.empty());
  CHECK(steps.levels == std::vector<std::int64_t>{0});
  CHECK(steps.image() == Range{0, 0});
}

TEST_CASE("tables of functions without a quantiser") {
  RealFunction f;
  f.domain = {-8, 7};
  f.scale = Rational(1, 4);
  f.ops.push_back({ScalarOp::Kind::kLeaky, Rational(13, 128), Surd()});
  const auto table = tabulate(f, 4096);
  REQUIRE(table.has_value());
  for (std::int64_t x = -8; x <= 7; ++x) {
    const Rational y = table->scale * to_rational(table->steps(x)) + table->offset;
    CHECK(y == direct(f, x));
  }
  CHECK_FALSE(tabulate(f, 15).has_value());
}
