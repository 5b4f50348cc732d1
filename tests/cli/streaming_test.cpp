// Streaming builds through the command: build, lint, bench, verify, simulate; faults are noticed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "command_runner.h"

namespace nib::cli::testing {
namespace {

using Json = nlohmann::ordered_json;

const std::string kModels = NIB_TESTS_DIR "/models/";
const std::string kModel = kModels + "digits.onnx --input-type u5.0 ";
const std::string kBuild = "build " + kModel + "--plan serial.json ";

/// A place where serial.json is the plan that computes one product a step.
struct Serial : Bench {
  Serial() { spill(*this / "serial.json", R"({"layers": {}})"); }
};

/// Fails with the command's own words.
Outcome good(const Outcome& outcome) {
  CAPTURE(outcome.out);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  return outcome;
}

bool has(const Outcome& outcome, const std::string& part) {
  return (outcome.out + outcome.err).find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a network is built as streams, lints clean, verifies and is simulated as planned") {
  const Serial bench;
  const Json facts = Json::parse(good(bench.nib(kBuild + "-o digits --json")).out);
  const Json manifest = Json::parse(slurp(bench / "digits/manifest.json"));
  CHECK(manifest["style"] == "streaming");
  CHECK(facts["latency_cycles"] == manifest["latency_cycles"]);
  CHECK(facts["interval_cycles"] == manifest["interval_cycles"]);
  CHECK(manifest["inputs"][0]["elements"].size() == 64);
  CHECK(manifest["inputs"][0]["port"] == "s_axis_tdata");
  CHECK(manifest["outputs"][0]["port"] == "m_axis_tdata");
  for (const Json& fifo : manifest["fifos"]) CHECK(fifo.contains("tight"));
  const Outcome lint =
      good(bench.shell("cd digits && verilator --lint-only -Wall --assert -f rtl/files.f"));
  CHECK(lint.out + lint.err == "");
  const Json verify = Json::parse(good(bench.nib("verify digits --random 40 --sc --json --input " +
                                                 kModels + "digits_test_x.npy"))
                                      .out);
  CHECK(verify["measured_latency_cycles"] == manifest["latency_cycles"]);
  CHECK(verify["measured_interval_cycles"] == manifest["interval_cycles"]);
  const Json simulated = Json::parse(good(bench.nib("simulate digits --json")).out);
  CHECK(simulated["latency_cycles"] == manifest["latency_cycles"]);
  CHECK(simulated["streams"].size() == manifest["streams"].size());
  const Outcome run = good(bench.shell("OBJCACHE=$(command -v ccache) make -C digits/sim"));
  CHECK(has(run, "PASS: 96 vectors"));
}

TEST_CASE("folds are chosen inside a budget; pinned, they give the same bytes again") {
  const Bench bench;
  const std::string model = "build " + kModel + "--style streaming --target xc7a100t-1 ";
  const auto cycles = [&](const std::string& folder, const char* what = "latency_cycles") {
    return Json::parse(slurp(bench / (folder + "/manifest.json")))[what].get<int>();
  };
  good(bench.nib(model + "-o a --budget lut=3000 --budget dsp=0"));
  good(bench.nib(model + "-o b --plan a/plan.json"));
  good(bench.nib(model + "-o c --budget lut=6000"));
  good(bench.nib(model + "-o d --budget lut=3000 --budget dsp=0 --objective interval"));
  CHECK(cycles("a") < 1000);
  CHECK(cycles("c") < cycles("a"));
  CHECK(cycles("d", "interval_cycles") <= cycles("a", "interval_cycles"));
  CHECK(slurp(bench / "a/plan.json") == slurp(bench / "b/plan.json"));
  CHECK(good(bench.shell("diff -r a/rtl b/rtl && diff -r a/sim b/sim")).out == "");
}

TEST_CASE("verify notices a wrong latency, a wrong table, a queue that is too short") {
  const Serial bench;
  good(bench.nib(kBuild + "-o good"));
  const auto verify = [&] { return bench.nib("verify bad --random 20 --sc"); };
  const auto copy = [&](const std::string& change) {
    good(bench.shell("rm -rf bad && cp -r good bad && cd bad && " + change));
  };
  copy("true");
  Json manifest = Json::parse(slurp(bench / "good/manifest.json"));
  const int latency = manifest["latency_cycles"];
  manifest["latency_cycles"] = latency + 1;
  spill(bench / "bad/manifest.json", manifest.dump(2) + "\n");
  const Outcome late = verify();
  CHECK(late.code == 1);
  CHECK(has(late, "FAIL  latency: the manifest says " + std::to_string(latency + 1)));
  copy("sed -i 's/^1$/5/' tables/digits_fc1_gemm_weights.mem");
  const Outcome table = verify();
  CHECK(table.code == 1);
  CHECK(has(table, "FAIL  rtl == golden"));
  CHECK(has(table, "is the first to go wrong: element"));
  copy("sed -i 's/\\.Depth(4)/.Depth(3)/' rtl/digits_fc1_gemm.sv");
  const Outcome queue = verify();
  CHECK(queue.code == 1);
  CHECK(has(queue, "FAIL  interval"));
  CHECK(has(queue, "FAIL  systemc == rtl"));
  const Outcome refused = bench.nib("verify good --prove");
  CHECK(refused.code == 2);
  CHECK(has(refused, "E0806"));
}

}  // namespace nib::cli::testing
