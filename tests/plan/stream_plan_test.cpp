// Streaming plans of small integer graphs: folds, words, padding, refusals.
#include "nib/plan/stream_plan.h"

#include "nib/arith/target.h"
#include "nib/base/error.h"
#include "stream_compare.h"

using namespace nib;
using namespace nib::testing;
using namespace nib::plan;
using lower::IntegerGraph;
using lower::ValueId;

namespace {

const arith::Target& target() { return arith::find_target("xc7a100t-1"); }

/// Values of one range, nodes in order.
class Maker {
 public:
  Maker() { graph_.name = "small"; }
  ValueId value(const std::string& name, Shape shape, Range range) {
    lower::Value v;
    v.name = name;
    v.is_graph_tensor = true;
    v.shape = std::move(shape);
    v.scale = {1};
    v.offset = {0};
    v.range = {range};
    v.producer = static_cast<lower::NodeId>(graph_.nodes.size());
    graph_.values.push_back(std::move(v));
    return static_cast<ValueId>(graph_.values.size()) - 1;
  }
  ValueId input(const std::string& name, Shape shape, Range range) {
    const auto index = static_cast<std::int32_t>(graph_.inputs.size());
    const ValueId id = value(name, std::move(shape), range);
    graph_.nodes.push_back({name, {name}, "", lower::Input{index}, {}, id});
    graph_.inputs.push_back(id);
    graph_.input_names.push_back(name);
    return id;
  }
  ValueId node(const std::string& name, lower::Op op, std::vector<ValueId> inputs, Shape shape,
               Range range) {
    const ValueId id = value(name, std::move(shape), range);
    graph_.nodes.push_back({name, {name}, "", std::move(op), std::move(inputs), id});
    return id;
  }
  IntegerGraph finish(const std::vector<ValueId>& outputs) {
    for (const ValueId id : outputs) {
      graph_.outputs.push_back(id);
      graph_.output_names.push_back(graph_.value(id).name);
    }
    lower::verify(graph_);
    return graph_;
  }

 private:
  IntegerGraph graph_;
};

lower::Window window(std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  return {{kernel, kernel}, {stride, stride}, {1, 1}, {pad, pad}, false};
}

/// A convolution of `channels` channels to 3 with its own padding code in each channel.
IntegerGraph padded_convolution(std::int64_t channels, bool equal) {
  Maker make;
  const ValueId x = make.input("x", {1, channels, 4, 5}, {-3, 4});
  lower::Conv conv;
  conv.window = window(3, 1, 1);
  conv.weights = Tensor<std::int64_t>({3, channels, 3, 3});
  for (std::int64_t i = 0; i < conv.weights.size(); ++i) conv.weights[i] = i * 7 % 5 - 2;
  conv.bias = {5, 0, -7};
  for (std::int64_t c = 0; c < channels; ++c) conv.padding.push_back(equal ? 2 : c - 1);
  const Range range{-8 * 9 * channels - 7, 8 * 9 * channels + 5};
  return make.finish({make.node("conv", conv, {x}, {1, 3, 4, 5}, range)});
}

std::string message(const IntegerGraph& graph, const Folding& folding = {}) {
  try {
    (void)build_streaming(graph, target(), {}, folding);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("padding codes of their own in every channel") {
  for (const bool equal : {true, false}) {
    const IntegerGraph graph = padded_convolution(3, equal);
    for (const LayerFold& fold :
         {LayerFold{1, 1, false}, {2, 2, true}, {3, 3, false}, {9, 1, true}, {99, 99, false}}) {
      const StreamPlan plan = build_streaming(graph, target(), {}, {{"conv", fold}});
      CHECK(compare(graph, plan, 4, 1) > 0);
      // Channels of unequal padding are shifted first.
      const char* windows = fold.simd > 3 ? "conv_patch" : "conv_window";
      CHECK(plan.design.units[1].name == (equal ? windows : "conv_scale"));
    }
  }
}

TEST_CASE("layers whose constants are wired in, whole elements and digits") {
  for (const int digit : {1, 2, 3, 8}) {
    LayerFold fold;
    fold.digit = digit;
    for (const bool equal : {true, false}) {
      const IntegerGraph graph = padded_convolution(3, equal);
      const StreamPlan plan = build_streaming(graph, target(), {}, {{"conv", fold}});
      CHECK(compare(graph, plan, 4, 1) > 0);
      const auto& unit = plan.design.units[equal ? 2 : 3];
      CHECK(unit.name == "conv_const_mvu");
      const auto& spec = std::get<stream::ConstMvu>(unit.spec);
      CHECK(spec.format.lanes == 27);
      REQUIRE(spec.array != nullptr);
      CHECK(spec.array->latency_cycles == spec.latency);
    }
    // Channels that do not mix.
    Maker make;
    const ValueId x = make.input("x", {1, 4, 3, 3}, {0, 1});
    lower::Conv conv;
    conv.window = window(2, 1, 0);
    conv.groups = 4;
    conv.weights = Tensor<std::int64_t>({4, 1, 2, 2});
    for (std::int64_t i = 0; i < conv.weights.size(); ++i) conv.weights[i] = i % 4 - 1;
    conv.bias = {0, 1, 2, 3};
    conv.padding = {0, 0, 0, 0};
    const ValueId y = make.node("conv", conv, {x}, {1, 4, 2, 2}, {-1, 6});
    const IntegerGraph apart = make.finish({y});
    CHECK(compare(apart, build_streaming(apart, target(), {}, {{"conv", fold}}), 4, 2) > 0);
  }
}

TEST_CASE("pools that overlap, with padding, and their order of channels") {
  Maker make;
  const ValueId x = make.input("x", {1, 5, 7, 6}, {-9, 3});
  const ValueId y = make.node("pool", lower::MaxPool{window(3, 2, 1)}, {x}, {1, 5, 4, 3}, {-9, 3});
  const IntegerGraph graph = make.finish({y});
  for (const int simd : {1, 2, 5, 8}) {
    const StreamPlan plan = build_streaming(graph, target(), {}, {{"pool", {simd, 1, false}}});
    CHECK(compare(graph, plan, 4, 2) > 0);
    CHECK(plan.outputs[0].elements_per_beat == std::min(simd, 5));
    CHECK(plan.layers[0].units.size() == (simd < 5 ? 3 : 2));  // whole pixels come in
  }
}

TEST_CASE("layers that change no value take no unit and are none") {
  Maker make;
  const ValueId x = make.input("x", {1, 3}, {0, 15});
  const ValueId y = make.node("relu", lower::Clamp{{1, 1}, {{0, 15}}}, {x}, {1, 3}, {0, 15});
  const IntegerGraph graph = make.finish({y});
  const StreamPlan plan = build_streaming(graph, target(), {}, {});
  CHECK(plan.layers.empty());
  CHECK(plan.glue.size() == 2);  // the ends
  CHECK(compare(graph, plan, 5, 3) > 0);
}

TEST_CASE("matrices that pick elements, wired in, and those of zeros, which are not") {
  const auto dense = [](const std::vector<std::int64_t>& weights) {
    Maker make;
    const ValueId x = make.input("x", {1, 3}, {-8, 7});
    const lower::Linear op{Tensor<std::int64_t>({2, 3}, weights), {0, 0}};
    return make.finish({make.node("pick", op, {x}, {1, 2}, {-8, 7})});
  };
  for (const int digit : {1, 2, 4}) {
    LayerFold fold;
    fold.digit = digit;
    const IntegerGraph graph = dense({0, 1, 0, 0, 0, 0});
    const StreamPlan plan = plan_streaming(graph, target(), {}, {{"pick", fold}});
    CHECK(compare(graph, plan, 5, 3) > 0);
    CHECK(message(dense({0, 0, 0, 0, 0, 0}), {{"pick", fold}})
              .starts_with("error E0707: a layer that cannot be wired in: layer 'pick' has no "
                           "weight but zeros"));
  }
}

TEST_CASE("images side by side: operands that have no share of every pixel") {
  Maker make;
  const ValueId x = make.input("x", {1, 3, 5, 5}, {-3, 4});
  const ValueId both = make.node("wide", lower::Concat{3}, {x, x}, {1, 3, 5, 10}, {-3, 4});
  lower::Conv conv;
  conv.window = window(2, 1, 0);
  conv.weights = Tensor<std::int64_t>({1, 3, 2, 2});
  for (std::int64_t i = 0; i < conv.weights.size(); ++i) conv.weights[i] = i % 5 - 2;
  conv.bias = {3};
  conv.padding = {0, 0, 0};
  const ValueId y = make.node("conv", conv, {both}, {1, 1, 4, 9}, {-100, 100});
  const IntegerGraph graph = make.finish({y});
  CHECK(compare(graph, build_streaming(graph, target(), {}, {{"conv", {3, 1, false}}}), 4, 3) > 0);
}

TEST_CASE("a sum of three with factors, one of them twice") {
  Maker make;
  const ValueId a = make.input("a", {1, 7}, {0, 5}), b = make.input("b", {1, 7}, {-8, 7});
  const ValueId y = make.node("sum", lower::Sum{{2, -3, 1}}, {a, b, a}, {1, 7}, {-21, 39});
  const IntegerGraph graph = make.finish({y});
  const StreamPlan plan = build_streaming(graph, target(), {}, {{"sum", {3, 1, false}}});
  CHECK(compare(graph, plan, 5, 3) > 0);
  CHECK(plan.glue.size() == 4);  // three ends and a fork
}

TEST_CASE("codes far away, and functions that fall or turn") {
  const std::int64_t far = std::int64_t{1} << 40;
  const std::vector<lower::StepFunction> functions{
      {{-20, 20}, {-3, 5}, {far, far + 2, far + 6}},   // far away, uneven
      {{-20, 20}, {-3, 5, 6}, {3, 1, 0, -9}},          // falls
      {{-20, 20}, {-19, 0, 1, 20}, {0, 4, -2, 7, 12}}  // turns
  };
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    const auto used = static_cast<std::ptrdiff_t>(count);
    Maker make;
    const ValueId x = make.input("x", {1, 6}, {-20, 20});
    lower::Step step{{1, static_cast<std::int64_t>(count)},
                     {functions.begin(), functions.begin() + used}};
    const Range range{-9, far + 6};
    const IntegerGraph graph = make.finish({make.node("step", step, {x}, {1, 6}, range)});
    for (const int simd : {1, 4, 6}) {
      const StreamPlan plan = build_streaming(graph, target(), {}, {{"step", {simd, 1, false}}});
      CHECK(compare(graph, plan, 20, 4) > 0);
    }
  }
}

TEST_CASE("what no unit computes is refused") {
  Maker make;
  const ValueId x = make.input("x", {1, 7}, {0, 5});
  const ValueId y = make.node("top", lower::TopK{2, true}, {x}, {1, 2}, {0, 5});
  const IntegerGraph graph = make.finish({y});
  CHECK(message(graph) ==
        "error E0706: a node that no streaming unit computes: the largest few of a row\n"
        "  node: top\n"
        "  hint: a stream knows the index of the largest alone: use ArgMax");
  CHECK(message(padded_convolution(2, true), {{"conv2", {1, 1, false}}}) ==
        "error E0705: no layer of that name: 'conv2' for a fold\n"
        "  hint: the layers are: conv");
  LayerFold wired;
  wired.digit = 1;
  CHECK(message(padded_convolution(114, true), {{"conv", wired}}) ==
        "error E0707: a layer that cannot be wired in: layer 'conv' has a matrix of 3 x 1026, "
        "where 1024 x 1024 can be wired in\n"
        "  node: conv\n"
        "  hint: leave \"digit\" out of its fold in the plan");
  Maker plain;
  const ValueId a = plain.input("a", {1, 7}, {0, 5});
  const ValueId sum = plain.node("sum", lower::Sum{{2, 1}}, {a, a}, {1, 7}, {0, 15});
  CHECK(message(plain.finish({sum}), {{"sum", wired}})
            .starts_with("error E0707: a layer that cannot be wired in: layer 'sum' multiplies by "
                         "no matrix\n"));
}

TEST_CASE("a plan is sized, and says why it goes on for ever") {
  const IntegerGraph graph = padded_convolution(3, true);
  const StreamPlan plan = plan_streaming(graph, target(), {}, {{"conv", {3, 3, false}}});
  // 9 steps for each of 20 windows.
  CHECK(plan.sizing.timing.cycles == 180 * plan.sizing.timing.frames);
  CHECK(plan.sizing.timing.live);
  CHECK(plan.sizing.timing.settled);
  CHECK(plan.clock_mhz == target().default_clock_mhz);
  for (std::size_t c = 0; c < plan.sizing.depths.size(); ++c) {
    CHECK(plan.design.network.channels[c].depth == plan.sizing.depths[c]);
  }
}
