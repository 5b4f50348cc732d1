// The published networks on their stored data: the results that others recorded.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "idx.h"
#include "nib/golden/golden.h"
#include "nib/import/import.h"
#include "nib/num/npy.h"

namespace nib {
namespace {

namespace fs = std::filesystem;

const fs::path kShared = NIB_SHARED_DIR;

/// The file, or an empty path and a message where it is missing.
fs::path shared(const std::string& name) {
  const fs::path path = kShared / name;
  if (fs::exists(path)) return path;
  MESSAGE("skipped: no file " << path.string());
  return {};
}

std::int64_t hits(const std::vector<std::int64_t>& answers, const Tensor<std::int64_t>& labels) {
  REQUIRE(static_cast<std::int64_t>(answers.size()) == labels.size());
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < labels.size(); ++i) {
    if (answers[static_cast<std::size_t>(i)] == labels[i]) ++count;
  }
  return count;
}

/// Top-1 of the model on `x`, by the model's own ArgMax, so that ties are decided exactly.
std::vector<std::int64_t> classes_of(const fs::path& model, const Tensor<double>& x,
                                     bool all_exact) {
  importer::Options options;
  options.argmax = true;
  const graph::Graph graph = importer::read_model(model, options);
  golden::Evaluator evaluator(graph);
  const Tensor<double> inputs[] = {x};
  const auto outputs = evaluator.run(inputs, graph.outputs);
  CHECK(outputs[0].error.empty());  // an index is exact
  std::uint64_t decided = 0;
  for (const golden::Tie& tie : evaluator.ties()) decided += tie.decided_exactly;
  if (all_exact) CHECK(decided == 0);
  MESSAGE(model.filename().string() << ": " << decided << " decisions by rationals");
  std::vector<std::int64_t> classes;
  for (const double c : outputs[0].value.data) classes.push_back(static_cast<std::int64_t>(c));
  return classes;
}

/// Images (N, H, W, C) as (N, C, H, W); other arrays as they are.
Tensor<double> channels_first(const Tensor<double>& x) {
  if (x.shape.size() != 4) return x;
  const std::int64_t pixels = x.shape[1] * x.shape[2], channels = x.shape[3];
  Tensor<double> y(Shape{x.shape[0], channels, x.shape[1], x.shape[2]});
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t c = i % channels, p = i / channels % pixels, n = i / channels / pixels;
    y.data[static_cast<std::size_t>((n * channels + c) * pixels + p)] = x[i];
  }
  return y;
}

/// The model's outputs on the stored inputs, divided by `divisor`, are those that Keras gave, as
/// float32.
void equal_outputs(const std::string& network, const std::string& in, const std::string& out,
                   double divisor) {
  const fs::path model = shared("models/" + network + "_qonnx.onnx");
  const fs::path x = shared("data/" + in + ".npy");
  const fs::path y = shared("data/" + out + ".npy");
  if (model.empty() || x.empty() || y.empty()) return;
  CAPTURE(network);
  const graph::Graph graph = importer::read_model(model);
  golden::Evaluator evaluator(graph);
  Tensor<double> inputs[] = {channels_first(to_reals(read_npy(x)))};
  for (double& value : inputs[0].data) value /= divisor;
  const auto outputs = evaluator.run(inputs, graph.outputs);
  const Tensor<double> recorded = to_reals(read_npy(y));
  REQUIRE(outputs[0].value.size() == recorded.size());
  std::int64_t equal = 0;
  for (std::int64_t i = 0; i < recorded.size(); ++i) {
    if (static_cast<float>(outputs[0].value[i]) == static_cast<float>(recorded[i])) ++equal;
  }
  CHECK(equal == recorded.size());
}

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("jet taggers on the thousand jets") {
    const fs::path x = shared("data/jsc_openml_test1000_x_f32.npy");
    const fs::path y = shared("data/jsc_openml_test1000_y_u8.npy");
    if (x.empty() || y.empty()) return;
    const Tensor<double> jets = to_reals(read_npy(x));
    const Tensor<std::int64_t> labels = to_integers(read_npy(y));
    const fs::path zoo = shared("models/zoo_qkeras_jettagging.onnx");
    if (!zoo.empty()) CHECK(hits(classes_of(zoo, jets, false), labels) == 774);
    for (const char* name : {"76p86", "76p61", "76p47", "76p27", "75p99", "75p86"}) {
      const fs::path model = shared(fmt::format("models/jsc_hgq_openml_{}_qonnx.onnx", name));
      if (model.empty()) continue;
      // Power-of-two scales: everything is exact in doubles from the first quantiser on.
      const std::int64_t right = hits(classes_of(model, jets, true), labels);
      MESSAGE(fmt::format("{}: {} of 1000", name, right));
      CHECK(right >= 740);
    }
  }

  TEST_CASE("keyword spotting answers as the board did") {
    const fs::path model = shared("models/mlperf_kws_w3a3_submission_qonnx.onnx");
    const fs::path x = shared("data/kws01_finn_x_i8.npy");
    const fs::path board = shared("data/kws01_finn_recorded_fpga_top1_u8.npy");
    const fs::path y = shared("data/kws01_y_u8.npy");
    if (model.empty() || x.empty() || board.empty() || y.empty()) return;
    Tensor<double> values = to_reals(read_npy(x));
    for (double& v : values.data) v *= static_cast<double>(0.33674246F);
    const auto answers = classes_of(model, values, false);
    CHECK(hits(answers, to_integers(read_npy(board))) == 1000);
    CHECK(hits(answers, to_integers(read_npy(y))) == 825);
  }

  TEST_CASE("digits: TFC and LFC on the whole test set") {
    const fs::path x = shared("data/mnist-t10k-images-idx3-ubyte.gz");
    const fs::path y = shared("data/mnist-t10k-labels-idx1-ubyte.gz");
    if (x.empty() || y.empty()) return;
    const test::IdxArray images = test::read_idx_gz(x), digits = test::read_idx_gz(y);
    Tensor<std::int64_t> labels(Shape{10000},
                                std::vector<std::int64_t>(digits.data.begin(), digits.data.end()));
    Tensor<double> zero_one(Shape{10000, 784}), plus_minus(Shape{10000, 784});
    for (std::size_t i = 0; i < images.data.size(); ++i) {
      const auto pixel = static_cast<float>(images.data[i]) / 255.0F;
      zero_one.data[i] = pixel;
      plus_minus.data[i] = 2.0F * pixel - 1.0F;
    }
    const std::pair<const char*, std::int64_t> nets[] = {
        {"zoo_TFC_1W1A.onnx", 9296}, {"zoo_TFC_1W2A.onnx", 9474}, {"zoo_TFC_2W2A.onnx", 9660}};
    for (const auto& [name, right] : nets) {
      const fs::path model = shared(std::string("models/") + name);
      if (!model.empty()) CHECK(hits(classes_of(model, zero_one, false), labels) == right);
    }
    const fs::path lfc = shared("models/bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz");
    if (!lfc.empty()) CHECK(hits(classes_of(lfc, plus_minus, false), labels) == 9834);
  }

  TEST_CASE("the convolutional classifier on the thousand photographs") {
    const fs::path model = shared("models/bnnpynq_cifar10_cnv_w1a1_qonnx.onnx");
    const fs::path x = shared("data/cifar10_jpeg_test1000_x_u8.npy");
    const fs::path y = shared("data/cifar10_jpeg_test1000_y_u8.npy");
    if (model.empty() || x.empty() || y.empty()) return;
    Tensor<double> images = channels_first(to_reals(read_npy(x)));
    for (double& pixel : images.data) pixel = 2 * (pixel / 255) - 1;
    CHECK(hits(classes_of(model, images, false), to_integers(read_npy(y))) == 763);
  }

  TEST_CASE("recorded outputs: the autoencoder, the residual network, the HGCAL encoder") {
    equal_outputs("mlperf_ad08_noinputquant", "ad08_ref10_x_f32", "ad08_ref10_keras_f32", 1);
    equal_outputs("mlperf_rn07", "rn07_ref2_x_u8", "rn07_ref2_keras_f32", 256);
    equal_outputs("econt_encoder_zcu102", "econt_zcu102_golden_in_f64",
                  "econt_zcu102_golden_out_f64", 1);
  }
}

}  // namespace
}  // namespace nib
