// Networks at the ends of what nib takes: scales beyond float64, chains of thousands of nodes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "../import/model_maker.h"
#include "command_runner.h"
#include "nib/num/npy.h"

namespace nib::cli::testing {
namespace {

using nib::testing::ModelMaker;

/// A quantiser and nine factors, each almost as large, or as small, as a float32 can be.
std::string factors(float factor) {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 2});
  made.quant("x", "t0", 0.5F, 0, 4);
  made.reals("factor", {}, {factor});
  for (int i = 0; i < 9; ++i) {
    made.node("Mul", {fmt::format("t{}", i), "factor"}, {i < 8 ? fmt::format("t{}", i + 1) : "y"});
  }
  return made.bytes();
}

/// A quantiser and `count` nodes of one kind in a row.
std::string chain(const std::string& kind, int count) {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 2});
  made.quant("x", "t0", 0.5F, 0, 4);
  for (int i = 0; i < count; ++i) {
    const std::string to = i + 1 < count ? fmt::format("t{}", i + 1) : "y";
    made.node(kind, {fmt::format("t{}", i)}, {to});
  }
  return made.bytes();
}

}  // namespace

TEST_CASE("scales beyond float64: codes are exact, values are refused or rounded") {
  for (const float factor : {1e38F, 1e-38F}) {
    const Bench bench;
    spill(bench / "net.onnx", factors(factor));
    spill(bench / "x.npy", npy_bytes(Tensor<double>({1, 2}, {0.5, -3})));
    const Outcome values = bench.nib("emulate net.onnx --input x.npy --output y.npy");
    CAPTURE(values.err);
    CHECK(values.code == (factor > 1 ? 2 : 0));
    CHECK((values.err.find("E0408") != std::string::npos) == (factor > 1));
    const Outcome build = bench.nib("build net.onnx -o out");
    CAPTURE(build.err);
    CHECK(build.code == 0);
    const Outcome verify = bench.nib("verify out --random 50");
    CAPTURE(verify.out);
    CHECK(verify.code == 0);
  }
}

TEST_CASE("ten thousand nodes in a row") {
  for (const char* kind : {"Relu", "Neg"}) {
    const Bench bench;
    spill(bench / "net.onnx", chain(kind, 10'000));
    const Outcome build = bench.nib("build net.onnx -o out");
    CAPTURE(build.err);
    CHECK(build.code == 0);
  }
}

}  // namespace nib::cli::testing
