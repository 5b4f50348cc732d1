// Every shared model file: read, with its multiplications counted.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "nib/base/error.h"
#include "nib/import/import.h"

using namespace nib;

namespace {

namespace fs = std::filesystem;
const fs::path kModels = fs::path(NIB_SHARED_DIR) / "models";

/// Multiplications of one inference.
std::int64_t macs_of(const graph::Graph& graph) {
  std::int64_t macs = 0;
  for (const graph::Node& node : graph.nodes) {
    if (std::holds_alternative<graph::Conv>(node.op)) {
      const Shape& w = graph.value(node.inputs[1]).shape;
      macs += element_count(graph.value(node.outputs[0]).shape) * (element_count(w) / w[0]);
    }
    const bool gemm = std::holds_alternative<graph::Gemm>(node.op);
    if (!gemm && !std::holds_alternative<graph::MatMul>(node.op)) continue;
    const Shape& a = graph.value(node.inputs[0]).shape;
    macs += element_count(graph.value(node.outputs[0]).shape) * a.back();
  }
  return macs;
}

struct Read {
  std::string file;
  Shape input, output;
  std::size_t nodes;
  std::int64_t macs;
  std::size_t notes;
};

/// Node counts are what the dumps of the files show; MACs are those of the models' descriptions.
const Read kRead[] = {
    {"zoo_TFC_1W1A.onnx", {1, 1, 28, 28}, {1, 10}, 27, 59'008, 1},
    {"zoo_TFC_1W2A.onnx", {1, 1, 28, 28}, {1, 10}, 27, 59'008, 1},
    {"zoo_TFC_2W2A.onnx", {1, 1, 28, 28}, {1, 10}, 27, 59'008, 1},
    {"zoo_kwsmlp_w3a3.onnx", {1, 1, 10, 49}, {1, 12}, 23, 259'584, 1},
    {"mlperf_kws_w3a3_submission_qonnx.onnx", {1, 1, 10, 49}, {1, 12}, 23, 259'584, 1},
    {"zoo_qkeras_jettagging.onnx", {1, 16}, {1, 5}, 22, 4'256, 2},
    {"zoo_unsw_nb15-mlp-w2a2.onnx", {1, 600}, {1, 1}, 20, 46'656, 0},
    {"mlperf_ad08_qonnx.onnx", {1, 64}, {1, 64}, 35, 20'736, 0},
    {"mlperf_ad08_noinputquant_qonnx.onnx", {1, 64}, {1, 64}, 34, 20'736, 0},
    {"jsc_hgq_openml_76p86_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"jsc_hgq_openml_76p61_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"jsc_hgq_openml_76p47_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"jsc_hgq_openml_76p27_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"jsc_hgq_openml_75p99_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"jsc_hgq_openml_75p86_qonnx.onnx", {1, 16}, {1, 5}, 23, 4'256, 0},
    {"bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz", {1, 784}, {1, 10}, 16, 2'910'208, 0},
    {"hls4ml_bnn_model_fc_1layer.onnx", {1, 3}, {1, 4}, 5, 12, 0},
    {"hls4ml_three_layer_keras.onnx", {1, 16}, {1, 5}, 11, 4'256, 1},
    {"hls4ml_three_layer_bn_keras.onnx", {1, 16}, {1, 5}, 19, 4'256, 2},
    {"bnnpynq_cifar10_cnv_w1a1_qonnx.onnx", {1, 3, 32, 32}, {1, 10}, 38, 59'461'376, 0},
    {"econt_encoder_8x8_c8_S2_qK_qonnx.onnx", {1, 1, 8, 8}, {1, 16}, 14, 3'200, 0},
    {"econt_encoder_8x8_c8_S2_tele_qK_6bit_qonnx.onnx", {1, 1, 8, 8}, {1, 16}, 14, 3'200, 0},
    {"econt_encoder_zcu102_qonnx.onnx", {1, 1, 8, 8}, {1, 16}, 14, 3'200, 0},
    {"hls4ml_branched_model_ch_last.onnx", {1, 256, 256, 3}, {1, 256, 256, 2}, 61, 391'839'744, 2},
    {"hls4ml_conv1d_small_keras.onnx", {1, 10, 4}, {1, 5}, 12, 875, 1},
    {"hls4ml_conv2d_small_keras.onnx", {1, 8, 8, 1}, {1, 10}, 7, 2'432, 1},
    {"hls4ml_conv2d_small_mp_keras.onnx", {1, 25, 25, 1}, {1, 5}, 12, 20'085, 1},
    {"hls4ml_separable_conv_model_ch_last.onnx",
     {1, 512, 512, 3},
     {1, 512, 512, 16},
     16,
     124'518'400,
     2},
    {"hls4ml_tiny_unet_ch_last.onnx", {1, 256, 256, 3}, {1, 256, 256, 2}, 184, 671'825'920, 2},
    {"mlperf_ad_reference_int8_qdq.onnx", {1, 640}, {1, 640}, 21, 264'192, 0},
    {"mlperf_ic_resnet8_int8_qdq.onnx", {1, 32, 32, 3}, {1, 10}, 31, 12'501'632, 1},
    {"mlperf_rn07_qonnx.onnx", {1, 3, 32, 32}, {1, 10}, 32, 6'410'240, 0},
    {"nn2fpga_resnet8_a8w8b16_qonnx.onnx", {1, 3, 32, 32}, {1, 10, 1, 1}, 56, 12'501'632, 1},
};

bool present(const std::string& file) {
  if (fs::exists(kModels / file)) return true;
  MESSAGE("skipped, not there: " << (kModels / file).string());
  return false;
}

}  // namespace

TEST_CASE("the shared models are read") {
  for (const Read& expected : kRead) {
    if (!present(expected.file)) continue;
    CAPTURE(expected.file);
    const graph::Graph graph = importer::read_model(kModels / expected.file);
    CHECK(graph.batched);
    CHECK(graph.inputs.size() == 1);
    CHECK(graph.outputs.size() == 1);
    CHECK(graph.value(graph.inputs[0].value).shape == expected.input);
    CHECK(graph.value(graph.outputs[0]).shape == expected.output);
    CHECK(graph.nodes.size() == expected.nodes);
    CHECK(macs_of(graph) == expected.macs);
    CHECK(graph.notes.size() == expected.notes);
  }
}

TEST_CASE("no shared model is forgotten here") {
  if (!fs::exists(kModels)) {
    MESSAGE("skipped, not there: " << kModels.string());
    return;
  }
  std::set<std::string> known;
  for (const Read& read : kRead) known.insert(read.file);
  for (const auto& entry : fs::directory_iterator(kModels)) {
    const std::string file = entry.path().filename().string();
    if (file.find(".onnx") == std::string::npos) continue;
    CHECK_MESSAGE(known.contains(file), file);
  }
}

TEST_CASE("a file that is not there, and one that is too large") {
  try {
    (void)importer::read_model("/no/such/model.onnx");
    FAIL_CHECK("it was read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E101);
  }
  const std::string file = "zoo_qkeras_jettagging.onnx";
  if (!present(file)) return;
  importer::Options options;
  options.max_file_bytes = 1000;
  try {
    (void)importer::read_model(kModels / file, options);
    FAIL_CHECK("it was read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E201);
    CHECK(error.file() == file);
  }
}
