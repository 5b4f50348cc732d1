// Step functions: the chosen form equals the function on its whole domain.
#include "nib/arith/step_circuit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "nib/arith/target.h"

namespace nib::arith {
namespace {

void check_equal(const Steps& steps, const StepCircuit& circuit) {
  for (std::int64_t x = steps.domain.min; x <= steps.domain.max; ++x) {
    std::size_t count = 0;
    while (count < steps.thresholds.size() && x >= steps.thresholds[count]) ++count;
    REQUIRE(evaluate(circuit, x) == steps.levels[count]);
  }
}

Steps uniform(Range domain, std::int64_t first, std::int64_t step, std::int64_t low,
              std::int64_t high, bool down) {
  Steps steps{domain, {}, {down ? high : low}};
  for (std::int64_t level = low + 1, t = first; level <= high; ++level, t += step) {
    if (t <= domain.min || t > domain.max) continue;
    steps.thresholds.push_back(t);
    steps.levels.push_back(steps.levels.back() + (down ? -1 : 1));
  }
  return steps;
}

TEST_CASE("power-of-two steps become a bit drop") {
  for (const char* name : {"xc7a100t-1", "xcvu13p-2"}) {
    const Target& target = find_target(name);
    for (const bool down : {false, true}) {
      for (const std::int64_t first : {-37, 0, 16, 8}) {
        const Steps steps = uniform({-300, 300}, first, 16, 0, 15, down);
        const StepCircuit circuit = choose_form(steps, target);
        CHECK(std::holds_alternative<BitDrop>(circuit.form));
        check_equal(steps, circuit);
        CHECK(circuit.lut > 0);
      }
    }
  }
}

TEST_CASE("even steps that are no power of two: every form is exact") {
  const Target& target = find_target("xc7a100t-1");
  for (std::int64_t step = 3; step < 60; ++step) {
    const Steps steps = uniform({-2000, 2000}, -17, step, -8, 7, step % 2 == 0);
    check_equal(steps, choose_form(steps, target));
  }
}

TEST_CASE("random thresholds and levels, monotone or not") {
  std::mt19937 rng(11);
  const Target& target = find_target("xc7z020-1");
  for (int round = 0; round < 400; ++round) {
    const auto low = -static_cast<std::int64_t>(rng() % 600);
    const Range domain{low, low + 1 + static_cast<std::int64_t>(rng() % 1200)};
    Steps steps{domain, {}, {static_cast<std::int64_t>(rng() % 16)}};
    const std::size_t count = rng() % 16;
    while (steps.thresholds.size() < count) {
      const auto span = static_cast<std::uint64_t>(domain.max - domain.min);
      steps.thresholds.push_back(domain.min + 1 + static_cast<std::int64_t>(rng() % span));
    }
    std::sort(steps.thresholds.begin(), steps.thresholds.end());
    steps.thresholds.erase(std::unique(steps.thresholds.begin(), steps.thresholds.end()),
                           steps.thresholds.end());
    const bool monotone = round % 2 == 0;
    for (std::size_t i = 0; i < steps.thresholds.size(); ++i) {
      const std::int64_t before = steps.levels.back();
      steps.levels.push_back(monotone ? before + 1
                                      : (before + 1 + static_cast<std::int64_t>(rng() % 14)) % 16);
    }
    check_equal(steps, choose_form(steps, target));
  }
}

TEST_CASE("one level is a constant, one threshold at zero is the sign") {
  const Target& target = find_target("xcvu9p-2");
  const StepCircuit constant = choose_form({{-4, 9}, {}, {5}}, target);
  CHECK(std::holds_alternative<ConstantLevel>(constant.form));
  CHECK(evaluate(constant, 3) == 5);
  const Steps sign{{-500, 400}, {0}, {0, 1}};
  const StepCircuit circuit = choose_form(sign, target);
  check_equal(sign, circuit);
  CHECK(circuit.carry4 == 0);
}

}  // namespace
}  // namespace nib::arith
