// Words of hundreds of bits: ranges of adder graphs, and step functions over wide domains.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "nib/arith/adder_graph.h"
#include "nib/arith/step_circuit.h"
#include "nib/arith/target.h"

namespace nib::arith {
namespace {

std::int64_t level_at(const Steps& steps, const BigInt& x) {
  std::size_t i = 0;
  while (i < steps.thresholds.size() && x >= steps.thresholds[i]) ++i;
  return steps.levels[i];
}

/// Both sides of every threshold, the ends, and numbers between.
void check_equal(const Steps& steps, const StepCircuit& circuit) {
  std::vector<BigInt> points{steps.domain.min, steps.domain.max};
  for (const BigInt& t : steps.thresholds) {
    for (const int by : {-1, 0, 1}) points.push_back(t + by);
  }
  for (int i = 1; i < 64; ++i) {
    points.push_back(steps.domain.min + (((steps.domain.max - steps.domain.min) * i) >> 6));
  }
  for (const BigInt& x : points) {
    if (steps.domain.contains(x)) CHECK(evaluate(circuit, x) == level_at(steps, x));
  }
}

}  // namespace

TEST_CASE("adder graphs of wide inputs: exact ranges, the matrix and the biases") {
  std::mt19937_64 rng(5);
  Tensor<std::int64_t> matrix({4, 6});
  for (std::int64_t& w : matrix.data) w = static_cast<std::int64_t>(rng() >> 34) - (1 << 29);
  std::vector<Range> inputs;
  for (int i = 0; i < 6; ++i) inputs.push_back({-power_of_two(90 + 7 * i), power_of_two(95)});
  const std::vector<BigInt> bias{0, power_of_two(150), -power_of_two(200), 1};
  const AdderGraph graph = solve(matrix, inputs, bias);
  CHECK(linear_forms(graph) == matrix);
  for (std::int64_t o = 0; o < 4; ++o) {
    const auto row = static_cast<std::size_t>(o);
    Range sum{bias[row], bias[row]};
    for (std::int64_t i = 0; i < 6; ++i) {
      sum = sum + inputs[static_cast<std::size_t>(i)] * matrix[o * 6 + i];
    }
    CHECK(graph.outputs[row].range == sum);
    CHECK(graph.outputs[row].bias == bias[row]);
  }
  CHECK(adder_bits(graph) > 1000);
}

TEST_CASE("step functions of wide sums") {
  const Target& target = targets().front();
  const Range domain{-power_of_two(170), power_of_two(169)};
  SUBCASE("a bit drop with clip") {
    Steps steps{domain, {}, {-8}};
    for (std::int64_t k = -7; k <= 7; ++k) {
      steps.thresholds.push_back(k * power_of_two(160) - power_of_two(159) + 12345);
      steps.levels.push_back(k);
    }
    const StepCircuit circuit = choose_form(steps, target);
    CHECK(std::holds_alternative<BitDrop>(circuit.form));
    check_equal(steps, circuit);
  }
  SUBCASE("ties to even, falling") {
    Steps steps{domain, {}, {3}};
    for (std::int64_t k = 3; k > -4; --k) {
      // Level k is left at (2 k - 1) / 2, an even one behind the tie.
      steps.thresholds.push_back((7 - 2 * k) * power_of_two(99) + (k % 2 == 0 ? 1 : 0));
      steps.levels.push_back(k - 1);
    }
    const StepCircuit circuit = choose_form(steps, target);
    check_equal(steps, circuit);
  }
  SUBCASE("thresholds anywhere") {
    Steps steps{domain, {-power_of_two(120), 17, power_of_two(80), power_of_two(168) + 5}, {}};
    steps.levels = {4, -1, 7, 0, 2};
    const StepCircuit circuit = choose_form(steps, target);
    CHECK(std::holds_alternative<Comparators>(circuit.form));
    check_equal(steps, circuit);
  }
}

}  // namespace nib::arith
