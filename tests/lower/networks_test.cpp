// Whole networks on whole data sets, against what was recorded elsewhere: the class that a real
// board answered, accuracies that the models' sources state. Golden has no part in this.
#include "networks.h"

#include <doctest/doctest.h>

#include "nib/lower/lower.h"

using namespace nib;
using namespace nib::testing;

namespace {

using Codes = Tensor<std::int64_t>;

std::vector<std::int64_t> classes(const lower::IntegerGraph& graph, Codes codes) {
  return lower::execute(graph, {std::move(codes)}, graph.outputs).at(0).data;
}

template <class Labels>
std::int64_t agreement(const std::vector<std::int64_t>& answers, const Labels& labels) {
  std::int64_t same = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    same += answers[i] == static_cast<std::int64_t>(labels[i]) ? 1 : 0;
  }
  return same;
}

/// MNIST digits as one-bit codes: pixel/255 against one half, 2x - 1 >= 0 where the pixel is >=
/// 128.
Codes binary_digits(std::int64_t rows) {
  const auto bytes = digits(rows);
  Codes codes({rows, 784});
  for (std::size_t i = 0; i < bytes.size(); ++i) codes.data[i] = bytes[i] >= 128 ? 1 : 0;
  return codes;
}

}  // namespace

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("the MLPerf KWS network answers what the board answered, 1000 of 1000") {
    if (!have("models/mlperf_kws_w3a3_submission_qonnx.onnx")) return;
    const auto graph = lower::lower(model("mlperf_kws_w3a3_submission_qonnx.onnx", {}, true));
    const Codes codes = to_integers(read_npy(shared("data/kws01_finn_x_i8.npy")));
    const Codes board = to_integers(read_npy(shared("data/kws01_finn_recorded_fpga_top1_u8.npy")));
    const auto answers = classes(graph, codes);
    CHECK(agreement(answers, board.data) == 1000);
    const Codes labels = to_integers(read_npy(shared("data/kws01_y_u8.npy")));
    CHECK(agreement(answers, labels.data) == 825);
  }

  TEST_CASE("LFC and TFC on the 10,000 MNIST test digits") {
    if (!have("models/bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz")) return;
    const auto labels = digit_labels(10000);
    const auto lfc = lower::lower(model("bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz", {}, true));
    CHECK(agreement(classes(lfc, binary_digits(10000)), labels) == 9834);
    const auto tfc = lower::lower(model("zoo_TFC_1W1A.onnx", {}, true));
    CHECK(agreement(classes(tfc, binary_digits(10000)), labels) == 9296);
  }

  TEST_CASE("TFC with typed pixels: the first quantiser is inside") {
    if (!have("models/zoo_TFC_2W2A.onnx")) return;
    const auto labels = digit_labels(10000);
    const auto bytes = digits(10000);
    Codes codes({10000, 784});
    codes.data.assign(bytes.begin(), bytes.end());
    for (const auto& [file, right] :
         {std::pair{"zoo_TFC_1W2A.onnx", 9474}, {"zoo_TFC_2W2A.onnx", 9660}}) {
      const auto tfc = lower::lower(model(file, "u8@1/255", true));
      CHECK(agreement(classes(tfc, codes), labels) == right);
    }
  }

  TEST_CASE("the zoo's jet tagger on 1000 jets") {
    if (!have("models/zoo_qkeras_jettagging.onnx")) return;
    const auto jets = lower::lower(model("zoo_qkeras_jettagging.onnx", "s16.10", true));
    const Tensor<double> x = on_grid(rows_of("data/jsc_openml_test1000_x_f32.npy"), 16, 10);
    Codes codes({1000, 16});
    for (std::int64_t i = 0; i < x.size(); ++i) codes[i] = std::llround(x[i] * 1024);
    const Codes labels = to_integers(read_npy(shared("data/jsc_openml_test1000_y_u8.npy")));
    const std::int64_t right = agreement(classes(jets, codes), labels.data);
    CHECK(right >= 772);  // 77.4 % on the unrounded features
    CHECK(right <= 776);
  }
}
