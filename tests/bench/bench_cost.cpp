// What Yosys makes of a sample of streaming units, and how far off the cost model is.
//
//   bench_cost [--model] [--update] [WORD...]    units whose names hold all the words; default all
//
// Flow: synth_xilinx -family xc7 -noiopad -noclkbuf -flatten, which infers DSP48E1, block RAM, LUT
// RAM and shift registers. LUT: LUT1 to LUT6, inverters, and the LUTs that LUT RAM and shift
// registers take. --model compares the model with the measurements that are kept beside this file
// without running Yosys, --update writes them anew.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cost_sample.h"
#include "cost_table.h"
#include "nib/base/file.h"
#include "nib/plan/stream_cost.h"

namespace {

using namespace nib;
using plan::stream::ModuleUse;

/// Bits of a table up to which designs hold it inline, as gen/map does.
constexpr std::int64_t kInlineBits = 4096;

/// A top around one unit: every port of its module is a port.
std::string top_text(const plan::stream::Spec& spec, const std::string& table) {
  const plan::stream::Contract contract = plan::stream::contract(spec);
  const ModuleUse use = plan::stream::module_use(spec);
  std::string ports, pins, parameters;
  const auto port = [&](const char* direction, const std::string& name, int bits) {
    ports += fmt::format(",\n  {} logic [{}:0] {}", direction, bits - 1, name);
    pins += fmt::format(", .{0}({0})", name);
  };
  for (std::size_t i = 0; i < use.inputs.size(); ++i) {
    port("input ", use.inputs[i] + "_valid_i", 1);
    port("output", use.inputs[i] + "_ready_o", 1);
    port("input ", use.inputs[i] + "_data_i", contract.inputs[i].width());
  }
  const int outputs = static_cast<int>(contract.outputs.size());
  port("output", use.output + "_valid_o", outputs);
  port("input ", use.output + "_ready_i", outputs);
  port("output", use.output + "_data_o", outputs * contract.outputs[0].format.width());
  if (const auto* wired = std::get_if<plan::stream::ConstMvu>(&spec)) {
    const int digit = wired->digits() > 1 ? wired->digit : wired->format.bits;
    port("output", "core_in_data_o", wired->format.lanes * digit);
    port("input ", "core_out_data_i", wired->rows * wired->sum_bits);
  }
  for (const plan::stream::Parameter& p : use.parameters) {
    parameters += parameters.empty() ? "" : ", ";
    if (p.rom_words > 0 && p.table.size() > kInlineBits) {
      const std::int64_t width = p.table.size() / p.rom_words;
      std::string text;
      for (std::int64_t w = 0; w < p.rom_words; ++w) text += p.table.hex(w * width, width) + "\n";
      write_file(table, text);
      parameters += fmt::format(".Inline(1'b0), .File(\"{}\")", table);
    } else {
      parameters += fmt::format(".{}({})", p.name,
                                p.table.size() > 0 ? p.table.literal() : std::to_string(p.value));
    }
  }
  return fmt::format(
      "module top (\n  input  logic clk_i,\n  input  logic rst_i{}\n);\n"
      "  {} #({}) u_unit (.clk_i(clk_i), .rst_i(rst_i){});\nendmodule\n",
      ports, use.module, parameters, pins);
}

plan::Cost synthesise(const plan::stream::Spec& spec, const std::string& folder) {
  write_file(folder + "/top.sv", top_text(spec, folder + "/table.mem"));
  const std::string command = fmt::format(
      "yosys -q -p 'read_verilog -sv {0}/nib_*.sv {1}/top.sv; synth_xilinx -family xc7 -top top "
      "-noiopad -noclkbuf -flatten; tee -o {1}/stat stat' >{1}/log 2>&1",
      NIB_LIBRARY_DIR, folder);
  if (std::system(command.c_str()) != 0) {
    fmt::print("{}\n", read_file(folder + "/log"));
    std::exit(1);
  }
  return test::read_stat(read_file(folder + "/stat"));
}

bool chosen(const std::string& name, const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& word) { return name.find(word) != std::string::npos; });
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto option = [&](const char* name) { return std::erase(words, name) > 0; };
  const bool model_only = option("--model"), update = option("--update");
  const std::string kept = std::string(NIB_BENCH_DIR) + "/stream_cost.csv";
  std::map<std::string, plan::Cost> table = test::read_cost_table(kept);
  const std::string folder = std::filesystem::temp_directory_path() / "nib_bench_cost";
  std::filesystem::create_directories(folder);
  std::map<std::string, test::Errors> errors;
  fmt::print("{:78} {:>13} {:>13} {:>11} {:>9} {:>9}\n", "measured / model", "LUT", "FF", "CARRY4",
             "BRAM36", "DSP");
  const test::CostSample sample;
  for (const test::CostPoint& point : sample.points()) {
    if (!chosen(point.name, words)) continue;
    if (!model_only) table[point.name] = synthesise(point.spec, folder);
    if (update && !model_only) test::write_cost_table(kept, table);
    if (!table.contains(point.name)) continue;
    const plan::Cost seen = table[point.name], model = plan::stream::cost(point.spec);
    fmt::print("{:78} {:5}/{:7.0f} {:5}/{:7.0f} {:4}/{:6.0f} {:4}/{:4.1f} {:4}/{:4.0f}\n",
               point.name, seen.lut, model.lut, seen.ff, model.ff, seen.carry4, model.carry4,
               seen.bram36, model.bram36, seen.dsp, model.dsp);
    std::fflush(stdout);
    const std::string kind = point.name.substr(0, point.name.find(' '));
    errors[kind].add(seen, model);
    errors["all"].add(seen, model);
  }
  fmt::print("\n{:10} {:>6} {:>22} {:>22}\n", "kind", "units", "LUT median, worst %",
             "FF median, worst %");
  for (const auto& [kind, e] : errors) {
    fmt::print("{:10} {:6} {:12.1f} {:9.1f} {:12.1f} {:9.1f}\n", kind, e.lut.size(),
               test::median(e.lut), test::worst(e.lut), test::median(e.ff), test::worst(e.ff));
  }
  return 0;
}
