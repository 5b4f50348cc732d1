// manifest.json: every field of schema 1 as the interface names it.
#include "nib/emit/manifest.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "small_design.h"

namespace nib::emit {

using Json = nlohmann::ordered_json;
using testing::SmallDesign;

TEST_CASE("the manifest has the fields of schema 1, in this order") {
  const SmallDesign small;
  const Json j = Json::parse(manifest(small.package()));
  std::vector<std::string> keys;
  for (const auto& item : j.items()) keys.push_back(item.key());
  CHECK(keys == std::vector<std::string>{"schema",
                                         "generator",
                                         "name",
                                         "top",
                                         "source",
                                         "config",
                                         "target",
                                         "style",
                                         "wrap",
                                         "latency_cycles",
                                         "interval_cycles",
                                         "latency_ns_model",
                                         "period_ns_model",
                                         "ports",
                                         "model",
                                         "inputs",
                                         "outputs",
                                         "layers",
                                         "cost_model",
                                         "fifos",
                                         "notes",
                                         "verified"});
  CHECK(j["schema"] == 1);
  CHECK(j["generator"] == "nib 0.1.0");
  CHECK(j["name"] == "small");
  CHECK(j["top"] == "small_top");
  CHECK(j["source"] == Json({{"file", "small.onnx"}, {"sha256", std::string(64, 'a')}}));
  CHECK(j["config"] == Json({{"target", "part-1"}, {"argmax", false}}));
  CHECK(j["target"]["name"] == "part-1");
  CHECK(j["target"]["clock_mhz"] == 360.0);
  CHECK(j["style"] == "unrolled");
  CHECK(j["wrap"] == "none");
  CHECK(j["latency_cycles"] == 1);
  CHECK(j["interval_cycles"] == 1);
  CHECK(j["latency_ns_model"] == 2.778);
  CHECK(j["ports"] == Json({{"clock", "clk_i"}, {"reset", nullptr}}));
  CHECK(j["fifos"] == Json::array());
  CHECK(j["notes"] == Json::array({"a note with \"quotes\""}));
  CHECK(j["verified"].is_null());
}

TEST_CASE("the manifest says how the model is read again") {
  SmallDesign small;
  Package what = small.package();
  what.argmax = true;
  what.input_types = {{"a:b", {PortType{false, 8, Rational(1, 255)}, {{0, 3}, {1, 2}}}}};
  const Json j = Json::parse(manifest(what));
  CHECK(j["model"]["file"] == "sim/small.onnx");
  CHECK(j["model"]["argmax"] == true);
  CHECK(j["model"]["input_types"] ==
        Json::parse(R"([{"name": "a:b", "type": "u8@1/255", "ranges": [[0, 3], [1, 2]]}])"));
  what.model_bytes.clear();
  CHECK(Json::parse(manifest(what))["model"].is_null());
}

TEST_CASE("ports name the graph's tensors and give every element") {
  const SmallDesign small;
  const Json j = Json::parse(manifest(small.package()));
  const Json& in = j["inputs"][0];
  CHECK(in["name"] == "global_in");
  CHECK(in["tensor"] == "x");
  CHECK(in["shape"] == Json::array({2}));
  CHECK(in["port"] == "in_data_i");
  CHECK(in["valid"] == "in_valid_i");
  CHECK(in["width"] == 8);
  CHECK(in["elements"] == Json::parse(R"([
    {"lsb": 0, "bits": 4, "signed": true, "scale": "1/2", "offset": "0"},
    {"lsb": 4, "bits": 4, "signed": true, "scale": "1/2", "offset": "0", "min": -3, "max": 5}])"));
  const Json& out = j["outputs"][0];
  CHECK(out["name"] == "global_out");
  CHECK(out["port"] == "out_data_o");
  CHECK(out["valid"] == "out_valid_o");
  CHECK(out["elements"] == Json::parse(R"([
    {"lsb": 0, "bits": 5, "signed": true, "scale": "1/2", "offset": "0"},
    {"lsb": 0, "bits": 0, "signed": false, "scale": "1", "offset": "3"}])"));
}

TEST_CASE("a tensor that the graph does not hold is null") {
  SmallDesign small;
  small.graph.values[1].is_graph_tensor = false;
  const Json j = Json::parse(manifest(small.package()));
  CHECK(j["outputs"][0]["tensor"].is_null());
  CHECK(j["layers"][0]["tensor"].is_null());
  CHECK(j["inputs"][0]["tensor"] == "x");
}

TEST_CASE("an element that nobody reads says so") {
  SmallDesign small;
  small.plan.layers[0].output.elements[1].live = false;
  const Json layer = Json::parse(manifest(small.package()))["layers"][0];
  CHECK(!layer["elements"][0].contains("live"));
  CHECK(layer["elements"][1]["live"] == false);
}

TEST_CASE("layers carry module, timing, cost and a probe") {
  const SmallDesign small;
  const Json layer = Json::parse(manifest(small.package()))["layers"][0];
  CHECK(layer["name"] == "fc");
  CHECK(layer["nodes"] == Json::array({"MatMul_0", "Add_1"}));
  CHECK(layer["module"] == "small_fc");
  CHECK(layer["style"] == "unrolled");
  CHECK(layer["start_stage"] == 0);
  CHECK(layer["latency_cycles"] == 1);
  CHECK(layer["macs"] == 4);
  CHECK(layer["nonzero"] == 2);
  CHECK(layer["adders"] == 1);
  CHECK(layer["cost_model"] ==
        Json::parse(R"({"lut": 5, "carry4": 2, "ff": 6, "bram36": 0, "dsp": 0})"));
  CHECK(layer["tensor"] == "y");
  CHECK(layer["width"] == 5);
  CHECK(layer["probe"] == Json({{"net", "fc_y"}, {"stage", 1}}));
  CHECK(layer["elements"].size() == 2);
}

TEST_CASE("names that are no UTF-8 do not break the manifest") {
  SmallDesign small;
  small.plan.source_file = "bad\xff.onnx";
  small.graph.input_names = {"in\xc3"};
  const Json j = Json::parse(manifest(small.package()));
  CHECK(j["source"]["file"] == "bad\xef\xbf\xbd.onnx");
}

TEST_CASE("the manifest is the same text every time") {
  CHECK(manifest(SmallDesign().package()) == manifest(SmallDesign().package()));
}

TEST_CASE("a stream FIFO's manifest") {
  Block fifo;
  fifo.plan.name = "fifo";
  fifo.plan.clock_mhz = 200;
  fifo.design.top = "fifo_top";
  fifo.latency_cycles = 1;
  const Json j = Json::parse(stream_fifo_manifest(fifo, 12, 64, "{}"));
  CHECK(j["style"] == "stream-fifo");
  CHECK(j["stream"] == Json({{"width", 12}, {"depth", 64}}));
  CHECK(j["ports"] == Json({{"clock", "clk_i"}, {"reset", "rst_i"}}));
  CHECK(j["inputs"][0]["ready"] == "in_ready_o");
  CHECK(j["outputs"][0]["ready"] == "out_ready_i");
  CHECK(j["outputs"][0]["stream"] == Json({{"beats", 1}, {"elements_per_beat", 1}}));
  CHECK(j["fifos"][0]["depth"] == 64);
  CHECK(j["verified"].is_null());
}

TEST_CASE("only a manifest of nib counts as one") {
  CHECK(is_nib_manifest(manifest(SmallDesign().package())));
  for (const char* other : {"", "{", "[]", "null", "{}", R"({"generator": 1})",
                            R"({"generator": "nibble 1"})", R"({"name": "nib 0.1.0"})"}) {
    CAPTURE(other);
    CHECK(!is_nib_manifest(other));
  }
}

TEST_CASE("pretty_json keeps the order and breaks only what is long") {
  CHECK(pretty_json(R"({"b":1,"a":[1,2,{"x":null}],"e":{},"f":[]})") ==
        "{\"b\": 1, \"a\": [1, 2, {\"x\": null}], \"e\": {}, \"f\": []}\n");
  CHECK(pretty_json(R"({"key":[1,2,3]})", 10) ==
        "{\n  \"key\": [\n    1,\n    2,\n    3\n  ]\n}\n");
  const std::string text = manifest(SmallDesign().package());
  CHECK(Json::parse(text).dump() == Json::parse(pretty_json(text, 20)).dump());
  std::size_t at = 0, longest = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    longest = std::max(longest, end - at);
  }
  CHECK(longest <= 100);
}

}  // namespace nib::emit
