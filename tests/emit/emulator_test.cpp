// The emulator header, compiled by both compilers without a warning, against the integer graph.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "../lower/graph_maker.h"
#include "../lower/networks.h"
#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/emit/emit.h"
#include "nib/lower/lower.h"
#include "window_graphs.h"

using namespace nib;
using namespace nib::testing;
namespace fs = std::filesystem;

namespace {

constexpr char kWarnings[] =
    "-std=c++17 -O1 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror";

/// Reads rows of int32 codes from stdin, writes rows of int64 codes.
constexpr char kProgram[] = R"(#include "net.h"
#include <cstdio>
int main() {
  if (!nib_net::self_test()) return 2;
  std::int32_t in[nib_net::kInputs];
  std::int64_t out[nib_net::kOutputs];
  while (std::fread(in, sizeof in, 1, stdin) == 1) {
    nib_net::run(in, out);
    std::fwrite(out, sizeof out, 1, stdout);
  }
  for (std::size_t e = 0; e < nib_net::kInputs; ++e) {
    if (nib_net::input_code(e).min > nib_net::input_code(e).max) return 3;
  }
  return nib_net::output_code(0).min <= nib_net::output_code(0).max ? 0 : 3;
}
)";

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "nib_emulator_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

int run(const std::string& command) { return std::system(command.c_str()); }

/// Pseudo-random codes within the ranges; the first two rows are the least and the largest codes.
std::vector<Tensor<std::int64_t>> random_codes(const lower::IntegerGraph& graph,
                                               std::int64_t rows) {
  std::vector<Tensor<std::int64_t>> all;
  std::uint64_t state = 42;
  for (const auto id : graph.inputs) {
    const lower::Value& value = graph.value(id);
    Tensor<std::int64_t> codes({rows, value.elements()});
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const Range range = value.range_of(i % value.elements());
      state = state * 6364136223846793005U + 1442695040888963407U;
      const auto width = static_cast<std::uint64_t>(range.max - range.min) + 1;
      codes[i] = range.min + static_cast<std::int64_t>((state >> 24) % width);
      if (i < value.elements()) codes[i] = range.min;
      if (i >= value.elements() && i < 2 * value.elements()) codes[i] = range.max;
    }
    all.push_back(std::move(codes));
  }
  return all;
}

void check_emulator(const lower::IntegerGraph& graph,
                    const std::vector<Tensor<std::int64_t>>& inputs, std::int64_t rows,
                    bool with_clang) {
  const Folder folder;
  write_file(folder.at("net.h"), emit::emulator_header(graph, "net"));
  write_file(folder.at("main.cpp"), kProgram);
  if (with_clang) {
    REQUIRE(run(fmt::format("clang++-14 {} -fsyntax-only {}", kWarnings, folder.at("main.cpp"))) ==
            0);
  }
  REQUIRE(run(fmt::format("g++ {} {} -o {}", kWarnings, folder.at("main.cpp"), folder.at("net"))) ==
          0);
  std::string bytes;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (const auto& codes : inputs) {
      const std::int64_t n = codes.size() / rows;
      for (std::int64_t e = 0; e < n; ++e) {
        const auto code = static_cast<std::int32_t>(codes[row * n + e]);
        bytes.append(reinterpret_cast<const char*>(&code), sizeof code);
      }
    }
  }
  write_file(folder.at("in"), bytes);
  REQUIRE(run(fmt::format("{} < {} > {}", folder.at("net"), folder.at("in"), folder.at("out"))) ==
          0);
  const std::string result = read_file(folder.at("out"));
  const auto expected = lower::execute(graph, inputs, graph.outputs);
  std::int64_t per_row = 0;
  for (const auto id : graph.outputs) per_row += graph.value(id).elements();
  REQUIRE(result.size() == static_cast<std::size_t>(rows * per_row) * sizeof(std::int64_t));
  std::int64_t wrong = 0;
  std::size_t at = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (const auto& codes : expected) {
      const std::int64_t n = codes.size() / rows;
      for (std::int64_t e = 0; e < n; ++e, at += sizeof(std::int64_t)) {
        std::int64_t code = 0;
        std::copy_n(result.data() + at, sizeof code, reinterpret_cast<char*>(&code));
        wrong += code != codes[row * n + e] ? 1 : 0;
      }
    }
  }
  CHECK(wrong == 0);
}

/// Two inputs, every kind of node, steps of all forms, a comparison at the end.
lower::IntegerGraph mixed_graph() {
  GraphMaker maker("mixed net");
  const auto x = maker.input("x", {1, 6}, "s5.2");
  const auto z = maker.input("z", {1, 2, 3});
  const auto q = maker.node(quant(0.3, 4), {z});
  const auto flipped = maker.node(graph::Transpose{{0, 2, 1}}, {q});
  const auto flat = maker.node(graph::Reshape{}, {flipped}, {1, 6});
  const auto joined = maker.node(graph::Concat{1}, {x, flat});
  std::vector<double> weights;
  for (int i = 0; i < 12 * 6; ++i) weights.push_back(i % 5 == 0 ? 0 : 0.25 * ((i * 7) % 11 - 5));
  const auto product = maker.node(graph::MatMul{}, {joined, maker.constant({12, 6}, weights)});
  const auto leaky = maker.node(graph::LeakyRelu{0.125}, {product});
  const auto a = maker.node(quant(0.7, 5, true, Rounding::kFloor), {leaky});
  const auto signs = maker.node(bipolar(1.5), {a});
  std::vector<double> ternary;
  for (int i = 0; i < 36; ++i) ternary.push_back((i * 5) % 3 - 1);
  const auto t = maker.node(graph::MatMul{}, {a, maker.constant({6, 6}, ternary)});
  const auto relu = maker.node(graph::Relu{}, {t});
  std::vector<double> ones;
  for (int i = 0; i < 36; ++i) ones.push_back((i * 13) % 7 < 4 ? -1 : 1);
  const auto u = maker.node(graph::MatMul{}, {signs, maker.constant({6, 6}, ones)});
  const auto v = maker.node(quant(2, 6), {u});
  const auto w = maker.node(quant(0.7, 12), {relu});
  const auto doubled = maker.node(graph::Mul{}, {v, maker.scalar(0.35f)});
  const auto back = maker.node(quant(0.35f, 10), {doubled});
  const auto half = maker.node(quant(0.35f, 14), {w});
  const auto sum = maker.node(graph::Add{}, {half, back});
  const auto best = maker.node(graph::ArgMax{1, true}, {sum});
  return lower::lower(maker.finish({sum, best}));
}

}  // namespace

TEST_CASE("emulator of a graph with every kind of node, both compilers") {
  const lower::IntegerGraph graph = mixed_graph();
  check_emulator(graph, random_codes(graph, 500), 500, true);
}

TEST_CASE("emulators of windows, filled elements and selections") {
  for (const std::uint64_t seed : {0U, 1U, 2U, 3U, 5U, 8U, 13U, 21U}) {
    CAPTURE(seed);
    const lower::IntegerGraph graph = test::window_graph("w", seed);
    check_emulator(graph, random_codes(graph, 200), 200, seed == 0);
  }
}

TEST_CASE("emulator of several images") {
  test::Numbers n(9);
  test::GraphBuilder b("images");
  std::vector<std::int32_t> all;
  for (std::int32_t i = 0; i < 64; ++i) all.push_back(i);
  lower::ValueId x =
      b.arrange("image", b.input("x", std::vector<Range>(64, Range{-3, 4})), {2, 2, 4, 4}, all, {});
  x = b.conv("conv1", x, test::random_conv(n, test::window(3, 3, 1, 1), 2, 4, 2, 4));
  x = b.max_pool("pool1", x, {test::window(2, 2, 2, 0)});
  b.output("y", x);
  const lower::IntegerGraph graph = b.take();
  check_emulator(graph, random_codes(graph, 100), 100, false);
}

TEST_CASE("emulator of a convolution, channels last, over one axis") {
  GraphMaker maker("line");
  const auto x = maker.input("x", {1, 9, 2}, "s4.0");
  graph::Window window{{3}, {2}, {1}, {1}, {1}, {0}};
  std::vector<double> weights;
  for (int i = 0; i < 4 * 3 * 2; ++i) weights.push_back((i * 7) % 9 - 4);
  const auto y =
      maker.node(graph::Conv{window, 1, true}, {x, maker.constant({4, 3, 2}, weights)}, {1, 5, 4});
  const auto q = maker.node(quant(4, 4), {y}, {1, 5, 4});
  graph::Window pool{{2}, {2}, {1}, {0}, {1}, {0}};
  const auto z = maker.node(graph::MaxPool{pool, true}, {q}, {1, 3, 4});
  const lower::IntegerGraph graph = lower::lower(maker.finish({z}));
  check_emulator(graph, random_codes(graph, 300), 300, true);
}

TEST_CASE("emulator headers are stable, and carry their names and scales") {
  const lower::IntegerGraph graph = mixed_graph();
  const std::string text = emit::emulator_header(graph, "1 odd--name");
  CHECK(text == emit::emulator_header(graph, "1 odd--name"));
  CHECK(text.find("namespace nib_1_odd_name {") != std::string::npos);
  CHECK(text.find("\"1/4\"") != std::string::npos);
  std::size_t longest = 0, begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    longest = std::max(longest, end - begin);
  }
  CHECK(longest <= 110);
}

TEST_CASE("an input code that does not fit the interface is refused") {
  GraphMaker maker("wide");
  const auto x = maker.input("x", {1, 2});
  const auto q = maker.node(quant(1, 40), {x});
  const auto y = maker.node(graph::MatMul{}, {q, maker.constant({2, 1}, {1, 2})});
  CHECK_THROWS_AS(static_cast<void>(emit::emulator_header(lower::lower(maker.finish({y})), "w")),
                  Error);
}

TEST_SUITE("networks" * doctest::skip()) {
  TEST_CASE("emulators of real networks") {
    struct Network {
      const char* file;
      const char* type;
      bool with_clang;
      std::int64_t rows = 300;
    };
    for (const Network& network : {Network{"zoo_qkeras_jettagging.onnx", "s16.10", true},
                                   {"jsc_hgq_openml_76p86_qonnx.onnx", "", true},
                                   {"jsc_hgq_openml_75p86_qonnx.onnx", "s16.10", false},
                                   {"mlperf_kws_w3a3_submission_qonnx.onnx", "", true},
                                   {"zoo_kwsmlp_w3a3.onnx", "", false},
                                   {"mlperf_ad08_qonnx.onnx", "", true},
                                   {"zoo_TFC_1W1A.onnx", "", true},
                                   {"zoo_TFC_1W2A.onnx", "", false},
                                   {"zoo_TFC_2W2A.onnx", "u8@1/255", true},
                                   {"zoo_unsw_nb15-mlp-w2a2.onnx", "s2.0", true},
                                   {"hls4ml_bnn_model_fc_1layer.onnx", "", false},
                                   {"bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz", "", true},
                                   {"econt_encoder_8x8_c8_S2_qK_qonnx.onnx", "", true},
                                   {"bnnpynq_cifar10_cnv_w1a1_qonnx.onnx", "", true, 4},
                                   {"mlperf_ic_resnet8_int8_qdq.onnx", "", false, 4}}) {
      if (!have(std::string("models/") + network.file)) continue;
      CAPTURE(network.file);
      const auto graph = lower::lower(model(network.file, network.type));
      check_emulator(graph, random_codes(graph, network.rows), network.rows, network.with_clang);
    }
  }
}
