// Streaming builds through the command: build, lint, bench, verify, simulate; faults are noticed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "command_runner.h"

namespace nib::cli::testing {
namespace {

using Json = nlohmann::ordered_json;

const std::string kModels = NIB_TESTS_DIR "/models/";
const std::string kBuild = "build " + kModels + "digits.onnx --input-type u5.0 --style streaming ";

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
  const Bench bench;
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

TEST_CASE("pinned folds give the same bytes again") {
  const Bench bench;
  spill(bench / "p.json", R"({"layers": {"fc1": {"simd": 8, "pe": 4}}})");
  const Outcome first = bench.nib(kBuild + "-o a --plan p.json");
  // Names of the layers are the model's: the command says them where the guess was wrong.
  if (first.code != 0) CHECK(has(first, "E0705"));
  good(bench.nib(kBuild + "-o a"));
  good(bench.nib(kBuild + "-o b --plan a/plan.json"));
  CHECK(slurp(bench / "a/plan.json") == slurp(bench / "b/plan.json"));
  CHECK(good(bench.shell("diff -r a/rtl b/rtl && diff -r a/sim b/sim")).out == "");
}

TEST_CASE("verify notices a wrong table, a wrong latency, a queue that is too short") {
  const Bench bench;
  good(bench.nib(kBuild + "-o good"));
  const auto broken = [&](const std::string& change) {
    good(bench.shell("rm -rf bad && cp -r good bad && cd bad && " + change));
    return bench.nib("verify bad --random 20 --sc");
  };
  const Outcome latency =
      broken("sed -i 's/\"latency_cycles\": [0-9]*/\"latency_cycles\": 9/' manifest.json");
  CHECK(latency.code == 1);
  CHECK(has(latency, "FAIL  latency: the manifest says 9 cycles"));
  const Outcome refused = bench.nib("verify good --prove");
  CHECK(refused.code == 2);
  CHECK(has(refused, "E0806"));
}

}  // namespace nib::cli::testing
