// Whole builds through the command: same bytes whatever the threads, configuration, verification.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "command_runner.h"
#include "nib/num/npy.h"
#include "nib/num/rational.h"

namespace nib::cli::testing {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::map<std::string, std::string> tree(const fs::path& root) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      out[entry.path().lexically_relative(root).string()] = slurp(entry.path());
    }
  }
  return out;
}

const std::string kModels = NIB_TESTS_DIR "/models/";

/// Fails with the command's own words.
Outcome good(const Outcome& outcome) {
  CAPTURE(outcome.out);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  return outcome;
}

}  // namespace

TEST_CASE("a network is built, lints clean, and verifies") {
  const Bench bench;
  const Outcome build =
      good(bench.nib("build " + kModels + "digits.onnx -o digits --input-type u5.0 --json"));
  const Json facts = Json::parse(build.out);
  const Json manifest = Json::parse(slurp(bench / "digits/manifest.json"));
  CHECK(facts["latency_cycles"] == manifest["latency_cycles"]);
  CHECK(facts["top"] == manifest["top"]);
  CHECK(manifest["name"] == "digits");
  CHECK(manifest["inputs"][0]["elements"].size() == 64);
  CHECK(manifest["outputs"][0]["elements"].size() == 10);
  CHECK(manifest["verified"].is_null());
  const Outcome lint =
      good(bench.shell("cd digits && verilator --lint-only -Wall --assert -f rtl/files.f"));
  CHECK(lint.out + lint.err == "");
  const Outcome verify =
      good(bench.nib("verify digits --random 200 --input " + kModels + "digits_test_x.npy --json"));
  CHECK(Json::parse(verify.out).is_object());
  CHECK(Json::parse(slurp(bench / "digits/manifest.json"))["verified"].is_object());
}

TEST_CASE("verification notices one wrong threshold, with exit code 1") {
  const Bench bench;
  spill(bench / "t.npy", npy_bytes(Tensor<std::int64_t>(Shape{1, 3}, {-3, 1, 5})));
  good(bench.nib("make threshold-unit --thresholds t.npy --input s5.0 -o unit"));
  good(bench.nib("verify unit --random 100"));
  // Another model than the one in the folder's RTL, entered with its right hash.
  spill(bench / "t.npy", npy_bytes(Tensor<std::int64_t>(Shape{1, 3}, {-3, 2, 5})));
  good(bench.nib("make threshold-unit --thresholds t.npy --input s5.0 -o other"));
  good(bench.shell("cp other/rtl/* unit/rtl/"));
  const Outcome outcome = bench.nib("verify unit --random 100");
  CHECK(outcome.code == 1);
  CHECK(outcome.out.find("FAIL") != std::string::npos);
}

TEST_CASE("the same bytes for any number of threads, and again") {
  const Bench bench;
  const std::string line = "build " + kModels + "digits_bn.onnx --input-type u5.0 ";
  good(bench.nib(line + "-o a --threads 1"));
  good(bench.nib(line + "-o b --threads 8 --force"));
  good(bench.nib(line + "-o a"));
  CHECK(tree(bench / "a") == tree(bench / "b"));
}

TEST_CASE("options of the configuration file, and the command line wins") {
  const Bench bench;
  spill(bench / "w.npy", npy_bytes(Tensor<std::int64_t>(Shape{2, 2}, {1, -2, 3, 4})));
  spill(
      bench / "c.json",
      R"({"input": "s4.2", "clock-mhz": 111, "name": "from_file", "reset": true, "output": "o"})");
  good(bench.nib("make mac-array --weights w.npy --config c.json --name typed --latency 2"));
  const Json manifest = Json::parse(slurp(bench / "o/manifest.json"));
  CHECK(manifest["name"] == "typed");
  CHECK(manifest["latency_cycles"] == 2);
  CHECK(manifest["ports"]["reset"] == "rst_i");
  const Json& config = manifest["config"];
  CHECK(config["input"] == "s4.2");
  CHECK(config["latency"] == 2);
  CHECK(!config.contains("clock-mhz"));
  CHECK(config["reset"] == true);
  CHECK(config["name"] == "typed");
  CHECK(config["target"] == "xcvu13p-2");
}

TEST_CASE("a board stands for its device and clock") {
  const Bench bench;
  good(bench.nib("build " + kModels + "digits.onnx -o digits --input-type u5.0 --board pynq-z2"));
  const Json manifest = Json::parse(slurp(bench / "digits/manifest.json"));
  CHECK(manifest["target"]["name"] == "xc7z020-1");
  CHECK(manifest["target"]["clock_mhz"] == 100.0);
  CHECK(manifest["config"]["board"] == "pynq-z2");
}

TEST_CASE("mac-array: dyadic weights, bias, ranges; the bench in the folder passes") {
  const Bench bench;
  spill(bench / "w.npy", npy_bytes(Tensor<double>(Shape{2, 3}, {0.5, -1.25, 3, 0, 0, 1})));
  spill(bench / "b.npy", npy_bytes(Tensor<double>(Shape{2}, {0.25, -7})));
  spill(bench / "r.npy", npy_bytes(Tensor<std::int64_t>(Shape{3, 2}, {-3, 9, 0, 5, -128, 127})));
  good(bench.nib("make mac-array --weights w.npy --bias b.npy --input-ranges r.npy -o mac"));
  good(bench.nib("verify mac --random 200"));
  const Outcome run = good(bench.shell("OBJCACHE=$(command -v ccache) make -C mac/sim"));
  CHECK(run.out.find("PASS: 96 words") != std::string::npos);
}

TEST_CASE("mac-array from a text matrix with ranges") {
  const Bench bench;
  spill(bench / "m.txt", "2 3\n1 2 3\n-4 5 6\n-8 7 0 15\n");
  good(bench.nib("make mac-array --weights m.txt -o mac"));
  const Json manifest = Json::parse(slurp(bench / "mac/manifest.json"));
  CHECK(manifest["inputs"][0]["shape"] == Json::array({2}));
  CHECK(manifest["outputs"][0]["shape"] == Json::array({3}));
  good(bench.nib("verify mac --random 100"));
}

TEST_CASE("a stream FIFO is a build like any other") {
  const Bench bench;
  good(bench.nib("make stream-fifo --width 9 --depth 5 -o fifo"));
  const Json manifest = Json::parse(slurp(bench / "fifo/manifest.json"));
  CHECK(manifest["style"] == "stream-fifo");
  CHECK(manifest["stream"] == Json({{"width", 9}, {"depth", 5}}));
  good(bench.nib("verify fifo --random 200"));
}

TEST_CASE("AXI4-Stream ends: lint, verification and the bench in the folder") {
  const Bench bench;
  spill(bench / "w.npy", npy_bytes(Tensor<std::int64_t>(Shape{2, 2}, {1, -2, 3, 4})));
  good(bench.nib("make mac-array --weights w.npy --input s4.0 --wrap axis --latency 2 -o mac"));
  const Outcome lint =
      good(bench.shell("cd mac && verilator --lint-only -Wall --assert -f rtl/files.f"));
  CHECK(lint.out + lint.err == "");
  good(bench.nib("verify mac --random 200"));
  const Outcome run = good(bench.shell("OBJCACHE=$(command -v ccache) make -C mac/sim"));
  CHECK(run.out.find("PASS: 96 words") != std::string::npos);
}

TEST_CASE("inspect tells what stops a network") {
  const Bench bench;
  const Outcome text = good(bench.nib("inspect " + kModels + "digits.onnx"));
  check_golden("inspect_digits.txt", text.out);
  const Json with = Json::parse(
      good(bench.nib("inspect " + kModels + "digits.onnx --input-type u5.0 --json")).out);
  CHECK(with["buildable"] == true);
  std::int64_t macs = 0;
  for (const Json& layer : with["layers"]) macs += layer["macs"].get<std::int64_t>();
  CHECK(macs > 0);
  CHECK(with["macs"] == macs);
}

TEST_CASE("emulate: values, codes, an inner tensor, and the header") {
  const Bench bench;
  const std::string model = kModels + "digits.onnx";
  good(bench.nib("emulate " + model + " --input " + kModels +
                 "digits_test_x.npy --output y.npy --ties"));
  const NpyArray y = read_npy(bench / "y.npy");
  CHECK(y.shape() == Shape{450, 10});
  good(bench.nib("emulate " + model + " --input-type u5.0 --input " + kModels +
                 "digits_test_x.npy --codes --output c.npy --header nib_digits.h"));
  const NpyArray codes = read_npy(bench / "c.npy");
  REQUIRE(codes.is_integer);
  CHECK(codes.shape() == Shape{450, 10});
  // The manifest's elements say what a code is worth.
  good(bench.nib("build " + model + " --input-type u5.0 -o digits"));
  const Json elements =
      Json::parse(slurp(bench / "digits/manifest.json"))["outputs"][0]["elements"];
  int wrong = 0;
  for (std::int64_t k = 0; k < 4500; ++k) {
    const Json& element = elements[static_cast<std::size_t>(k % 10)];
    const Rational scale = parse_rational(element["scale"].get<std::string>()).value();
    const Rational offset = parse_rational(element["offset"].get<std::string>()).value();
    const Rational value = scale * to_rational(codes.integers[k]) + offset;
    if (value != exact(y.reals[k])) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(slurp(bench / "nib_digits.h").find("namespace nib_digits") != std::string::npos);
}

TEST_CASE("emulate_bad: arrays and tensors that do not fit") {
  const Bench bench;
  spill(bench / "x.npy", npy_bytes(Tensor<double>(Shape{2, 3}, 0.0)));
  const std::string model = kModels + "digits.onnx";
  for (const auto& [arguments, number] : std::vector<std::pair<std::string, std::string>>{
           {"--input x.npy --output y.npy", "E0105"},
           {"--input nothing.npy --output y.npy", "E0101"},
           {"--input z=x.npy --output y.npy", "E0216"},
           {"--input x.npy --output z=y.npy", "E0808"},
           {"--input x.npy --tensor z=y.npy", "E0218"},
           {"--input x.npy", "E0801"},
           {"--output y.npy", "E0216"}}) {
    CAPTURE(arguments);
    const Outcome outcome = bench.nib("emulate " + model + " " + arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.err.find("error " + number) == 0);
    CHECK(!fs::exists(bench / "y.npy"));
  }
}

}  // namespace nib::cli::testing
