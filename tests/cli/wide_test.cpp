// Networks of float weights without quantisers inside: words over 64 and over 128 bits, through the
// command, simulation, the proof, the emulator header and the reference.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../import/model_maker.h"
#include "command_runner.h"
#include "nib/num/npy.h"

namespace nib::cli::testing {
namespace {

using nib::testing::Dims;
using nib::testing::ModelMaker;

/// Float32 numbers of all 24 bits.
std::vector<float> reals(std::size_t count, int seed) {
  std::vector<float> data;
  for (std::size_t i = 0; i < count; ++i) {
    const auto mixed =
        static_cast<float>((i * 7919 + static_cast<std::size_t>(seed) * 104729) % 20011);
    data.push_back((mixed - 10005.0F) / 9973.0F);
  }
  return data;
}

/// Products of 3 x 3 with biases and limits between them, `layers` of them.
ModelMaker chain(int layers, const std::string& result) {
  ModelMaker made = nib::testing::x_to_y(13, {-1, 3});
  std::string last = "x";
  for (int i = 0; i < layers; ++i) {
    const auto name = [&](const char* stem) { return nib::testing::numbered(stem, i); };
    const bool end = i + 1 == layers;
    made.reals(name("w"), {3, 3}, reals(9, i));
    made.reals(name("b"), {3}, reals(3, i + 50));
    made.node("MatMul", {last, name("w")}, {name("m")});
    made.node("Add", {name("m"), name("b")}, {end ? result : name("s")});
    if (end) break;
    last = name("r");
    if (i == 1) {
      made.reals("least", {}, {-0.75F});
      made.reals("most", {}, {1.5F});
      made.node("Clip", {name("s"), "least", "most"}, {last});
    } else {
      made.node("Relu", {name("s")}, {last});
    }
  }
  return made;
}

constexpr char kEmulator[] = R"(#include "out/sim/nib_net.h"
int main() { return nib_net::self_test() ? 0 : 1; }
)";

int widest(const nlohmann::json& word) {
  int bits = 0;
  for (const auto& element : word["elements"]) bits = std::max(bits, element["bits"].get<int>());
  return bits;
}

}  // namespace

TEST_CASE("words over 128 bits: RTL equals golden, every neuron is proven, so is the emulator") {
  const Bench bench;
  spill(bench / "net.onnx", chain(6, "y").bytes());
  const Outcome build = bench.nib("build net.onnx -o out --style unrolled --input-type s8.4");
  CAPTURE(build.err);
  REQUIRE(build.code == 0);
  const Outcome verify = bench.nib("verify out --random 500 --prove");
  CAPTURE(verify.out);
  CHECK(verify.code == 0);
  CHECK(verify.out.find("equal the graph for all inputs") != std::string::npos);
  const auto manifest = nlohmann::json::parse(slurp(bench / "out/manifest.json"));
  std::vector<int> bits;
  for (const auto& layer : manifest["layers"]) bits.push_back(widest(layer));
  REQUIRE(bits.size() == 6);
  CHECK(bits[0] <= 64);
  CHECK(bits[2] > 64);
  CHECK(bits[5] > 128);
  CHECK(manifest["outputs"][0]["npy"] == "decimal");
  CHECK_FALSE(manifest["inputs"][0].contains("npy"));
  spill(bench / "emulator.cpp", kEmulator);
  const char* flags = "-std=c++17 -O1 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror";
  for (const char* compiler : {"g++", "clang++-14"}) {
    const Outcome header = bench.shell(std::string(compiler) + " " + flags +
                                       " -o emulator emulator.cpp && ./emulator");
    CAPTURE(header.err);
    CHECK(header.code == 0);
  }
}

TEST_CASE("the reference and the vectors of a build have the same wide codes") {
  const Bench bench;
  spill(bench / "net.onnx", chain(5, "y").bytes());
  REQUIRE(bench.nib("build net.onnx -o out --style unrolled --input-type s8.4").code == 0);
  const Outcome emulate =
      bench.nib("emulate net.onnx --input-type s8.4 --codes --input out/sim/in.npy --output y.npy");
  CAPTURE(emulate.err);
  REQUIRE(emulate.code == 0);
  const Tensor<BigInt> vectors = parse_npy_integers(slurp(bench / "out/sim/out.npy"));
  const Tensor<BigInt> reference = parse_npy_integers(slurp(bench / "y.npy"));
  CHECK(vectors.data == reference.data);
  CHECK(std::any_of(vectors.data.begin(), vectors.data.end(),
                    [](const BigInt& x) { return x.magnitude_bits() > 64; }));
}

TEST_CASE("wrong wide words are noticed by simulation and by the proof") {
  const Bench bench;
  spill(bench / "net.onnx", chain(4, "y").bytes());
  REQUIRE(bench.nib("build net.onnx -o out --style unrolled --input-type s8.4").code == 0);
  std::string edit;
  bool by_vectors = true;
  SUBCASE("a Relu that gives 1 for 0") { edit = "s/(clamp[_0-9b]* = [0-9]+'s?d)0;/\\11;/"; }
  SUBCASE("a Relu that lets a few negative numbers pass, which no vector meets") {
    by_vectors = false;
    edit = "s/if \\(v\\[[0-9]+\\]\\) (clamp)/if (v < -128'sd9) \\1/";
  }
  SUBCASE("a digit in the middle of a bias") {
    edit =
        "s/('s?d[0-9]{8})[0-4]([0-9]{12,}[; ])/\\19\\2/;t;s/('s?d[0-9]{8})[5-9]([0-9]{12,}[; "
        "])/\\12\\2/";
  }
  const Outcome done = bench.shell("for f in $(ls -r out/rtl/*.sv); do sed -i.old -E \"" + edit +
                                   "\" $f; cmp -s $f $f.old || exit 0; done; exit 1");
  REQUIRE(done.code == 0);
  const Outcome verify = bench.nib("verify out --random 2000 --prove");
  CAPTURE(verify.out);
  CHECK(verify.code == 1);
  CHECK(verify.out.find("FAIL  prove: layer") != std::string::npos);
  CHECK((verify.out.find("FAIL  rtl == golden") != std::string::npos) == by_vectors);
}

TEST_CASE("quantisers of wide sums: RTL equals golden, every step is proven") {
  const Bench bench;
  ModelMaker made = chain(4, "wide");
  made.quant("wide", "q", 0.25F, 0, 6);
  made.reals("last", {3, 2}, {0.5F, -1, 2, 0.25F, -3, 1});
  made.node("MatMul", {"q", "last"}, {"y"});
  spill(bench / "net.onnx", made.bytes());
  REQUIRE(bench.nib("build net.onnx -o out --style unrolled --input-type s8.4").code == 0);
  const Outcome good = bench.nib("verify out --random 500 --prove");
  CAPTURE(good.out);
  CHECK(good.code == 0);
  CHECK(good.out.find("equal the graph for all inputs") != std::string::npos);
  // A bit that tells a tie from what lies half a step above is not looked at: no vector meets it.
  const Outcome edit = bench.shell(
      "f=$(grep -l requant out/rtl/*.sv | head -n 1) && b=$(grep -m 1 -oE '\\|v\\[[0-9]+:0' $f) && "
      "n=${b#*[} && sed -i \"0,/|v\\[${n%:0}:0/s//|v[$((${n%:0} - 1)):0/\" $f && "
      "grep -q \"|v\\[$((${n%:0} - 1)):0\" $f");
  CAPTURE(edit.err);
  REQUIRE(edit.code == 0);
  const Outcome bad = bench.nib("verify out --random 500 --prove");
  CAPTURE(bad.out);
  CHECK(bad.out.find("ok    rtl == golden") != std::string::npos);
  CHECK(bad.out.find("FAIL  prove: layer") != std::string::npos);
  CHECK(bad.out.find("the RTL gives code") != std::string::npos);
}

TEST_CASE("streaming builds refuse wide words by number") {
  const Bench bench;
  spill(bench / "net.onnx", chain(4, "y").bytes());
  const Outcome build = bench.nib("build net.onnx -o out --style streaming --input-type s8.4");
  CHECK(build.code == 2);
  CHECK(build.err.find("error E0503") != std::string::npos);
}

}  // namespace nib::cli::testing
