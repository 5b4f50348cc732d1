// Generators by themselves: model, RTL and definition agree; refusals.
#include "nib/map/generators.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <functional>

#include "graphs.h"
#include "nib/base/error.h"
#include "simulate.h"

namespace nib {
namespace {

test::Case as_case(
    const Block& block, const std::vector<Range>& inputs,
    const std::function<std::vector<std::int64_t>(const std::vector<std::int64_t>&)>& definition) {
  test::Case c;
  c.plan = block.plan;
  c.design = block.design;
  test::Numbers numbers(9);
  for (int v = 0; v < 300; ++v) {
    std::vector<std::int64_t> x;
    for (const Range& r : inputs) x.push_back(numbers.in(r.min, r.max));
    c.inputs.push_back(x);
    c.outputs.push_back(definition(x));
    REQUIRE(block.model(x) == c.outputs.back());
  }
  return c;
}

std::string lint(const map::Design& design, const std::string& name) {
  const auto folder = test::scratch(name);
  std::string files;
  for (const map::SourceFile& f : design.files) {
    std::filesystem::create_directories((folder / f.path).parent_path());
    std::ofstream(folder / f.path) << f.text;
    files += " " + f.path;
  }
  std::string output =
      test::run_command("cd '" + folder.string() + "' && verilator --lint-only -Wall --assert" +
                        " --top-module " + design.top + files);
  output +=
      test::run_command("cd '" + folder.string() + "' && yosys -q -e 'implicitly|no driver' " +
                        "-p 'read_verilog -sv" + files + "; hierarchy -check -top " + design.top +
                        "; proc; check -assert'");
  std::filesystem::remove_all(folder);
  return output;
}

ErrorCode code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode{0};
}

TEST_CASE("mac array and threshold unit: model, RTL, definition") {
  const Tensor<std::int64_t> matrix(Shape{3, 4}, {1, -7, 0, 5, 3, 3, 3, 3, 0, 0, 0, 0});
  const std::vector<Range> ranges{{-8, 7}, {0, 15}, {3, 3}, {-100, 200}};
  const std::vector<std::int64_t> bias{4, -9, 11};
  BlockOptions options;
  options.name = "mac";
  const Block mac = mac_array(matrix, ranges, bias, options);
  CHECK(mac.cost.lut > 0);
  CHECK(mac.latency_cycles == mac.plan.latency_cycles);
  const Tensor<std::int64_t> thresholds(Shape{2, 4}, {-3, 0, 5, 5, 100, -100, 2, 1});
  options.name = "thresholds";
  options.goal.latency_cycles = 1;
  const PortType type{true, 5, 1};
  const Block unit = threshold_unit(thresholds, type, options);
  CHECK(unit.latency_cycles == 1);
  std::vector<test::Case> cases;
  cases.push_back(as_case(mac, ranges, [&](const std::vector<std::int64_t>& x) {
    std::vector<std::int64_t> y;
    for (std::size_t o = 0; o < 3; ++o) {
      y.push_back(bias[o]);
      for (std::size_t i = 0; i < 4; ++i) y.back() += matrix.data[o * 4 + i] * x[i];
    }
    return y;
  }));
  cases.push_back(
      as_case(unit, {type.range(), type.range()}, [&](const std::vector<std::int64_t>& x) {
        std::vector<std::int64_t> y(2, 0);
        for (std::size_t c = 0; c < 2; ++c) {
          for (std::size_t i = 0; i < 4; ++i) {
            y[c] += x[c] >= thresholds.data[c * 4 + i] ? 1 : 0;
          }
        }
        return y;
      }));
  const auto folder = test::scratch("map_generators");
  CHECK(test::simulate(cases, folder) == "");
  std::filesystem::remove_all(folder);
}

TEST_CASE("stream FIFO: a named module around the library's") {
  for (const int depth : {1, 2, 20, 64, 300}) {
    BlockOptions options;
    options.name = fmt::format("queue{}", depth);
    const Block fifo = stream_fifo(12, depth, options);
    CHECK(fifo.design.top == fmt::format("queue{}_top", depth));
    CHECK(fifo.latency_cycles == (depth > 64 ? 2 : 1));
    CHECK(fifo.model({5}) == std::vector<std::int64_t>{5});
    CHECK(lint(fifo.design, "map_fifo") == "");
  }
}

TEST_CASE("AXI4-Stream ends lint, with and without reset of valid") {
  for (const bool reset : {false, true}) {
    BlockOptions options;
    options.name = "wrapped";
    options.goal.wrap_axis = true;
    options.goal.reset = reset;
    const Block block =
        mac_array(Tensor<std::int64_t>(Shape{1, 2}, {3, -5}), {{-8, 7}, {0, 15}}, {2}, options);
    CHECK(block.design.top == "wrapped_axis");
    CHECK(lint(block.design, "map_axis") == "");
  }
}

TEST_CASE("what a generator refuses (_bad)") {
  const Tensor<std::int64_t> matrix(Shape{1, 2}, {3, -5});
  CHECK(code_of([&] { (void)mac_array(matrix, {{0, 1}}, {0}); }) == ErrorCode::E601);
  CHECK(code_of([&] { (void)mac_array(matrix, {{0, 1}, {2, 1}}, {0}); }) == ErrorCode::E601);
  CHECK(code_of([&] { (void)mac_array(matrix, {{0, 1}, {0, 1}}, {0, 0}); }) == ErrorCode::E601);
  CHECK(code_of([&] {
          (void)mac_array(Tensor<std::int64_t>(Shape{2}, {3, -5}), {{0, 1}, {0, 1}}, {0});
        }) == ErrorCode::E601);
  CHECK(
      code_of([&] {
        (void)mac_array(Tensor<std::int64_t>(Shape{1, 1}, {std::int64_t{1} << 40}), {{0, 1}}, {0});
      }) == ErrorCode::E601);
  CHECK(code_of([] { (void)stream_fifo(0, 4); }) == ErrorCode::E601);
  CHECK(code_of([] { (void)stream_fifo(4, 0); }) == ErrorCode::E601);
  CHECK(code_of([] {
          (void)threshold_unit(Tensor<std::int64_t>(Shape{3}, {1, 2, 3}), PortType{true, 4, 1});
        }) == ErrorCode::E601);
}

}  // namespace
}  // namespace nib
