// Files of a streaming build: the manifest's beats, folds, queues, certificate; plan.json.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graphs.h"
#include "nib/arith/target.h"
#include "nib/emit/streaming.h"
#include "nib/map/map_streaming.h"

namespace nib {
namespace {

using Json = nlohmann::json;

emit::StreamBuild small_build() {
  lower::IntegerGraph graph = test::dense_network("net", 3, {10, 6, 4}, 4, 20);
  plan::StreamPlan plan = plan::plan_streaming(graph, arith::find_target("xc7a100t-1"), {},
                                               {{"fc1", {4, 3, false}}, {"fc2", {2, 1, true}}});
  map::Design design = map::map_streaming(plan);
  return {std::move(graph), std::move(plan), std::move(design)};
}

/// Codes of two vectors for every port.
emit::Vectors vectors_for(const emit::StreamBuild& build) {
  const auto rows = [](const plan::StreamPort& port) {
    Tensor<BigInt> codes(Shape{2, static_cast<std::int64_t>(port.word.elements.size())});
    for (std::int64_t i = 0; i < codes.size(); ++i) codes[i] = i % 3;
    return codes;
  };
  return {{rows(build.plan.inputs[0])}, {rows(build.plan.outputs[0])}};
}

std::string text_of(const emit::Files& files, const std::string& path) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const map::SourceFile& f) { return f.path == path; });
  REQUIRE_MESSAGE(found != files.end(), path);
  return found->text;
}

}  // namespace

TEST_CASE("the manifest of a streaming build") {
  const emit::StreamBuild build = small_build();
  const Json m = Json::parse(emit::manifest({build, "net.onnx", "bytes", "{}"}));
  CHECK(m["style"] == "streaming");
  CHECK(m["latency_cycles"] == build.plan.sizing.timing.latency);
  CHECK(m["interval_cycles"] == 12);  // of fc2: 3 words of 2 elements, 4 rows
  const Json& in = m["inputs"][0];
  CHECK(in["stream"]["beats"].get<int>() * in["stream"]["elements_per_beat"].get<int>() >= 10);
  REQUIRE(in["elements"].size() == 10);
  const int per_beat = in["stream"]["elements_per_beat"];
  CHECK(in["elements"][9]["beat"] == 9 / per_beat);
  CHECK(in["elements"][9]["lsb"] == 9 % per_beat * 7);
  CHECK(m["layers"][0]["fold"] == Json({{"simd", 4}, {"pe", 3}, {"input_stationary", false}}));
  CHECK(m["certificate"]["frames"] == build.plan.sizing.timing.frames);
  CHECK(m["certificate"]["cycles"] == build.plan.sizing.timing.cycles);
  CHECK(m["streams"].size() == build.plan.design.network.channels.size());
  for (const Json& fifo : m["fifos"]) {
    CHECK(fifo["depth"].get<int>() >= 1);
    CHECK(!fifo["storage"].get<std::string>().empty());
  }
}

TEST_CASE("plan.json holds the folds that were used") {
  const Json plan = Json::parse(emit::plan_file(small_build().plan));
  CHECK(plan["layers"]["fc2"] ==
        Json({{"simd", 2}, {"pe", 1}, {"input_stationary", true}, {"steps", 0}, {"dsp", false}}));
}

TEST_CASE("the folder of a streaming build: network, beats, masks") {
  const emit::StreamBuild build = small_build();
  emit::StreamPackage what{build, "net.onnx", "bytes", "{}"};
  what.vectors = vectors_for(build);
  const emit::Files files = emit::package(what);
  CHECK(text_of(files, "sim/net.network") == to_text(build.plan.design.network));
  CHECK(text_of(files, "plan.json") == emit::plan_file(build.plan));
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(lines(text_of(files, "sim/in.mem")) == 1 + 2 * build.plan.inputs[0].beats);
  CHECK(lines(text_of(files, "sim/out_masks.mem")) == 1 + build.plan.outputs[0].beats);
  CHECK(text_of(files, "sim/net_tb.sv").find("net_top u_dut") != std::string::npos);
  CHECK(text_of(files, "rtl/files.f").find("tables/") == std::string::npos);
}

}  // namespace nib
