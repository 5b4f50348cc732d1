// Valid/ready builds: stream FIFOs, AXI4-Stream ends, and the SystemC bench.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "fixture.h"
#include "nib/base/file.h"

namespace nib::testing {
namespace {

/// Copies modules of rtl_templates/ into the folder and puts them first in files.f.
void add_templates(const std::filesystem::path& folder, const std::vector<std::string>& names,
                   const std::string& rest) {
  const std::filesystem::path source = std::filesystem::path(NIB_TESTS_DIR) / "../rtl_templates";
  std::string list;
  for (const std::string& name : names) {
    write_file(folder / "rtl" / name, read_file(source / name));
    list += "rtl/" + name + "\n";
  }
  write_file(folder / "rtl/files.f", list + rest);
}

/// A build of `nib make stream-fifo`.
void make_fifo(const std::filesystem::path& folder, int width, int depth, int latency) {
  const std::string ports =
      "  .clk_i, .rst_i, .in_valid_i, .in_ready_o, .in_data_i, .out_valid_o, .out_ready_i, "
      ".out_data_o\n";
  write_file(folder / "rtl/fifo.sv",
             fmt::format("// A stream FIFO as the top.\nmodule fifo (\n"
                         "  input logic clk_i, input logic rst_i, input logic in_valid_i,\n"
                         "  output logic in_ready_o, input logic [{0}:0] in_data_i,\n"
                         "  output logic out_valid_o, input logic out_ready_i,\n"
                         "  output logic [{0}:0] out_data_o\n);\n"
                         "  nib_stream_fifo #(.Width({1}), .Depth({2})) u_fifo (\n{3}  );\n"
                         "endmodule : fifo\n",
                         width - 1, width, depth, ports));
  add_templates(folder, {"nib_outq.sv", "nib_stream_fifo.sv"}, "rtl/fifo.sv\n");
  const nlohmann::json manifest{{"schema", 1},
                                {"name", "fifo"},
                                {"top", "fifo"},
                                {"style", "stream-fifo"},
                                {"latency_cycles", latency},
                                {"stream", {{"width", width}, {"depth", depth}}},
                                {"verified", nullptr}};
  write_file(folder / "manifest.json", manifest.dump(2) + "\n");
}

TEST_SUITE_BEGIN("sim_slow");

TEST_CASE("a stream FIFO equals its cycle model, and a wrong one does not" * doctest::skip()) {
  const sim::TempDir folder;
  make_fifo(folder.path(), 40, 5, 1);
  const sim::VerifyResult good = sim::verify(folder.path(), {});
  for (const sim::Check& check : good.checks) {
    CHECK_MESSAGE(check.passed, check.name << ": " << check.detail);
  }
  CHECK(good.vectors > 5000);
  make_fifo(folder.path(), 40, 5, 2);
  CHECK(has(check_named(sim::verify(folder.path(), {}), "rtl == cycle model").detail, "out_valid"));
  auto manifest = nlohmann::json::parse(read_file(folder.path() / "manifest.json"));
  manifest["latency_cycles"] = 1;
  manifest["stream"]["depth"] = 6;
  write_file(folder.path() / "manifest.json", manifest.dump(2) + "\n");
  CHECK(has(check_named(sim::verify(folder.path(), {}), "rtl == cycle model").detail, "in_ready"));
}

TEST_CASE("AXI4-Stream ends keep order, lose nothing and run at full rate" * doctest::skip()) {
  const FixtureFolder fixture;
  const std::string core = read_file(fixture.path() / "rtl/files.f");
  const auto source = std::filesystem::path(NIB_TESTS_DIR) / "sim/fixture/fix_axis.sv";
  write_file(fixture.path() / "rtl/fix_axis.sv", read_file(source));
  add_templates(fixture.path(), {"nib_outq.sv", "nib_credit_wrap.sv"}, core + "rtl/fix_axis.sv\n");
  auto manifest = fixture.manifest();
  manifest["top"] = "fix_axis";
  manifest["wrap"] = "axis";
  manifest["ports"]["reset"] = "rst_i";
  manifest["wrapped_latency_cycles"] = 4;
  fixture.set_manifest(manifest);
  sim::VerifyOptions options;
  options.random = 500;
  const sim::VerifyResult good = sim::verify(fixture.path(), options);
  for (const sim::Check& check : good.checks) {
    CHECK_MESSAGE(check.passed, check.name << ": " << check.detail);
  }
  CHECK(has(check_named(good, "axis").detail, "full rate, 4 cycles"));
  // A core whose latency is not the wrapper's loses a word or shows one twice.
  fixture.edit("rtl/fix_axis.sv", ".core_out_data_i (out_data)",
               ".core_out_data_i ({out_data[14:1], out_data[0] & out_data[3]})");
  CHECK(has(check_named(sim::verify(fixture.path(), options), "axis").detail, "not golden's word"));
}

TEST_CASE("the SystemC model's log equals the design's, and a wrong design's differs" *
          doctest::skip()) {
  const FixtureFolder fixture;
  sim::VerifyOptions options;
  options.random = 200;
  options.systemc = true;
  const sim::Check good = check_named(sim::verify(fixture.path(), options), "systemc == rtl");
  CHECK_MESSAGE(good.passed, good.detail);
  fixture.edit("rtl/fix_fc2.sv", "- 8'sd7;", "- 8'sd6;");
  const sim::Check bad = check_named(sim::verify(fixture.path(), options), "systemc == rtl");
  CHECK_FALSE(bad.passed);
  CHECK(has(bad.detail, "the logs differ at cycle"));
}

TEST_SUITE_END();

}  // namespace
}  // namespace nib::testing
