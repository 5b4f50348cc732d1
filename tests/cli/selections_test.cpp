// Networks with selections of several elements, smallest ones and shifted sums, through the
// command: simulated and proven; faults in them are found by the proof.
#include <doctest/doctest.h>

#include "../import/model_maker.h"
#include "proof_runner.h"

namespace nib::cli::testing {
namespace {

using nib::testing::Dims;
using nib::testing::ModelMaker;

std::vector<float> pattern(std::size_t count) {
  std::vector<float> data;
  for (std::size_t i = 0; i < count; ++i) data.push_back(static_cast<float>(i * 7 % 11) - 5);
  return data;
}

/// The best three of seven scores, values and indices; one score stands there twice.
std::string best_three(bool largest) {
  ModelMaker made(13);
  made.import(nib::testing::kQonnx, 1).input("x", {-1, 4});
  made.quant("x", "q", 0.5F, 0, 5);
  std::vector<float> weights = pattern(28);
  for (std::size_t row = 0; row < 4; ++row) weights[row * 7 + 5] = weights[row * 7 + 2];
  made.reals("w", {4, 7}, weights);
  made.node("MatMul", {"q", "w"}, {"scores"});
  made.integers("k", {1}, {3});
  made.node("TopK", {"scores", "k"}, {"best", "index"}).set("largest", largest ? 1 : 0);
  made.output("best");
  made.output("index");
  return made.bytes();
}

/// Smallest numbers of windows, and what a quantiser makes of them.
std::string smallest() {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 3, 3});
  made.quant("x", "q", 0.5F, 0, 5);
  made.node("ReduceMin", {"q"}, {"low"}).set("axes", Dims{2}).set("keepdims", 0);
  made.reals("two", {}, {1.5F});
  made.node("Mul", {"low", "two"}, {"scaled"});
  made.node("Relu", {"scaled"}, {"positive"});
  made.quant("positive", "y", 1, 0, 4);
  return made.bytes();
}

/// The index of the smallest score, the last where several are.
std::string last_smallest() {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 4});
  made.quant("x", "q", 0.5F, 0, 5);
  made.reals("w", {4, 5}, pattern(20));
  made.node("MatMul", {"q", "w"}, {"scores"});
  made.node("ArgMin", {"scores"}, {"y"}).set("axis", 1).set("select_last_index", 1);
  return made.bytes();
}

/// QONNX's mean: sums of codes shifted right, over windows that overlap or do not.
std::string shifted_means(int stride) {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 2, 4, 4});
  made.quant("x", "q", 1, 0, 5);
  made.node("QuantAvgPool2d", {"q"}, {"mean"}, nib::testing::kQonnx)
      .set("kernel", 2)
      .set("stride", stride)
      .set("ibits", 5)
      .set("obits", 5)
      .set("signed", 1)
      .set("data_layout", "NCHW");
  made.quant("mean", "y", 2, 0, 4);
  return made.bytes();
}

void check_proven(const std::string& model) { check_proven(proof_of(model, "--latency 3", 500)); }

/// The first `from` in the layer's module becomes `to`: the proof says that something is wrong.
void check_found(const std::string& model, const std::string& layer, const std::string& from,
                 const std::string& to) {
  check_refuted(proof_of(model, "--latency 3", 500,
                         "file=$(grep -l '" + from + "' out/rtl/*" + layer +
                             "*.sv | head -n 1) && sed -i '0,/" + from + "/s//" + to +
                             "/' \"$file\""));
}

}  // namespace

TEST_CASE("the best three are proven, and so are the smallest three") {
  check_proven(best_three(true));
  check_proven(best_three(false));
}

TEST_CASE("faults in the best three: a tie that goes the other way, the smaller one taken") {
  check_found(best_three(true), "topk", " >= ", " > ");
  check_found(best_three(true), "topk", " >= ", " <= ");
  check_found(best_three(true), "topk", "d4 : 3", "d6 : 3");  // an index
}

TEST_CASE("the last of the smallest is proven, and a tie that goes the other way is found") {
  check_proven(last_smallest());
  check_found(last_smallest(), "from_the_end", " >= ", " > ");
}

TEST_CASE("smallest elements are proven, and a larger one is found") {
  check_proven(smallest());
  check_found(smallest(), "reducemin", " >= ", " <= ");
}

TEST_CASE("shifted sums are proven, and a wrong one is found") {
  check_proven(shifted_means(2));
  check_proven(shifted_means(1));
  check_found(shifted_means(1), "quantavgpool2d", "d9, 4", "d8, 4");  // a level of a table
}

}  // namespace nib::cli::testing
