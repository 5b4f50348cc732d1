// Words of up to a few hundred bits: the plan's own operations against the integer graph.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "graph_builder.h"
#include "nib/arith/target.h"
#include "nib/plan/plan.h"

namespace nib::plan {
namespace {

/// Eight products, one behind the other; their sums, and selections among the last.
lower::IntegerGraph network() {
  std::mt19937_64 rng(8);
  test::GraphBuilder builder("wide");
  const std::vector<Range> ranges(3, Range{-(1 << 15), (1 << 15) - 1});
  lower::ValueId x = builder.input("x", ranges), before = x;
  for (int layer = 0; layer < 8; ++layer) {
    std::vector<std::int64_t> weights, bias;
    for (int i = 0; i < 9; ++i) {
      weights.push_back(static_cast<std::int64_t>(rng() >> 33) - (std::int64_t{1} << 30));
    }
    for (int i = 0; i < 3; ++i) bias.push_back(static_cast<std::int64_t>(rng() >> 20));
    before = x;
    x = builder.linear("fc" + std::to_string(layer), x, 3, weights, bias);
  }
  const lower::ValueId sum = builder.sum("sum", {x, before}, {3, -(std::int64_t{1} << 40)});
  builder.output("sums", sum);
  builder.output("best", builder.argmax("best", x));
  builder.output("two", builder.top("two", x, 2, true));
  return builder.take();
}

}  // namespace

TEST_CASE("wide words: the plan computes what the integer graph does, at any latency") {
  const lower::IntegerGraph graph = network();
  for (const int latency : {0, 12}) {
    Goal goal;
    goal.latency_cycles = latency;
    const Plan plan = plan_unrolled(graph, arith::find_target("xcvu13p-2"), goal);
    std::mt19937_64 rng(3);
    int widest = 0;
    for (int row = 0; row < 40; ++row) {
      std::vector<std::int64_t> codes;
      for (int e = 0; e < 3; ++e) codes.push_back(static_cast<std::int16_t>(rng()));
      const auto expected =
          lower::execute_wide(graph, {Tensor<std::int64_t>({1, 3}, codes)}, graph.outputs);
      std::vector<BigInt> all;
      for (const Tensor<BigInt>& tensor : expected) {
        all.insert(all.end(), tensor.data.begin(), tensor.data.end());
      }
      CHECK(evaluate_wide(plan, codes) == all);
      widest = std::max(widest, all[0].magnitude_bits());
    }
    CHECK(widest > 240);
  }
}

}  // namespace nib::plan
