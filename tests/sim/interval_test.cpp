// Intervals through cones of cells: whatever run_over() claims holds for every word.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <random>

#include "fixture.h"
#include "nib/sim/program.h"

namespace nib::testing {
namespace {

using namespace nib::sim;

constexpr int kWidth = 9;

/// Functions of one signed or unsigned word x, in the forms that the generators use and others.
const char* const kBodies[] = {
    "y = x;",
    "y = -x;",
    "y = ~x;",
    "y = (x + 9'sd100) >>> 3;",
    "y = x - 9'sd7;",
    "y = x * 9'sd3;",
    "y = (x <<< 2) + x;",
    "y = (18'(x) * 18'sd37 + 18'sd55) >>> 6;",
    "y = x < 9'sd5 ? 9'sd1 : x >= 9'sd60 ? 9'sd7 : 9'sd3;",
    "y = {x[8], x[8], x[8:2]};",
    "y = {3'b0, x[7:2]};",
    "y = x[8] ? 9'sd0 : |x[7:5] ? 9'sd31 : {4'b0, x[4:0]};",
    "y = {8'b0, x == 9'sd17};",
    "y = {8'b0, x != 9'sd17};",
    "y = {8'b0, &x};",
    "y = {8'b0, ^x};",
    "y = x & 9'sd15;",
    "y = x | 9'sd15;",
    "y = x ^ 9'sd15;",
    "y = {8'b0, !x};",
    "y = {8'b0, x[8] && |x[3:0]};",
    "y = {8'b0, x[8] || |x[3:0]};",
    "case (x[8:6]) 3'd0: y = 9'sd4; 3'd1: y = 9'sd9; 3'd5: y = 9'sd2; default: y = 9'sd1; endcase",
    "y = 9'(512'h123456789abcdef0123456789abcdef >> {x[8:4], 2'b00});",
};

Netlist netlist_of(const std::string& body, bool is_signed) {
  const sim::TempDir folder;
  const std::string type = is_signed ? "logic signed [8:0]" : "logic [8:0]";
  std::ofstream(folder.path() / "f.sv") << fmt::format(
      "module f (input {0} x, output {0} y);\n  always_comb begin\n    {1}\n  end\n"
      "endmodule\n",
      type, body);
  return read_netlist(folder.path(), {"f.sv"}, "f");
}

TEST_SUITE_BEGIN("sim_slow");

TEST_CASE("run_over claims nothing that run denies" * doctest::skip()) {
  std::mt19937 random(7);
  std::size_t claims = 0, intervals = 0;
  for (const char* body : kBodies) {
    for (const bool is_signed : {false, true}) {
      CAPTURE(body);
      CAPTURE(is_signed);
      const Netlist netlist = netlist_of(body, is_signed);
      Element type;
      type.bits = kWidth;
      type.is_signed = is_signed;
      const std::vector<Variable> variables{{0, 0, type, full_range(kWidth, is_signed)}};
      LinearView view(netlist, variables);
      LinearView::Places bits;
      const Bits& x = netlist.ports.at("x");
      for (std::size_t i = 0; i < x.size(); ++i) bits[x[i]] = {{0, static_cast<int>(i)}};
      view.cut(bits);
      // No cell is a leaf but x: linear cells are run as well.
      Program program(view, netlist.ports.at("y"));
      REQUIRE(program.leaves().size() <= 1);
      if (program.leaves().empty()) continue;
      std::vector<std::uint64_t> all(1U << kWidth);
      std::vector<bool> defined(all.size());
      for (std::size_t word = 0; word < all.size(); ++word) {
        defined[word] = program.run({static_cast<std::int64_t>(word)}, all[word]);
      }
      for (int i = 0; i < 4000; ++i) {
        const std::uint64_t start = random() % all.size();
        const std::uint64_t length = random() % (1U << (random() % (kWidth + 1)));
        const auto claim = program.run_over({{start, length}});
        ++intervals;
        if (!claim) continue;
        ++claims;
        for (std::uint64_t k = 0; k <= length; ++k) {
          const std::size_t word = (start + k) % all.size();
          REQUIRE(defined[word]);
          REQUIRE(all[word] == *claim);
        }
      }
    }
  }
  CHECK(claims > intervals / 5);
  CHECK(claims < intervals);
}

TEST_SUITE_END();

}  // namespace
}  // namespace nib::testing
