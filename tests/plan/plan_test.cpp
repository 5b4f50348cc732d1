// Plans: latency adds up, options change it by what they say, nothing unread is built, refusals.
#include "nib/plan/plan.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <map>

#include "graphs.h"
#include "nib/arith/target.h"
#include "nib/base/error.h"
#include "window_graphs.h"

namespace nib::plan {
namespace {

const arith::Target& target() { return arith::find_target("xcvu13p-2"); }

lower::IntegerGraph network() { return test::dense_network("net", 11, {8, 12, 6, 3}, 5, 30); }

int sum_of_layers(const Plan& plan) {
  int sum = 0;
  for (const Layer& layer : plan.layers) sum += layer.latency_cycles;
  return sum;
}

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  return Error(ErrorCode{0}, "none");
}

void equal_to_graph(const lower::IntegerGraph& graph, const Plan& plan) {
  test::Numbers numbers(4);
  for (int i = 0; i < 200; ++i) {
    const std::vector<std::int64_t> codes = test::random_codes(graph, numbers);
    CHECK(evaluate(plan, codes) == test::reference(graph, codes));
  }
}

TEST_CASE("latency is the sum of the layers, at any clock and any latency") {
  const lower::IntegerGraph graph = network();
  for (const double clock : {100.0, 250.0, 400.0}) {
    Goal goal;
    goal.clock_mhz = clock;
    const Plan plan = plan_unrolled(graph, target(), goal);
    CHECK(plan.layers.size() == 3);
    CHECK(sum_of_layers(plan) == plan.latency_cycles);
    CHECK(plan.period_model_ns <= 1000 / clock + 1e-9);
    equal_to_graph(graph, plan);
  }
  for (const int latency : {0, 1, 3, 9}) {
    Goal goal;
    goal.latency_cycles = latency;
    const Plan plan = plan_unrolled(graph, target(), goal);
    CHECK(plan.latency_cycles == latency);
    CHECK(sum_of_layers(plan) == latency);
    CHECK(plan.clock_mhz > 0);
  }
}

TEST_CASE("options change the latency by exactly what they say") {
  const lower::IntegerGraph graph = network();
  const Plan plain = plan_unrolled(graph, target(), {});
  Goal goal;
  goal.input_register = true;
  CHECK(plan_unrolled(graph, target(), goal).latency_cycles == plain.latency_cycles + 1);
  goal.output_register = true;
  CHECK(plan_unrolled(graph, target(), goal).latency_cycles == plain.latency_cycles + 2);
  goal.extra_registers = {"fc1", "fc2", "fc2"};
  const Plan all = plan_unrolled(graph, target(), goal);
  CHECK(all.latency_cycles == plain.latency_cycles + 5);
  CHECK(sum_of_layers(all) == all.latency_cycles);
  equal_to_graph(graph, all);
}

TEST_CASE("what nobody reads is not built") {
  test::GraphBuilder b("dead");
  lower::ValueId x = b.input("x", std::vector<Range>(4, Range{-8, 7}));
  // y1 is read by nobody; x3 by y1 alone; y2 is constant.
  x = b.linear("fc1", x, 3, {1, 2, 0, 0, 0, 0, 5, 7, 0, 0, 0, 0}, {0, 1, 9});
  x = b.linear("fc2", x, 1, {3, 0, 2}, {1});
  b.output("y", x);
  const lower::IntegerGraph graph = b.take();
  const Plan plan = plan_unrolled(graph, target(), {});
  REQUIRE(plan.layers.size() == 2);
  CHECK(plan.layers[0].output.elements[0].bits == 6);
  CHECK(plan.layers[0].output.elements[1].bits == 0);
  CHECK(!plan.layers[0].output.elements[1].live);
  CHECK(plan.layers[0].output.elements[2].bits == 0);
  CHECK(plan.layers[0].output.elements[2].offset == 9);
  CHECK(plan.layers[0].operands[0].word.width == 8);
  CHECK(plan.inputs[0].width == 16);
  CHECK(!plan.inputs[0].elements[3].live);
  equal_to_graph(graph, plan);
}

TEST_CASE("constant outputs have no bits; a network of them has no layer") {
  test::GraphBuilder b("fixed");
  lower::ValueId x = b.input("x", {Range{-8, 7}});
  x = b.linear("fc1", x, 2, {0, 0}, {4, -3});
  b.output("y", x);
  const Plan plan = plan_unrolled(b.take(), target(), {});
  CHECK(plan.layers.empty());
  CHECK(plan.outputs[0].width == 0);
  CHECK(plan.outputs[0].elements[1].offset == -3);
  CHECK(evaluate(plan, {5}) == std::vector<std::int64_t>{4, -3});
}

TEST_CASE("branches meet at one stage; every register depth is what the stages say") {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    CAPTURE(seed);
    const lower::IntegerGraph graph = test::random_graph("r", seed);
    Goal goal;
    if (seed % 3 == 0) goal.latency_cycles = 5;
    const Plan plan = plan_unrolled(graph, target(), goal);
    for (const Layer& layer : plan.layers) {
      CHECK(layer.latency_cycles == layer.output_stage - layer.start_stage);
      CHECK(layer.output_stage <= plan.latency_cycles);
      for (const Operation& op : layer.operations) {
        if (op.kind == Operation::Kind::kConstant) continue;
        for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
          if (t->node < 0) continue;
          const Operation& from = layer.operations[static_cast<std::size_t>(t->node)];
          if (from.kind != Operation::Kind::kConstant) CHECK(from.stage <= op.stage);
        }
      }
    }
    for (const std::int32_t word : plan.output_layers) {
      if (word >= 0) {
        CHECK(plan.layers[static_cast<std::size_t>(word)].output_stage == plan.latency_cycles);
      }
    }
    equal_to_graph(graph, plan);
  }
}

TEST_CASE("a width too narrow shows in the model") {
  const lower::IntegerGraph graph = test::small_graph();
  Plan plan = plan_unrolled(graph, target(), {});
  for (Operation& op : plan.layers[0].operations) {
    if (op.role == Operation::Role::kAcc) op.width = 3;
  }
  test::Numbers numbers(4);
  int wrong = 0;
  for (int i = 0; i < 100; ++i) {
    const std::vector<std::int64_t> codes = test::random_codes(graph, numbers);
    wrong += evaluate(plan, codes) != test::reference(graph, codes) ? 1 : 0;
  }
  CHECK(wrong > 0);
}

TEST_CASE("what cannot be planned (_bad)") {
  const lower::IntegerGraph graph = network();
  const auto plan_with = [&](const Goal& goal) {
    return error_of([&] { (void)plan_unrolled(graph, target(), goal); });
  };
  Goal both;
  both.clock_mhz = 100;
  both.latency_cycles = 3;
  CHECK(plan_with(both).code() == ErrorCode::E704);
  Goal negative;
  negative.clock_mhz = -1;
  CHECK(plan_with(negative).code() == ErrorCode::E704);
  Goal few;
  few.latency_cycles = 1;
  few.input_register = few.output_register = true;
  CHECK(plan_with(few).code() == ErrorCode::E704);
  Goal fast;
  fast.clock_mhz = 4000;
  const Error impossible = plan_with(fast);
  CHECK(impossible.code() == ErrorCode::E703);
  CHECK(impossible.detail().find("the best for this design") != std::string::npos);
  Goal unknown;
  unknown.extra_registers = {"fc9"};
  const Error no_layer = plan_with(unknown);
  CHECK(no_layer.code() == ErrorCode::E705);
  CHECK(no_layer.hint() == "the layers are: fc1, fc2, fc3");
}

TEST_CASE("the size of an unrolled design has a bound (_bad)") {
  test::GraphBuilder b("huge");
  lower::ValueId x = b.input("x", std::vector<Range>(1000, Range{0, 1}));
  x = b.linear("fc1", x, 501, std::vector<std::int64_t>(501'000, 1),
               std::vector<std::int64_t>(501, 0));
  b.output("y", x);
  const lower::IntegerGraph graph = b.take();
  const Error e = error_of([&] { (void)plan_unrolled(graph, target(), {}); });
  CHECK(e.code() == ErrorCode::E702);
  CHECK(e.detail().find("501000 nonzero weights") != std::string::npos);
  CHECK(e.node() == "fc1");
}

TEST_CASE("windows, filled elements and selections: the plan is the graph") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    const lower::IntegerGraph graph = test::window_graph("w", seed);
    Goal goal;
    if (seed % 4 == 0) goal.latency_cycles = static_cast<int>(seed % 7);
    const Plan plan = plan_unrolled(graph, target(), goal);
    if (!plan.layers.empty()) CHECK(sum_of_layers(plan) == plan.latency_cycles);
    equal_to_graph(graph, plan);
  }
}

TEST_CASE("the k largest, with many ties, in order") {
  for (std::int64_t length = 1; length <= 6; ++length) {
    for (std::int64_t k = 1; k <= length; ++k) {
      for (const bool values : {false, true}) {
        test::GraphBuilder b("top");
        std::vector<Range> ranges(static_cast<std::size_t>(length), Range{0, 2});
        if (length > 3) ranges[1] = Range{1, 4};
        if (length > 4) ranges[3] = Range{2, 2};
        b.output("y", b.top("top", b.input("x", ranges), k, values));
        const lower::IntegerGraph graph = b.take();
        equal_to_graph(graph, plan_unrolled(graph, target(), {}));
      }
    }
  }
}

TEST_CASE("several images: their positions are different places of the same kernels") {
  test::Numbers n(9);
  test::GraphBuilder b("images");
  std::vector<std::int32_t> all;
  for (std::int32_t i = 0; i < 32; ++i) all.push_back(i);
  const lower::ValueId x =
      b.arrange("image", b.input("x", std::vector<Range>(32, Range{-3, 4})), {2, 1, 4, 4}, all, {});
  b.output("y", b.conv("conv1", x, test::random_conv(n, test::window(3, 3, 1, 0), 1, 3, 1, 4)));
  const lower::IntegerGraph graph = b.take();
  const Plan plan = plan_unrolled(graph, target(), {});
  REQUIRE(plan.layers.size() == 1);
  REQUIRE(plan.layers[0].blocks.size() == 8);
  CHECK(plan.layers[0].blocks[0].name == "n0_y0_x0");
  CHECK(plan.layers[0].blocks[7].name == "n1_y1_x1");
  CHECK(plan.layers[0].blocks[7].kernel == plan.layers[0].blocks[0].kernel);
  equal_to_graph(graph, plan);
}

TEST_CASE("equal positions of a convolution are one kernel, solved and timed once") {
  test::Numbers n(5);
  test::GraphBuilder b("conv");
  const lower::ValueId x =
      b.arrange("image", b.input("x", std::vector<Range>(36, Range{0, 15})), {1, 1, 6, 6},
                [] {
                  std::vector<std::int32_t> all;
                  for (std::int32_t i = 0; i < 36; ++i) all.push_back(i);
                  return all;
                }(),
                {});
  lower::Conv op = test::random_conv(n, test::window(3, 3, 1, 1), 1, 4, 1, 5);
  op.padding = {0};
  lower::ValueId y = b.conv("conv1", x, op);
  y = test::channel_steps(b, "relu1", y, 4);
  b.output("y", y);
  Goal goal;
  goal.latency_cycles = 2;
  const lower::IntegerGraph graph = b.take();
  const Plan plan = plan_unrolled(graph, target(), goal);
  REQUIRE(plan.layers.size() == 1);
  const Layer& layer = plan.layers[0];
  REQUIRE(layer.blocks.size() == 36);
  std::map<std::int32_t, int> places;
  for (const Block& block : layer.blocks) ++places[block.kernel];
  // Inside, four edges of four, four corners.
  CHECK(places.size() == 9);
  CHECK(places[layer.blocks[7].kernel] == 16);
  CHECK(layer.blocks[7].name == "y1_x1");
  std::map<std::int32_t, int> stages;
  for (const Operation& o : layer.operations) {
    if (o.twin >= 0) CHECK(stages.try_emplace(o.twin, o.stage).first->second == o.stage);
  }
  equal_to_graph(graph, plan);
}

}  // namespace
}  // namespace nib::plan
