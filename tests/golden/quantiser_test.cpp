// Quantisers: the rounding modes and edge cases that the specifications state.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "net.h"
#include "nib/base/error.h"
#include "nib/golden/golden.h"

namespace nib {
namespace {

using graph::ValueId;

/// Output values of a one-input graph for the given elements, by the filtered evaluation; checks
/// that plain rationals say the same.
std::vector<double> outputs_of(const graph::Graph& graph, const std::vector<double>& x) {
  const auto count = static_cast<std::int64_t>(x.size());
  const Tensor<double> row(Shape{1, count}, x);
  golden::Evaluator evaluator(graph);
  const auto result = evaluator.run(std::span(&row, 1), graph.outputs);
  golden::Given given{graph.inputs[0].value, Tensor<Rational>(Shape{1, count})};
  for (std::int64_t e = 0; e < count; ++e) given.exact[e] = exact(x[static_cast<std::size_t>(e)]);
  const auto plain = golden::evaluate_exact(graph, std::span(&given, 1), graph.outputs);
  REQUIRE(plain[0].has_value());
  for (std::int64_t e = 0; e < plain[0]->size(); ++e) {
    const auto i = static_cast<std::size_t>(e);
    const double error = result[0].error.empty() ? 0 : result[0].error[i];
    CHECK(abs(exact(result[0].value.data[i]) - (*plain[0])[e]) <= exact(error));
  }
  return result[0].value.data;
}

std::vector<double> quantised(const graph::Quant& op, const std::vector<double>& x) {
  test::Net net;
  const ValueId in = net.input({1, static_cast<std::int64_t>(x.size())});
  return outputs_of(net.finish({net.add(op, {in})}), x);
}

using Reals = std::vector<double>;

TEST_CASE("rounding modes") {
  const Reals x = {-2.5, -1.75, -1.5, -0.5, -0.25, 0, 0.25, 0.5, 1.5, 1.75, 2.5};
  const struct {
    Rounding mode;
    Reals expected;
  } rows[] = {
      {Rounding::kHalfEven, {-2, -2, -2, 0, 0, 0, 0, 0, 2, 2, 2}},
      {Rounding::kHalfUp, {-3, -2, -2, -1, 0, 0, 0, 1, 2, 2, 3}},
      {Rounding::kHalfDown, {-2, -2, -1, 0, 0, 0, 0, 0, 1, 2, 2}},
      {Rounding::kCeil, {-2, -1, -1, 0, 0, 0, 1, 1, 2, 2, 3}},
      {Rounding::kFloor, {-3, -2, -2, -1, -1, 0, 0, 0, 1, 1, 2}},
      {Rounding::kUp, {-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3}},
      {Rounding::kDown, {-2, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2}},
      {Rounding::kDpu, {-2, -2, -1, 0, 0, 0, 0, 0, 2, 2, 2}},
  };
  for (const auto& row : rows) {
    INFO(to_string(row.mode));
    CHECK(quantised(test::quant(1, 0, 8, true, row.mode), x) == row.expected);
    // Scale 3: the quotients are no doubles; the ties are the same.
    Reals wide = x, expected = row.expected;
    for (double& v : wide) v *= 3;
    for (double& v : expected) v *= 3;
    CHECK(quantised(test::quant(3, 0, 8, true, row.mode), wide) == expected);
  }
}

TEST_CASE("values right beside a tie are decided exactly") {
  // 0.3f * 2.5 and its neighbours: the quotient rounds to 2.5 in double for all three.
  const double scale = static_cast<double>(0.3F);
  const double tie = scale * 2.5;
  const Reals x = {std::nextafter(tie, 0), tie, std::nextafter(tie, 1)};
  const Reals y = quantised(test::quant(scale, 0, 8), x);
  CHECK(y == Reals{2 * scale, 2 * scale, 3 * scale});
}

TEST_CASE("limits: signed, unsigned, narrow, widths") {
  const Reals x = {-300, -128, -127, 127, 255, 300};
  CHECK(quantised(test::quant(1, 0, 8), x) == Reals{-128, -128, -127, 127, 127, 127});
  CHECK(quantised(test::quant(1, 0, 8, true, Rounding::kHalfEven, true), x) ==
        Reals{-127, -127, -127, 127, 127, 127});
  CHECK(quantised(test::quant(1, 0, 8, false), x) == Reals{0, 0, 0, 127, 255, 255});
  CHECK(quantised(test::quant(1, 0, 8, false, Rounding::kHalfEven, true), x) ==
        Reals{0, 0, 0, 127, 254, 254});
  CHECK(quantised(test::quant(0.5, 0, 0), x) == Reals(6, 0.0));
  CHECK(quantised(test::quant(1, 0, 32), {3e9, -3e9}) == Reals{2147483647, -2147483648.0});
  CHECK(quantised(test::quant(1, 0, 64), {1e19, -1e19}) ==
        Reals{9223372036854775807.0, -9223372036854775808.0});
  CHECK(quantised(test::quant(-1, 0, 4), {-20, 3, 20}) == Reals{-7, 3, 8});
}

TEST_CASE("one bit") {
  CHECK(quantised(test::quant(0.5, 0, 1), {-1, -0.0, 0, 0.1, 3}) ==
        Reals{-0.5, 0.5, 0.5, 0.5, 0.5});
  CHECK(quantised(test::quant(1, 0, 1, false), {-1, 0.5, 0.51}) == Reals{0, 0, 1});
  graph::Quant channels = test::quant(1, 0, 1);
  channels.bits = Tensor<double>(Shape{1, 2}, {1, 3});
  CHECK(quantised(channels, {-5, -5}) == Reals{-1, -4});
  CHECK(quantised(channels, {5, 5}) == Reals{0, 3});
}

TEST_CASE("zero points: before the rounding, and after it") {
  graph::Quant op = test::quant(1, 1, 8);
  CHECK(quantised(op, {0.5, 1.5}) == Reals{1, 1});
  op.zero_point_after_rounding = true;
  CHECK(quantised(op, {0.5, 1.5}) == Reals{0, 2});
  op.codes_out = true;
  CHECK(quantised(op, {0.5, 1.5, 500, -500}) == Reals{1, 3, 127, -128});
  CHECK(quantised(test::quant(2, 0.5, 8), {2.1}) == Reals{3});  // 1.05 + 0.5 is code 2
  op.limits = {Range{-3, 3}};
  CHECK(quantised(op, {500, -500}) == Reals{3, -3});
}

TEST_CASE("bipolar: the sign is taken before the scale") {
  test::Net net;
  const ValueId in = net.input({1, 4});
  graph::BipolarQuant op{Tensor<double>({}, {-0.5})};
  CHECK(outputs_of(net.finish({net.add(op, {in})}), {-2, -0.0, 0, 1}) ==
        Reals{0.5, -0.5, -0.5, -0.5});
}

TEST_CASE("thresholds count, sorted or not") {
  test::Net net;
  const ValueId in = net.input({1, 3});
  const ValueId t = net.constant({1, 3}, {2, -1, static_cast<double>(0.3F)});
  const auto graph = net.finish({net.add(graph::MultiThreshold{2, -1, 1}, {in, t})});
  CHECK(outputs_of(graph, {-2, -1, 5}) == Reals{-1, 1, 5});
  CHECK(outputs_of(graph, {0.3, 2, static_cast<double>(0.3F)}) == Reals{1, 5, 3});
}

/// The constant, quantised, read through an Add with zero.
Reals constant_through(const graph::Quant& op, const Reals& data, bool reshaped, bool computed) {
  test::Net net;
  const auto n = static_cast<std::int64_t>(data.size());
  const ValueId in = net.input({1, n});
  ValueId c = net.constant({n, 1}, data);
  if (reshaped) c = net.add(graph::Reshape{}, {c}, {1, n});
  if (computed) c = net.add(graph::Mul{}, {c, net.scalar(1)});
  if (!reshaped) c = net.add(graph::Transpose{{1, 0}}, {c});
  const ValueId q = net.add(op, {c});
  return outputs_of(net.finish({net.add(graph::Add{}, {q, in})}), Reals(data.size(), 0.0));
}

TEST_CASE("stored constants are divided in float32, computed ones exactly") {
  // A value just above 2.5 steps that float32 division takes for the tie.
  const float scale = 0.3F;
  float x = 0.75F;
  for (int i = 0; i < 64 && !(x / scale == 2.5F && static_cast<double>(x) / scale > 2.5); ++i) {
    x = std::nextafter(x, 1.0F);
  }
  REQUIRE(x / scale == 2.5F);
  REQUIRE(static_cast<double>(x) / static_cast<double>(scale) > 2.5);
  const double s = static_cast<double>(scale);
  const graph::Quant op = test::quant(s, 0, 8);
  CHECK(constant_through(op, {static_cast<double>(x)}, true, false) == Reals{2 * s});
  CHECK(constant_through(op, {static_cast<double>(x)}, false, false) == Reals{2 * s});
  CHECK(constant_through(op, {static_cast<double>(x)}, true, true) == Reals{3 * s});
}

TEST_CASE("a batch norm at its mean is an exact tie") {
  test::Net net;
  const ValueId in = net.input({1, 3});
  const auto c = [&](double v) { return net.constant({3}, {v, v, v}); };
  const graph::BatchNormalization norm{static_cast<double>(1e-5F), 1};
  const double mean = static_cast<double>(0.1F);
  const ValueId y = net.add(norm, {in, c(1.5), c(2.5), c(mean), c(static_cast<double>(0.7F))});
  const auto graph = net.finish({net.add(test::quant(1, 0, 8), {y})});
  CHECK(outputs_of(graph, {mean, std::nextafter(mean, 1), std::nextafter(mean, 0)}) ==
        Reals{2, 3, 2});
  const Tensor<double> row(Shape{1, 3}, Reals{mean, std::nextafter(mean, 1), 5});
  golden::Evaluator evaluator(graph);
  CHECK(evaluator.run(std::span(&row, 1), graph.outputs).size() == 1);
  const auto ties = evaluator.ties();
  REQUIRE(ties.size() == 1);
  CHECK(ties[0].distance == 0);
  CHECK(ties[0].exact_ties == 1);
  CHECK(ties[0].decided_exactly >= 1);
}

TEST_CASE("equal irrational scores: the lowest index") {
  test::Net net;
  const ValueId in = net.input({1, 3});
  // (x - m) / v^0.5 with a v that is no square, as the zoo's output scaling has it.
  const ValueId root =
      net.add(graph::Pow{}, {net.scalar(static_cast<double>(0.7F)), net.scalar(0.5)});
  const ValueId centred = net.add(graph::Sub{}, {in, net.scalar(static_cast<double>(0.1F))});
  const ValueId y = net.add(graph::Div{}, {centred, root});
  const ValueId doubled = net.add(graph::Add{}, {y, y});
  const auto graph = net.finish({net.add(graph::ArgMax{1, true}, {doubled})});
  CHECK(outputs_of(graph, {1, 3, 3}) == Reals{1});
  CHECK(outputs_of(graph, {3, std::nextafter(3.0, 4), 3}) == Reals{1});
  const ValueId kept[] = {y};
  golden::Given given{in, Tensor<Rational>(Shape{1, 3})};
  CHECK_FALSE(golden::evaluate_exact(graph, std::span(&given, 1), kept)[0].has_value());
}

ErrorCode code_of(const graph::Graph& graph, double x) {
  try {
    (void)outputs_of(graph, {x});
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode{0};
}

TEST_CASE("what has no value is an error") {
  test::Net zero;
  const ValueId a = zero.input({1, 1});
  CHECK(code_of(zero.finish({zero.add(graph::Div{}, {a, zero.scalar(0)})}), 1) == ErrorCode::E309);
  test::Net negative;
  const ValueId b = negative.input({1, 1});
  const ValueId one = negative.constant({1}, {1}), minus = negative.constant({1}, {-1});
  CHECK(code_of(negative.finish(
                    {negative.add(graph::BatchNormalization{0, 1}, {b, one, one, one, minus})}),
                1) == ErrorCode::E309);
  test::Net scale;
  const ValueId c = scale.input({1, 1});
  CHECK(code_of(scale.finish({scale.add(test::quant(0, 0, 8), {c})}), 1) == ErrorCode::E402);
  test::Net bits;
  const ValueId d = bits.input({1, 1});
  CHECK(code_of(bits.finish({bits.add(test::quant(1, 0, 65), {d})}), 1) == ErrorCode::E403);
  test::Net power;
  const ValueId e = power.input({1, 1});
  ValueId y = e;
  for (int i = 0; i < 8; ++i) y = power.add(graph::Pow{}, {y, power.scalar(3)});
  CHECK(code_of(power.finish({power.add(graph::Sub{}, {y, y})}), static_cast<double>(0.7F)) ==
        ErrorCode::E407);
}

}  // namespace
}  // namespace nib
