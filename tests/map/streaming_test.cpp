// The RTL of streaming designs: sound, plain, stable in its text, clean under lint.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "graphs.h"
#include "nib/arith/target.h"
#include "nib/map/map_streaming.h"
#include "simulate.h"

namespace nib {
namespace {

plan::StreamPlan stream_plan(const lower::IntegerGraph& graph, const plan::Folding& folding) {
  return plan::plan_streaming(graph, arith::find_target("xc7a100t-1"), {}, folding);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Verilator's words on a design, written to a folder of its own.
std::string lint(const map::Design& design, const std::string& name) {
  const auto folder = test::scratch(name);
  std::string command = "cd '" + folder.string() + "' && verilator --lint-only -Wall --assert";
  for (const map::SourceFile& f : design.files) {
    std::filesystem::create_directories((folder / f.path).parent_path());
    std::ofstream(folder / f.path, std::ios::binary) << f.text;
    if (f.path.ends_with(".sv")) command += " " + f.path;
  }
  std::string words = test::run_command(command);
  std::filesystem::remove_all(folder);
  return words;
}

/// Two inputs of three and four elements whose layers meet in a sum that two layers read.
lower::IntegerGraph joined_graph() {
  test::GraphBuilder b("join");
  const lower::ValueId x = b.input("left", std::vector<Range>(3, Range{-8, 7}));
  const lower::ValueId y = b.input("right", std::vector<Range>(4, Range{0, 15}));
  const lower::ValueId p = b.linear("fc1", x, 2, {1, -2, 3, 0, 5, -1}, {0, 0});
  const lower::ValueId q = b.linear("fc2", y, 2, {1, 1, -1, 2, 3, 0, 0, -4}, {3, -3});
  b.output("p", p);
  b.output("q", q);
  return b.take();
}

}  // namespace

TEST_CASE("golden text of a small streaming design") {
  const map::Design design = map::map_streaming(
      stream_plan(test::small_graph(), {{"fc1", {3, 2, false}}, {"fc2", {2, 1, true}}}));
  const std::filesystem::path folder =
      std::filesystem::path(NIB_TESTS_DIR) / "golden_text" / "map_streaming";
  const bool update = std::getenv("NIB_UPDATE_GOLDEN") != nullptr;
  if (update) std::filesystem::create_directories(folder);
  for (const map::SourceFile& f : design.files) {
    if (f.path.starts_with("rtl/nib_")) continue;  // the library has tests of its own
    const auto path = folder / std::filesystem::path(f.path).filename();
    if (update) std::ofstream(path, std::ios::binary) << f.text;
    CHECK_MESSAGE(read(path) == f.text, path.string());
  }
}

/// Compares with a file of golden_text, or with NIB_UPDATE_GOLDEN writes it.
void check_golden(const std::string& text, const std::string& name) {
  const auto path = std::filesystem::path(NIB_TESTS_DIR) / "golden_text" / name;
  if (std::getenv("NIB_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  CHECK_MESSAGE(read(path) == text, name);
}

TEST_CASE("golden text of a wired-in layer: library module, array, sums of one width") {
  plan::LayerFold fold;
  fold.digit = 2;
  const map::Design design =
      map::map_streaming(stream_plan(test::small_graph(), {{"fc1", fold}, {"fc2", fold}}));
  const std::filesystem::path folder =
      std::filesystem::path(NIB_TESTS_DIR) / "golden_text" / "map_wired";
  const bool update = std::getenv("NIB_UPDATE_GOLDEN") != nullptr;
  if (update) std::filesystem::create_directories(folder);
  std::size_t arrays = 0;
  for (const map::SourceFile& f : design.files) {
    arrays += f.path.ends_with("_array.sv") ? 1 : 0;
    if (f.path.starts_with("rtl/nib_") || f.path.ends_with("_top.sv")) continue;
    const auto path = folder / std::filesystem::path(f.path).filename();
    if (update) std::ofstream(path, std::ios::binary) << f.text;
    CHECK_MESSAGE(read(path) == f.text, path.string());
  }
  CHECK(arrays == 2);
}

TEST_CASE("streaming designs lint without a warning") {
  for (const int digit : {1, 3, 8}) {
    plan::LayerFold fold;
    fold.digit = digit;
    const lower::IntegerGraph graph = test::dense_network("wide", 3, {40, 50, 10}, 6, 30);
    CHECK(lint(map::map_streaming(stream_plan(graph, {{"fc1", fold}, {"fc2", fold}})),
               "lint_wired") == "");
  }
  CHECK(lint(map::map_streaming(stream_plan(test::small_graph(), {})), "lint_small") == "");
  const lower::IntegerGraph large = test::dense_network("wide", 3, {40, 50, 10}, 6, 30);
  CHECK(lint(map::map_streaming(stream_plan(large, {{"fc1", {8, 7, false}}})), "lint_large") == "");
  CHECK(lint(map::map_streaming(stream_plan(joined_graph(), {})), "lint_joined") == "");
}

TEST_CASE("functions that turn fork inside of a layer; layers of no unit are left out") {
  test::GraphBuilder b("turn");
  const Range range{-8, 7};
  lower::ValueId x = b.input("x", std::vector<Range>(3, range));
  std::vector<lower::StepFunction> away;
  for (const std::int64_t centre : {0, 1, -2}) {
    away.push_back(
        test::step_of(range, [&](std::int64_t v) { return v < centre ? centre - v : v - centre; }));
  }
  x = b.step("abs", x, away);
  b.output("y", x);
  const lower::IntegerGraph graph = b.take();
  const map::Design design = map::map_streaming(stream_plan(graph, {}));
  CHECK(lint(design, "lint_turn") == "");
  const auto layer = std::find_if(design.files.begin(), design.files.end(),
                                  [](const auto& f) { return f.path == "rtl/turn_abs.sv"; });
  REQUIRE(layer != design.files.end());
  CHECK(layer->text.find("logic [1:0] fork_valid, fork_ready;") != std::string::npos);

  test::GraphBuilder same("same");
  const lower::ValueId in = same.input("x", std::vector<Range>(3, Range{0, 7}));
  const auto itself = [](std::int64_t v) { return v; };
  same.output("y", same.step("relu", in,
                             std::vector<lower::StepFunction>(3, test::step_of({0, 7}, itself))));
  CHECK(lint(map::map_streaming(stream_plan(same.take(), {})), "lint_same") == "");
}

TEST_CASE("one function of few bits is a table that all lanes read") {
  test::GraphBuilder b("turn");
  const Range range{-8, 7};
  const lower::ValueId x = b.input("x", std::vector<Range>(3, range));
  const auto away = [](std::int64_t v) { return v < 0 ? -v : v; };
  b.output("y", b.step("abs", x, std::vector<lower::StepFunction>(3, test::step_of(range, away))));
  const map::Design design = map::map_streaming(stream_plan(b.take(), {}));
  CHECK(lint(design, "lint_table") == "");
  const auto layer = std::find_if(design.files.begin(), design.files.end(),
                                  [](const auto& f) { return f.path == "rtl/turn_abs.sv"; });
  REQUIRE(layer != design.files.end());
  // |x| of 0 to 7, then of -8 to -1, the last entry first.
  CHECK(layer->text.find("Codes = {4'h1, 4'h2, 4'h3, 4'h4, 4'h5, 4'h6, 4'h7, 4'h8,") !=
        std::string::npos);
  check_golden(layer->text, "map_table/turn_abs.sv");
}

TEST_CASE("steps of a power of two are a requantiser without factors") {
  test::GraphBuilder b("turn");
  const Range range{-512, 511};
  const lower::ValueId x = b.input("x", std::vector<Range>(5, range));
  const auto drop = [](std::int64_t v) { return std::clamp<std::int64_t>((v + 8) >> 4, -20, 31); };
  b.output("y", b.step("drop", x, std::vector<lower::StepFunction>(5, test::step_of(range, drop))));
  const map::Design design = map::map_streaming(stream_plan(b.take(), {}));
  CHECK(lint(design, "lint_drop") == "");
  const auto layer = std::find_if(design.files.begin(), design.files.end(),
                                  [](const auto& f) { return f.path == "rtl/turn_drop.sv"; });
  REQUIRE(layer != design.files.end());
  CHECK(layer->text.find(".FactorW(0)") != std::string::npos);
  check_golden(layer->text, "map_table/turn_drop.sv");
}

TEST_CASE("large tables are files that explain themselves") {
  const lower::IntegerGraph graph = test::dense_network("wide", 3, {40, 50, 10}, 6, 30);
  const map::Design design = map::map_streaming(stream_plan(graph, {{"fc1", {8, 5, false}}}));
  const auto table = std::find_if(design.files.begin(), design.files.end(), [](const auto& f) {
    return f.path == "tables/wide_fc1_weights.mem";
  });
  REQUIRE(table != design.files.end());
  CHECK(table->text.starts_with("// Weights of layer fc1 of network wide: 50 words of "));
  CHECK(std::count(table->text.begin(), table->text.end(), '\n') == 53);
  const auto layer = std::find_if(design.files.begin(), design.files.end(),
                                  [](const auto& f) { return f.path == "rtl/wide_fc1.sv"; });
  REQUIRE(layer != design.files.end());
  CHECK(layer->text.find(".File(\"tables/wide_fc1_weights.mem\")") != std::string::npos);
}

TEST_CASE("several ends are named after their tensors") {
  const plan::StreamPlan plan = stream_plan(joined_graph(), {});
  CHECK(map::axis_prefix(plan, true, 0) == "s_axis_left");
  CHECK(map::axis_prefix(plan, true, 1) == "s_axis_right");
  CHECK(map::axis_prefix(plan, false, 1) == "m_axis_q");
  CHECK(map::axis_prefix(stream_plan(test::small_graph(), {}), true, 0) == "s_axis");
}

TEST_CASE("a deeper queue in one layer leaves the others as they are") {
  const lower::IntegerGraph graph = test::small_graph();
  plan::StreamPlan plan = stream_plan(graph, {});
  const map::Design before = map::map_streaming(plan);
  auto depths = plan.sizing.depths;
  const int unit = plan.layers.front().units.front();
  ++depths.at(static_cast<std::size_t>(
      plan.design.units.at(static_cast<std::size_t>(unit)).outputs.front()));
  set_depths(plan.design, depths);
  const map::Design after = map::map_streaming(plan);
  REQUIRE(before.files.size() == after.files.size());
  for (std::size_t i = 0; i < before.files.size(); ++i) {
    const bool own = before.files[i].path == "rtl/" + before.modules.front() + ".sv";
    CHECK((before.files[i].text == after.files[i].text) == !own);
  }
}

}  // namespace nib
