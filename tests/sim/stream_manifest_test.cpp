// Manifests of streaming builds: what is read of them, and what is refused.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/sim/manifest.h"

namespace nib::testing {
namespace {

using Json = nlohmann::json;

/// Two elements of four bits in two beats, three streams, one probe.
Json small_manifest() {
  return Json::parse(R"({
    "schema": 1, "name": "net", "top": "net_top", "style": "streaming", "wrap": "none",
    "source": {"file": "net.onnx", "sha256": "00"}, "latency_cycles": 9, "interval_cycles": 3,
    "model": {"file": "sim/net.onnx", "argmax": false, "input_types": []},
    "inputs": [{"name": "x", "tensor": "x", "shape": [2], "port": "s_axis_tdata",
      "valid": "s_axis_tvalid", "ready": "s_axis_tready", "last": "s_axis_tlast", "width": 4,
      "stream": {"beats": 2, "elements_per_beat": 1, "channel": 0}, "elements": [
        {"beat": 0, "lsb": 0, "bits": 4, "signed": false, "scale": "1", "offset": "0"},
        {"beat": 1, "lsb": 0, "bits": 4, "signed": false, "scale": "1", "offset": "0"}]}],
    "outputs": [{"name": "y", "tensor": "y", "shape": [1], "port": "m_axis_tdata",
      "valid": "m_axis_tvalid", "ready": "m_axis_tready", "last": "m_axis_tlast", "width": 5,
      "stream": {"beats": 1, "elements_per_beat": 1, "channel": 2}, "elements": [
        {"beat": 0, "lsb": 0, "bits": 5, "signed": true, "scale": "1/4", "offset": "0"}]}],
    "layers": [], "network": "sim/net.network",
    "certificate": {"first_state": 1, "frames": 2, "cycles": 5},
    "streams": [{"name": "s_axis_x", "width": 5}, {"name": "fc1", "width": 4, "net": "u_fc1.mvu",
      "index": 0}, {"name": "y_out", "width": 6}],
    "probes": [{"tensor": "h", "stream": 1, "lanes": 2, "bits": 2, "signed": false, "scale": "1/2",
      "offset": ["0", "1", "2", "3"], "shape": [1, 2, 2], "strides": [0, 1, 2]}]
  })");
}

int error_of(const Json& json) {
  try {
    (void)sim::parse_manifest(json.dump());
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
  return 0;
}

/// The error of the manifest with another value at `pointer`.
int error_with(const char* pointer, const Json& value) {
  Json json = small_manifest();
  json[Json::json_pointer(pointer)] = value;
  return error_of(json);
}

}  // namespace

TEST_CASE("a streaming manifest: the beats of a frame side by side") {
  const sim::Manifest m = sim::parse_manifest(small_manifest().dump());
  REQUIRE(m.streaming.has_value());
  CHECK(m.reset == "rst_i");
  CHECK(m.inputs[0].word.width == 8);
  CHECK(m.inputs[0].word.elements[1].lsb == 4);
  CHECK(m.outputs[0].channel == 2);
  CHECK(m.streaming->frames == 2);
  CHECK(m.streaming->streams[1].net == "u_fc1.mvu");
  // Strides 0, 1, 2: places 0, 2, 1, 3 in words of two lanes.
  REQUIRE(m.layers.size() == 1);
  CHECK(m.layers[0].stream == 1);
  CHECK(m.layers[0].word.width == 8);
  CHECK(m.layers[0].word.elements[1].lsb == 4);
  CHECK(m.layers[0].word.elements[2].lsb == 2);
  CHECK(m.layers[0].word.elements[3].offset == 3);
}

TEST_CASE("contradictions and damage in a streaming manifest are numbered errors") {
  CHECK(error_with("/inputs/0/elements/1/beat", 2) == 903);
  CHECK(error_with("/inputs/0/elements/1/lsb", 1) == 903);
  CHECK(error_with("/inputs/0/elements/1/beat", 0) == 903);
  CHECK(error_with("/inputs/0/stream/beats", 0) == 903);
  CHECK(error_with("/inputs/0/last", "a b") == 902);
  CHECK(error_with("/certificate/cycles", 9) == 903);
  CHECK(error_with("/certificate/frames", 0) == 903);
  CHECK(error_with("/streams/1/net", "x; y") == 902);
  CHECK(error_with("/probes/0/stream", 3) == 903);
  CHECK(error_with("/probes/0/lanes", 3) == 903);
  CHECK(error_with("/probes/0/strides", Json::array({0, 1})) == 902);
  CHECK(error_with("/probes/0/offset", Json::array({"0"})) == 903);
  CHECK(error_with("/probes/0/strides", Json::array({0, 0, 1})) == 903);
  CHECK(error_with("/outputs", Json::array()) == 902);
}

TEST_CASE("every field of a streaming manifest of a wrong type is a numbered error or harmless") {
  const Json good = small_manifest();
  const std::vector<Json> wrong{nullptr, -1, 1e300, "x", Json::array(), Json::object(), true};
  int refused = 0;
  const Json flat = good.flatten();
  for (const auto& item : flat.items()) {
    for (const Json& value : wrong) {
      Json bad = good;
      bad[Json::json_pointer(item.key())] = value;
      refused += error_of(bad) != 0 ? 1 : 0;
    }
  }
  CHECK(refused > 300);
}

}  // namespace nib::testing
