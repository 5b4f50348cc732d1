// Out-of-context constraints: figures, order of -min and -max, nothing that hides a path.
#include "nib/emit/constraints.h"

#include <doctest/doctest.h>

#include "nib/base/check.h"
#include "small_design.h"

namespace nib::emit {
namespace {

std::string without_comments(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    if (!line.empty() && line[0] != '#') out += line + '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("the clock and every port are constrained, from the target's figures") {
  const testing::SmallDesign small;
  const std::string text = timing_xdc({"small_top", "small.onnx", "clk_i", 360, small.plan.target});
  CHECK(without_comments(text) ==
        "create_clock -name nib_clk -period 2.778 [get_ports clk_i]\n"
        "set_input_delay  -clock nib_clk -max 0.5 [get_ports -filter "
        "{DIRECTION == IN && NAME != clk_i}]\n"
        "set_input_delay  -clock nib_clk -min 0.5 [get_ports -filter "
        "{DIRECTION == IN && NAME != clk_i}]\n"
        "set_output_delay -clock nib_clk -max 0.312 [get_ports -filter {DIRECTION == OUT}]\n"
        "set_output_delay -clock nib_clk -min 0.1 [get_ports -filter {DIRECTION == OUT}]\n");
}

TEST_CASE("-max is the register and net outside where that exceeds the hold figure") {
  testing::SmallDesign small;
  small.plan.target.hold_input_ns = 0.1;
  const std::string text = timing_xdc({"small_top", "small.onnx", "clk_i", 360, small.plan.target});
  CHECK(text.find("-max 0.375 [") != std::string::npos);
  CHECK(text.find("set_input_delay  -clock nib_clk -min 0.1 ") != std::string::npos);
}

TEST_CASE("a design without a clock port gets a virtual clock") {
  const testing::SmallDesign small;
  const std::string text = timing_xdc({"top", "m.onnx", "", 100, small.plan.target});
  CHECK(text.find("create_clock -name nib_clk -period 10 \n") != std::string::npos);
  CHECK(text.find("-filter {DIRECTION == IN}]") != std::string::npos);
}

TEST_CASE("no constraint hides a path") {
  const testing::SmallDesign small;
  const std::string text = timing_xdc({"small_top", "small.onnx", "clk_i", 360, small.plan.target});
  for (const char* word : {"set_false_path", "set_multicycle_path", "set_clock_groups",
                           "set_max_delay", "set_disable_timing"}) {
    CHECK(text.find(word) == std::string::npos);
  }
}

TEST_CASE("names cannot smuggle Tcl into the files") {
  const testing::SmallDesign small;
  const Subject evil{"small_top", "x\n[exec touch /tmp/owned]\\", "clk_i", 360, small.plan.target};
  for (const std::string& text : {timing_xdc(evil), ooc_tcl(evil)}) {
    // It stands in a comment, on one line.
    CHECK(without_comments(text).find("owned") == std::string::npos);
    CHECK(text.find("# Made by nib 0.1.0 for x?[exec touch /tmp/owned]?. Do not edit") !=
          std::string::npos);
  }
  CHECK_THROWS_AS((void)timing_xdc({"a;b", "x", "clk_i", 1, small.plan.target}), InternalError);
  CHECK_THROWS_AS((void)timing_xdc({"a", "x", "clk i", 1, small.plan.target}), InternalError);
}

TEST_CASE("the Vivado script names top and part and reads the list of sources") {
  const testing::SmallDesign small;
  const std::string text = ooc_tcl({"small_top", "s.onnx", "clk_i", 360, small.plan.target});
  CHECK(text.find("set top  small_top\nset part xc-part-1\n") != std::string::npos);
  for (const char* word : {"files.f", "synth_design", "-mode out_of_context", "route_design",
                           "report_timing_summary", "constraints timing.xdc"}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
}

}  // namespace nib::emit
