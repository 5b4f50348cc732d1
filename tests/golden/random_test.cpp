// Random networks: the filtered evaluation against plain rationals on every tensor.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "net.h"
#include "nib/golden/golden.h"

namespace nib {
namespace {

using graph::ValueId;
using Random = std::mt19937_64;

double pick(Random& random, std::vector<double> choices) {
  return choices[random() % choices.size()];
}

/// Small multiples of 1/8, of which many are ties, and some numbers that are no dyadic fractions.
double some_real(Random& random) {
  if (random() % 4 == 0) {
    return static_cast<double>(static_cast<float>(static_cast<double>(random() % 2001) / 1000 - 1));
  }
  return (static_cast<double>(random() % 65) - 32) / 8;
}

double some_scale(Random& random) {
  // 0.75, 1.25, 3: quotients are no doubles, yet exact ties are frequent.
  return pick(random, {0.5, 1, 0.25, 0.75, 1.25, 3, static_cast<double>(0.3F),
                       static_cast<double>(0.1F), static_cast<double>(1.7F), -0.75, -0.5});
}

std::vector<double> reals(Random& random, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(some_real(random));
  return values;
}

graph::Quant some_quant(Random& random, std::int64_t channels) {
  static constexpr Rounding kModes[] = {Rounding::kHalfEven, Rounding::kHalfUp, Rounding::kHalfDown,
                                        Rounding::kCeil,     Rounding::kFloor,  Rounding::kUp,
                                        Rounding::kDown,     Rounding::kDpu};
  graph::Quant op = test::quant(some_scale(random), pick(random, {0, 0, 1, -3, 0.5}),
                                static_cast<int>(random() % 7), random() % 2 == 0,
                                kModes[random() % 8], random() % 2 == 0);
  if (random() % 3 == 0) {
    op.scale = Tensor<double>(Shape{1, channels});
    op.bits = Tensor<double>(Shape{1, channels});
    for (double& s : op.scale.data) s = some_scale(random);
    for (double& b : op.bits.data) b = static_cast<double>(random() % 6);
  }
  if (random() % 5 == 0) {
    op.zero_point_after_rounding = true;
    op.zero_point = Tensor<double>({}, {static_cast<double>(random() % 5) - 2});
    op.codes_out = random() % 2 == 0;
  }
  return op;
}

graph::BatchNormalization norm() { return {static_cast<double>(1e-5F), 1}; }

ValueId batch_norm(test::Net& net, Random& random, ValueId x, std::int64_t n) {
  std::vector<double> variance;
  // 1 - epsilon is no float64 with an exact sum; 0.25 and 2 give roots and irrational factors.
  for (std::int64_t i = 0; i < n; ++i) variance.push_back(pick(random, {0.25, 1, 2, 0.3}));
  graph::BatchNormalization op = norm();
  if (random() % 2 == 0) op.epsilon = 0;
  return net.add(op, {x, net.constant({n}, reals(random, n)), net.constant({n}, reals(random, n)),
                      net.constant({n}, reals(random, n)), net.constant({n}, variance)});
}

/// Divided and multiplied: the value stays, the doubles in between are not exact; ties remain ties.
ValueId there_and_back(test::Net& net, Random& random, ValueId x) {
  const double s = pick(random, {3, static_cast<double>(0.3F), static_cast<double>(1.7F)});
  return net.add(graph::Mul{}, {net.add(graph::Div{}, {x, net.scalar(s)}), net.scalar(s)});
}

/// One elementwise operator of those that keep the shape.
ValueId some_activation(test::Net& net, Random& random, ValueId x, std::int64_t n) {
  switch (random() % 12) {
    case 0:
      return net.add(graph::Relu{}, {x});
    case 1:
      return net.add(graph::LeakyRelu{pick(random, {static_cast<double>(0.1F), 0.125, -0.5})}, {x});
    case 2:
      return net.add(graph::Clip{-2, pick(random, {1.5, static_cast<double>(0.7F)})}, {x});
    case 3:
      return net.add(graph::Neg{}, {x});
    case 4:
      return net.add(graph::Add{}, {x, net.constant({1, n}, reals(random, n))});
    case 5:
      return net.add(graph::Mul{}, {x, net.scalar(some_real(random))});
    case 6:
      return net.add(graph::Div{}, {x, net.scalar(some_scale(random))});
    case 7:
      return net.add(graph::Sub{}, {net.constant({n}, reals(random, n)), x});
    case 8: {
      graph::MultiThreshold op{0.75, -1, 1};
      return net.add(op, {x, net.constant({n, 3}, reals(random, 3 * n))});
    }
    case 9:
      return net.add(graph::Pow{}, {x, net.scalar(2)});
    case 10:
      return there_and_back(net, random, x);
    default:
      return batch_norm(net, random, x, n);
  }
}

ValueId dense(test::Net& net, Random& random, ValueId x, std::int64_t k, std::int64_t n) {
  const bool transposed = random() % 3 == 0;
  const Shape shape = transposed ? Shape{n, k} : Shape{k, n};
  ValueId weights = net.constant(shape, reals(random, k * n));
  if (random() % 4 != 0) {
    graph::Quant op = test::quant(some_scale(random), 0, 2 + static_cast<int>(random() % 4));
    weights = net.add(op, {weights});
  } else if (random() % 2 == 0) {
    weights = net.add(graph::BipolarQuant{Tensor<double>({}, {some_scale(random)})}, {weights});
  }
  if (random() % 3 == 0) {
    graph::Gemm op;
    op.trans_b = transposed;
    op.alpha = pick(random, {1, 0.5, static_cast<double>(0.3F)});
    op.beta = pick(random, {1, static_cast<double>(0.7F)});
    return net.add(op, {x, weights, net.constant({n}, reals(random, n))});
  }
  if (transposed) weights = net.add(graph::Transpose{{1, 0}}, {weights});
  return net.add(graph::MatMul{}, {x, weights});
}

graph::Graph some_network(Random& random) {
  test::Net net;
  std::int64_t n = 2 + static_cast<std::int64_t>(random() % 4);
  std::optional<graph::InputType> type;
  if (random() % 2 == 0) type = graph::InputType{PortType{true, 6, Rational(1, 8)}, {}};
  ValueId x = net.input({1, n}, type);
  const auto layers = 1 + random() % 3;
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    if (layer > 0 || random() % 2 == 0) {
      if (random() % 2 == 0) x = there_and_back(net, random, x);
      x = net.add(some_quant(random, n), {x});
    }
    const std::int64_t next = 2 + static_cast<std::int64_t>(random() % 4);
    x = dense(net, random, x, n, next);
    n = next;
    if (random() % 2 == 0) x = some_activation(net, random, x, n);
    if (random() % 2 == 0) x = some_activation(net, random, x, n);
  }
  if (random() % 3 == 0) {
    x = net.add(graph::BipolarQuant{Tensor<double>({}, {some_scale(random)})}, {x});
  } else if (random() % 2 == 0) {
    x = net.add(graph::ArgMax{1, true}, {x});
  } else {
    x = net.add(some_quant(random, n), {x});
  }
  return net.finish({x});
}

/// Every element of every tensor: exactly within its bound, and exact where it has none.
void compare(const graph::Graph& graph, const Tensor<double>& rows,
             const std::vector<golden::Reals>& all, std::int64_t& checked) {
  const std::int64_t width = element_count(graph.value(graph.inputs[0].value).shape);
  std::vector<ValueId> keep;
  for (std::size_t v = 0; v < graph.values.size(); ++v) keep.push_back(static_cast<ValueId>(v));
  for (std::int64_t r = 0; r < rows.shape[0]; ++r) {
    golden::Given given{graph.inputs[0].value, Tensor<Rational>(Shape{1, width})};
    for (std::int64_t e = 0; e < width; ++e) given.exact[e] = exact(rows[r * width + e]);
    const auto exact_values = golden::evaluate_exact(graph, std::span(&given, 1), keep);
    for (std::size_t v = 0; v < keep.size(); ++v) {
      if (!exact_values[v]) continue;  // irrational: its quantisers are compared
      const std::int64_t size = exact_values[v]->size();
      const bool per_row = all[v].value.size() == size * rows.shape[0] && rows.shape[0] > 1 &&
                           all[v].value.shape != graph.values[v].shape;
      for (std::int64_t e = 0; e < size; ++e) {
        const auto i = static_cast<std::size_t>(per_row ? r * size + e : e);
        const double error = all[v].error.empty() ? 0 : all[v].error[i];
        REQUIRE(error <= 1e-6 + std::abs(all[v].value.data[i]) * 1e-9);
        const Rational distance = abs(exact(all[v].value.data[i]) - (*exact_values[v])[e]);
        if (distance > exact(error)) {
          INFO(graph::dump(graph));
          FAIL(fmt::format("row {}, {}[{}]: {} within {}, exactly {}", r, graph.values[v].name, e,
                           all[v].value.data[i], error, to_string((*exact_values[v])[e])));
        }
        ++checked;
      }
    }
  }
}

TEST_CASE("filtered evaluation equals plain rationals on random networks") {
  std::int64_t checked = 0, ties = 0, by_rationals = 0;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    Random random(seed);
    const graph::Graph graph = some_network(random);
    INFO("seed " << seed);
    const std::int64_t width = element_count(graph.value(graph.inputs[0].value).shape);
    Tensor<double> rows(Shape{5, width});
    for (double& x : rows.data) {
      x = graph.inputs[0].type ? (static_cast<double>(random() % 64) - 32) / 8 : some_real(random);
    }
    std::vector<ValueId> keep;
    for (std::size_t v = 0; v < graph.values.size(); ++v) keep.push_back(static_cast<ValueId>(v));
    golden::Evaluator evaluator(graph);
    const auto all = evaluator.run(std::span(&rows, 1), keep);
    compare(graph, rows, all, checked);
    for (const golden::Tie& tie : evaluator.ties()) {
      ties += static_cast<std::int64_t>(tie.exact_ties);
      by_rationals += static_cast<std::int64_t>(tie.decided_exactly);
    }
  }
  MESSAGE(checked << " values, " << ties << " exact ties, " << by_rationals
                  << " decisions by rationals");
  CHECK(checked > 10000);
  CHECK(ties > 100);  // the networks do reach what is hard
  CHECK(by_rationals > 100);
}

TEST_CASE("rows do not depend on the rows beside them") {
  Random random(7);
  const graph::Graph graph = some_network(random);
  const std::int64_t width = element_count(graph.value(graph.inputs[0].value).shape);
  Tensor<double> rows(Shape{700, width});  // several chunks
  for (double& x : rows.data) x = (static_cast<double>(random() % 64) - 32) / 8;
  golden::Evaluator together(graph), alone(graph);
  const auto all = together.run(std::span(&rows, 1), graph.outputs);
  const std::int64_t size = all[0].value.size() / 700;
  for (std::int64_t r = 0; r < 700; r += 37) {
    Tensor<double> row(Shape{1, width});
    for (std::int64_t e = 0; e < width; ++e) row[e] = rows[r * width + e];
    const auto one = alone.run(std::span(&row, 1), graph.outputs);
    for (std::int64_t e = 0; e < size; ++e) {
      CHECK(one[0].value[e] == all[0].value[r * size + e]);
    }
  }
}

}  // namespace
}  // namespace nib
