// Planted faults: simulation and proof must both find each one and name layer and neuron.
#include <doctest/doctest.h>

#include "fixture.h"

namespace nib::testing {
namespace {

struct Edit {
  std::string from, to;
};

/// Plants the edits in one file; both checks fail and name `where`.
void expect_found(const std::string& file, const std::vector<Edit>& edits,
                  const std::string& where) {
  const FixtureFolder fixture;
  for (const Edit& edit : edits) fixture.edit(file, edit.from, edit.to);
  sim::VerifyOptions options;
  options.random = 1000;
  options.prove = true;
  const sim::VerifyResult result = sim::verify(fixture.path(), options);
  CHECK_FALSE(result.passed);
  for (const char* name : {"rtl == golden", "prove"}) {
    const sim::Check check = check_named(result, name);
    CHECK_FALSE(check.passed);
    CHECK_MESSAGE(has(check.detail, where), name << ": " << check.detail);
  }
}

TEST_SUITE_BEGIN("sim_slow");

TEST_CASE("a changed shift" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv", {{"(8'(x2) <<< 1)", "(8'(x2) <<< 2)"}}, "layer fc1 neuron 0");
}

TEST_CASE("a changed constant" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv", {{"8'sd3;", "8'sd4;"}}, "layer fc1 neuron 0");
}

TEST_CASE("a changed constant in the last layer" * doctest::skip()) {
  expect_found("rtl/fix_fc2.sv", {{"- 8'sd7;", "- 8'sd6;"}}, "layer fc2 neuron 1");
}

TEST_CASE("a swapped sign" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv", {{"8'(x2) - s01", "8'(x2) + s01"}}, "layer fc1 neuron 1");
}

TEST_CASE("a narrowed wire" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv",
               {{"logic signed [7:0] s01;", "logic signed [6:0] s01;"},
                {"s01 = 8'(x0) + (8'(x1) <<< 2)", "s01 = 7'(x0) + (7'(x1) <<< 2)"},
                {"s01 + (8'(x2)", "8'(s01) + (8'(x2)"},
                {"8'(x2) - s01", "8'(x2) - 8'(s01)"}},
               "layer fc1 neuron");
}

TEST_CASE("a threshold that is off by one" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv", {{"acc >= 8'sd64", "acc >= 8'sd65"}}, "layer fc1 neuron 0");
}

TEST_CASE("a dropped register" * doctest::skip()) {
  expect_found("rtl/fix_fc1.sv",
               {{"    y1_q   <= quant(acc1_q);\n", ""},
                {"  assign y_o = {y1_q,", "  assign y1_q = quant(acc1_q);\n  assign y_o = {y1_q,"}},
               "layer fc1 neuron 1");
}

TEST_CASE("a valid that does not start at 0" * doctest::skip()) {
  const FixtureFolder fixture;
  fixture.edit("rtl/fix_top.sv", "valid_q = '0;", "valid_q;");
  sim::VerifyOptions options;
  options.random = 100;
  options.prove = true;
  const sim::VerifyResult result = sim::verify(fixture.path(), options);
  CHECK(has(check_named(result, "rtl == golden").detail, "out_valid is 1 with nothing due"));
  CHECK(has(check_named(result, "prove").detail, "does not start at 0"));
}

TEST_SUITE_END();

}  // namespace
}  // namespace nib::testing
