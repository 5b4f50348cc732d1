// Register placement: legal by a checker of its own, optimal by brute force on small graphs.
#include "nib/arith/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace nib::arith {
namespace {

struct Case {
  std::vector<TimedOp> ops;
  std::vector<std::int32_t> outputs;
};

Case random_case(std::mt19937& rng, std::size_t count) {
  Case c;
  for (std::size_t v = 0; v < count; ++v) {
    TimedOp op;
    op.bits = 1 + static_cast<int>(rng() % 9);
    if (v >= 2) {
      op.delay_ns = 0.1 * static_cast<double>(1 + rng() % 9);
      const std::size_t fan_in = 1 + rng() % 2;
      for (std::size_t k = 0; k < fan_in; ++k)
        op.inputs.push_back(static_cast<std::int32_t>(rng() % v));
    }
    c.ops.push_back(op);
  }
  std::vector<char> used(count, 0);
  for (const TimedOp& op : c.ops) {
    for (const std::int32_t u : op.inputs) used[static_cast<std::size_t>(u)] = 1;
  }
  for (std::size_t v = 2; v < count; ++v) {
    if (!used[v]) c.outputs.push_back(static_cast<std::int32_t>(v));
  }
  return c;
}

/// Longest chain of delays between registers; -1 where a stage goes backwards or an end is not at
/// its stage.
double longest_chain(const Case& c, const std::vector<int>& stage, int stages) {
  double longest = 0;
  std::vector<double> arrival(c.ops.size());
  for (std::size_t v = 0; v < c.ops.size(); ++v) {
    const TimedOp& op = c.ops[v];
    if (op.inputs.empty() && stage[v] != 0) return -1;
    double start = 0;
    for (const std::int32_t u : op.inputs) {
      if (stage[static_cast<std::size_t>(u)] > stage[v]) return -1;
      if (stage[static_cast<std::size_t>(u)] == stage[v]) {
        start = std::max(start, arrival[static_cast<std::size_t>(u)]);
      }
    }
    arrival[v] = start + op.delay_ns;
    longest = std::max(longest, arrival[v]);
  }
  for (const std::int32_t o : c.outputs) {
    if (stage[static_cast<std::size_t>(o)] != stages) return -1;
  }
  return longest;
}

std::int64_t register_bits(const Case& c, const std::vector<int>& stage) {
  std::vector<int> last = stage;
  for (std::size_t v = 0; v < c.ops.size(); ++v) {
    for (const std::int32_t u : c.ops[v].inputs) {
      last[static_cast<std::size_t>(u)] = std::max(last[static_cast<std::size_t>(u)], stage[v]);
    }
  }
  std::int64_t bits = 0;
  for (std::size_t v = 0; v < c.ops.size(); ++v)
    bits += std::int64_t{c.ops[v].bits} * (last[v] - stage[v]);
  return bits;
}

std::int64_t brute_force(const Case& c, int stages, double budget) {
  std::int64_t best = -1;
  std::vector<int> stage(c.ops.size(), 0);
  const std::function<void(std::size_t)> place = [&](std::size_t v) {
    if (v == c.ops.size()) {
      const double chain = longest_chain(c, stage, stages);
      if (chain < 0 || chain > budget + 1e-9) return;
      const std::int64_t bits = register_bits(c, stage);
      if (best < 0 || bits < best) best = bits;
      return;
    }
    int low = 0;
    for (const std::int32_t u : c.ops[v].inputs)
      low = std::max(low, stage[static_cast<std::size_t>(u)]);
    const int high = c.ops[v].inputs.empty() ? 0 : stages;
    for (int s = low; s <= high; ++s) {
      stage[v] = s;
      place(v + 1);
    }
    stage[v] = 0;
  };
  place(0);
  return best;
}

TEST_CASE("small graphs: legal, and as few register bits as any legal schedule") {
  std::mt19937 rng(5);
  int compared = 0;
  for (int round = 0; round < 300; ++round) {
    const Case c = random_case(rng, 5 + rng() % 5);
    const double budget = 0.9 + 0.1 * static_cast<double>(rng() % 8);
    const auto schedule = schedule_for_period(c.ops, c.outputs, budget + 0.5, 0.5);
    REQUIRE(schedule);
    const double chain = longest_chain(c, schedule->stage, schedule->stages);
    CHECK(chain >= 0);
    CHECK(chain <= budget + 1e-6);
    CHECK(schedule->period_ns == doctest::Approx(chain + 0.5));
    CHECK(register_bits(c, schedule->stage) == schedule->register_bits);
    if (schedule->stages <= 3) {
      CHECK(brute_force(c, schedule->stages, budget) == schedule->register_bits);
      if (schedule->stages > 0) CHECK(brute_force(c, schedule->stages - 1, budget) == -1);
      ++compared;
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("a number of stages: exactly that many, at the shortest period") {
  std::mt19937 rng(6);
  for (int round = 0; round < 60; ++round) {
    const Case c = random_case(rng, 40);
    double previous = 1e9;
    for (int stages = 0; stages < 6; ++stages) {
      const Schedule schedule = schedule_for_stages(c.ops, c.outputs, stages, 0.5);
      CHECK(schedule.stages == stages);
      CHECK(longest_chain(c, schedule.stage, stages) >= 0);
      CHECK(schedule.period_ns <= previous + 1e-9);
      previous = schedule.period_ns;
    }
  }
}

TEST_CASE("a group leaves at one stage; an operation that exceeds the period is refused") {
  std::vector<TimedOp> ops(6);
  ops[1] = {1.0, 4, {0}, 7};
  ops[2] = {1.0, 4, {1}, -1};
  ops[3] = {1.0, 4, {2}, 7};
  ops[4] = {0.2, 4, {1}, -1};
  ops[5] = {0.2, 4, {3, 4}, -1};
  ops[0].bits = 3;
  // Operation 2 lies between two of the group, so the group's stage has to hold it as well.
  const auto schedule = schedule_for_period(ops, {5}, 3.7, 0.5);
  REQUIRE(schedule);
  CHECK(schedule->stage[1] == schedule->stage[3]);
  CHECK(!schedule_for_period(ops, {5}, 1.4, 0.5));
}

}  // namespace
}  // namespace nib::arith
