// Which layer and neuron went wrong first: the design again, with its layers' nets led out.
#include <fmt/format.h>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/sim/flow.h"

namespace nib::sim {
namespace {

/// A module around the design whose ports are the design's and one more per probed net.
std::string probe_module(const Dut& dut, const std::vector<std::string>& nets,
                         const std::vector<DutPort>& probes) {
  std::string ports, pins, assigns;
  const auto add = [&](const char* direction, const std::string& name, int width) {
    if (name.empty()) return;
    ports += fmt::format("{}  {} logic [{}:0] {}", ports.empty() ? "" : ",\n", direction, width - 1,
                         name);
    pins += fmt::format("{}.{}({})", pins.empty() ? "" : ", ", name, name);
  };
  add("input", dut.clock, 1);
  add("input", dut.reset, 1);
  add("input", dut.in_valid, 1);
  for (const DutPort& port : dut.inputs) add("input", port.name, port.width);
  add("output", dut.out_valid, 1);
  for (const DutPort& port : dut.outputs) add("output", port.name, port.width);
  for (std::size_t i = 0; i < nets.size(); ++i) {
    ports += fmt::format(",\n  output logic [{}:0] {}", probes[i].width - 1, probes[i].name);
    assigns += fmt::format("  assign {} = nib_dut_i.{};\n", probes[i].name, nets[i]);
  }
  return fmt::format("module nib_probe (\n{}\n);\n  {} nib_dut_i ({});\n{}endmodule\n", ports,
                     dut.top, pins, assigns);
}

/// The inputs of one vector as real values.
std::vector<Tensor<double>> inputs_of(const Oracle& oracle, const Manifest& manifest,
                                      const Vectors& vectors, std::int64_t vector) {
  std::vector<std::int64_t> codes;
  for (std::size_t k = 0; k < manifest.inputs.size(); ++k) {
    for (const Element& e : manifest.inputs[k].word.elements) {
      codes.push_back(get_code(vectors.inputs[k].row(vector), e));
    }
  }
  return oracle.values_of(codes);
}

std::string codes_text(const Manifest& manifest, const Vectors& vectors, std::int64_t vector) {
  std::string text;
  std::size_t count = 0;
  for (std::size_t k = 0; k < manifest.inputs.size(); ++k) {
    for (const Element& e : manifest.inputs[k].word.elements) {
      if (++count > 16) return text + " ...";
      text += fmt::format("{}{}", text.empty() ? "" : " ",
                          to_string(get_code(vectors.inputs[k].row(vector), e)));
    }
  }
  return text;
}

struct Probes {
  Dut dut;
  std::vector<std::size_t> layers;  ///< with a probe, in order
  std::vector<int> first_piece;     ///< of each in the log
};

Probes probed_dut(const std::filesystem::path& folder, const Manifest& manifest,
                  const std::filesystem::path& wrapper) {
  Probes probes;
  probes.dut = flow_dut(folder, manifest);
  const Dut plain = probes.dut;
  std::vector<std::string> nets;
  std::vector<DutPort> extra;
  int at = pieces_of(plain.outputs);
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const LayerProbe& layer = manifest.layers[i];
    if (layer.net.empty()) continue;
    probes.layers.push_back(i);
    probes.first_piece.push_back(at);
    at += pieces_of(layer.word.width);
    nets.push_back(layer.net);
    extra.push_back({fmt::format("nib_probe_{}", i), layer.word.width});
  }
  nib::write_file(wrapper, probe_module(plain, nets, extra));
  probes.dut.outputs.insert(probes.dut.outputs.end(), extra.begin(), extra.end());
  probes.dut.sources.push_back(std::filesystem::absolute(wrapper).string());
  probes.dut.top = "nib_probe";
  return probes;
}

std::string first_wrong_layer(const Manifest& manifest, const Probes& probes, const FlowLog& log,
                              const std::vector<std::vector<BigInt>>& expected,
                              std::int64_t input_cycle) {
  for (std::size_t p = 0; p < probes.layers.size(); ++p) {
    const LayerProbe& layer = manifest.layers[probes.layers[p]];
    const std::int64_t cycle = input_cycle + layer.stage;
    if (cycle >= log.cycles()) continue;
    const auto word = log.words(cycle, probes.first_piece[p], pieces_of(layer.word.width));
    for (std::size_t e = 0; e < layer.word.elements.size(); ++e) {
      if (!layer.word.elements[e].live) continue;
      const BigInt got = get_code(word, layer.word.elements[e]);
      if (got == expected[p][e]) continue;
      return fmt::format(
          "layer {} neuron {} is the first to go wrong: cycle {}, got {}, expected "
          "{}",
          layer.name, e, cycle, to_string(got), to_string(expected[p][e]));
    }
  }
  return "all layers' words are right: the fault lies behind them";
}

}  // namespace

std::string locate(const std::filesystem::path& folder, const Manifest& manifest, Oracle& oracle,
                   const FlowPlan& plan, const Vectors& vectors, const FlowMismatch& mismatch,
                   int threads) {
  if (mismatch.vector < 0) return {};
  const std::string inputs = codes_text(manifest, vectors, mismatch.vector);
  try {
    const TempDir temp;
    const Probes probes = probed_dut(folder, manifest, temp.path() / "nib_probe.sv");
    if (probes.layers.empty()) return "input codes " + inputs + "; no layer has a probe";
    Bench bench(probes.dut, BenchKind::kFlow, threads);
    bench.verilate();
    bench.compile();
    FlowPlan part = plan;
    part.cycles.resize(std::min(part.cycles.size(), static_cast<std::size_t>(mismatch.cycle + 1)));
    const FlowLog log = run_flow(bench, part, vectors);
    const CodeRows golden =
        oracle.evaluate(inputs_of(oracle, manifest, vectors, mismatch.vector), true);
    return fmt::format(
        "{}; input codes {}",
        first_wrong_layer(manifest, probes, log, golden.layers, mismatch.input_cycle), inputs);
  } catch (const Fault& fault) {
    return fmt::format("input codes {}; the layers could not be probed: {}", inputs, fault.text);
  }
}

}  // namespace nib::sim
