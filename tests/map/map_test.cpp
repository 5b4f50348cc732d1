// The generated RTL: equal to the graph in every cycle, clean under both tools, stable in its text.
#include "nib/map/map.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "graphs.h"
#include "nib/arith/target.h"
#include "simulate.h"
#include "window_graphs.h"

namespace nib {
namespace {

constexpr std::size_t kVectors = 300;

test::Case make_case(const lower::IntegerGraph& graph, const plan::Goal& goal, std::uint64_t seed) {
  test::Case c;
  c.plan = plan::plan_unrolled(graph, arith::find_target("xcvu13p-2"), goal);
  c.design = map::map_unrolled(c.plan);
  test::Numbers numbers(seed);
  for (std::size_t v = 0; v < kVectors; ++v) {
    c.inputs.push_back(test::random_codes(graph, numbers));
    c.outputs.push_back(test::reference(graph, c.inputs.back()));
    REQUIRE(plan::evaluate(c.plan, c.inputs.back()) == c.outputs.back());
  }
  return c;
}

// Goals in turn: each option alone, some together.
plan::Goal goal_of(std::uint64_t seed) {
  plan::Goal goal;
  switch (seed % 8) {
    case 1:
      goal.clock_mhz = 500;
      break;
    case 2:
      goal.latency_cycles = 4;
      break;
    case 3:
      goal.input_register = true;
      break;
    case 4:
      goal.output_register = true;
      break;
    case 5:
      goal.reset = true;
      break;
    case 6:
      goal.latency_cycles = 0;
      break;
    default:
      break;
  }
  return goal;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("random graphs: RTL equals the graph in every cycle, and lints without a warning") {
  std::vector<test::Case> cases;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const lower::IntegerGraph graph = test::random_graph(fmt::format("r{}", seed), seed);
    plan::Goal goal = goal_of(seed);
    const plan::Plan first = plan::plan_unrolled(graph, arith::find_target("xcvu13p-2"), {});
    if (goal.reset && !first.layers.empty()) {
      goal.extra_registers = {first.layers[0].name, first.layers[0].name};
    }
    cases.push_back(make_case(graph, goal, seed));
  }
  cases.push_back(make_case(test::small_graph(), {}, 1));
  cases.push_back(make_case(test::dense_network("blocks", 5, {12, 24, 6}, 5, 40), {}, 2));
  const auto folder = test::scratch("map_random");
  CHECK(test::simulate(cases, folder) == "");
  for (const std::size_t k : {std::size_t{0}, std::size_t{5}, cases.size() - 1}) {
    std::string command = "cd '" + folder.string() + "' && yosys -q -e 'implicitly|no driver' -p '";
    for (const map::SourceFile& f : cases[k].design.files) {
      command += "read_verilog -sv " + f.path + "; ";
    }
    command += "hierarchy -check -top " + cases[k].design.top + "; proc; check -assert'";
    CHECK(test::run_command(command) == "");
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("windows: RTL equals the graph in every cycle, and lints without a warning") {
  std::vector<test::Case> cases;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    cases.push_back(
        make_case(test::window_graph(fmt::format("w{}", seed), seed), goal_of(seed), seed));
  }
  const auto folder = test::scratch("map_windows");
  CHECK(test::simulate(cases, folder) == "");
  std::filesystem::remove_all(folder);
}

// Compares the generated files with tests/golden_text/<name>; NIB_UPDATE_GOLDEN=1 writes them.
void check_texts(const lower::IntegerGraph& graph, const plan::Goal& goal,
                 const std::string& name) {
  const plan::Plan plan = plan::plan_unrolled(graph, arith::find_target("xcvu13p-2"), goal);
  const map::Design design = map::map_unrolled(plan);
  const std::filesystem::path folder = std::filesystem::path(NIB_TESTS_DIR) / "golden_text" / name;
  const bool update = std::getenv("NIB_UPDATE_GOLDEN") != nullptr;
  if (update) std::filesystem::create_directories(folder);
  for (const map::SourceFile& f : design.files) {
    if (f.path.starts_with("rtl/nib_")) continue;  // the library has tests of its own
    const auto path = folder / std::filesystem::path(f.path).filename();
    if (update) std::ofstream(path, std::ios::binary) << f.text;
    CHECK_MESSAGE(read(path) == f.text, path.string());
  }
}

TEST_CASE("a name keeps its type where a step adds a multiple of its 2^width") {
  plan::Goal goal;
  goal.latency_cycles = 3;
  CHECK(make_case(test::window_graph("w1467", 1467), goal, 1467).design.files.size() > 3);
}

TEST_CASE("golden text of a small design") { check_texts(test::small_graph(), {}, "map_small"); }

TEST_CASE("golden text of a convolution and a pool") {
  test::Numbers n(5);
  test::GraphBuilder b("eye");
  lower::ValueId x = b.input("x", std::vector<Range>(16, Range{0, 15}));
  std::vector<std::int32_t> all;
  for (std::int32_t i = 0; i < 16; ++i) all.push_back(i);
  x = b.arrange("image", x, {1, 1, 4, 4}, all, {});
  x = b.conv("conv1", x, test::random_conv(n, test::window(3, 2, 1, 0), 1, 2, 1, 4));
  x = test::channel_steps(b, "relu1", x, 3);
  x = b.max_pool("pool1", x, {test::window(2, 2, 1, 0)});
  b.output("y", x);
  plan::Goal goal;
  goal.latency_cycles = 2;
  check_texts(b.take(), goal, "map_windows");
}

TEST_CASE("texts are plain: 100 columns, ASCII, no tabs, a comment first") {
  const plan::Plan plan = plan::plan_unrolled(test::dense_network("wide", 3, {40, 50, 10}, 6, 30),
                                              arith::find_target("xcvu13p-2"), {});
  const map::Design design = map::map_unrolled(plan);
  CHECK(design.files.size() > 6);
  for (const map::SourceFile& f : design.files) {
    CAPTURE(f.path);
    CHECK(f.text.starts_with("// "));
    CHECK(f.text.ends_with("\n"));
    std::istringstream lines(f.text);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      CHECK(line.size() <= 100);
      for (const char c : line) CHECK((c >= ' ' && c <= '~'));
    }
    CHECK(count < 480);
  }
}

TEST_CASE("the same plan gives the same bytes; another layer leaves a module as it is") {
  const auto network = [](std::int64_t bias) {
    test::GraphBuilder b("net");
    lower::ValueId x = b.input("x", std::vector<Range>(3, Range{-8, 7}));
    x = b.linear("fc1", x, 2, {1, 2, 3, -1, 5, 0}, {1, 2});
    x = b.linear("fc2", x, 2, {1, bias, 3, 4}, {bias, 0});
    b.output("y", x);
    plan::Goal goal;
    goal.latency_cycles = 2;
    return map::map_unrolled(plan::plan_unrolled(b.take(), arith::find_target("xcvu13p-2"), goal));
  };
  const map::Design a = network(5), again = network(5), other = network(7);
  REQUIRE(a.files.size() == again.files.size());
  for (std::size_t i = 0; i < a.files.size(); ++i) CHECK(a.files[i].text == again.files[i].text);
  CHECK(a.modules == std::vector<std::string>{"net_fc1", "net_fc2"});
  const auto text = [](const map::Design& d, const std::string& path) {
    for (const map::SourceFile& f : d.files) {
      if (f.path == path) return f.text;
    }
    return std::string("missing");
  };
  CHECK(text(a, "rtl/net_fc1.sv") == text(other, "rtl/net_fc1.sv"));
  CHECK(text(a, "rtl/net_fc1.sv") != "missing");
  CHECK(text(a, "rtl/net_fc2.sv") != text(other, "rtl/net_fc2.sv"));
}

TEST_CASE("hostile names stay names") {
  test::GraphBuilder b("module; endmodule\n`include \"/etc/passwd\"");
  const std::string evil = "synthesis translate_off\nassign x = 1; \\ `define A \xff*/ /*";
  lower::ValueId x = b.input(evil, std::vector<Range>(2, Range{-8, 7}));
  x = b.linear(evil, x, 2, {1, 2, 3, -1}, {1, 2});
  x = b.linear("output", x, 2, {1, 2, 3, -1}, {1, 2});
  x = b.linear("Output", x, 2, {1, 2, 3, -1}, {1, 2});
  x = b.linear("", x, 2, {1, 2, 3, -1}, {1, 2});
  x = b.linear("top", x, 2, {1, 2, 3, -1}, {1, 2});
  x = b.linear("9" + std::string(5000, 'a'), x, 2, {1, 2, 3, -1}, {1, 2});
  b.output(evil, x);
  const lower::IntegerGraph graph = b.take();
  const test::Case c = make_case(graph, {}, 3);
  for (const map::SourceFile& f : c.design.files) {
    CHECK(f.text.find("\xff") == std::string::npos);
    CHECK(f.text.find("// synthesis") == std::string::npos);
    CHECK(f.path.size() < 120);
    CHECK(f.text.find("`include") == std::string::npos);
    CHECK(f.text.find("`define") == std::string::npos);
  }
  const auto folder = test::scratch("map_hostile");
  CHECK(test::simulate({c}, folder) == "");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace nib
