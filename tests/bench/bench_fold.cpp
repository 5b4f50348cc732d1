// Folds that the planner chooses for published networks, and what they reach by the models.
//
//   bench_fold [NAME...] [--interval] [--size] [--units] [--luts SHARE] [--evaluations N]
//   bench_fold [NAME...] --pin SIMD --pe PE
//
// NAME: kws ad08 tfc lfc cnv rn07 resnet8 resnet8_nn2fpga unet; default all but unet. --interval:
// least interval, not latency; --size: also sizes the queues; --units: what costs most. --pin:
// nothing is chosen, all layers have these folds; how long sizing takes. Device: xc7a100t-1.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "nib/import/import.h"
#include "nib/lower/lower.h"
#include "nib/plan/stream_cost.h"
#include "nib/plan/stream_planner.h"
#include "nib/plan/stream_settle.h"

namespace {

using namespace nib;

struct Network {
  const char *name, *file;
  bool argmax;
};
constexpr Network kNetworks[] = {
    {"kws", "mlperf_kws_w3a3_submission_qonnx.onnx", true},
    {"ad08", "mlperf_ad08_qonnx.onnx", false},
    {"tfc", "zoo_TFC_1W1A.onnx", true},
    {"lfc", "bnnpynq_mnist_lfc_w1a1_qonnx.onnx.gz", true},
    {"cnv", "bnnpynq_cifar10_cnv_w1a1_qonnx.onnx", true},
    {"rn07", "mlperf_rn07_qonnx.onnx", false},
    {"resnet8", "mlperf_ic_resnet8_int8_qdq.onnx", false},
    {"resnet8_nn2fpga", "nn2fpga_resnet8_a8w8b16_qonnx.onnx", false},
    {"unet", "hls4ml_tiny_unet_ch_last.onnx", false},
};

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The units that take most LUTs.
void print_units(const lower::IntegerGraph& graph, const arith::Target& target,
                 const plan::FoldGoal& goal, const plan::Folding& folding) {
  plan::StreamPlan plan = plan::build_streaming(graph, target, {}, folding);
  plan::settle_units(plan, goal.blocks * target.bram36);
  std::vector<std::pair<double, std::string>> units;
  for (const plan::stream::Unit& unit : plan.design.units) {
    const plan::Cost c = plan::stream::cost(unit.spec);
    units.emplace_back(c.lut, fmt::format("{:32} {:7.0f} LUT {:7.0f} FF {:6.1f} BRAM36 {:4.0f} DSP",
                                          unit.name, c.lut, c.ff, c.bram36, c.dsp));
  }
  std::stable_sort(units.begin(), units.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < std::min<std::size_t>(units.size(), 14); ++i) {
    fmt::print("    {}\n", units[i].second);
  }
}

/// Sizes the queues of a design with `fold` in every layer that multiplies.
void size_pinned(const Network& network, const lower::IntegerGraph& graph,
                 const arith::Target& target, const plan::LayerFold& fold) {
  plan::Folding folding;
  for (const plan::StreamLayer& layer : plan::build_streaming(graph, target, {}, {}).layers) {
    if (layer.macs > 0) folding[layer.name] = fold;
  }
  plan::StreamPlan plan = plan::build_streaming(graph, target, {}, folding);
  plan::settle_units(plan, plan::kBlocks * target.bram36);
  const double start = seconds();
  plan::size_streaming(plan);
  const plan::stream::Sizing& s = plan.sizing;
  fmt::print("{}: {} channels, {} runs, {:.1f} s; {} bits, at least {}; latency {}, interval {}\n",
             network.name, s.depths.size(), s.probes, seconds() - start, s.bits, s.least_bits,
             s.timing.latency, s.timing.cycles / s.timing.frames);
}

void run(const Network& network, const plan::FoldGoal& goal, const plan::LayerFold& pinned,
         bool size, bool units) {
  const std::string path = std::string(NIB_SHARED_DIR) + "/models/" + network.file;
  if (!std::filesystem::exists(path)) return fmt::print("{}: no {}\n", network.name, path);
  importer::Options options;
  options.argmax = network.argmax;
  const lower::IntegerGraph graph = lower::lower(importer::read_model(path, options));
  const arith::Target& target = arith::find_target("xc7a100t-1");
  if (pinned.simd > 0) return size_pinned(network, graph, target, pinned);
  const double start = seconds();
  const plan::FoldChoice choice = plan::choose_folding(graph, target, {}, goal);
  fmt::print("{}: latency {} interval {}{}, {} designs in {:.1f} s\n", network.name, choice.latency,
             choice.interval, choice.fits ? "" : " (does not fit)", choice.evaluations,
             seconds() - start);
  for (const auto& [layer, f] : choice.folding) {
    fmt::print("  {:24} {}\n", layer, plan::to_text(f));
  }
  for (const std::string& note : choice.notes) fmt::print("  {}\n", note);
  if (units) print_units(graph, target, goal, choice.folding);
  if (!size) return;
  const plan::StreamPlan plan = plan::plan_folded(graph, target, {}, goal);
  plan::Cost cost;
  for (const plan::StreamLayer& layer : plan.layers) {
    fmt::print("  {:24} {:7.0f} LUT {:7.0f} FF {:6.1f} BRAM36 {:4.0f} DSP\n", layer.name,
               layer.cost.lut, layer.cost.ff, layer.cost.bram36, layer.cost.dsp);
    cost.lut += layer.cost.lut;
    cost.bram36 += layer.cost.bram36;
  }
  fmt::print("  sized: latency {} interval {}/{}, {:.0f} LUT, {:.1f} BRAM36, {:.1f} s in all\n",
             plan.sizing.timing.latency, plan.sizing.timing.cycles, plan.sizing.timing.frames,
             cost.lut, cost.bram36, seconds() - start);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  plan::FoldGoal goal;
  const auto value = [&](const std::string& name) {
    const auto at = std::find(words.begin(), words.end(), name);
    if (at == words.end() || at + 1 == words.end()) return std::string();
    const std::string text = *(at + 1);
    words.erase(at, at + 2);
    return text;
  };
  if (const std::string luts = value("--luts"); !luts.empty()) goal.luts = std::stod(luts);
  if (const std::string n = value("--evaluations"); !n.empty()) goal.evaluations = std::stoi(n);
  plan::LayerFold pinned;
  pinned.simd = pinned.pe = 0;
  if (const std::string n = value("--pin"); !n.empty()) pinned.simd = pinned.pe = std::stoi(n);
  if (const std::string n = value("--pe"); !n.empty()) pinned.pe = std::stoi(n);
  if (std::erase(words, "--interval") > 0) goal.objective = plan::Objective::kInterval;
  const bool size = std::erase(words, "--size") > 0, units = std::erase(words, "--units") > 0;
  for (const Network& network : kNetworks) {
    const bool named = std::count(words.begin(), words.end(), network.name) > 0;
    if (named || (words.empty() && std::string_view(network.name) != "unet")) {
      run(network, goal, pinned, size, units);
    }
  }
  return 0;
}
