// manifest.json.
#include "nib/emit/manifest.h"

#include "nib/base/check.h"
#include "nib/emit/manifest_json.h"
#include "nib/emit/ports.h"

namespace nib::emit {
namespace {

Json elements_json(const plan::Word& word, bool with_range) {
  Json list = Json::array();
  for (const plan::Element& e : word.elements) list.push_back(element_json(e, with_range));
  return list;
}

/// The name, where the graph as read holds a tensor of it with these values; else null.
Json tensor_json(const lower::IntegerGraph* graph, const std::string& tensor) {
  if (graph == nullptr) return nullptr;
  for (const lower::Value& value : graph->values) {
    if (value.is_graph_tensor && value.name == tensor) return tensor;
  }
  return nullptr;
}

Json port_json(const Package& what, bool is_input, std::size_t k) {
  const plan::Plan& plan = what.plan;
  const plan::Word& word = is_input ? plan.inputs[k] : plan.outputs[k];
  const PortNames names = is_input ? input_port(plan, k) : output_port(plan, k);
  const lower::IntegerGraph* graph = what.integer_graph;
  std::string name = word.tensor;
  Json tensor;
  if (graph != nullptr) {
    name = (is_input ? graph->input_names : graph->output_names).at(k);
    const lower::Value& value = graph->value((is_input ? graph->inputs : graph->outputs).at(k));
    if (value.is_graph_tensor) tensor = value.name;
  }
  Json j{{"name", name}, {"tensor", tensor}, {"shape", word.shape}};
  j["port"] = names.data;
  j["valid"] = names.valid;
  if (!names.ready.empty()) j["ready"] = names.ready;
  j["width"] = word.width;
  if (widest(word) > 64) j["npy"] = "decimal";
  j["elements"] = elements_json(word, is_input);
  return j;
}

Json layer_json(const Package& what, std::size_t k) {
  const plan::Layer& layer = what.plan.layers[k];
  Json j{{"name", layer.name},
         {"nodes", layer.nodes},
         {"module", what.design.modules.at(k)},
         {"style", "unrolled"},
         {"start_stage", layer.start_stage},
         {"latency_cycles", layer.latency_cycles},
         {"macs", layer.macs},
         {"nonzero", layer.nonzero},
         {"adders", layer.adders},
         {"cost_model", cost_json(layer.cost)}};
  j["tensor"] = tensor_json(what.integer_graph, layer.output.tensor);
  j["shape"] = layer.output.shape;
  j["width"] = layer.output.width;
  j["probe"] = {{"net", what.design.probe_nets.at(k)}, {"stage", layer.output_stage}};
  j["elements"] = elements_json(layer.output, false);
  return j;
}

Identity identity(const plan::Plan& plan) {
  return {plan.name, plan.source_file, plan.sha256, plan.target, plan.clock_mhz};
}

double latency_ns(const plan::Plan& plan) {
  if (plan.latency_cycles == 0 || plan.clock_mhz <= 0) return rounded(plan.period_model_ns);
  return rounded(plan.latency_cycles * 1000.0 / plan.clock_mhz);
}

}  // namespace

std::string manifest(const Package& what) {
  const plan::Plan& plan = what.plan;
  NIB_CHECK(what.design.modules.size() == plan.layers.size(), "one module per layer");
  NIB_CHECK(what.design.probe_nets.size() == plan.layers.size(), "one probe per layer");
  Json j = head_json(identity(plan), what.design.top, what.config_json, "unrolled");
  j["wrap"] = plan.goal.wrap_axis ? "axis" : "none";
  j["latency_cycles"] = plan.latency_cycles;
  j["interval_cycles"] = plan.interval_cycles;
  j["latency_ns_model"] = latency_ns(plan);
  j["period_ns_model"] = rounded(plan.period_model_ns);
  const std::string reset = reset_port(plan);
  j["ports"] = {{"clock", clock_port(plan)}, {"reset", reset.empty() ? Json() : Json(reset)}};
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
  j["fifos"] = Json::array();
  j["notes"] = plan.notes;
  j["verified"] = nullptr;
  return text_of(j);
}

std::string stream_fifo_manifest(const Block& fifo, int width, int depth,
                                 const std::string& config_json) {
  const plan::Plan& plan = fifo.plan;
  Json j = head_json(identity(plan), fifo.design.top, config_json, "stream-fifo");
  j["wrap"] = "none";
  j["latency_cycles"] = fifo.latency_cycles;
  j["interval_cycles"] = fifo.interval_cycles;
  j["ports"] = {{"clock", "clk_i"}, {"reset", "rst_i"}};
  j["model"] = nullptr;
  j["stream"] = {{"width", width}, {"depth", depth}};
  const Json element{
      {"lsb", 0}, {"bits", width}, {"signed", false}, {"scale", "1"}, {"offset", "0"}};
  const auto port = [&](const char* name, const char* data, const char* valid, const char* ready) {
    Json p{{"name", name},   {"tensor", nullptr}, {"shape", {1}},  {"port", data},
           {"valid", valid}, {"ready", ready},    {"width", width}};
    p["stream"] = {{"beats", 1}, {"elements_per_beat", 1}};
    p["elements"] = Json::array({element});
    return Json::array({p});
  };
  j["inputs"] = port("in", "in_data_i", "in_valid_i", "in_ready_o");
  j["outputs"] = port("out", "out_data_o", "out_valid_o", "out_ready_i");
  j["layers"] = Json::array();
  j["cost_model"] = cost_json(fifo.cost);
  j["fifos"] = Json::array(
      {Json{{"name", plan.name}, {"module", fifo.design.top}, {"depth", depth}, {"width", width}}});
  j["notes"] = plan.notes;
  j["verified"] = nullptr;
  return text_of(j);
}

bool is_nib_manifest(std::string_view text) {
  const Json j = Json::parse(text, nullptr, false);
  if (!j.is_object()) return false;
  const auto generator = j.find("generator");
  return generator != j.end() && generator->is_string() &&
         generator->get_ref<const std::string&>().starts_with("nib ");
}

}  // namespace nib::emit
