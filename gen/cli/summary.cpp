// What a build tells on standard output.
#include "nib/cli/summary.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "nib/emit/manifest.h"
#include "nib/emit/text_template.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

template <class Layers>
plan::Cost total_cost(const Layers& layers) {
  plan::Cost total;
  for (const auto& layer : layers) {
    total.lut += layer.cost.lut;
    total.carry4 += layer.cost.carry4;
    total.ff += layer.cost.ff;
    total.bram36 += layer.cost.bram36;
    total.dsp += layer.cost.dsp;
  }
  return total;
}

Json cost_json(const plan::Cost& cost) {
  return {{"lut", std::llround(cost.lut)},
          {"carry4", std::llround(cost.carry4)},
          {"ff", std::llround(cost.ff)},
          {"bram36", std::llround(cost.bram36)},
          {"dsp", std::llround(cost.dsp)}};
}

std::string cost_text(const plan::Cost& cost) {
  return fmt::format("{:.0f} LUT, {:.0f} CARRY4, {:.0f} FF, {:.0f} BRAM36, {:.0f} DSP (model)",
                     cost.lut, cost.carry4, cost.ff, cost.bram36, cost.dsp);
}

double latency_ns(const plan::Plan& plan, int cycles) {
  return cycles == 0 ? plan.period_model_ns : cycles * 1000.0 / plan.clock_mhz;
}

std::string facts(const plan::Plan& plan, const std::string& top, const std::string& folder,
                  int latency, int interval, const plan::Cost& cost) {
  std::string text = fmt::format("{}: {} on {} at {} MHz\n", folder, top, plan.target.name,
                                 emit::decimal(plan.clock_mhz));
  text += fmt::format("  latency   {} cycles, {} ns\n", latency,
                      emit::decimal(latency_ns(plan, latency)));
  text += fmt::format("  interval  {} cycle{}\n", interval, interval == 1 ? "" : "s");
  return text + "  cost      " + cost_text(cost) + "\n";
}

std::string json_text(const plan::Plan& plan, const std::string& top, const std::string& folder,
                      int latency, int interval, const plan::Cost& cost) {
  Json j{{"folder", folder}, {"name", plan.name}, {"top", top}};
  j["target"] = plan.target.name;
  j["clock_mhz"] = plan.clock_mhz;
  j["latency_cycles"] = latency;
  j["interval_cycles"] = interval;
  j["latency_ns_model"] = std::round(latency_ns(plan, latency) * 1000) / 1000;
  j["cost_model"] = cost_json(cost);
  j["notes"] = plan.notes;
  return emit::pretty_json(j.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string plan_text(const plan::Plan& plan, const std::string& top, const std::string& folder) {
  std::string text =
      facts(plan, top, folder, plan.latency_cycles, plan.interval_cycles, total_cost(plan.layers));
  for (const plan::Layer& layer : plan.layers) {
    text += fmt::format("  layer     {}: {} cycles, {} adders, {:.0f} LUT, {:.0f} FF\n", layer.name,
                        layer.latency_cycles, layer.adders, layer.cost.lut, layer.cost.ff);
  }
  for (const std::string& note : plan.notes) text += "  note      " + note + "\n";
  return text + fmt::format("Check it with: nib verify {}\n", folder);
}

std::string plan_json(const plan::Plan& plan, const std::string& top, const std::string& folder) {
  return json_text(plan, top, folder, plan.latency_cycles, plan.interval_cycles,
                   total_cost(plan.layers));
}

std::string stream_text(const plan::StreamPlan& plan, const std::string& top,
                        const std::string& folder) {
  const plan::stream::Timing& t = plan.sizing.timing;
  const double ns = 1000.0 / plan.clock_mhz;
  const double interval = static_cast<double>(t.cycles) / static_cast<double>(t.frames);
  std::string text = fmt::format("{}: {} on {} at {} MHz, streaming\n", folder, top,
                                 plan.target.name, emit::decimal(plan.clock_mhz));
  text += fmt::format("  latency   {} cycles, {} ns\n", t.latency,
                      emit::decimal(static_cast<double>(t.latency) * ns));
  text += fmt::format(
      "  interval  {} cycle{}, {:.0f} frames a second\n",
      t.frames == 1 ? std::to_string(t.cycles) : fmt::format("{}/{}", t.cycles, t.frames),
      interval == 1 ? "" : "s", 1e9 / (interval * ns));
  text += fmt::format("  queues    {} bits, each as short as can be; at least {}\n",
                      plan.sizing.bits, plan.sizing.least_bits);
  text += "  cost      " + cost_text(total_cost(plan.layers)) + "\n";
  for (const plan::StreamLayer& layer : plan.layers) {
    text += fmt::format("  layer     {}: {}; {} multiply-accumulates, {:.0f} LUT, {:.0f} FF\n",
                        layer.name, plan::to_text(layer.fold), layer.macs, layer.cost.lut,
                        layer.cost.ff);
  }
  for (const std::string& note : plan.notes) text += "  note      " + note + "\n";
  return text + fmt::format("Check it with: nib verify {}\n", folder);
}

std::string stream_json(const plan::StreamPlan& plan, const std::string& top,
                        const std::string& folder) {
  const plan::stream::Timing& t = plan.sizing.timing;
  Json j{{"folder", folder}, {"name", plan.name}, {"top", top}, {"style", "streaming"}};
  j["target"] = plan.target.name;
  j["clock_mhz"] = plan.clock_mhz;
  j["latency_cycles"] = t.latency;
  j["interval_cycles"] = (t.cycles + t.frames - 1) / t.frames;
  j["certificate"] = {{"frames", t.frames}, {"cycles", t.cycles}, {"first_state", t.first_state}};
  j["latency_ns_model"] =
      std::round(static_cast<double>(t.latency) * 1000.0 / plan.clock_mhz * 1000) / 1000;
  j["queue_bits"] = plan.sizing.bits;
  j["cost_model"] = cost_json(total_cost(plan.layers));
  j["notes"] = plan.notes;
  return emit::pretty_json(j.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string fifo_text(const Block& fifo, const std::string& folder) {
  return facts(fifo.plan, fifo.design.top, folder, fifo.latency_cycles, fifo.interval_cycles,
               fifo.cost) +
         fmt::format("Check it with: nib verify {}\n", folder);
}

std::string fifo_json(const Block& fifo, const std::string& folder) {
  return json_text(fifo.plan, fifo.design.top, folder, fifo.latency_cycles, fifo.interval_cycles,
                   fifo.cost);
}

}  // namespace nib::cli
