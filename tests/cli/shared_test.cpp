// Layers that compute the same, so that a synthesis tool leaves one of them: proven all the same.
#include <doctest/doctest.h>

#include "../import/model_maker.h"
#include "proof_runner.h"

namespace nib::cli::testing {
namespace {

using nib::testing::ModelMaker;

const std::vector<float> kWeights{1, -2, 3, 0, 2, 1, -1, 4, 1, 0, -3, 2};

/// x (4) quantised; sums "s" (3) and, scaled, "t".
ModelMaker sums(float scale) {
  ModelMaker made(13);
  made.import(nib::testing::kQonnx, 1).input("x", {-1, 4});
  made.quant("x", "q", 0.5F, 0, 5);
  std::vector<float> scaled = kWeights;
  for (float& weight : scaled) weight *= scale;
  made.reals("w", {4, 3}, kWeights);
  made.reals("v", {4, 3}, scaled);
  made.node("MatMul", {"q", "w"}, {"s"});
  made.node("MatMul", {"q", "v"}, {"t"});
  return made;
}

std::string outputs(ModelMaker& made, const std::vector<std::string>& names) {
  for (const std::string& name : names) made.output(name);
  return made.bytes();
}

/// Two quantisers of sums that are the same, or a multiple.
std::string quantised_twice(float scale) {
  ModelMaker made = sums(scale);
  made.quant("s", "y", 1, 0, 4);
  made.quant("t", "z", scale, 0, 4);
  return outputs(made, {"y", "z"});
}

/// The positive parts of sums and of their negatives, whose signs are one bit.
std::string both_signs() {
  ModelMaker made = sums(-1);
  made.node("Relu", {"s"}, {"y"});
  made.node("Relu", {"t"}, {"z"});
  made.node("Sign", {"s"}, {"u"});
  made.quant("u", "v_sign", 1, 0, 2);
  return outputs(made, {"y", "z", "v_sign"});
}

std::string indices_twice() {
  ModelMaker made = sums(1);
  made.node("ArgMax", {"s"}, {"y"}).set("axis", 1);
  made.node("ArgMax", {"t"}, {"z"}).set("axis", 1);
  return outputs(made, {"y", "z"});
}

/// One tensor on two ports, each behind registers of its own.
std::string on_two_ports() {
  ModelMaker made(13);
  made.import(nib::testing::kQonnx, 1).input("x", {-1, 4});
  made.quant("x", "y", 0.5F, 0, 5);
  made.node("Identity", {"y"}, {"z"});
  return outputs(made, {"y", "z"});
}

/// A quantiser of one code: a constant, whatever comes.
std::string of_one_code() {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 3});
  made.quant("x", "y", 0.5F, 0, 0);
  return made.bytes();
}

}  // namespace

TEST_CASE("layers that share nets are proven") {
  for (const std::string& model : {quantised_twice(1), quantised_twice(2), both_signs(),
                                   indices_twice(), on_two_ports(), of_one_code()}) {
    for (const char* options : {"--latency 0", "--latency 2"}) {
      CAPTURE(options);
      check_proven(proof_of(model, options, 200));
    }
  }
}

TEST_CASE("a fault in one of two equal layers is found") {
  check_refuted(proof_of(indices_twice(), "--latency 0", 200,
                         "file=$(grep -l ' >= ' out/rtl/*argmax*.sv | tail -n 1) && "
                         "sed -i '0,/ >= /s// > /' \"$file\""));
}

}  // namespace nib::cli::testing
