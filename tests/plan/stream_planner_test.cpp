// Folds that are chosen: inside the device, the same each time, better than none.
#include "nib/plan/stream_planner.h"

#include <doctest/doctest.h>

#include "../lower/networks.h"
#include "nib/base/error.h"
#include "nib/lower/lower.h"
#include "nib/plan/stream_settle.h"

using namespace nib;
using namespace nib::testing;

namespace {

lower::IntegerGraph digits_graph() {
  return lower::lower(importer::read_model(std::string(NIB_TESTS_DIR) + "/models/digits.onnx", {}));
}

}  // namespace

TEST_CASE("folds fit the device and are the same each time") {
  const auto graph = digits_graph();
  arith::Target target = arith::find_target("xc7a100t-1");
  plan::FoldGoal wish;
  wish.evaluations = 40;
  const plan::FoldChoice large = plan::choose_folding(graph, target, {}, wish);
  CHECK(large.fits);
  CHECK(large.cost.lut <= target.lut * wish.luts);
  CHECK(large.evaluations > 5);
  CHECK(large.notes.size() == 2);
  CHECK(plan::choose_folding(graph, target, {}, wish).folding == large.folding);
  // A smaller device makes it slower.
  target.lut /= 16;
  const plan::FoldChoice small = plan::choose_folding(graph, target, {}, wish);
  CHECK(small.fits);
  CHECK(small.cost.lut <= target.lut * wish.luts);
  CHECK(small.latency > large.latency);
}

TEST_CASE("what is chosen is what is built") {
  const auto graph = digits_graph();
  const arith::Target& target = arith::find_target("xc7a100t-1");
  plan::FoldGoal wish;
  wish.objective = plan::Objective::kInterval;
  wish.evaluations = 30;
  const plan::FoldChoice choice = plan::choose_folding(graph, target, {}, wish);
  plan::StreamPlan plan = plan::plan_folded(graph, target, {}, wish);
  REQUIRE(plan.sizing.reached);
  CHECK(plan.sizing.timing.cycles == choice.interval * plan.sizing.timing.frames);
  CHECK(plan.notes.back() == choice.notes.back());
  double luts = 0;
  for (const plan::StreamLayer& layer : plan.layers) luts += layer.cost.lut;
  CHECK(luts > 0);
  // Settling what is settled changes nothing but delays of queues that sizing chose.
  const auto lats = plan.design.network.channels;
  plan::settle_units(plan, wish.blocks * target.bram36);
  for (std::size_t c = 0; c < lats.size(); ++c) {
    CHECK(plan.design.network.channels[c].lat == lats[c].lat);
  }
}

TEST_CASE("no objective's choice is better in the other") {
  const auto graph = digits_graph();
  const arith::Target& target = arith::find_target("xc7a100t-1");
  for (const int evaluations : {20, 120}) {
    plan::FoldGoal wish;
    wish.luts = 3000.0 / target.lut;
    wish.multipliers = 0;
    wish.evaluations = evaluations;
    const plan::FoldChoice latency = plan::choose_folding(graph, target, {}, wish);
    wish.objective = plan::Objective::kInterval;
    const plan::FoldChoice interval = plan::choose_folding(graph, target, {}, wish);
    CHECK(interval.fits);
    CHECK(interval.cost.dsp == 0);
    CHECK(interval.cost.lut <= 3000);
    CHECK(latency.latency <= interval.latency);
    CHECK(interval.interval <= latency.interval);
    if (evaluations > 100) CHECK(interval.interval <= 144);
  }
}

TEST_CASE(
    "a network that fits at no fold is planned with a note, or refused if it takes for ever") {
  const auto graph = digits_graph();
  const arith::Target& target = arith::find_target("xc7a100t-1");
  plan::FoldGoal wish;
  wish.luts = 1e-5;
  wish.evaluations = 3;
  const plan::StreamPlan plan = plan::plan_folded(graph, target, {}, wish);
  CHECK(plan.sizing.reached);
  wish.slow = plan.sizing.timing.cycles - 1;
  try {
    (void)plan::plan_folded(graph, target, {}, wish);
    FAIL("planned");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E704);
    CHECK(error.detail().find("LUTs would be") != std::string::npos);
  }
}
