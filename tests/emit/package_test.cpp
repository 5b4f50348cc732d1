// The whole folder: which files, in which order, and that the tools take them.
#include <doctest/doctest.h>

#include <algorithm>

#include "nib/base/check.h"
#include "nib/emit/bench.h"
#include "nib/emit/emit.h"
#include "scratch.h"
#include "small_design.h"

namespace nib::emit {
namespace {

using testing::Scratch;
using testing::SmallDesign;

/// The small design without an integer graph: its graph has no nodes to emulate.
Package plain(const SmallDesign& small) {
  Package what = small.package();
  what.integer_graph = nullptr;
  return what;
}

std::vector<std::string> paths(const Files& files) {
  std::vector<std::string> out;
  for (const map::SourceFile& file : files) out.push_back(file.path);
  return out;
}

std::string text_of(const Files& files, const std::string& path) {
  for (const map::SourceFile& file : files) {
    if (file.path == path) return file.text;
  }
  FAIL("no file ", path);
  return {};
}

}  // namespace

TEST_CASE("a package holds the folder that the interface describes") {
  const SmallDesign small;
  const Files files = package(plain(small));
  CHECK(paths(files) ==
        std::vector<std::string>{"rtl/small_top.sv", "rtl/files.f", "constraints/timing.xdc",
                                 "vivado/ooc.tcl", "sim/small.onnx", "sim/in.npy", "sim/in.mem",
                                 "sim/out.npy", "sim/out.mem", "sim/small_tb.sv", "sim/Makefile",
                                 "sim/README.txt", "manifest.json"});
  CHECK(text_of(files, "sim/small.onnx") == "model");
  CHECK(text_of(files, "rtl/files.f") ==
        "// Sources of small_top in order, relative to the build folder.\nrtl/small_top.sv\n");
}

TEST_CASE("without vectors and model there is no bench and no model") {
  const SmallDesign small;
  Package what = plain(small);
  what.vectors.reset();
  what.model_bytes.clear();
  CHECK(paths(package(what)) == std::vector<std::string>{"rtl/small_top.sv", "rtl/files.f",
                                                         "constraints/timing.xdc", "vivado/ooc.tcl",
                                                         "manifest.json"});
}

TEST_CASE("tables are files of the folder but not sources") {
  SmallDesign small;
  small.design.files.insert(small.design.files.begin(), {"tables/t.mem", "00\n"});
  const Files files = package(plain(small));
  CHECK(text_of(files, "tables/t.mem") == "00\n");
  CHECK(text_of(files, "rtl/files.f").find("t.mem") == std::string::npos);
}

TEST_CASE("words are packed from their elements' bits") {
  plan::Word word{"x", {3}, {}, 9};
  word.elements = {{0, 3, true, 1, 0, {-4, 3}},
                   {0, 0, false, 1, 7, {0, 0}, true},
                   {3, 6, false, 1, 0, {0, 63}, true}};
  const BigInt codes[] = {-4, 0, 63};
  CHECK(pack_hex(word, codes) == "1fc");
  const BigInt other[] = {-1, 0, 0};
  CHECK(pack_hex(word, other) == "007");
  const BigInt wide[] = {4, 0, 0};
  CHECK_THROWS_AS((void)pack_hex(word, wide), InternalError);
  // A word of no bits is one bit wide and 0.
  const plan::Word none{"x", {1}, {{0, 0, false, 1, 7, {0, 0}, true}}, 0};
  CHECK(pack_hex(none, codes) == "0");
}

TEST_CASE("a code that does not fit its element never reaches a file") {
  const SmallDesign small;
  Package what = plain(small);
  what.vectors->outputs[0].data[0] = -17;
  CHECK_THROWS_AS((void)package(what), InternalError);
}

TEST_CASE("the bench passes on right RTL and fails on wrong words and wrong latency") {
  if (!testing::has_program("verilator")) {
    MESSAGE("skipped: verilator is not installed");
    return;
  }
  // The simulator's own library compiles once.
  const std::string make_sim =
      std::string(testing::has_program("ccache") ? "OBJCACHE=ccache " : "") + "make -C sim";
  const SmallDesign small;
  const Scratch scratch;
  const auto folder = scratch / "small";
  write_folder(folder, package(plain(small)), false);
  CHECK(testing::run_in(folder, "verilator --lint-only -Wall -f rtl/files.f", "log") == 0);
  CHECK(testing::slurp(folder / "log") == "");
  CHECK(testing::run_in(folder, make_sim, "log") == 0);
  CAPTURE(testing::slurp(folder / "log"));
  CHECK(testing::slurp(folder / "log").find("PASS: 8 words") != std::string::npos);

  // One expected word changed: no new build is needed, the bench reads the file.
  const std::string words = testing::slurp(folder / "sim/out.mem");
  std::string wrong = words;
  wrong[wrong.rfind("01\n") + 1] = '2';
  testing::spill(folder / "sim/out.mem", wrong);
  CHECK(testing::run_in(folder, make_sim, "log") != 0);
  CHECK(testing::slurp(folder / "log").find("vector 3, out_data_o: got 01, expected 02") !=
        std::string::npos);
  testing::spill(folder / "sim/out.mem", words);

  std::string bench = testing::slurp(folder / "sim/small_tb.sv");
  bench.replace(bench.find("Latency = 1"), 11, "Latency = 2");
  testing::spill(folder / "sim/small_tb.sv", bench);
  CHECK(testing::run_in(folder, make_sim, "log") != 0);
  CHECK(testing::slurp(folder / "log").find("wrong latency") != std::string::npos);
}

TEST_CASE("Tcl reads the constraints and the script") {
  if (!testing::has_program("tclsh")) {
    MESSAGE("skipped: tclsh is not installed");
    return;
  }
  const SmallDesign small;
  const Scratch scratch;
  const auto folder = scratch / "with blank";
  write_folder(folder, package(plain(small)), false);
  // Every Vivado command answers with its own words and a slack of 0.1.
  testing::spill(folder / "try.tcl",
                 "proc unknown {args} {puts $args; return 0.1}\n"
                 "source constraints/timing.xdc\nsource vivado/ooc.tcl\n");
  CHECK(testing::run_in(folder, "tclsh try.tcl", "log") == 0);
  const std::string log = testing::slurp(folder / "log");
  CHECK(log.find("create_clock -name nib_clk -period 2.778") != std::string::npos);
  CHECK(log.find("read_verilog -sv {" + (folder / "rtl/small_top.sv").string() + "}") !=
        std::string::npos);
  CHECK(log.find("synth_design -top small_top -part xc-part-1") != std::string::npos);
  CHECK(log.find("setup slack 0.1 ns, hold slack 0.1 ns") != std::string::npos);
}

}  // namespace nib::emit
