// The bench of a streaming build: beats of golden vectors through the AXI4-Stream ends.
#include <fmt/format.h>

#include "nib/base/check.h"
#include "nib/base/version.h"
#include "nib/emit/bench.h"
#include "nib/emit/streaming.h"
#include "nib/map/map_streaming.h"
#include "nib/num/npy.h"

namespace nib::emit {
namespace {

/// One end in the bench.
struct End {
  const plan::StreamPort* port;
  std::string prefix;  ///< of the top's ports: "s_axis"
  std::string stem;    ///< "in", or "in0", "in1", ...: names the bench's signals and files
  const Tensor<BigInt>* codes;
  int width;  ///< of tdata
};

std::vector<End> ends(const StreamPackage& what, bool is_input) {
  const plan::StreamPlan& plan = what.build.plan;
  const auto& ports = is_input ? plan.inputs : plan.outputs;
  const auto& tensors = is_input ? what.vectors->inputs : what.vectors->outputs;
  NIB_CHECK(tensors.size() == ports.size(), "vectors for every port");
  std::vector<End> list;
  for (std::size_t k = 0; k < ports.size(); ++k) {
    const std::string stem =
        std::string(is_input ? "in" : "out") + (ports.size() > 1 ? std::to_string(k) : "");
    list.push_back({&ports[k], map::axis_prefix(plan, is_input, k), stem, &tensors[k],
                    map::beat_width(ports[k].word.width)});
  }
  return list;
}

/// The elements of one beat.
struct Beat {
  plan::Word word;
  std::vector<std::int64_t> elements;  ///< of the port's word
};

std::vector<Beat> beats_of(const plan::StreamPort& port) {
  std::vector<Beat> beats(static_cast<std::size_t>(port.beats));
  for (Beat& beat : beats) beat.word.width = port.word.width;
  for (std::size_t e = 0; e < port.word.elements.size(); ++e) {
    Beat& beat = beats.at(static_cast<std::size_t>(port.beat[e]));
    beat.word.elements.push_back(port.word.elements[e]);
    beat.elements.push_back(static_cast<std::int64_t>(e));
  }
  return beats;
}

std::string mem_file(const End& end) {
  const plan::StreamPort& port = *end.port;
  std::string text = fmt::format("// Beats of {}_tdata, {} bits, one per line; {} for a vector.\n",
                                 end.prefix, end.width, port.beats);
  const std::vector<Beat> beats = beats_of(port);
  const auto elements = static_cast<std::int64_t>(port.word.elements.size());
  for (std::int64_t row = 0; row < end.codes->shape.at(0); ++row) {
    for (const Beat& beat : beats) {
      std::vector<BigInt> codes;
      for (const std::int64_t e : beat.elements) {
        codes.push_back((*end.codes)[row * elements + e]);
      }
      text += pack_hex(beat.word, codes.data()) + '\n';
    }
  }
  return text;
}

std::string masks(const End& end) {
  std::string text =
      fmt::format("// Bits of {}_tdata that carry elements, for each beat.\n", end.prefix);
  for (Beat& beat : beats_of(*end.port)) {
    std::vector<BigInt> ones;
    for (plan::Element& e : beat.word.elements) {
      e.is_signed = false;
      ones.push_back((std::int64_t{1} << e.bits) - 1);
    }
    text += pack_hex(beat.word, ones.data()) + '\n';
  }
  return text;
}

template <class Line>
std::string each(const std::vector<End>& list, Line line) {
  std::string text;
  for (const End& end : list) text += line(end);
  return text;
}

std::string declarations(const std::vector<End>& in, const std::vector<End>& out) {
  std::string text = each(in, [](const End& e) {
    return fmt::format(
        "  localparam int unsigned {0}_beats = {1};\n"
        "  logic {0}_valid = 1'b0;\n  logic {0}_ready;\n  logic {0}_taken;\n"
        "  logic [{2}:0] {0}_data = '0;\n  logic [{2}:0] {0}_words [Vectors * {0}_beats];\n"
        "  int unsigned {0}_sent = 0;\n",
        e.stem, e.port->beats, e.width - 1);
  });
  return text + each(out, [](const End& e) {
           return fmt::format(
               "  localparam int unsigned {0}_beats = {1};\n"
               "  logic {0}_valid;\n  logic {0}_ready = 1'b0;\n  logic {0}_last;\n"
               "  logic [{2}:0] {0}_data;\n  logic [{2}:0] {0}_words [Vectors * {0}_beats];\n"
               "  logic [{2}:0] {0}_masks [{0}_beats];\n  int unsigned {0}_received = 0;\n",
               e.stem, e.port->beats, e.width - 1);
         });
}

std::string instance(const StreamPackage& what, const std::vector<End>& in,
                     const std::vector<End>& out) {
  std::string text =
      fmt::format("  {} u_dut (\n    .clk_i(clk),\n    .rst_i(rst)", what.build.design.top);
  text += each(in, [](const End& e) {
    return fmt::format(
        ",\n    .{0}_tvalid({1}_valid),\n    .{0}_tready({1}_ready),\n    .{0}_tdata({1}_data),\n"
        "    .{0}_tlast({1}_sent % {1}_beats == {1}_beats - 1)",
        e.prefix, e.stem);
  });
  text += each(out, [](const End& e) {
    return fmt::format(
        ",\n    .{0}_tvalid({1}_valid),\n    .{0}_tready({1}_ready),\n    .{0}_tdata({1}_data),\n"
        "    .{0}_tlast({1}_last)",
        e.prefix, e.stem);
  });
  return text + "\n  );\n";
}

std::string run_cycle(const std::vector<End>& in, const std::vector<End>& out) {
  std::string text =
      "  // A beat stays until it is taken; in the second pass both sides pause now and then.\n"
      "  task automatic run_cycle();\n";
  text += each(in, [](const End& e) {
    return fmt::format(
        "    if (!{0}_valid && {0}_sent < 2 * Vectors * {0}_beats &&\n"
        "        ({0}_sent < Vectors * {0}_beats || cycle % 3 != 0)) begin\n"
        "      {0}_valid = 1'b1;\n"
        "      {0}_data = {0}_words[{0}_sent % (Vectors * {0}_beats)];\n"
        "    end\n",
        e.stem);
  });
  text += each(out, [](const End& e) {
    return fmt::format("    {0}_ready = {0}_received < Vectors * {0}_beats || cycle % 5 < 2;\n",
                       e.stem);
  });
  text += "    #1;\n";
  text += each(in, [](const End& e) {
    return fmt::format("    {0}_taken = {0}_valid && {0}_ready;\n", e.stem);
  });
  text += each(out, [](const End& e) {
    return fmt::format(
        "    if ({0}_valid && {0}_ready) begin\n"
        "      if (({0}_data & {0}_masks[{0}_received % {0}_beats]) !==\n"
        "              {0}_words[{0}_received % (Vectors * {0}_beats)] ||\n"
        "          {0}_last !== ({0}_received % {0}_beats == {0}_beats - 1)) begin\n"
        "        $display(\"FAIL: cycle %0d, vector %0d, {1}_tdata: got %h, expected %h\", cycle,\n"
        "                 {0}_received / {0}_beats % Vectors, {0}_data,\n"
        "                 {0}_words[{0}_received % (Vectors * {0}_beats)]);\n"
        "        $fatal(1, \"wrong beat\");\n"
        "      end\n"
        "      {0}_received = {0}_received + 1;\n"
        "    end\n",
        e.stem, e.prefix);
  });
  text += "    #1 clk = 1'b1;\n    #2 clk = 1'b0;\n";
  text += each(in, [](const End& e) {
    return fmt::format(
        "    if ({0}_taken) begin\n      {0}_valid = 1'b0;\n      {0}_sent = {0}_sent + 1;\n"
        "    end\n",
        e.stem);
  });
  return text + "    cycle = cycle + 1;\n  endtask\n\n";
}

std::string bench_module(const StreamPackage& what, const std::vector<End>& in,
                         const std::vector<End>& out) {
  const plan::StreamPlan& plan = what.build.plan;
  std::string text = fmt::format(
      "// Bench of {}: golden vectors through the AXI4-Stream ends, every beat checked.\n"
      "// Run it with: make -C sim. Generated by {}. Do not edit.\n\n"
      "module {}_tb;\n\n"
      "  localparam int unsigned Vectors = {};\n"
      "  // Far more than the design needs for all of them.\n"
      "  localparam int unsigned MostCycles = {};\n\n"
      "  logic clk = 1'b0;\n  logic rst = 1'b0;\n  int unsigned cycle = 0;\n\n",
      what.build.design.top, kGenerator, plan.name, in[0].codes->shape.at(0),
      20 * (in[0].codes->shape.at(0) + 2) *
          (plan.sizing.timing.latency + in[0].port->beats + out[0].port->beats + 20));
  text += declarations(in, out) + "\n" + instance(what, in, out) + "\n" + run_cycle(in, out);
  text += "  initial begin\n";
  for (const auto* list : {&in, &out}) {
    text += each(*list, [](const End& e) {
      return fmt::format("    $readmemh(\"sim/{0}.mem\", {0}_words);\n", e.stem);
    });
  }
  text += each(out, [](const End& e) {
    return fmt::format("    $readmemh(\"sim/{0}_masks.mem\", {0}_masks);\n", e.stem);
  });
  text +=
      "    rst = 1'b1;\n"
      "    repeat (4) begin\n      #2 clk = 1'b1;\n      #2 clk = 1'b0;\n    end\n"
      "    rst = 1'b0;\n"
      "    while ((";
  for (const End& e : out) {
    text += fmt::format("{}{}_received < 2 * Vectors * {}_beats", &e == &out[0] ? "" : " || ",
                        e.stem, e.stem);
  }
  return text +
         fmt::format(
             ") && cycle < MostCycles) run_cycle();\n"
             "    if (cycle == MostCycles) begin\n"
             "      $display(\"FAIL: beats are missing after %0d cycles\", cycle);\n"
             "      $fatal(1, \"beats are missing\");\n"
             "    end\n"
             "    $display(\"PASS: %0d vectors in %0d cycles, all as expected\", 2 * Vectors, "
             "cycle);\n"
             "    $finish;\n"
             "  end\n\n"
             "endmodule : {}_tb\n",
             plan.name);
}

std::string read_me(const StreamPackage& what, const std::vector<End>& in,
                    const std::vector<End>& out) {
  const std::string& name = what.build.plan.name;
  std::string text = fmt::format(
      "Checking {0} by hand\n\n"
      "  make -C sim        builds and runs {1}_tb.sv with Verilator 5: PASS or FAIL\n"
      "  nib verify .       the full check: more vectors, stalls, resets, lint (from the build "
      "folder)\n\n"
      "Any other SystemVerilog simulator: compile what rtl/files.f lists and sim/{1}_tb.sv, top\n"
      "{1}_tb, and run it from the build folder, where the paths of tables/ begin.\n\n"
      "Files\n",
      what.build.design.top, name);
  for (const auto* list : {&in, &out}) {
    text += each(*list, [](const End& e) {
      return fmt::format("  {0}.npy, {0}.mem   codes of the vectors, and beats of {1}_tdata\n",
                         e.stem, e.prefix);
    });
  }
  return text +
         fmt::format(
             "  {0}.network   processes and channels of the design, for models of its timing\n"
             "  nib_{0}.h   bit-exact C++17 emulator, one header, integers only\n"
             "  {1}   the model that was built\n\n"
             "Expected beats come from the reference evaluation of the model, not from the RTL.\n",
             name, what.model_file);
}

}  // namespace

Files stream_bench(const StreamPackage& what) {
  const std::vector<End> in = ends(what, true), out = ends(what, false);
  const std::string& name = what.build.plan.name;
  Files files;
  for (const auto* list : {&in, &out}) {
    for (const End& end : *list) {
      files.push_back({"sim/" + end.stem + ".npy", npy_bytes(*end.codes, 64)});
      files.push_back({"sim/" + end.stem + ".mem", mem_file(end)});
    }
  }
  for (const End& end : out) files.push_back({"sim/" + end.stem + "_masks.mem", masks(end)});
  files.push_back({"sim/" + name + "_tb.sv", bench_module(what, in, out)});
  files.push_back({"sim/Makefile", bench_makefile(name)});
  files.push_back({"sim/README.txt", read_me(what, in, out)});
  return files;
}

}  // namespace nib::emit
