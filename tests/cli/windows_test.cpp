// Networks with windows through the command: built, linted, simulated, proven.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "../import/model_maker.h"
#include "command_runner.h"

namespace nib::cli::testing {
namespace {

using nib::testing::Dims;
using nib::testing::ModelMaker;

std::vector<float> pattern(std::size_t count, int top) {
  std::vector<float> data;
  for (std::size_t i = 0; i < count; ++i) {
    data.push_back(static_cast<float>(static_cast<int>(i * 7 % 11) % (2 * top + 1) - top));
  }
  return data;
}

/// x (1 x 2 x 6 x 6): convolution, max pool, depthwise convolution, mean, product.
std::string pixels_to_scores() {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 2, 6, 6});
  made.quant("x", "xq", 0.25F, 0, 5);
  made.reals("w1", {4, 2, 3, 3}, pattern(72, 3));
  made.reals("b1", {4}, {1, -2, 0.5F, 0});
  made.node("Conv", {"xq", "w1", "b1"}, {"c1"}).set("pads", Dims{1, 1, 1, 1});
  made.node("Relu", {"c1"}, {"r1"});
  made.quant("r1", "q1", 1, 0, 4);
  made.node("MaxPool", {"q1"}, {"p1"}).set("kernel_shape", Dims{2, 2}).set("strides", Dims{2, 2});
  made.reals("w2", {4, 1, 2, 2}, pattern(16, 2));
  made.node("Conv", {"p1", "w2"}, {"c2"}).set("group", 4);
  made.quant("c2", "q2", 2, 0, 5);
  made.node("GlobalAveragePool", {"q2"}, {"mean"});
  made.node("Flatten", {"mean"}, {"flat"});
  made.reals("w3", {4, 3}, pattern(12, 4));
  made.node("MatMul", {"flat", "w3"}, {"y"});
  return made.bytes();
}

/// x (1 x 3 x 5): padded, the largest of three, a mean over one axis, the index of the largest.
std::string line_to_index() {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 3, 5});
  made.quant("x", "xq", 0.5F, 0, 4);
  made.integers("pads", {6}, {0, 0, 1, 0, 0, 0});
  made.node("Pad", {"xq", "pads"}, {"padded"});
  made.node("MaxPool", {"padded"}, {"p1"}).set("kernel_shape", Dims{3}).set("pads", Dims{0, 1});
  made.reals("w", {2, 3, 2}, pattern(12, 2));
  made.node("Conv", {"p1", "w"}, {"c"}).set("dilations", Dims{2}).set("strides", Dims{1});
  made.quant("c", "q", 1, 0, 5);
  made.node("ReduceMean", {"q"}, {"m"}).set("axes", Dims{2}).set("keepdims", 0);
  made.node("ArgMax", {"m"}, {"y"}).set("axis", 1);
  return made.bytes();
}

/// Builds the model, verifies it with the proof, and returns the proof's words.
std::string proof_of(const std::string& bytes, const std::string& options) {
  const Bench bench;
  spill(bench / "net.onnx", bytes);
  const Outcome build = bench.nib("build net.onnx -o out " + options);
  CAPTURE(build.err);
  CHECK(build.code == 0);
  const Outcome verify = bench.nib("verify out --random 1000 --prove --json");
  CAPTURE(verify.out);
  CHECK(verify.code == 0);
  const auto result = nlohmann::json::parse(verify.out);
  return result.dump();
}

}  // namespace

TEST_CASE("pixels to scores: RTL equals golden, every neuron is proven") {
  const std::string proof = proof_of(pixels_to_scores(), "--clock-mhz 320");
  CHECK(proof.find("equal the graph for all inputs") != std::string::npos);
}

TEST_CASE("a pool that takes the smaller one is noticed by simulation and by the proof") {
  const Bench bench;
  spill(bench / "net.onnx", pixels_to_scores());
  CHECK(bench.nib("build net.onnx -o out --clock-mhz 320").code == 0);
  const Outcome edit = bench.shell(
      "file=$(grep -l ' >= ' out/rtl/*maxpool* | head -n 1) && "
      "sed -i '0,/ >= /s// <= /' \"$file\"");
  REQUIRE(edit.code == 0);
  const Outcome verify = bench.nib("verify out --random 1000 --prove");
  CHECK(verify.code == 1);
  CHECK(verify.out.find("FAIL  rtl == golden") != std::string::npos);
  CHECK(verify.out.find("layer maxpool_4 neuron 0 is the first to go wrong") != std::string::npos);
  CHECK(verify.out.find("FAIL  prove: layer maxpool_4 neuron 0") != std::string::npos);
}

TEST_CASE("a line to the index of its largest channel: RTL equals golden, and is proven") {
  const std::string proof = proof_of(line_to_index(), "--latency 2");
  CHECK(proof.find("equal the graph for all inputs") != std::string::npos);
}

}  // namespace nib::cli::testing
