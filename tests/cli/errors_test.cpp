// What the user gets wrong: number, text, hint, exit code 2, and nothing left behind.
#include <doctest/doctest.h>

#include "../import/model_maker.h"
#include "command_runner.h"
#include "nib/num/npy.h"

namespace nib::cli::testing {
namespace {

void prepare(const Bench& bench) {
  std::filesystem::copy_file(NIB_TESTS_DIR "/models/digits.onnx", bench / "digits.onnx");
  spill(bench / "w.npy", npy_bytes(Tensor<std::int64_t>(Shape{2, 2}, {1, -2, 3, 4})));
  spill(bench / "w3.npy", npy_bytes(Tensor<std::int64_t>(Shape{1, 2, 2}, {1, -2, 3, 4})));
  spill(bench / "b.npy", npy_bytes(Tensor<std::int64_t>(Shape{3}, {1, 2, 3})));
  spill(bench / "r.npy", npy_bytes(Tensor<std::int64_t>(Shape{2, 2}, {0, 5, 7, 6})));
  spill(bench / "text.txt", "2 2\n1 2\n3 four\n");
  spill(bench / "bare.txt", "2 2\n1 2\n3 4\n");
  spill(bench / "file", "text");
  std::filesystem::create_directory(bench / "theirs");
  spill(bench / "theirs/thesis.tex", "years");
  spill(bench / "unknown.json", R"({"clock-mhz": 100, "clok": 1})");
  spill(bench / "broken.json", R"({"clock-mhz": )");
  spill(bench / "list.json", "[]");
  spill(bench / "nested.json", R"({"target": {"name": "x"}})");
  spill(bench / "flag.json", R"({"reset": "yes"})");
  spill(bench / "self.json", R"({"config": "self.json"})");
}

/// Runs each line; returns what it was, what came out, and the exit code.
std::string transcript(const Bench& bench, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const Outcome outcome = bench.nib(line);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    text += "$ nib " + line + "\n" + outcome.err + "\n";
  }
  CHECK(!std::filesystem::exists(bench / "o"));
  const std::string place = bench.folder().string();
  for (std::size_t at; (at = text.find(place)) != std::string::npos;) {
    text.replace(at, place.size(), "/work");
  }
  return text;
}

}  // namespace

TEST_CASE("usage_bad: commands and options that there are not") {
  const Bench bench;
  prepare(bench);
  check_golden(
      "errors_usage.txt",
      transcript(bench, {"", "bild digits.onnx -o o", "build digits.onnx", "build -o o",
                         "build digits.onnx -o o --clok-mhz 3", "build digits.onnx more.onnx -o o",
                         "make", "make adder -o o", "make stream-fifo --width 3 -o o", "verify",
                         "targets --all", "emulate digits.onnx --input x.npy", "inspect"}));
}

TEST_CASE("value_bad: absurd values of options") {
  const Bench bench;
  prepare(bench);
  check_golden(
      "errors_values.txt",
      transcript(
          bench,
          {"build digits.onnx -o o --clock-mhz -5",
           "build digits.onnx -o o --clock-mhz 0",
           "build digits.onnx -o o --clock-mhz nan",
           "build digits.onnx -o o --clock-mhz 1e308",
           "build digits.onnx -o o --clock-mhz 1e999",
           "build digits.onnx -o o --clock-mhz fast",
           "build digits.onnx -o o --clock-mhz 0x10",
           "build digits.onnx -o o --latency -1",
           "build digits.onnx -o o --latency 100000",
           "build digits.onnx -o o --latency 2.5",
           "build digits.onnx -o o --latency 99999999999999999999",
           "build digits.onnx -o o --latency=",
           "build digits.onnx -o o --threads 0",
           "build digits.onnx -o o --depth-excess 1000",
           "build digits.onnx -o o --style folded",
           "build digits.onnx -o o --objective speed",
           "build digits.onnx -o o --budget lut",
           "build digits.onnx -o o --budget luts=3",
           "build digits.onnx -o o --budget dsp=1000000",
           "build digits.onnx -o o --wrap apb",
           "build digits.onnx -o o --name a/b",
           "build digits.onnx -o o --name ../x",
           "build digits.onnx -o o --name 'a\"b'",
           "build digits.onnx -o o --name 'x;y'",
           "build digits.onnx -o o --name module",
           "build digits.onnx -o o --name Upper",
           "build digits.onnx -o o --name 1st",
           "build digits.onnx -o o --name a__b",
           "build digits.onnx -o o --name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
           "build digits.onnx -o o --name $'a\\nb'",
           "build digits.onnx -o o --input-type x4",
           "build digits.onnx -o o --input-type s0.0",
           "build digits.onnx -o o --input-type s99999.1",
           "build digits.onnx -o o --input-type u8@0",
           "build digits.onnx -o o --input-type :u8.0",
           "build digits.onnx -o o --target xc1",
           "make stream-fifo --width 0 --depth 4 -o o",
           "make stream-fifo --width 8 --depth 1000000000 -o o",
           "make stream-fifo --width 8 --depth -3 -o o",
           "make stream-fifo --width 1e3 --depth 4 -o o",
           "verify o --random -1",
           "verify o --seed x",
           "verify o --threads 0",
           "verify o --input a.npy --input b.npy",
           "verify o --input x=",
           "emulate digits.onnx --input x.npy --output =y.npy"}));
}

TEST_CASE("contradiction_bad: options that exclude each other, and what is not in this version") {
  const Bench bench;
  prepare(bench);
  check_golden(
      "errors_contradictions.txt",
      transcript(bench, {"build digits.onnx -o o --clock-mhz 100 --latency 3",
                         "build digits.onnx -o o --target xcvu13p-2 --board arty-a7-100t",
                         "build digits.onnx -o o --board de10-nano",
                         "build digits.onnx -o o --style unrolled --plan plan.json",
                         "build digits.onnx -o o --style streaming --latency 3",
                         "build digits.onnx -o o --style streaming --wrap axis",
                         "build digits.onnx -o o --style streaming --reset",
                         "build digits.onnx -o o --plan plan.json --input-register",
                         "build digits.onnx -o o --plan plan.json --objective interval",
                         "build digits.onnx -o o --plan plan.json --budget lut=9",
                         "build digits.onnx -o o --plan plan.json --extra-register fc1",
                         "make mac-array --weights w.npy --input s4.0 --input-ranges r.npy -o o"}));
}

TEST_CASE("config_bad: configuration files") {
  const Bench bench;
  prepare(bench);
  check_golden("errors_config.txt",
               transcript(bench, {"build digits.onnx -o o --config missing.json",
                                  "build digits.onnx -o o --config broken.json",
                                  "build digits.onnx -o o --config list.json",
                                  "build digits.onnx -o o --config unknown.json",
                                  "build digits.onnx -o o --config nested.json",
                                  "build digits.onnx -o o --config flag.json",
                                  "build digits.onnx -o o --config self.json"}));
}

TEST_CASE("plan_bad: folds of streaming designs") {
  const Bench bench;
  prepare(bench);
  spill(bench / "other.json", R"({"folds": {}})");
  spill(bench / "text.json", R"({"layers": {"fc1": 8}})");
  spill(bench / "zero.json", R"({"layers": {"fc1": {"simd": 0}}})");
  spill(bench / "key.json", R"({"layers": {"fc1": {"lanes": 2}}})");
  spill(bench / "yes.json", R"({"layers": {"fc1": {"input_stationary": 1}}})");
  spill(bench / "both.json", R"({"layers": {"fc1": {"digit": 2, "pe": 4}}})");
  const std::string line = "build digits.onnx -o o --input-type u5.0 --plan ";
  check_golden("errors_plan.txt",
               transcript(bench, {line + "missing.json", line + "broken.json", line + "list.json",
                                  line + "other.json", line + "text.json", line + "zero.json",
                                  line + "key.json", line + "yes.json", line + "both.json"}));
}

TEST_CASE("twice_bad: nothing is given twice, no result is written over a file of the command") {
  const Bench bench;
  prepare(bench);
  spill(bench / "twice.json", R"({"layers": {"fc1": {"pe": 1}, "fc1": {"pe": 2}}})");
  spill(bench / "nul.json", std::string(R"({"layers": {}})") + '\0' + "more");
  spill(bench / "x.npy", npy_bytes(Tensor<double>(Shape{2, 64}, std::vector<double>(128, 3))));
  const std::string build = "build digits.onnx -o o --input-type u5.0 ";
  const std::string emulate = "emulate digits.onnx --input-type u5.0 --input x.npy --output ";
  check_golden("errors_twice.txt",
               transcript(bench, {build + "--style streaming --budget lut=9 --budget lut=90",
                                  build + "--input-type u6.0", build + "--plan twice.json",
                                  build + "--plan nul.json", emulate + "digits.onnx",
                                  emulate + "./x.npy", emulate + "y.npy --header y.npy"}));
  const std::string model = slurp(NIB_TESTS_DIR "/models/digits.onnx");
  CHECK(slurp(bench / "digits.onnx") == model);
  CHECK(!std::filesystem::exists(bench / "y.npy"));
  CHECK(bench.nib(emulate + "/dev/full").code == 2);
  CHECK(bench.nib(emulate + "y.npy").code == 0);
  CHECK(std::filesystem::exists(bench / "y.npy"));
}

TEST_CASE("kept_bad: a folder that holds the model is not replaced; a budget is kept or refused") {
  const Bench bench;
  prepare(bench);
  std::filesystem::create_directory(bench / "src");
  std::filesystem::copy_file(bench / "digits.onnx", bench / "src/digits.onnx");
  const std::string type = " --input-type u5.0";
  check_golden("errors_kept.txt",
               transcript(bench, {"build src/digits.onnx -o src --force" + type,
                                  "build src/digits.onnx -o ./src/ --force" + type}));
  const Outcome outcome =
      bench.nib("build digits.onnx -o o --style streaming --budget lut=1" + type);
  CHECK(outcome.code == 2);
  CHECK(outcome.err.find("error E0704: the goals contradict each other: no folds were found that "
                         "keep the budget") != std::string::npos);
  CHECK(!std::filesystem::exists(bench / "o"));
  CHECK(std::filesystem::exists(bench / "src/digits.onnx"));
}

TEST_CASE("matrix_bad: weights, biases, ranges, thresholds") {
  const Bench bench;
  prepare(bench);
  check_golden("errors_matrix.txt",
               transcript(bench, {"make mac-array --weights missing.npy --input s4.0 -o o",
                                  "make mac-array --weights w3.npy --input s4.0 -o o",
                                  "make mac-array --weights text.txt --input s4.0 -o o",
                                  "make mac-array --weights bare.txt -o o",
                                  "make mac-array --weights w.npy -o o",
                                  "make mac-array --weights w.npy --input s4.0 --bias b.npy -o o",
                                  "make mac-array --weights w.npy --input-ranges r.npy -o o",
                                  "make mac-array --weights w.npy --input-ranges b.npy -o o",
                                  "make threshold-unit --thresholds b.npy --input s4.0 -o o",
                                  "make threshold-unit --thresholds w.npy --input s -o o"}));
}

TEST_CASE("axes_bad: arrays whose axes stand in another order than the graph's") {
  const Bench bench;
  nib::testing::ModelMaker made = nib::testing::x_to_y(13, {-1, 3, 8, 5});
  made.quant("x", "y", 0.5F, 0, 4);
  spill(bench / "image.onnx", made.bytes());
  spill(bench / "nhwc.npy", npy_bytes(Tensor<double>(Shape{2, 8, 5, 3}, 0.0)));
  spill(bench / "turned.npy", npy_bytes(Tensor<double>(Shape{2, 3, 5, 8}, 0.0)));
  spill(bench / "one.npy", npy_bytes(Tensor<double>(Shape{3, 8, 5}, 0.0)));
  spill(bench / "other.npy", npy_bytes(Tensor<double>(Shape{2, 8, 8, 3}, 0.0)));
  check_golden("errors_axes.txt",
               transcript(bench, {"emulate image.onnx --input nhwc.npy --output o.npy",
                                  "emulate image.onnx --input turned.npy --output o.npy",
                                  "emulate image.onnx --input one.npy --output o.npy",
                                  "emulate image.onnx --input other.npy --output o.npy"}));
}

TEST_CASE("folder_bad: places that may not be written") {
  const Bench bench;
  prepare(bench);
  const std::string make = "make mac-array --weights w.npy --input s4.0 -o ";
  check_golden(
      "errors_folder.txt",
      transcript(bench, {make + "theirs", make + "file", make + "file --force", make + ". --force",
                         make + "/ --force", make + "''", make + "/proc/nib/out"}));
  CHECK(slurp(bench / "theirs/thesis.tex") == "years");
  CHECK(slurp(bench / "file") == "text");
}

TEST_CASE("stdout_bad: a full device is an error, a closed pipe is none") {
  const Bench bench;
  const Outcome full = bench.shell("nib targets --json > /dev/full");
  CHECK(full.code == 2);
  CHECK(full.err ==
        "error E0102: cannot write the output: standard output: No space left on device\n"
        "  hint: check the path, its permissions and the free space\n");
  const Outcome closed = bench.shell("nib build --help | true; echo ${PIPESTATUS[0]}");
  CHECK(closed.out == "0\n");
  CHECK(closed.err == "");
  const Outcome none = bench.shell("nib targets >&-");
  CHECK(none.code == 2);
}

#ifndef __SANITIZE_ADDRESS__  // which needs terabytes of addresses
TEST_CASE("memory_bad: running out of memory is said plainly, with exit code 3") {
  const Bench bench;
  // A file of zeros that is larger than the memory that the process may have.
  const Outcome outcome =
      bench.shell("truncate -s 200M big.onnx; ulimit -v 150000; nib inspect big.onnx");
  CHECK(outcome.code == 3);
  CHECK(outcome.err == "error: out of memory\n");
}
#endif

TEST_CASE("size_bad: a file size limit ends a build in order") {
  const Bench bench;
  prepare(bench);
  const Outcome outcome =
      bench.shell("ulimit -f 1; nib make mac-array --weights w.npy --input s4.0 -o o");
  CHECK(outcome.code == 2);
  CHECK(outcome.err.find("error E0102") != std::string::npos);
  CHECK(!std::filesystem::exists(bench / "o"));
}

}  // namespace nib::cli::testing
