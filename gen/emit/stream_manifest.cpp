// manifest.json of a streaming build: ports by beats, layers by folds, queues, the certificate.
#include <algorithm>
#include <optional>

#include "nib/base/check.h"
#include "nib/emit/manifest_json.h"
#include "nib/emit/streaming.h"
#include "nib/map/map_streaming.h"

namespace nib::emit {
namespace {

using plan::StreamPlan;
using plan::StreamPort;
using plan::stream::Tight;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

Json port_json(const StreamPackage& what, bool is_input, std::size_t k) {
  const StreamPlan& plan = what.build.plan;
  const lower::IntegerGraph& graph = what.build.integer_graph;
  const StreamPort& port = is_input ? plan.inputs[k] : plan.outputs[k];
  const lower::Value& value = graph.value((is_input ? graph.inputs : graph.outputs).at(k));
  const std::string prefix = map::axis_prefix(plan, is_input, k);
  Json j{{"name", (is_input ? graph.input_names : graph.output_names).at(k)}};
  j["tensor"] = value.is_graph_tensor ? Json(value.name) : Json();
  j["shape"] = port.word.shape;
  j["port"] = prefix + "_tdata";
  j["valid"] = prefix + "_tvalid";
  j["ready"] = prefix + "_tready";
  j["last"] = prefix + "_tlast";
  j["width"] = port.word.width;
  j["stream"] = {{"beats", port.beats},
                 {"elements_per_beat", port.elements_per_beat},
                 {"channel", port.channel}};
  j["elements"] = Json::array();
  for (std::size_t e = 0; e < port.word.elements.size(); ++e) {
    Json element{{"beat", port.beat.at(e)}};
    element.update(element_json(port.word.elements[e], is_input));
    j["elements"].push_back(std::move(element));
  }
  return j;
}

Json layer_json(const StreamPackage& what, std::size_t k) {
  const plan::StreamLayer& layer = what.build.plan.layers[k];
  Json j{{"name", layer.name},
         {"nodes", layer.nodes},
         {"module", what.build.design.modules.at(k)},
         {"style", "streaming"}};
  if (layer.fold.digit > 0) {
    j["fold"] = {{"digit", layer.fold.digit}};
  } else {
    j["fold"] = {{"simd", layer.fold.simd},
                 {"pe", layer.fold.pe},
                 {"input_stationary", layer.fold.input_stationary}};
  }
  j["macs"] = layer.macs;
  j["nonzero"] = layer.nonzero;
  j["cost_model"] = cost_json(layer.cost);
  return j;
}

/// Storage of each channel's queue, as nib_outq chooses it.
std::vector<std::string> storages(const StreamPlan& plan) {
  std::vector<std::string> names(plan.design.network.channels.size());
  for (const plan::stream::Unit& unit : plan.design.units) {
    const plan::stream::Contract contract = plan::stream::contract(unit.spec);
    for (std::size_t o = 0; o < unit.outputs.size(); ++o) {
      const plan::stream::Queue& queue = contract.outputs[o].queue;
      constexpr std::int64_t kRegisters = 2, kShift = 32, kLutRam = 64;
      const int by_depth = queue.depth <= kRegisters ? 1
                           : queue.depth <= kShift   ? 2
                           : queue.depth <= kLutRam  ? 3
                                                     : 4;
      constexpr const char* kNames[] = {"", "registers", "shift registers", "LUT RAM", "block RAM"};
      names[at(unit.outputs[o])] = kNames[queue.storage == 0 ? by_depth : queue.storage];
    }
  }
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (plan.design.network.channels[c].is_ring) names[c] = "ring";
  }
  return names;
}

const char* tight_text(Tight tight) {
  switch (tight) {
    case Tight::kFloor:
      return "floor";
    case Tight::kDeadlock:
      return "deadlock";
    case Tight::kInterval:
      return "interval";
    case Tight::kLatency:
      return "latency";
  }
  return "";
}

/// Every queue and ring whose depth was chosen, and what one word less would break.
Json fifos_json(const StreamPlan& plan) {
  const std::vector<char> fixed = plan::stream::fixed_channels(plan.design);
  const std::vector<std::string> storage = storages(plan);
  Json list = Json::array();
  for (std::size_t c = 0; c < plan.design.network.channels.size(); ++c) {
    const plan::stream::Channel& channel = plan.design.network.channels[c];
    if (fixed[c] != 0 || storage[c].empty()) continue;
    Json j{{"name", channel.name}, {"depth", channel.depth}, {"width", channel.bits}};
    j["storage"] = storage[c];
    if (c < plan.sizing.tight.size()) j["tight"] = tight_text(plan.sizing.tight[c]);
    list.push_back(std::move(j));
  }
  return list;
}

Json streams_json(const StreamPackage& what) {
  const StreamPlan& plan = what.build.plan;
  Json list = Json::array();
  for (std::size_t c = 0; c < plan.design.network.channels.size(); ++c) {
    const map::StreamNet& net = what.build.design.streams.at(c);
    Json j{{"name", plan.design.network.channels[c].name},
           {"width", plan.design.formats[c].width()}};
    if (!net.net.empty()) {
      j["net"] = net.net;
      j["index"] = net.index;
    }
    list.push_back(std::move(j));
  }
  return list;
}

/// Strides of an affine map from the elements of `shape` in C order to `place`, place 0 first;
/// none where there is none.
std::optional<std::vector<std::int64_t>> affine(const Shape& shape,
                                                const std::vector<std::int64_t>& place) {
  std::vector<std::int64_t> strides(shape.size(), 0);
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] > 1) strides[d] = place[at(step)] - place[0];
    step *= shape[d];
  }
  if (step != static_cast<std::int64_t>(place.size()) || place[0] != 0) return std::nullopt;
  for (std::int64_t e = 0; e < step; ++e) {
    std::int64_t left = e, expected = 0;
    for (std::size_t d = shape.size(); d-- > 0;) {
      expected += left % shape[d] * strides[d];
      left /= shape[d];
    }
    if (place[at(e)] != expected) return std::nullopt;
  }
  return strides;
}

/// One number where all are equal, else all.
Json compact(std::vector<std::string> texts) {
  const bool same =
      std::adjacent_find(texts.begin(), texts.end(), std::not_equal_to<>()) == texts.end();
  if (same && !texts.empty()) return texts.front();
  return texts;
}

Json probe_json(const StreamPackage& what, const StreamPlan::Probe& probe) {
  const plan::stream::Format& format = what.build.plan.design.formats[at(probe.channel)];
  const auto& values = what.build.integer_graph.values;
  const auto value = std::find_if(values.begin(), values.end(), [&](const lower::Value& v) {
    return v.is_graph_tensor && v.name == probe.tensor;
  });
  NIB_CHECK(value != values.end(), "a probe of a graph tensor");
  std::vector<std::string> scales, offsets;
  for (std::int64_t e = 0; e < value->elements(); ++e) {
    const Rational scale = value->scale_of(e);
    scales.push_back(to_string(scale * to_rational(probe.span)));
    offsets.push_back(to_string(scale * to_rational(probe.low) + value->offset_of(e)));
  }
  Json j{{"tensor", probe.tensor}, {"stream", probe.channel}};
  j["lanes"] = format.lanes;
  j["bits"] = format.bits;
  j["signed"] = format.kind == plan::stream::Kind::kSigned;
  j["scale"] = compact(std::move(scales));
  j["offset"] = compact(std::move(offsets));
  j["shape"] = value->shape;
  if (const auto strides = affine(value->shape, probe.place)) {
    j["strides"] = *strides;
  } else {
    j["place"] = probe.place;
  }
  return j;
}

Json certificate_json(const StreamPlan& plan) {
  const plan::stream::Timing& t = plan.sizing.timing;
  return {{"first_state", t.first_state},
          {"frames", t.frames},
          {"cycles", t.cycles},
          {"worst_latency_cycles", t.worst_latency},
          {"queue_bits", plan.sizing.bits},
          {"least_queue_bits", plan.sizing.least_bits}};
}

}  // namespace

std::string manifest(const StreamPackage& what) {
  const StreamPlan& plan = what.build.plan;
  const plan::stream::Timing& timing = plan.sizing.timing;
  NIB_CHECK(timing.live && timing.settled && timing.frames > 0, "a plan with its certificate");
  const Identity identity{plan.name, plan.source_file, plan.sha256, plan.target, plan.clock_mhz};
  Json j = head_json(identity, what.build.design.top, what.config_json, "streaming");
  j["wrap"] = "none";
  j["latency_cycles"] = timing.latency;
  j["interval_cycles"] = (timing.cycles + timing.frames - 1) / timing.frames;
  j["latency_ns_model"] = rounded(static_cast<double>(timing.latency) * 1000.0 / plan.clock_mhz);
  j["ports"] = {{"clock", "clk_i"}, {"reset", "rst_i"}};
  j["model"] = nullptr;
  if (!what.model_bytes.empty()) {
    j["model"] = {{"file", "sim/" + what.model_file},
                  {"argmax", what.argmax},
                  {"input_types", input_types_json(what.input_types)}};
  }
  j["inputs"] = Json::array();
  j["outputs"] = Json::array();
  for (std::size_t k = 0; k < plan.inputs.size(); ++k) {
    j["inputs"].push_back(port_json(what, true, k));
  }
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    j["outputs"].push_back(port_json(what, false, k));
  }
  j["layers"] = Json::array();
  plan::Cost total;
  for (std::size_t k = 0; k < plan.layers.size(); ++k) {
    j["layers"].push_back(layer_json(what, k));
    const plan::Cost& cost = plan.layers[k].cost;
    total.lut += cost.lut;
    total.carry4 += cost.carry4;
    total.ff += cost.ff;
    total.bram36 += cost.bram36;
    total.dsp += cost.dsp;
  }
  j["cost_model"] = cost_json(total);
  j["network"] = "sim/" + plan.name + ".network";
  j["certificate"] = certificate_json(plan);
  j["fifos"] = fifos_json(plan);
  j["streams"] = streams_json(what);
  std::vector<StreamPlan::Probe> probes = plan.probes;
  std::stable_sort(probes.begin(), probes.end(),
                   [](const auto& a, const auto& b) { return a.channel < b.channel; });
  j["probes"] = Json::array();
  for (const StreamPlan::Probe& probe : probes) j["probes"].push_back(probe_json(what, probe));
  j["notes"] = plan.notes;
  j["verified"] = nullptr;
  return text_of(j);
}

std::string plan_file(const StreamPlan& plan) {
  Json layers = Json::object();
  for (const plan::StreamLayer& layer : plan.layers) {
    if (layer.fold.digit > 0) {
      layers[layer.name] = {{"digit", layer.fold.digit}, {"steps", layer.fold.steps}};
      continue;
    }
    layers[layer.name] = {{"simd", layer.fold.simd},
                          {"pe", layer.fold.pe},
                          {"input_stationary", layer.fold.input_stationary},
                          {"steps", layer.fold.steps},
                          {"dsp", layer.fold.dsp}};
  }
  return text_of(Json{{"layers", layers}});
}

}  // namespace nib::emit
