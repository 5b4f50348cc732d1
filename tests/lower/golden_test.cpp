// Real networks: the integer graph against golden on every tensor that both have, on real data.
#include "nib/golden/golden.h"

#include <doctest/doctest.h>

#include <random>

#include "compare.h"
#include "graph_maker.h"
#include "networks.h"
#include "nib/lower/lower.h"

using namespace nib;
using namespace nib::testing;

namespace {

Tensor<double> normal_rows(std::int64_t rows, std::int64_t width, double spread, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(0, spread);
  Tensor<double> x({rows, width});
  for (double& value : x.data) value = normal(engine);
  return x;
}

/// pixel / 255 as float32, as the networks were trained.
Tensor<double> pixels(std::int64_t rows) {
  const auto bytes = digits(rows);
  Tensor<double> x({rows, 784});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    x.data[i] = static_cast<double>(static_cast<float>(bytes[i]) / 255.0F);
  }
  return x;
}

}  // namespace

TEST_CASE("our own digits network on its test rows") {
  for (const char* file : {"digits.onnx", "digits_bn.onnx"}) {
    CAPTURE(file);
    const std::string models = std::string(NIB_TESTS_DIR) + "/models/";
    const graph::Graph graph = importer::read_model(models + file);
    Tensor<double> x = to_reals(read_npy(models + "digits_test_x.npy"));
    const std::int64_t width = x.size() / x.shape.at(0);
    x.data.resize(static_cast<std::size_t>(100 * width));
    x.shape = {100, width};
    CHECK(compare(graph, x) > 1000);
  }
}

TEST_CASE("a few jets through an HGQ network") {
  if (!have("models/jsc_hgq_openml_76p27_qonnx.onnx")) return;
  const auto jets = rows_of("data/jsc_openml_test1000_x_f32.npy", 50);
  CHECK(compare(model("jsc_hgq_openml_76p27_qonnx.onnx"), jets) > 5000);
}

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("jet taggers equal golden on 1000 jets and 1000 random rows") {
    if (!have("data/jsc_openml_test1000_x_f32.npy")) return;
    const auto jets = rows_of("data/jsc_openml_test1000_x_f32.npy");
    const auto noise = normal_rows(1000, 16, 3, 7);
    for (const char* size : {"76p86", "76p61", "76p47", "76p27", "75p99", "75p86"}) {
      CAPTURE(size);
      const std::string file = fmt::format("jsc_hgq_openml_{}_qonnx.onnx", size);
      CHECK(compare(model(file), jets) > 100000);
      CHECK(compare(model(file), noise) > 100000);
      CHECK(compare(model(file, "s16.10"), on_grid(jets, 16, 10)) > 100000);
    }
    const auto zoo = model("zoo_qkeras_jettagging.onnx", "s16.10");
    CHECK(compare(zoo, on_grid(jets, 16, 10)) > 100000);
    CHECK(compare(zoo, on_grid(noise, 16, 10)) > 100000);
  }

  TEST_CASE("keyword spotters equal golden on 1000 clips and random rows") {
    if (!have("models/mlperf_kws_w3a3_submission_qonnx.onnx")) return;
    Tensor<double> clips = rows_of("data/kws01_finn_x_i8.npy");
    for (double& x : clips.data) x *= static_cast<double>(0.33674246F);
    const auto noise = normal_rows(200, 490, 20, 8);
    for (const char* file : {"mlperf_kws_w3a3_submission_qonnx.onnx", "zoo_kwsmlp_w3a3.onnx"}) {
      CAPTURE(file);
      CHECK(compare(model(file), clips) > 1000000);
      CHECK(compare(model(file), noise) > 100000);
    }
  }

  TEST_CASE("MNIST networks equal golden on digits") {
    if (!have("models/zoo_TFC_1W1A.onnx")) return;
    for (const char* file : {"zoo_TFC_1W1A.onnx", "zoo_TFC_1W2A.onnx", "zoo_TFC_2W2A.onnx"}) {
      CAPTURE(file);
      CHECK(compare(model(file), pixels(500)) > 100000);
      CHECK(compare(model(file, "s10.8"), on_grid(pixels(200), 10, 8)) > 100000);
    }
    Tensor<double> centred = pixels(200);
    for (double& x : centred.data) x = 2 * x - 1;
    CHECK(compare(model("bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz"), centred) > 100000);
  }

  TEST_CASE("other dense networks equal golden") {
    if (!have("models/mlperf_ad08_qonnx.onnx")) return;
    const auto recorded = rows_of("data/ad08_ref10_x_f32.npy");
    CHECK(compare(model("mlperf_ad08_qonnx.onnx"), recorded) > 1000);
    CHECK(compare(model("mlperf_ad08_qonnx.onnx"), normal_rows(300, 64, 40, 9)) > 10000);
    CHECK(compare(model("mlperf_ad08_noinputquant_qonnx.onnx", "s16.8"), on_grid(recorded, 16, 8)) >
          1000);
    Tensor<double> bits = normal_rows(300, 600, 1, 10);
    for (double& x : bits.data) x = x < 0 ? -1 : 1;
    CHECK(compare(model("zoo_unsw_nb15-mlp-w2a2.onnx", "s2.0"), bits) > 10000);
    CHECK(compare(model("hls4ml_bnn_model_fc_1layer.onnx"), normal_rows(100, 3, 1, 11)) > 100);
  }
}
