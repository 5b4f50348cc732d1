// Operators on constants only: folded to what golden makes of them.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "compare.h"
#include "graph_maker.h"
#include "nib/base/error.h"

using namespace nib;
using namespace nib::testing;

namespace {

using Id = graph::ValueId;
using Make = std::function<Id(GraphMaker&)>;

/// Quantises x + c, c the constant that `make` computes, and compares all tensors with golden.
std::int64_t folds(const Make& make) {
  GraphMaker maker("fold");
  Id c = make(maker);
  const std::int64_t n = element_count(maker.shape(c));
  c = maker.node(graph::Reshape{}, {c}, {1, n});
  const Id x = maker.input("x", {1, n}, "s7.3");
  const Id sum = maker.node(graph::Add{}, {x, c});
  const graph::Graph graph = maker.finish({maker.node(quant(0.125, 9), {sum})});
  return compare(graph, random_inputs(graph, 30, 11));
}

/// Multiplies x by the constant instead.
std::int64_t scales(const Make& make) {
  GraphMaker maker("fold");
  Id c = make(maker);
  const std::int64_t n = element_count(maker.shape(c));
  c = maker.node(graph::Reshape{}, {c}, {1, n});
  const Id x = maker.input("x", {1, n}, "s7.3");
  const Id product = maker.node(graph::Mul{}, {x, c});
  const graph::Graph graph = maker.finish({maker.node(quant(0.125, 9), {product})});
  return compare(graph, random_inputs(graph, 30, 12));
}

std::string refusal(const Make& make) {
  try {
    (void)folds(make);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Numbers of either sign, with zero, ties and fractions that are no short binary numbers.
Id numbers(GraphMaker& maker, Shape shape) {
  static constexpr double kSome[] = {0,    -1,      0.5,   -2.5, 1.7, 3.25, -0.125, 2,
                                     -3.5, 0.33333, -7.75, 1,    6.1, -0.7, 4,      -1.5};
  std::vector<double> data(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = kSome[i * 5 % 16];
  return maker.constant(std::move(shape), std::move(data));
}

graph::Window window(std::vector<std::int64_t> kernel, std::int64_t stride, std::int64_t pad) {
  const std::vector<std::int64_t> all(kernel.size(), stride), pads(kernel.size(), pad);
  const std::vector<std::int64_t> ones(kernel.size(), 1), none(kernel.size(), 0);
  return {std::move(kernel), all, ones, pads, pads, none};
}

}  // namespace

TEST_CASE("functions of constants") {
  using graph::UnaryKind;
  for (const UnaryKind kind :
       {UnaryKind::kSign, UnaryKind::kAbs, UnaryKind::kFloor, UnaryKind::kCeil, UnaryKind::kRound,
        UnaryKind::kHardSigmoid, UnaryKind::kHardSwish, UnaryKind::kSoftsign, UnaryKind::kSigmoid,
        UnaryKind::kTanh, UnaryKind::kElu, UnaryKind::kSelu, UnaryKind::kSoftplus, UnaryKind::kExp,
        UnaryKind::kErf}) {
    CAPTURE(graph::kind_name(kind));
    const graph::Unary op{kind, kind == UnaryKind::kHardSigmoid ? 0.2 : 1.5, 0.5};
    CHECK(folds([&](GraphMaker& m) { return m.node(op, {numbers(m, {16})}); }) > 900);
    CHECK(scales([&](GraphMaker& m) { return m.node(op, {numbers(m, {16})}); }) > 900);
  }
  CHECK(folds([](GraphMaker& m) {
          const Id positive = m.node(graph::Unary{graph::UnaryKind::kAbs}, {numbers(m, {16})});
          return m.node(graph::Unary{graph::UnaryKind::kSqrt}, {positive});
        }) > 900);
}

TEST_CASE("functions where a tie would be") {
  // tanh(1e4) is below 1 by less than any double: half of the code is not reached.
  CHECK(folds([](GraphMaker& m) {
          const Id x = m.constant({3}, {10000, -10000, 0});
          const Id t = m.node(graph::Unary{graph::UnaryKind::kTanh}, {x});
          return m.node(graph::Mul{}, {t, m.scalar(0.0625)});
        }) > 100);
}

TEST_CASE("products of function values are compared without a closed form") {
  CHECK(scales([](GraphMaker& m) {
          return m.node(graph::Add{},
                        {m.node(graph::Pow{}, {m.constant({1}, {2}), m.scalar(0.5)}),
                         m.node(graph::Pow{}, {m.constant({1}, {3}), m.scalar(0.5)})});
        }) > 50);
  GraphMaker m("fold");
  const Id s = m.node(graph::Unary{graph::UnaryKind::kSigmoid}, {m.constant({1, 2}, {1.5, -3})});
  const Id x = m.input("x", {1, 2}, "s7.3");
  Id y = m.node(graph::Mul{}, {x, s});
  y = m.node(graph::Relu{}, {m.node(graph::Add{}, {y, m.scalar(0.25)})});
  y = m.node(quant(0.125, 9), {m.node(graph::Mul{}, {y, s})});
  const graph::Graph graph = m.finish({y});
  CHECK(compare(graph, random_inputs(graph, 200, 3)) > 700);
}

TEST_CASE("elementwise operators with two constants") {
  CHECK(folds([](GraphMaker& m) {
          return m.node(graph::PRelu{},
                        {numbers(m, {2, 8}), m.constant({8}, {1, 2, -1, 0.25, 0, 3, 0.1, 0.5})});
        }) > 900);
  for (const double exponent : {0.0, 1.0, 2.0, 3.0, -1.0, -2.0}) {
    CAPTURE(exponent);
    CHECK(folds([&](GraphMaker& m) {
            const Id base = m.constant({5}, {1, -2, 0.5, 4, -0.75});
            return m.node(graph::Pow{}, {base, m.scalar(exponent)});
          }) > 290);
  }
  for (const double exponent : {0.5, 1.5, -0.5, -2.5}) {
    CAPTURE(exponent);
    CHECK(folds([&](GraphMaker& m) {
            const Id base = m.constant({5}, {1, 2, 0.25, 4.1, 3});
            return m.node(graph::Pow{}, {base, m.scalar(exponent)});
          }) > 290);
  }
  CHECK(folds([](GraphMaker& m) {  // 2 / (1 + sqrt(2)): a divisor with a root
          const Id root = m.node(graph::Pow{}, {m.constant({1}, {2}), m.scalar(0.5)});
          const Id sum = m.node(graph::Add{}, {root, m.scalar(1)});
          return m.node(graph::Div{}, {m.constant({2}, {2, -3}), sum});
        }) > 100);
}

TEST_CASE("quantisers of constants") {
  const auto one = [](double x) { return Tensor<double>({1}, {x}); };
  for (const Rounding mode : {Rounding::kFloor, Rounding::kHalfEven, Rounding::kCeil}) {
    graph::Trunc trunc{one(0.25), one(0), one(4), one(1), one(0), {}, mode};
    CHECK(folds([&](GraphMaker& m) { return m.node(trunc, {numbers(m, {16})}); }) > 900);
    trunc.limits = {{-2, 1}};
    trunc.zero_point = one(3);
    CHECK(folds([&](GraphMaker& m) { return m.node(trunc, {numbers(m, {16})}); }) > 900);
    for (const double mantissa : {2.0, 10.0, 23.0}) {
      graph::FloatQuant few{one(0.5), one(4), one(mantissa), one(7), one(3.3), mode};
      CHECK(folds([&](GraphMaker& m) { return m.node(few, {numbers(m, {16})}); }) > 900);
    }
  }
  CHECK(folds([](GraphMaker& m) {
          const Id rows = m.constant({2, 3}, {-1, 0.5, 2, 3, 1, 1});
          return m.node(graph::MultiThreshold{0.5, -1, 1}, {numbers(m, {4, 2, 2}), rows});
        }) > 900);
  CHECK(folds([](GraphMaker& m) {  // a computed constant: not rounded to float32
          const Id third = m.node(graph::Div{}, {numbers(m, {16}), m.scalar(3)});
          return m.node(quant(0.375, 4), {m.node(bipolar(0.75), {third})});
        }) > 900);
  CHECK(folds([](GraphMaker& m) {  // weights as DoReFa has them
          const Id t = m.node(graph::Unary{graph::UnaryKind::kTanh}, {numbers(m, {16})});
          return m.node(quant(0.125, 4), {t});
        }) > 900);
}

TEST_CASE("a FloatQuant of constants that does not saturate") {
  const auto one = [](double x) { return Tensor<double>({1}, {x}); };
  graph::FloatQuant op{one(1), one(3), one(2), one(3), one(14), Rounding::kFloor};
  op.saturation = false;
  CHECK(folds([&](GraphMaker& m) { return m.node(op, {numbers(m, {16})}); }) > 900);
  op.max_value = one(3);
  CHECK(refusal([&](GraphMaker& m) { return m.node(op, {numbers(m, {16})}); }).find("E0502") !=
        std::string::npos);
}

TEST_CASE("products and convolutions of constants") {
  CHECK(folds([](GraphMaker& m) {
          return m.node(graph::MatMul{}, {numbers(m, {2, 3, 4}), numbers(m, {4, 2})});
        }) > 700);
  CHECK(folds([](GraphMaker& m) {
          return m.node(graph::MatMul{}, {numbers(m, {4}), numbers(m, {2, 4, 3})});
        }) > 350);
  for (const bool turned : {false, true}) {
    CHECK(folds([&](GraphMaker& m) {
            const Id a = numbers(m, turned ? Shape{3, 2} : Shape{2, 3});
            const Id b = numbers(m, turned ? Shape{4, 3} : Shape{3, 4});
            return m.node(graph::Gemm{0.5, 1.5, turned, turned}, {a, b, numbers(m, {4})});
          }) > 450);
  }
  CHECK(folds([](GraphMaker& m) {
          const graph::Conv op{window({3, 2}, 2, 1), 2, false};
          return m.node(op, {numbers(m, {1, 4, 5, 4}), numbers(m, {6, 2, 3, 2}), numbers(m, {6})});
        }) > 1000);
  CHECK(folds([](GraphMaker& m) {
          const graph::Conv op{window({3, 2}, 1, 1), 2, true};
          return m.node(op, {numbers(m, {1, 4, 3, 4}), numbers(m, {6, 3, 2, 2})});
        }) > 1000);
  CHECK(folds([](GraphMaker& m) {
          const graph::ConvTranspose op{window({3, 2}, 2, 1), {1, 0}, 2};
          return m.node(op, {numbers(m, {1, 4, 3, 2}), numbers(m, {4, 3, 3, 2}), numbers(m, {6})});
        }) > 1000);
  CHECK(folds([](GraphMaker& m) {  // roots, which have no common denominator
          const Id roots = m.node(graph::Pow{}, {m.constant({2}, {2, 3}), m.scalar(0.5)});
          return m.node(graph::MatMul{}, {roots, numbers(m, {2, 2})});
        }) > 100);
  CHECK(folds([](GraphMaker& m) {
          const Id p = m.constant({2}, {1.5, 0.75});
          return m.node(graph::BatchNormalization{0.001, 1}, {numbers(m, {2, 2, 3}), p, p, p, p});
        }) > 700);
}

TEST_CASE("poolings and reductions of constants") {
  for (const bool last : {false, true}) {
    const auto x = [last](GraphMaker& m) {
      return numbers(m, last ? Shape{1, 5, 4, 3} : Shape{1, 3, 5, 4});
    };
    CHECK(folds([&](GraphMaker& m) {
            return m.node(graph::MaxPool{window({2, 3}, 2, 1), last}, {x(m)});
          }) > 500);
    for (const bool pads : {false, true}) {
      CHECK(folds([&](GraphMaker& m) {
              return m.node(graph::AveragePool{window({2, 3}, 2, 1), pads, last}, {x(m)});
            }) > 500);
    }
    CHECK(folds([&](GraphMaker& m) {
            const Id whole = m.node(graph::Unary{graph::UnaryKind::kFloor}, {x(m)});
            return m.node(graph::QuantAvgPool{window({2, 2}, 2, 0), 2, last}, {whole});
          }) > 350);
  }
  for (const auto kind : {graph::ReduceKind::kMean, graph::ReduceKind::kSum,
                          graph::ReduceKind::kMax, graph::ReduceKind::kMin}) {
    for (const bool keep : {false, true}) {
      CHECK(folds([&](GraphMaker& m) {
              return m.node(graph::Reduce{kind, {0, 2}, keep}, {numbers(m, {2, 3, 4})});
            }) > 150);
    }
  }
}

TEST_CASE("selections of constants") {
  CHECK(folds([](GraphMaker& m) {
          return m.node(graph::Take{{{1, -1, 0}, {}, {2, 2}}, 0.5}, {numbers(m, {2, 3, 4})});
        }) > 1000);
  CHECK(folds([](GraphMaker& m) {
          return m.node(graph::Concat{1}, {numbers(m, {2, 3}), numbers(m, {2, 2})});
        }) > 550);
  for (const bool largest : {false, true}) {
    for (const bool values : {false, true}) {
      CHECK(folds([&](GraphMaker& m) {
              return m.node(graph::TopK{1, 2, largest, values}, {numbers(m, {2, 5, 3})});
            }) > 700);
    }
  }
  for (const bool keep : {false, true}) {
    CHECK(folds([&](GraphMaker& m) {
            return m.node(graph::ArgMax{1, keep}, {numbers(m, {2, 5, 3})});
          }) > 350);
  }
}

TEST_CASE("constants without an exact value are refused with the node's name") {
  const std::string root = refusal([](GraphMaker& m) {
    return m.node(graph::Unary{graph::UnaryKind::kSqrt}, {m.constant({1}, {-1})});
  });
  CHECK(root.find("E0502") != std::string::npos);
  CHECK(root.find("node: unary") != std::string::npos);
  const std::string product = refusal([](GraphMaker& m) {
    const Id t = m.node(graph::Unary{graph::UnaryKind::kTanh}, {m.constant({1}, {1})});
    return m.node(graph::Mul{}, {t, t});
  });
  CHECK(product.find("E0502") != std::string::npos);
  CHECK(product.find("node: mul") != std::string::npos);
  CHECK(refusal([](GraphMaker& m) {
          return m.node(graph::Unary{graph::UnaryKind::kExp}, {m.constant({1}, {40000})});
        }).find("beyond 32768") != std::string::npos);
  CHECK(refusal([](GraphMaker& m) {  // would take 2^40 bits
          Id x = m.constant({1}, {1.0000001});
          for (int i = 0; i < 40; ++i) x = m.node(graph::Mul{}, {x, x});
          return x;
        })
            .find("E0407") != std::string::npos);
  CHECK(refusal([](GraphMaker& m) {
          Id x = m.constant({1}, {1.0000001});
          for (int i = 0; i < 3; ++i) x = m.node(graph::Pow{}, {x, m.scalar(64)});
          return x;
        }).find("E0407") != std::string::npos);
}
