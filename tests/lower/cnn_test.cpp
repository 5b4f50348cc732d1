// Published convolutional networks: the integer graph against golden on every tensor.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "compare.h"
#include "networks.h"
#include "nib/base/error.h"

using namespace nib;
using namespace nib::testing;

namespace {

/// Images (N, H, W, C) as (N, C, H, W).
Tensor<double> channels_first(const Tensor<double>& x, std::int64_t rows) {
  const std::int64_t pixels = x.shape[1] * x.shape[2], channels = x.shape[3];
  Tensor<double> y(Shape{rows, channels, x.shape[1], x.shape[2]});
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t c = i % channels, p = i / channels % pixels, n = i / channels / pixels;
    y[(n * channels + c) * pixels + p] = x[i];
  }
  return y;
}

Tensor<double> images(const std::string& file, std::int64_t rows) {
  return channels_first(to_reals(read_npy(shared(file))), rows);
}

/// Compares on random inputs, unless the model is missing.
void on_noise(const std::string& file, const std::string& type, std::int64_t rows, double spread) {
  if (!have("models/" + file)) return;
  CAPTURE(file);
  const graph::Graph graph = model(file, type);
  const auto start = std::chrono::steady_clock::now();
  const lower::IntegerGraph integers = lower::lower(graph);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  MESSAGE(file << ": lowered in " << taken.count() << " s, " << integers.macs << " macs");
  CHECK(compare(graph, random_inputs(graph, rows, 17, spread)) > 0);
}

}  // namespace

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("encoders of the HGCAL trigger equal golden") {
    on_noise("econt_encoder_8x8_c8_S2_qK_qonnx.onnx", {}, 200, 1);
    on_noise("econt_encoder_8x8_c8_S2_tele_qK_6bit_qonnx.onnx", {}, 200, 1);
    on_noise("econt_encoder_zcu102_qonnx.onnx", {}, 200, 1);
    if (!have("data/econt_zcu102_golden_in_f64.npy")) return;
    const auto x = to_reals(read_npy(shared("data/econt_zcu102_golden_in_f64.npy")));
    CHECK(compare(model("econt_encoder_zcu102_qonnx.onnx"), channels_first(x, 10)) > 1000);
  }

  TEST_CASE("float32 weights without quantisers equal golden in wide integers") {
    on_noise("hls4ml_conv1d_small_keras.onnx", "s8.4", 20, 4);
    on_noise("hls4ml_conv2d_small_keras.onnx", "s8.4", 20, 4);
    on_noise("hls4ml_three_layer_keras.onnx", "s8.4", 20, 4);
  }

  TEST_CASE("irrational numbers without a quantiser are refused with their reason") {
    for (const char* file :
         {"hls4ml_conv2d_small_mp_keras.onnx", "hls4ml_three_layer_bn_keras.onnx"}) {
      if (!have(std::string("models/") + file)) continue;
      CAPTURE(file);
      CHECK_THROWS_WITH_AS((void)lower::lower(model(file, "s8.4")), doctest::Contains("E0502"),
                           Error);
    }
  }

  TEST_CASE("image classifiers equal golden") {
    on_noise("bnnpynq_cifar10_cnv_w1a1_qonnx.onnx", {}, 4, 0.5);
    on_noise("mlperf_rn07_qonnx.onnx", {}, 4, 0.5);
    on_noise("mlperf_rn07_qonnx.onnx", "u8.8", 4, 0.5);
    on_noise("mlperf_ic_resnet8_int8_qdq.onnx", {}, 4, 1);
    on_noise("nn2fpga_resnet8_a8w8b16_qonnx.onnx", {}, 4, 1);
    if (!have("data/cifar10_jpeg_test1000_x_u8.npy")) return;
    Tensor<double> x = images("data/cifar10_jpeg_test1000_x_u8.npy", 20);
    for (double& pixel : x.data) pixel = 2 * (pixel / 255) - 1;
    if (have("models/bnnpynq_cifar10_cnv_w1a1_qonnx.onnx")) {
      CHECK(compare(model("bnnpynq_cifar10_cnv_w1a1_qonnx.onnx"), x) > 1000000);
    }
  }

  TEST_CASE("the reference autoencoder in eight bits equals golden") {
    on_noise("mlperf_ad_reference_int8_qdq.onnx", {}, 50, 10);
  }
}

// Minutes: run by hand.
TEST_SUITE("large networks" * doctest::skip()) {
  TEST_CASE("networks of hundreds of millions of products equal golden") {
    on_noise("hls4ml_separable_conv_model_ch_last.onnx", {}, 1, 1);
    on_noise("hls4ml_branched_model_ch_last.onnx", {}, 1, 1);
    on_noise("hls4ml_tiny_unet_ch_last.onnx", {}, 1, 1);
  }
}
