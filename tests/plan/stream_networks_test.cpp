// Real networks as streams: what the units carry is what the integer graph holds.
#include "../lower/networks.h"
#include "nib/arith/target.h"
#include "nib/lower/lower.h"
#include "stream_compare.h"

using namespace nib;
using namespace nib::testing;

namespace {

/// Random folds, all outputs and probes.
void check_network(const lower::IntegerGraph& graph, int foldings, std::int64_t rows) {
  const arith::Target& target = arith::find_target("xc7a100t-1");
  plan::StreamPlan plan = plan::build_streaming(graph, target, {}, {});
  for (int i = 0; i < foldings; ++i) {
    CAPTURE(i);
    const auto seed = static_cast<unsigned>(i);
    if (i > 0) plan = plan::build_streaming(graph, target, {}, random_folding(plan, seed));
    CHECK(compare(graph, plan, rows, seed) > 0);
  }
}

void check_file(const std::string& file, int foldings, std::int64_t rows,
                const std::string& type = {}, bool argmax = false) {
  if (!have("models/" + file)) return;
  CAPTURE(file);
  check_network(lower::lower(model(file, type, argmax)), foldings, rows);
}

}  // namespace

TEST_CASE("dense networks as streams") {
  check_file("zoo_TFC_1W1A.onnx", 8, 4, {}, true);
  check_file("zoo_TFC_1W2A.onnx", 8, 4, {}, true);
  check_file("zoo_TFC_2W2A.onnx", 8, 4);
  check_file("zoo_TFC_2W2A.onnx", 8, 4, "u8@1/255", true);
  check_file("mlperf_kws_w3a3_submission_qonnx.onnx", 6, 4, {}, true);
  check_file("mlperf_ad08_qonnx.onnx", 8, 4);
  check_file("zoo_qkeras_jettagging.onnx", 8, 6, "s16.10", true);
}

TEST_CASE("jets as streams") {
  for (const char* file : {"75p86", "75p99", "76p27", "76p47", "76p61", "76p86"}) {
    check_file("jsc_hgq_openml_" + std::string(file) + "_qonnx.onnx", 6, 8);
  }
}

TEST_CASE("the digits network as streams") {
  const auto file = std::string(NIB_TESTS_DIR) + "/models/digits.onnx";
  check_network(lower::lower(importer::read_model(file, {})), 12, 8);
}

TEST_CASE("small convolutional networks as streams") {
  check_file("econt_encoder_zcu102_qonnx.onnx", 8, 4);
  check_file("econt_encoder_8x8_c8_S2_qK_qonnx.onnx", 2, 4);
  check_file("bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz", 2, 2, {}, true);
  check_file("mlperf_ad_reference_int8_qdq.onnx", 2, 2);
}

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("convolutional networks as streams") {
    check_file("bnnpynq_cifar10_cnv_w1a1_qonnx.onnx", 3, 2, {}, true);
    check_file("mlperf_rn07_qonnx.onnx", 3, 2);
    check_file("nn2fpga_resnet8_a8w8b16_qonnx.onnx", 3, 2);
    check_file("mlperf_ic_resnet8_int8_qdq.onnx", 3, 2);
  }
}

TEST_CASE("the MLPerf KWS network with the folds of its FINN submission") {
  const std::string file = "mlperf_kws_w3a3_submission_qonnx.onnx";
  if (!have("models/" + file)) return;
  const plan::Folding folding{{"matmul_10", {10, 32, false}},
                              {"matmul_22", {8, 32, false}},
                              {"matmul_34", {8, 32, false}},
                              {"matmul_46", {8, 1, false}}};
  const auto plan = plan::plan_streaming(lower::lower(model(file, {}, true)),
                                         arith::find_target("xc7z020-1"), {}, folding);
  CHECK(plan.sizing.timing.cycles == 392 * plan.sizing.timing.frames);
  CHECK(plan.sizing.timing.latency == 1236);
}
