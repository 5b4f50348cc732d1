// nib verify on a good folder and on folders that lie about themselves.
#include <doctest/doctest.h>

#include "fixture.h"
#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/num/npy.h"

namespace nib::testing {
namespace {

sim::VerifyResult run_verify(const FixtureFolder& fixture, bool prove = false) {
  sim::VerifyOptions options;
  options.random = 500;
  options.prove = prove;
  return sim::verify(fixture.path(), options);
}

TEST_CASE("a correct build passes every check and says so in its manifest") {
  const FixtureFolder fixture;
  sim::VerifyOptions options;
  options.random = 2000;
  options.prove = true;
  const Tensor<double> x({2, 3}, {1, -16, 15, 3, 4, 5});
  write_file(fixture.path() / "x.npy", npy_bytes(x));
  options.inputs[""] = fixture.path() / "x.npy";
  const sim::VerifyResult result = sim::verify(fixture.path(), options);
  for (const sim::Check& check : result.checks) {
    CHECK_MESSAGE(check.passed, check.name << ": " << check.detail);
  }
  CHECK(result.passed);
  CHECK(result.measured_latency == 3);
  CHECK(result.measured_interval == 1);
  CHECK(has(check_named(result, "rtl == golden").detail, "2 given, 2000 random"));
  CHECK(has(check_named(result, "prove").detail, "6 elements"));
  const auto verified = fixture.manifest()["verified"];
  CHECK(verified["result"] == "passed");
  CHECK(verified["measured_latency_cycles"] == 3);
  CHECK(has(verified["tools"]["verilator"], "Verilator"));
}

TEST_CASE("a manifest with another latency fails") {
  const FixtureFolder fixture;
  auto manifest = fixture.manifest();
  manifest["latency_cycles"] = 4;
  fixture.set_manifest(manifest);
  const sim::VerifyResult result = run_verify(fixture, true);
  CHECK_FALSE(result.passed);
  CHECK(has(check_named(result, "latency").detail, "the manifest says 4 cycles, the RTL takes 3"));
  CHECK_FALSE(check_named(result, "prove").passed);
  CHECK(fixture.manifest()["verified"]["result"] == "failed");
}

TEST_CASE("manifests that do not fit the RTL fail with words") {
  const FixtureFolder fixture;
  const auto good = fixture.manifest();
  auto manifest = good;
  manifest["interval_cycles"] = 2;
  fixture.set_manifest(manifest);
  CHECK_FALSE(check_named(run_verify(fixture), "interval").passed);
  manifest = good;
  manifest["outputs"][0]["elements"][1]["bits"] = 9;
  fixture.set_manifest(manifest);
  CHECK(has(check_named(run_verify(fixture), "rtl == golden").detail, "15 bits wide"));
  manifest = good;
  manifest["outputs"][0]["elements"][1]["scale"] = "8";
  fixture.set_manifest(manifest);
  CHECK(has(check_named(run_verify(fixture), "rtl == golden").detail, "off the manifest's grid"));
  manifest = good;
  manifest["top"] = "fix_fc1";
  fixture.set_manifest(manifest);
  CHECK_FALSE(run_verify(fixture).passed);
}

TEST_CASE("a model that is not the built one is refused") {
  const FixtureFolder fixture;
  auto manifest = fixture.manifest();
  manifest["model"]["file"] = "../fix.onnx";
  fixture.set_manifest(manifest);
  CHECK_THROWS_WITH_AS((void)run_verify(fixture), doctest::Contains("E0907"), Error);
  manifest["model"]["file"] = "rtl/fix_top.sv";
  fixture.set_manifest(manifest);
  CHECK_THROWS_WITH_AS((void)run_verify(fixture), doctest::Contains("E0904"), Error);
  manifest["model"] = nullptr;
  fixture.set_manifest(manifest);
  CHECK_THROWS_WITH_AS((void)run_verify(fixture), doctest::Contains("E0909"), Error);
}

TEST_CASE("a pragma that silences lint fails lint") {
  const FixtureFolder fixture;
  fixture.edit("rtl/fix_fc2.sv", "  logic [3:0] y0, y1;",
               "  /* verilator lint_off UNUSED */\n  logic [3:0] y0, y1;");
  const sim::Check lint = check_named(run_verify(fixture), "lint");
  CHECK_FALSE(lint.passed);
  CHECK(has(lint.detail, "rtl/fix_fc2.sv"));
}

}  // namespace
}  // namespace nib::testing
