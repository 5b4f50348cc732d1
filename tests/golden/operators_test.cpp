// Operators of the table one by one: values by loops and literals of this file, the filtered
// evaluation against plain rationals.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "net.h"
#include "nib/base/error.h"
#include "nib/golden/golden.h"

namespace nib {
namespace {

using graph::ValueId;
using Random = std::mt19937_64;

std::vector<double> eighths(Random& random, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back((static_cast<double>(random() % 65) - 32) / 8);
  }
  return values;
}

/// The first output for one row.
golden::Reals run(const graph::Graph& graph, std::vector<double> x) {
  const Tensor<double> row(graph.value(graph.inputs[0].value).shape, std::move(x));
  golden::Evaluator evaluator(graph);
  return evaluator.run(std::span(&row, 1), graph.outputs)[0];
}

/// Codes of 6 bits with scale 1/8.
graph::InputType eighths_type() { return {PortType{true, 6, Rational(1, 8)}, {}}; }

/// Filtered values of all tensors lie within their bounds of the plain rational ones; the number of
/// values compared.
std::int64_t check_against_rationals(const graph::Graph& graph, const std::vector<double>& x) {
  std::vector<ValueId> keep;
  for (std::size_t v = 0; v < graph.values.size(); ++v) keep.push_back(static_cast<ValueId>(v));
  const Shape& shape = graph.value(graph.inputs[0].value).shape;
  const Tensor<double> row(shape, x);
  golden::Evaluator evaluator(graph, {true, false});
  const auto all = evaluator.run(std::span(&row, 1), keep);
  golden::Given given{graph.inputs[0].value, Tensor<Rational>(shape)};
  for (std::size_t e = 0; e < x.size(); ++e) given.exact.data[e] = exact(x[e]);
  const auto exact_values = golden::evaluate_exact(graph, std::span(&given, 1), keep);
  std::int64_t checked = 0;
  for (std::size_t v = 0; v < keep.size(); ++v) {
    if (!exact_values[v]) continue;
    REQUIRE(all[v].value.size() == exact_values[v]->size());
    for (std::size_t e = 0; e < all[v].value.data.size(); ++e) {
      const double error = all[v].error.empty() ? 0 : all[v].error[e];
      REQUIRE(error < 1e-6);
      const Rational distance = abs(exact(all[v].value.data[e]) - exact_values[v]->data[e]);
      INFO(graph.values[v].name << " element " << e);
      REQUIRE(distance <= exact(error));
      ++checked;
    }
  }
  return checked;
}

struct ConvCase {
  std::int64_t channels, outputs, groups, height, width;
  graph::Window window;
};

ConvCase some_conv(Random& random) {
  ConvCase c;
  c.groups = 1 + static_cast<std::int64_t>(random() % 3);
  c.channels = c.groups * (1 + static_cast<std::int64_t>(random() % 3));
  c.outputs = c.groups * (1 + static_cast<std::int64_t>(random() % 3));
  c.height = 5 + static_cast<std::int64_t>(random() % 4);
  c.width = 5 + static_cast<std::int64_t>(random() % 4);
  const auto pick = [&](std::int64_t first, std::uint64_t count) {
    return first + static_cast<std::int64_t>(random() % count);
  };
  for (int axis = 0; axis < 2; ++axis) {
    c.window.kernel.push_back(pick(1, 3));
    c.window.strides.push_back(pick(1, 3));
    c.window.dilations.push_back(pick(1, 2));
    c.window.pads_begin.push_back(pick(0, 3));
    c.window.pads_end.push_back(pick(0, 3));
    c.window.ceil_extra.push_back(0);
  }
  return c;
}

/// y[o][p][q] of x[c][h][w] and w[o][c / groups][i][j], by the definition.
std::vector<double> plain_conv(const ConvCase& c, const std::vector<double>& x,
                               const std::vector<double>& w, const std::vector<double>& bias,
                               std::int64_t rows, std::int64_t columns) {
  const std::int64_t kh = c.window.kernel[0], kw = c.window.kernel[1];
  const std::int64_t in = c.channels / c.groups, out = c.outputs / c.groups;
  std::vector<double> y;
  for (std::int64_t o = 0; o < c.outputs; ++o) {
    for (std::int64_t p = 0; p < rows; ++p) {
      for (std::int64_t q = 0; q < columns; ++q) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (std::int64_t i = 0; i < in; ++i) {
          for (std::int64_t a = 0; a < kh; ++a) {
            for (std::int64_t b = 0; b < kw; ++b) {
              const std::int64_t h =
                  p * c.window.strides[0] + a * c.window.dilations[0] - c.window.pads_begin[0];
              const std::int64_t v =
                  q * c.window.strides[1] + b * c.window.dilations[1] - c.window.pads_begin[1];
              if (h < 0 || v < 0 || h >= c.height || v >= c.width) continue;
              sum +=
                  x[static_cast<std::size_t>(((o / out * in + i) * c.height + h) * c.width + v)] *
                  w[static_cast<std::size_t>(((o * in + i) * kh + a) * kw + b)];
            }
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

TEST_CASE("Conv equals its definition, in both layouts") {
  Random random(3);
  int integer = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const ConvCase c = some_conv(random);
    const bool typed = trial % 3 != 0;  // else no lattice: the bounded path
    const std::int64_t kh = c.window.kernel[0], kw = c.window.kernel[1];
    const std::int64_t in = c.channels / c.groups;
    const std::vector<double> x = eighths(random, c.channels * c.height * c.width);
    std::vector<double> x_clamped = x;
    for (double& v : x_clamped) v = std::min(v, 31.0 / 8);
    const std::vector<double> w = eighths(random, c.outputs * in * kh * kw);
    const std::vector<double> bias = eighths(random, c.outputs);
    test::Net net;
    const auto type = typed ? std::optional(eighths_type()) : std::nullopt;
    const ValueId input = net.input({1, c.channels, c.height, c.width}, type);
    graph::Conv op;
    op.window = c.window;
    op.groups = c.groups;
    const ValueId y = net.add(
        op, {input, net.constant({c.outputs, in, kh, kw}, w), net.constant({c.outputs}, bias)});
    // The same with the channels last.
    op.channels_last = true;
    const ValueId moved = net.add(graph::Transpose{{0, 2, 3, 1}}, {input});
    const ValueId weights =
        net.add(graph::Transpose{{0, 2, 3, 1}}, {net.constant({c.outputs, in, kh, kw}, w)});
    const ValueId last = net.add(op, {moved, weights, net.constant({c.outputs}, bias)});
    const ValueId back = net.add(graph::Transpose{{0, 3, 1, 2}}, {last});
    const graph::Graph graph = net.finish({y, back});
    const Shape& shape = graph.value(y).shape;
    const auto expected = plain_conv(c, x_clamped, w, bias, shape[2], shape[3]);
    const Tensor<double> row({1, c.channels, c.height, c.width}, x_clamped);
    golden::Evaluator evaluator(graph);
    const auto result = evaluator.run(std::span(&row, 1), graph.outputs);
    for (const golden::Reals& reals : result) {
      REQUIRE(reals.value.data.size() == expected.size());
      for (std::size_t e = 0; e < expected.size(); ++e) {
        // Sums of multiples of 1/64: doubles hold them exactly.
        REQUIRE(reals.value.data[e] == expected[e]);
      }
      if (reals.error.empty()) ++integer;
    }
    if (trial % 6 < 2) REQUIRE(check_against_rationals(graph, x_clamped) > 0);
  }
  CHECK(integer >= 80);
}

TEST_CASE("ConvTranspose scatters what Conv gathers") {
  Random random(5);
  for (int trial = 0; trial < 40; ++trial) {
    ConvCase c = some_conv(random);
    for (int axis = 0; axis < 2; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      c.window.pads_begin[a] = std::min<std::int64_t>(c.window.pads_begin[a], 1);
      c.window.pads_end[a] = std::min<std::int64_t>(c.window.pads_end[a], 1);
    }
    const std::int64_t kh = c.window.kernel[0], kw = c.window.kernel[1];
    const std::int64_t out = c.outputs / c.groups, in = c.channels / c.groups;
    const std::vector<double> x = eighths(random, c.channels * c.height * c.width);
    const std::vector<double> w = eighths(random, c.channels * out * kh * kw);
    const std::vector<double> bias = eighths(random, c.outputs);
    test::Net net;
    const ValueId input = net.input({1, c.channels, c.height, c.width});
    graph::ConvTranspose op;
    op.window = c.window;
    op.groups = c.groups;
    op.output_padding = {static_cast<std::int64_t>(random() % 2), 0};
    const ValueId y = net.add(
        op, {input, net.constant({c.channels, out, kh, kw}, w), net.constant({c.outputs}, bias)});
    const graph::Graph graph = net.finish({y});
    const Shape& shape = graph.value(y).shape;
    std::vector<double> expected(static_cast<std::size_t>(element_count(shape)));
    for (std::int64_t o = 0; o < c.outputs; ++o) {
      for (std::int64_t i = 0; i < shape[2] * shape[3]; ++i) {
        expected[static_cast<std::size_t>(o * shape[2] * shape[3] + i)] =
            bias[static_cast<std::size_t>(o)];
      }
    }
    for (std::int64_t ch = 0; ch < c.channels; ++ch) {
      for (std::int64_t h = 0; h < c.height; ++h) {
        for (std::int64_t v = 0; v < c.width; ++v) {
          for (std::int64_t j = 0; j < out; ++j) {
            for (std::int64_t a = 0; a < kh; ++a) {
              for (std::int64_t b = 0; b < kw; ++b) {
                const std::int64_t p =
                    h * c.window.strides[0] + a * c.window.dilations[0] - c.window.pads_begin[0];
                const std::int64_t q =
                    v * c.window.strides[1] + b * c.window.dilations[1] - c.window.pads_begin[1];
                if (p < 0 || q < 0 || p >= shape[2] || q >= shape[3]) continue;
                const std::int64_t o = ch / in * out + j;
                expected[static_cast<std::size_t>((o * shape[2] + p) * shape[3] + q)] +=
                    x[static_cast<std::size_t>((ch * c.height + h) * c.width + v)] *
                    w[static_cast<std::size_t>(((ch * out + j) * kh + a) * kw + b)];
              }
            }
          }
        }
      }
    }
    REQUIRE(run(graph, x).value.data == expected);
    if (trial % 5 == 0) REQUIRE(check_against_rationals(graph, x) > 0);
  }
}

graph::Window square(std::int64_t kernel, std::int64_t stride, std::int64_t pad = 0,
                     std::int64_t extra = 0) {
  return {{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad}, {pad, pad}, {extra, extra}};
}

std::vector<double> counting(std::int64_t count, double first = 0) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(first + static_cast<double>(i));
  return values;
}

graph::Graph one_operator(graph::Op op, const Shape& x,
                          std::optional<graph::InputType> type = std::nullopt) {
  test::Net net;
  const ValueId input = net.input(x, std::move(type));
  return net.finish({net.add(std::move(op), {input})});
}

std::vector<double> pooled(graph::Op op, const Shape& x, std::vector<double> values,
                           std::optional<graph::InputType> type = std::nullopt) {
  const graph::Graph graph = one_operator(std::move(op), x, std::move(type));
  CHECK(check_against_rationals(graph, values) > 0);
  return run(graph, std::move(values)).value.data;
}

TEST_CASE("poolings: literals") {
  // 0 1 2 / 3 4 5 / 6 7 8, all negative where shifted: padding must not win.
  using V = std::vector<double>;
  CHECK(pooled(graph::MaxPool{square(2, 1), false}, {1, 1, 3, 3}, counting(9)) == V{4, 5, 7, 8});
  CHECK(pooled(graph::MaxPool{square(2, 2, 1), false}, {1, 1, 3, 3}, counting(9, -9)) ==
        V{-9, -7, -3, -1});
  // ceil_mode: the last window reaches one past the end.
  CHECK(pooled(graph::MaxPool{square(2, 2, 0, 1), false}, {1, 1, 3, 3}, counting(9)) ==
        V{4, 5, 7, 8});
  CHECK(pooled(graph::AveragePool{square(2, 1), false, false}, {1, 1, 3, 3}, counting(9)) ==
        V{2, 3, 5, 6});
  CHECK(pooled(graph::AveragePool{square(2, 2, 1), false, false}, {1, 1, 3, 3}, counting(9)) ==
        V{0, 1.5, 4.5, 6});
  CHECK(pooled(graph::AveragePool{square(2, 2, 1), true, false}, {1, 1, 3, 3}, counting(9)) ==
        V{0, 0.75, 2.25, 6});
  // What only ceil_extra covers is not counted even with the padding.
  CHECK(pooled(graph::AveragePool{square(2, 2, 0, 1), true, false}, {1, 1, 3, 3}, counting(9)) ==
        V{2, 3.5, 6.5, 8});
  // Channels last: two channels side by side.
  CHECK(pooled(graph::MaxPool{square(2, 2), true}, {1, 2, 2, 2}, {1, -1, 2, -2, 3, -3, 4, -4}) ==
        V{4, -1});
  const graph::InputType bytes{PortType{true, 8, Rational(1)}, {}};
  CHECK(pooled(graph::QuantAvgPool{square(2, 2), 2, false}, {1, 2, 2, 2},
               {1, 2, 3, 4, -1, -2, -3, -5}, bytes) == V{2, -3});
  // Nothing says that these inputs are integers.
  const graph::Graph untyped =
      one_operator(graph::QuantAvgPool{square(2, 2), 2, false}, {1, 1, 2, 2});
  CHECK_THROWS_AS((golden::Evaluator(untyped)), Error);
}

TEST_CASE("a mean that is no double is decided exactly") {
  test::Net net;
  const ValueId x = net.input({1, 1, 3, 1});
  const graph::Window window{{3, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {0, 0}};
  const ValueId mean = net.add(graph::AveragePool{window, false, false}, {x});
  // (x0 + x1 + x2) / 3 against halves of 1/3: exact ties although 1/3 is no double.
  const ValueId thirds = net.add(graph::Mul{}, {mean, net.scalar(3)});
  const ValueId y = net.add(test::quant(1, 0, 4), {thirds});
  const graph::Graph graph = net.finish({y});
  CHECK(run(graph, {0.5, 1, 1}).value.data == std::vector<double>{2});
  CHECK(run(graph, {0.5, 1, 2}).value.data == std::vector<double>{4});
  CHECK(run(graph, {0.1, 0.2, 0.2}).value.data == std::vector<double>{1});  // 0.1 is above 1/10
}

TEST_CASE("reductions: literals") {
  using V = std::vector<double>;
  const auto reduce = [](graph::ReduceKind kind, std::vector<int> axes, bool keep) {
    return pooled(graph::Reduce{kind, std::move(axes), keep}, {1, 2, 3}, {1, 2, 3, -4, 5, -7});
  };
  CHECK(reduce(graph::ReduceKind::kSum, {2}, true) == V{6, -6});
  CHECK(reduce(graph::ReduceKind::kMean, {2}, false) == V{2, -2});
  CHECK(reduce(graph::ReduceKind::kMax, {1}, true) == V{1, 5, 3});
  CHECK(reduce(graph::ReduceKind::kMin, {1, 2}, false) == V{-7});
  CHECK(reduce(graph::ReduceKind::kSum, {1, 2}, false) == V{0});
}

TEST_CASE("Take selects, repeats and pads") {
  using V = std::vector<double>;
  graph::Take op;
  op.index = {{}, {1, 0, 1}, {-1, 2, 0}};
  op.fill = 9;
  CHECK(pooled(op, {1, 2, 3}, {1, 2, 3, 4, 5, 6}) == V{9, 6, 4, 9, 3, 1, 9, 6, 4});
  op.index = {{}, {-1, 0}, {}};
  op.fill = static_cast<double>(0.1F);
  CHECK(pooled(op, {1, 2, 2}, {1, 2, 3, 4}) == V{op.fill, op.fill, 1, 2});
}

TEST_CASE("TopK: best first, the lowest index first on ties") {
  using V = std::vector<double>;
  const std::vector<double> x{3, 5, -1, 5, 0, 3, 0, 9, 9, 1};
  CHECK(pooled(graph::TopK{2, 3, true, false}, {1, 2, 5}, x) == V{1, 3, 0, 2, 3, 0});
  CHECK(pooled(graph::TopK{2, 3, true, true}, {1, 2, 5}, x) == V{5, 5, 3, 9, 9, 3});
  CHECK(pooled(graph::TopK{2, 2, false, false}, {1, 2, 5}, x) == V{2, 4, 1, 4});
  CHECK(pooled(graph::TopK{1, 1, true, true}, {1, 2, 5}, x) == V{3, 5, 9, 9, 1});
}

TEST_CASE("PRelu") {
  using V = std::vector<double>;
  test::Net net;
  const ValueId x = net.input({1, 2, 2}, eighths_type());
  const ValueId y =
      net.add(graph::PRelu{}, {x, net.constant({2, 1}, {0.25, static_cast<double>(0.1F)})});
  const graph::Graph graph = net.finish({y});
  CHECK(check_against_rationals(graph, {1, -2, -0.125, 3}) > 0);
  CHECK(run(graph, {1, -2, -4, 3}).value.data == V{1, -0.5, -4 * static_cast<double>(0.1F), 3});
}

graph::Trunc trunc_op(double scale, double zero_point, double divisor, double out_scale,
                      double out_zero_point, Rounding rounding) {
  const auto one = [](double x) { return Tensor<double>({}, {x}); };
  graph::Trunc op;
  op.scale = one(scale);
  op.zero_point = one(zero_point);
  op.divisor = one(divisor);
  op.out_scale = one(out_scale);
  op.out_zero_point = one(out_zero_point);
  op.rounding = rounding;
  return op;
}

TEST_CASE("Trunc: literals") {
  using V = std::vector<double>;
  // Version 2, 8 to 4 bits: 255 gives 240, 127 gives 112 (Brevitas' own test).
  graph::Trunc op = trunc_op(1, 0, 16, 16, 0, Rounding::kFloor);
  op.limits = {{0, 15}};
  const V x{255, 127, 128, 15, 16, 300};
  CHECK(pooled(op, {1, 6}, x) == V{240, 112, 128, 0, 16, 240});
  // Version 1 keeps the input's scale and clips nothing; zero point 3 is not rescaled.
  op = trunc_op(0.5, 3, 16, 0.5, 3, Rounding::kFloor);
  CHECK(pooled(op, {1, 3}, {-66, 62, 0}) == V{(-9 - 3) * 0.5, (7 - 3) * 0.5, -1.5});
  // The first rounding is half to even: 2.5 is 2, then 2 / 4 = 0.5 by its own mode.
  op = trunc_op(1, 0, 4, 1, 0, Rounding::kHalfUp);
  CHECK(pooled(op, {1, 3}, {2.5, 1.5, -2.5}) == V{1, 1, -1});
  // A scale that is no power of two: 0.3 / 0.1 in float32 numbers.
  op = trunc_op(static_cast<double>(0.1F), 0, 2, 1, 0, Rounding::kFloor);
  CHECK(pooled(op, {1, 2}, {0.75, 0.05}) == V{3, 0});
}

graph::FloatQuant e4m3(double scale) {
  const auto one = [](double x) { return Tensor<double>({}, {x}); };
  graph::FloatQuant op;
  op.scale = one(scale);
  op.exponent_bits = one(4);
  op.mantissa_bits = one(3);
  op.exponent_bias = one(7);
  op.max_value = one(448);
  return op;
}

TEST_CASE("FloatQuant: e4m3 literals") {
  using V = std::vector<double>;
  // Ties to even at 17 (16 | 18) and 19 (18 | 20); 2^-9 is the smallest; 448 the largest.
  const V x{17, 19, -17.5, 460, -1000, 0.001953125, 0.0009765625, 0.0029296875, 0, 0.9999, 15.75};
  CHECK(pooled(e4m3(1), {1, 11}, x) ==
        V{16, 20, -18, 448, -448, 0.001953125, 0, 0.00390625, 0, 1, 16});
  CHECK(pooled(e4m3(0.5), {1, 2}, {8.5, 300}) == V{8, 224});
  CHECK(pooled(e4m3(0.75), {1, 2}, {12.75, 14.25}) == V{12, 15});  // ties at 17 and 19
  graph::FloatQuant op = e4m3(1);
  op.saturation = false;
  const graph::Graph overflowing = one_operator(op, {1, 2});
  golden::Evaluator evaluator(overflowing);
  const auto run = [&](double first, double second) {
    const Tensor<double> rows[] = {Tensor<double>({1, 2}, {first, second})};
    return evaluator.run(rows, overflowing.outputs)[0].value.data;
  };
  CHECK(run(455, -448) == V{448, -448});
  CHECK_THROWS_AS((void)run(1, 464.5), Error);  // rounds to 480
}

TEST_CASE("functions with rational values") {
  using V = std::vector<double>;
  const auto unary = [](graph::UnaryKind kind, double alpha, double beta, V x) {
    const Shape shape{1, static_cast<std::int64_t>(x.size())};
    return pooled(graph::Unary{kind, alpha, beta}, shape, std::move(x));
  };
  const V x{-2.5, -0.5, 0, 0.5, 1.5};
  CHECK(unary(graph::UnaryKind::kSign, 0, 0, x) == V{-1, -1, 0, 1, 1});
  CHECK(unary(graph::UnaryKind::kAbs, 0, 0, x) == V{2.5, 0.5, 0, 0.5, 1.5});
  CHECK(unary(graph::UnaryKind::kFloor, 0, 0, x) == V{-3, -1, 0, 0, 1});
  CHECK(unary(graph::UnaryKind::kCeil, 0, 0, x) == V{-2, 0, 0, 1, 2});
  CHECK(unary(graph::UnaryKind::kRound, 0, 0, x) == V{-2, 0, 0, 0, 2});
  CHECK(unary(graph::UnaryKind::kHardSigmoid, 0.25, 0.5, x) == V{0, 0.375, 0.5, 0.625, 0.875});
  CHECK(unary(graph::UnaryKind::kHardSwish, 0, 0, {-4, -3, 0, 3, 5}) == V{0, 0, 0, 3, 5});
  CHECK(unary(graph::UnaryKind::kSoftsign, 0, 0, {-1, 0, 3}) == V{-0.5, 0, 0.75});
  CHECK(unary(graph::UnaryKind::kElu, 1, 0, {0, 2}) == V{0, 2});
  CHECK(unary(graph::UnaryKind::kSqrt, 0, 0, {0, 2.25, 9}) == V{0, 1.5, 3});
}

TEST_CASE("transcendental functions at points that are known") {
  struct Point {
    graph::UnaryKind kind;
    double alpha, beta, x, y;
  };
  // Values by hand from tables of e, erf and ln 2 to 16 digits.
  const Point points[] = {
      {graph::UnaryKind::kSigmoid, 0, 0, 1, 0.7310585786300049},
      {graph::UnaryKind::kSigmoid, 0, 0, -1, 0.2689414213699951},
      {graph::UnaryKind::kTanh, 0, 0, 1, 0.7615941559557649},
      {graph::UnaryKind::kElu, 2, 0, -1, 2 * -0.6321205588285577},
      {graph::UnaryKind::kSelu, 2, 3, -1, 6 * -0.6321205588285577},
      {graph::UnaryKind::kSelu, 2, 3, 1, 3},
      {graph::UnaryKind::kSoftplus, 0, 0, 0, 0.6931471805599453},
      {graph::UnaryKind::kSoftplus, 0, 0, 1, 1.3132616875182228},
      {graph::UnaryKind::kExp, 0, 0, 1, 2.718281828459045},
      {graph::UnaryKind::kErf, 0, 0, 1, 0.8427007929497149},
      {graph::UnaryKind::kSqrt, 0, 0, 2, 1.4142135623730951},
  };
  for (const Point& p : points) {
    test::Net net;
    const ValueId input = net.input({1, 1});
    const ValueId y = net.add(graph::Unary{p.kind, p.alpha, p.beta}, {input});
    const graph::Graph graph = net.finish({y});
    const golden::Reals reals = run(graph, {p.x});
    INFO(graph::kind_name(p.kind));
    CHECK(reals.value.data[0] == doctest::Approx(p.y).epsilon(1e-14));
    if (!reals.error.empty()) CHECK(reals.error[0] < 1e-13);
    // 40 bits: quantised finer than the double's bound allows to decide, half a step aside too.
    for (const double scale : {0x1p-30, 0x1p-44, 0x1p-56}) {
      test::Net fine;
      const ValueId x = fine.input({1, 1});
      const ValueId f = fine.add(graph::Unary{p.kind, p.alpha, p.beta}, {x});
      const graph::Graph quantised = fine.finish({fine.add(test::quant(scale, 0, 62), {f})});
      CHECK(std::abs(run(quantised, {p.x}).value.data[0] - p.y) < 1e-14 * std::abs(p.y) + scale);
    }
  }
}

TEST_CASE("a sigmoid next to a tie is decided by more bits") {
  // tanh(x) = x - x^3 / 3 ...: for tiny x it lies under x by less than any double's bound.
  const double x = 0x1p-30;
  test::Net net;
  const ValueId input = net.input({1, 2});
  const ValueId tanh = net.add(graph::Unary{graph::UnaryKind::kTanh, 0, 0}, {input});
  // In units of x: 1 - 2^-61.6 floors to 0, its negative to -1.
  const graph::Graph graph =
      net.finish({net.add(test::quant(x, 0, 4, true, Rounding::kFloor), {tanh})});
  CHECK(run(graph, {x, -x}).value.data == std::vector<double>{0, -x});
  // Sigmoid saturates below 1: floor never reaches it.
  test::Net top;
  const ValueId in = top.input({1, 3});
  const ValueId sigmoid = top.add(graph::Unary{graph::UnaryKind::kSigmoid, 0, 0}, {in});
  const graph::Graph floored =
      top.finish({top.add(test::quant(1, 0, 4, true, Rounding::kFloor), {sigmoid})});
  CHECK(run(floored, {100, 1000, -1000}).value.data == std::vector<double>{0, 0, 0});
}

TEST_CASE("float32 order runs the same operators") {
  Random random(11);
  test::Net net;
  const ValueId input = net.input({1, 2, 6, 6}, eighths_type());
  graph::Conv op;
  op.window = square(3, 1, 1);
  ValueId x = net.add(op, {input, net.constant({4, 2, 3, 3}, eighths(random, 72))});
  x = net.add(test::quant(0.5, 0, 8), {x});
  x = net.add(graph::MaxPool{square(2, 2), false}, {x});
  x = net.add(graph::PRelu{}, {x, net.scalar(0.25)});
  x = net.add(graph::AveragePool{square(2, 1), false, false}, {x});
  x = net.add(test::quant(0.25, 0, 8), {x});
  const graph::Graph graph = net.finish({x});
  std::vector<double> row = eighths(random, 72);
  for (double& v : row) v = std::min(v, 31.0 / 8);
  const Tensor<double> rows({1, 2, 6, 6}, row);
  golden::Evaluator evaluator(graph, {true, false});
  (void)evaluator.run(std::span(&rows, 1), graph.outputs);
  // Every value is a small dyadic fraction: float32 is exact as well.
  CHECK(evaluator.float32_differences().empty());
}

TEST_CASE("bounded inputs: every operator within its bound, every decision exact") {
  // Divided and multiplied by 3 and 0.3: the value stays an eighth, its double has an error.
  std::int64_t checked = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    test::Net net;
    const ValueId input = net.input({1, 2, 5, 5});
    const ValueId s = net.scalar(seed % 2 == 0 ? 3 : static_cast<double>(0.3F));
    const ValueId x = net.add(graph::Mul{}, {net.add(graph::Div{}, {input, s}), s});
    graph::Conv conv;
    conv.window = square(2, 1, 1);
    const ValueId y = net.add(conv, {x, net.constant({3, 2, 2, 2}, eighths(random, 24)),
                                     net.constant({3}, eighths(random, 3))});
    std::vector<ValueId> outputs{y};
    outputs.push_back(net.add(graph::MaxPool{square(2, 1), false}, {x}));
    outputs.push_back(net.add(graph::AveragePool{square(3, 2, 1), false, false}, {x}));
    outputs.push_back(net.add(graph::Reduce{graph::ReduceKind::kMin, {1}, true}, {x}));
    outputs.push_back(net.add(graph::PRelu{}, {x, net.constant({2, 1, 1}, {0.75, -0.5})}));
    outputs.push_back(net.add(graph::TopK{3, 4, seed % 3 == 0, false}, {x}));
    outputs.push_back(net.add(graph::TopK{2, 2, seed % 3 == 0, true}, {x}));
    outputs.push_back(net.add(e4m3(0.25), {y}));
    graph::Trunc trunc = trunc_op(0.25, 1, 4, 1, 0.25, Rounding::kHalfEven);
    if (seed % 2 == 0) trunc.limits = {{-8, 7}};
    outputs.push_back(net.add(trunc, {y}));
    for (const auto kind :
         {graph::UnaryKind::kSign, graph::UnaryKind::kFloor, graph::UnaryKind::kRound,
          graph::UnaryKind::kHardSwish, graph::UnaryKind::kSoftsign}) {
      outputs.push_back(net.add(graph::Unary{kind, 0, 0}, {x}));
    }
    outputs.push_back(net.add(test::quant(0.25, 0, 6), {y}));
    checked += check_against_rationals(net.finish(outputs), eighths(random, 50));
  }
  CHECK(checked > 30000);
}

}  // namespace
}  // namespace nib
