// A bench that a user runs by hand: vectors, a SystemVerilog module, a Makefile and a README.
#include "nib/emit/bench.h"

#include <fmt/format.h>

#include "nib/base/check.h"
#include "nib/base/version.h"
#include "nib/emit/manifest_json.h"
#include "nib/emit/ports.h"
#include "nib/num/npy.h"

namespace nib::emit {
namespace {

/// One port of the bench: its word, its name, and the files of its vectors.
struct BenchPort {
  const plan::Word* word;
  PortNames names;
  std::string stem;  ///< "in", or "in0", "in1", ...: names the bench's signals and files
  const Tensor<BigInt>* codes;
  int width;  ///< of the port: at least 1, whole bytes for AXI4-Stream
};

std::vector<BenchPort> bench_ports(const Package& what, bool is_input) {
  const auto& words = is_input ? what.plan.inputs : what.plan.outputs;
  const auto& tensors = is_input ? what.vectors->inputs : what.vectors->outputs;
  NIB_CHECK(tensors.size() == words.size(), "vectors for every port");
  std::vector<BenchPort> ports;
  for (std::size_t k = 0; k < words.size(); ++k) {
    const int width = std::max(words[k].width, 1);
    const std::string stem =
        std::string(is_input ? "in" : "out") + (words.size() > 1 ? std::to_string(k) : "");
    ports.push_back({&words[k], is_input ? input_port(what.plan, k) : output_port(what.plan, k),
                     stem, &tensors[k], what.plan.goal.wrap_axis ? (width + 7) / 8 * 8 : width});
  }
  return ports;
}

std::int64_t rows_of(const Package& what) {
  const std::int64_t rows = what.vectors->inputs.at(0).shape.at(0);
  for (const auto* list : {&what.vectors->inputs, &what.vectors->outputs}) {
    for (const Tensor<BigInt>& t : *list) {
      NIB_CHECK(t.shape.size() == 2 && t.shape[0] == rows, "vectors are rows x elements");
    }
  }
  return rows;
}

std::string mem_file(const BenchPort& port) {
  const auto elements = static_cast<std::int64_t>(port.word->elements.size());
  NIB_CHECK(port.codes->shape.at(1) == elements, "one code per element");
  std::string text =
      fmt::format("// Words of {}, {} bits, one per line.\n", port.names.data, port.width);
  for (std::int64_t row = 0; row < port.codes->shape[0]; ++row) {
    text += pack_hex(*port.word, port.codes->data.data() + row * elements) + '\n';
  }
  return text;
}

/// Calls `line` for every port and joins what it returns.
template <class Line>
std::string each(const std::vector<BenchPort>& ports, Line line) {
  std::string text;
  for (const BenchPort& port : ports) text += line(port);
  return text;
}

std::string declarations(const std::vector<BenchPort>& in, const std::vector<BenchPort>& out) {
  std::string text = each(in, [](const BenchPort& p) {
    return fmt::format("  logic [{}:0] {}_data = '0;\n  logic [{}:0] {}_words [Vectors];\n",
                       p.width - 1, p.stem, p.width - 1, p.stem);
  });
  return text + each(out, [](const BenchPort& p) {
           return fmt::format("  logic [{}:0] {}_data;\n  logic [{}:0] {}_words [Vectors];\n",
                              p.width - 1, p.stem, p.width - 1, p.stem);
         });
}

std::string instance(const Package& what, const std::vector<BenchPort>& in,
                     const std::vector<BenchPort>& out) {
  std::vector<std::pair<std::string, std::string>> pins{{clock_port(what.plan), "clk"}};
  const std::string reset = reset_port(what.plan);
  if (!reset.empty()) pins.emplace_back(reset, "rst");
  pins.emplace_back(in[0].names.valid, "in_valid");
  if (!in[0].names.ready.empty()) pins.emplace_back(in[0].names.ready, "in_ready");
  for (const BenchPort& p : in) pins.emplace_back(p.names.data, p.stem + "_data");
  pins.emplace_back(out[0].names.valid, "out_valid");
  if (!out[0].names.ready.empty()) pins.emplace_back(out[0].names.ready, "out_ready");
  for (const BenchPort& p : out) pins.emplace_back(p.names.data, p.stem + "_data");
  if (what.plan.goal.wrap_axis) {
    pins.emplace_back("s_axis_tlast", "1'b1");
    pins.emplace_back("m_axis_tlast", "");  // a beat is a whole vector
  }
  std::string text = "  " + what.design.top + " u_dut (\n";
  for (std::size_t k = 0; k < pins.size(); ++k) {
    text += fmt::format("    .{}({}){}\n", pins[k].first, pins[k].second,
                        k + 1 < pins.size() ? "," : "");
  }
  return text + "  );\n";
}

/// Words in, and the first word that comes out wrong ends the run.
std::string checks(const std::vector<BenchPort>& out) {
  return each(out, [](const BenchPort& p) {
    return fmt::format(
        "      if ({0}_data !== {0}_words[received % Vectors]) begin\n"
        "        $display(\"FAIL: cycle %0d, vector %0d, {1}: got %h, expected %h\", cycle,\n"
        "                 received % Vectors, {0}_data, {0}_words[received % Vectors]);\n"
        "        $fatal(1, \"wrong word\");\n"
        "      end\n",
        p.stem, p.names.data);
  });
}

std::string drive(const std::vector<BenchPort>& in, const char* indent, const char* value) {
  return each(in, [&](const BenchPort& p) {
    return fmt::format("{}{}_data = {}{}_words[sent % Vectors];\n", indent, p.stem, value, p.stem);
  });
}

/// Fixed latency: valid must come exactly Latency cycles behind valid.
std::string trigger_body(const Package& what, const std::vector<BenchPort>& in,
                         const std::vector<BenchPort>& out) {
  std::string text = fmt::format(
      "  // history[k]: in_valid of k cycles ago.\n"
      "  logic [Latency:0] history = '0;\n\n"
      "  // Drives one cycle and checks what it shows before its clock edge.\n"
      "  task automatic run_cycle(input logic valid);\n"
      "    in_valid = valid;\n"
      "    if (valid) begin\n{}"
      "    end else begin\n"
      "      // A word that no one may look at.\n{}"
      "    end\n"
      "    history[0] = valid;\n"
      "    if (valid) sent = sent + 1;\n"
      "    #1;\n"
      "    if (out_valid !== history[Latency]) begin\n"
      "      $display(\"FAIL: cycle %0d: out_valid is %b\", cycle, out_valid);\n"
      "      $fatal(1, \"wrong latency\");\n"
      "    end\n"
      "    if (out_valid) begin\n{}"
      "      received = received + 1;\n"
      "    end\n"
      "    #1 clk = 1'b1;\n"
      "    #2 clk = 1'b0;\n"
      "    history = history << 1;\n"
      "    cycle = cycle + 1;\n"
      "  endtask\n\n",
      drive(in, "      ", ""), drive(in, "      ", "~"), checks(out));
  (void)what;
  return text +
         "  initial begin\n"
         "    read_words();\n"
         "    // Back to back, then with a gap behind every second word.\n"
         "    while (sent < Vectors) run_cycle(1'b1);\n"
         "    while (sent < 2 * Vectors) run_cycle(cycle % 3 != 0);\n"
         "    while (received < sent && cycle < 8 * Vectors + 2 * Latency) run_cycle(1'b0);\n";
}

/// AXI4-Stream ends: words stay in order under stalls on both sides.
std::string stream_body(const std::vector<BenchPort>& in, const std::vector<BenchPort>& out) {
  return fmt::format(
      "  // A held word stays until it is accepted; both sides pause now and then.\n"
      "  task automatic run_cycle();\n"
      "    if (!in_valid && sent < 2 * Vectors && (sent < Vectors || cycle % 3 != 0)) begin\n"
      "      in_valid = 1'b1;\n{}"
      "    end\n"
      "    out_ready = received < Vectors || cycle % 5 < 2;\n"
      "    #1;\n"
      "    taken = in_valid && in_ready;\n"
      "    if (out_valid && out_ready) begin\n{}"
      "      received = received + 1;\n"
      "    end\n"
      "    #1 clk = 1'b1;\n"
      "    #2 clk = 1'b0;\n"
      "    if (taken) begin\n"
      "      in_valid = 1'b0;\n"
      "      sent = sent + 1;\n"
      "    end\n"
      "    cycle = cycle + 1;\n"
      "  endtask\n\n"
      "  initial begin\n"
      "    read_words();\n"
      "    rst = 1'b1;\n"
      "    repeat (4) begin\n"
      "      #2 clk = 1'b1;\n"
      "      #2 clk = 1'b0;\n"
      "    end\n"
      "    rst = 1'b0;\n"
      "    while (received < 2 * Vectors && cycle < 16 * Vectors + 16 * Latency) run_cycle();\n",
      drive(in, "      ", ""), checks(out));
}

std::string bench_module(const Package& what, const std::vector<BenchPort>& in,
                         const std::vector<BenchPort>& out) {
  const std::string& name = what.plan.name;
  const bool axis = what.plan.goal.wrap_axis;
  std::string text = fmt::format(
      "// Bench of {}: golden vectors through the RTL, every word checked{}.\n"
      "// Run it with: make -C sim. Generated by {}. Do not edit.\n\n"
      "module {}_tb;\n\n"
      "  localparam int unsigned Vectors = {};\n"
      "  localparam int unsigned Latency = {};\n\n"
      "  logic clk = 1'b0;\n",
      what.design.top, axis ? "" : " at its cycle", kGenerator, name, rows_of(what),
      what.plan.latency_cycles);
  if (!reset_port(what.plan).empty()) text += "  logic rst = 1'b0;\n";
  text += "  logic in_valid = 1'b0;\n";
  if (axis) text += "  logic in_ready;\n  logic taken;\n  logic out_ready = 1'b0;\n";
  text += "  logic out_valid;\n" + declarations(in, out);
  text += "  int unsigned cycle = 0;\n  int unsigned sent = 0;\n  int unsigned received = 0;\n\n";
  text += instance(what, in, out);
  text += "\n  task automatic read_words();\n";
  for (const auto* ports : {&in, &out}) {
    text += each(*ports, [](const BenchPort& p) {
      return fmt::format("    $readmemh(\"sim/{0}.mem\", {0}_words);\n", p.stem);
    });
  }
  text += "  endtask\n\n";
  text += axis ? stream_body(in, out) : trigger_body(what, in, out);
  return text +
         fmt::format(
             "    if (received != 2 * Vectors) begin\n"
             "      $display(\"FAIL: %0d of %0d words came out\", received, 2 * Vectors);\n"
             "      $fatal(1, \"words are missing\");\n"
             "    end\n"
             "    $display(\"PASS: %0d words in %0d cycles, all as expected\", received, cycle);\n"
             "    $finish;\n"
             "  end\n\n"
             "endmodule : {}_tb\n",
             name);
}

std::string read_me(const Package& what, const std::vector<BenchPort>& in,
                    const std::vector<BenchPort>& out) {
  const std::string& name = what.plan.name;
  std::string text = fmt::format(
      "Checking {0} by hand\n\n"
      "  make -C sim        builds and runs {1}_tb.sv with Verilator 5: PASS or FAIL\n"
      "  nib verify .       the full check: more vectors, every layer, lint (from the build "
      "folder)\n"
      "\n"
      "Any other SystemVerilog simulator: compile what rtl/files.f lists and sim/{1}_tb.sv, top\n"
      "{1}_tb, and run it from the build folder.\n\n"
      "Files\n",
      what.design.top, name);
  for (const auto* ports : {&in, &out}) {
    text += each(*ports, [](const BenchPort& p) {
      return fmt::format("  {0}.npy, {0}.mem   codes{2} and packed words of port {1}\n", p.stem,
                         p.names.data, widest(*p.word) > 64 ? " (decimal text)" : "");
    });
  }
  text += fmt::format(
      "  nib_{}.h   bit-exact C++17 emulator, one header, integers only\n"
      "  {}   the model that was built\n\n"
      "Expected words come from the reference evaluation of the model, not from the RTL.\n",
      name, what.model_file);
  return text;
}

}  // namespace

std::string bench_makefile(const std::string& name) {
  return fmt::format(
      "# Builds and runs the bench with Verilator 5; run from anywhere: make -C sim\n"
      "VERILATOR ?= verilator\n\n"
      ".PHONY: run clean\n"
      "run: obj_dir/V{0}_tb\n"
      "\tcd .. && ./sim/obj_dir/V{0}_tb\n\n"
      "obj_dir/V{0}_tb: {0}_tb.sv ../rtl/files.f $(wildcard ../rtl/*.sv)\n"
      "\tcd .. && $(VERILATOR) --binary --timing --assert -j 0 --top-module {0}_tb \\\n"
      "\t  --Mdir sim/obj_dir -f rtl/files.f sim/{0}_tb.sv\n\n"
      "clean:\n"
      "\trm -rf obj_dir\n",
      name);
}

std::string pack_hex(const plan::Word& word, const BigInt* codes) {
  const int width = std::max(word.width, 1);
  std::vector<unsigned> digits((static_cast<std::size_t>(width) + 3) / 4, 0);
  for (std::size_t k = 0; k < word.elements.size(); ++k) {
    const plan::Element& e = word.elements[k];
    NIB_CHECK(e.bits == 0 || full_range(e.bits, e.is_signed).contains(codes[k]),
              "a code that its element cannot hold");
    for (int bit = 0; bit < e.bits; ++bit) {
      const auto at = static_cast<std::size_t>(e.lsb + bit);
      NIB_CHECK(at < static_cast<std::size_t>(width), "an element beyond its word");
      digits[at / 4] |= static_cast<unsigned>(codes[k].bit(bit)) << (at % 4);
    }
  }
  std::string text;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it) text += "0123456789abcdef"[*it];
  return text;
}

Files bench(const Package& what) {
  const std::vector<BenchPort> in = bench_ports(what, true);
  const std::vector<BenchPort> out = bench_ports(what, false);
  Files files;
  for (const auto* ports : {&in, &out}) {
    for (const BenchPort& port : *ports) {
      files.push_back({"sim/" + port.stem + ".npy", npy_bytes(*port.codes, widest(*port.word))});
      files.push_back({"sim/" + port.stem + ".mem", mem_file(port)});
    }
  }
  files.push_back({"sim/" + what.plan.name + "_tb.sv", bench_module(what, in, out)});
  files.push_back({"sim/Makefile", bench_makefile(what.plan.name)});
  files.push_back({"sim/README.txt", read_me(what, in, out)});
  return files;
}

}  // namespace nib::emit
