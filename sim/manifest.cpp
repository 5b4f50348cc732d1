// Reading manifest.json: every field is checked before it is used.
#include "nib/sim/manifest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <system_error>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/sim/manifest_fields.h"

namespace nib::sim {
namespace {

constexpr std::uintmax_t kMaxManifestBytes = std::uintmax_t{256} << 20;

Word word_of(const Json& json, const std::string& where) {
  Word word;
  const Json& elements = field(json, "elements", where);
  if (!elements.is_array()) damaged("\"elements\" of " + where + " is not a list");
  int top = 1;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    word.elements.push_back(element_of(elements[i], fmt::format("element {} of {}", i, where)));
    const Element& e = word.elements.back();
    if (e.bits > 0) top = std::max(top, e.lsb + e.bits);
  }
  word.width = top;
  if (optional_field(json, "width") != nullptr) {
    word.width = whole_of(json, "width", 0, kMaxWordBits, where);
    word.width = std::max(word.width, 1);
    if (word.width != top) {
      contradictory(
          fmt::format("{} is {} bits wide, its elements take {}", where, word.width, top));
    }
  }
  check_overlap(word, where);
  return word;
}

PortWord port_of(const Json& json, const std::string& where) {
  PortWord port;
  port.name = text_of(json, "name", where);
  port.port = identifier(text_of(json, "port", where), "the port of " + where);
  port.valid = identifier(text_of(json, "valid", where), "the valid of " + where);
  port.word = word_of(json, where);
  port.word.shape = shape_of(json, port.word.elements.size(), where);
  port.word.tensor = port.name;
  if (optional_field(json, "tensor") != nullptr) port.word.tensor = text_of(json, "tensor", where);
  return port;
}

std::vector<PortWord> ports_of(const Json& root, const char* key) {
  const Json& list = field(root, key, "the manifest");
  if (!list.is_array() || list.empty()) damaged(fmt::format("\"{}\" is not a list of ports", key));
  std::vector<PortWord> ports;
  for (std::size_t i = 0; i < list.size(); ++i) {
    ports.push_back(port_of(list[i], fmt::format("{}[{}]", key, i)));
    if (ports.back().valid != ports.front().valid) {
      contradictory(fmt::format("\"{}\" have different valids", key));
    }
  }
  return ports;
}

LayerProbe layer_of(const Json& json, int latency, const std::string& where) {
  LayerProbe layer;
  layer.name = text_of(json, "name", where);
  if (optional_field(json, "module") != nullptr) layer.module = text_of(json, "module", where);
  const Json* tensor = optional_field(json, "tensor");
  const Json* probe = optional_field(json, "probe");
  if (tensor == nullptr || probe == nullptr) return layer;
  layer.net = identifier(text_of(*probe, "net", where), "the probe of " + where, true);
  layer.stage = whole_of(*probe, "stage", 0, kMaxLatency, where);
  if (layer.stage > latency) {
    contradictory(fmt::format("{} stands at stage {} of {}", where, layer.stage, latency));
  }
  layer.word = word_of(json, where);
  layer.word.tensor = text_of(json, "tensor", where);
  return layer;
}

std::vector<InputTypeText> types_of(const Json& model) {
  std::vector<InputTypeText> types;
  const Json* list = optional_field(model, "input_types");
  if (list == nullptr) return types;
  if (!list->is_array()) damaged("\"input_types\" is not a list");
  for (const Json& json : *list) {
    InputTypeText entry;
    entry.name = text_of(json, "name", "input_types");
    const std::string text = text_of(json, "type", "input_types");
    const auto type = parse_port_type(text);
    if (!type) damaged("\"input_types\" names an unknown type: \"" + text + "\"");
    entry.type = *type;
    if (const Json* ranges = optional_field(json, "ranges")) {
      if (!ranges->is_array()) damaged("\"ranges\" of input_types is not a list");
      for (const Json& pair : *ranges) {
        if (!pair.is_array() || pair.size() != 2) damaged("\"ranges\" holds pairs");
        const Range all = type->range();
        Range range;
        range.min = whole(pair[0], all.min, all.max, "\"ranges\" of input_types");
        range.max = whole(pair[1], range.min, all.max, "\"ranges\" of input_types");
        entry.ranges.push_back(range);
      }
    }
    types.push_back(std::move(entry));
  }
  return types;
}

void read_clocks(const Json& root, Manifest& m) {
  m.clock = "clk_i";
  if (m.style == "stream-fifo" || m.axis) m.reset = "rst_i";
  const Json* ports = optional_field(root, "ports");
  if (ports == nullptr) {
    m.core_reset = m.reset;
    return;
  }
  if (optional_field(*ports, "clock") != nullptr) {
    m.clock = identifier(text_of(*ports, "clock", "\"ports\""), "the clock");
  }
  if (optional_field(*ports, "reset") != nullptr) {
    m.reset = identifier(text_of(*ports, "reset", "\"ports\""), "the reset");
  }
  m.core_reset = m.reset;
}

}  // namespace

void read_model(const Json& root, Manifest& m) {
  const Json& source = field(root, "source", "the manifest");
  m.source_file = text_of(source, "file", "\"source\"");
  m.source_sha256 = text_of(source, "sha256", "\"source\"");
  if (optional_field(root, "model") == nullptr) return;
  const Json& model = field(root, "model", "the manifest");
  m.model = text_of(model, "file", "\"model\"");
  if (optional_field(model, "argmax") != nullptr) m.argmax = flag_of(model, "argmax", "\"model\"");
  m.input_types = types_of(model);
}

namespace {

/// Behind AXI4-Stream ends the manifest names the beat's ports; the core's are map's.
void name_core_ports(Manifest& m) {
  const auto rename = [](std::vector<PortWord>& ports, const char* beat, const char* side,
                         const char* end) {
    for (std::size_t k = 0; k < ports.size(); ++k) {
      if (ports[k].port.rfind(beat, 0) != 0) continue;
      const std::string number = ports.size() > 1 ? std::to_string(k) : "";
      ports[k].port = fmt::format("{}{}_data_{}", side, number, end);
      ports[k].valid = fmt::format("{}_valid_{}", side, end);
    }
  };
  rename(m.inputs, "s_axis", "in", "i");
  rename(m.outputs, "m_axis", "out", "o");
}

void read_unrolled(const Json& root, Manifest& m) {
  m.latency = whole_of(root, "latency_cycles", 0, kMaxLatency, "the manifest");
  m.interval = whole_of(root, "interval_cycles", 1, kMaxLatency, "the manifest");
  m.inputs = ports_of(root, "inputs");
  m.outputs = ports_of(root, "outputs");
  if (m.axis) name_core_ports(m);
  std::set<std::string> names{m.clock, m.reset};
  for (const auto* list : {&m.inputs, &m.outputs}) {
    names.insert(list->front().valid);
    for (const PortWord& port : *list) {
      if (!names.insert(port.port).second) contradictory("two ports are called " + port.port);
    }
  }
  const Json& layers = field(root, "layers", "the manifest");
  if (!layers.is_array()) damaged("\"layers\" is not a list");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    m.layers.push_back(layer_of(layers[i], m.latency, fmt::format("layers[{}]", i)));
  }
  read_model(root, m);
}

Manifest build(const Json& root) {
  if (!root.is_object()) damaged("the file is not a JSON object");
  if (whole_of(root, "schema", 0, 1 << 30, "the manifest") != 1) {
    damaged("\"schema\" is not 1");
  }
  Manifest m;
  m.name = identifier(text_of(root, "name", "the manifest"), "\"name\"");
  m.top = identifier(text_of(root, "top", "the manifest"), "\"top\"");
  m.style = text_of(root, "style", "the manifest");
  m.axis = optional_field(root, "wrap") != nullptr && text_of(root, "wrap", "manifest") == "axis";
  m.core = m.top;
  if (optional_field(root, "core") != nullptr) {
    m.core = identifier(text_of(root, "core", "the manifest"), "\"core\"");
  } else if (m.axis) {
    m.core = m.name + "_top";
  }
  read_clocks(root, m);
  if (m.style == "stream-fifo") {
    m.latency = whole_of(root, "latency_cycles", 0, kMaxLatency, "the manifest");
    const Json& stream = field(root, "stream", "the manifest");
    m.stream = StreamShape{whole_of(stream, "width", 1, 4096, "\"stream\""),
                           whole_of(stream, "depth", 1, 1 << 20, "\"stream\"")};
    return m;
  }
  if (m.style == "streaming") {
    read_streaming(root, m);
    return m;
  }
  if (m.style != "unrolled") fail(ErrorCode::E908, "\"style\" is \"" + m.style + "\"");
  read_unrolled(root, m);
  if (optional_field(root, "wrapped_latency_cycles") != nullptr) {
    m.wrapped_latency = whole_of(root, "wrapped_latency_cycles", 0, kMaxLatency, "the manifest");
  }
  return m;
}

std::filesystem::path manifest_path(const std::filesystem::path& folder) {
  return folder / "manifest.json";
}

/// Every line behind the first one two blanks further in.
std::string indented(const std::string& json) {
  std::string text;
  for (const char c : json) {
    text += c;
    if (c == '\n') text += "  ";
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  return text;
}

}  // namespace

Manifest parse_manifest(std::string_view text) {
  Json root;
  try {
    root = Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    damaged(std::string("not JSON: ") + error.what());
  }
  try {
    return build(root);
  } catch (const Json::exception& error) {
    damaged(error.what());
  }
}

Manifest read_manifest(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(manifest_path(folder), error)) {
    fail(ErrorCode::E901, folder.string() + " holds no manifest.json");
  }
  return parse_manifest(nib::read_file(manifest_path(folder), kMaxManifestBytes));
}

void record_verified(const std::filesystem::path& folder, const std::string& json) {
  const std::filesystem::path path = manifest_path(folder);
  const std::string bytes = nib::read_file(path, kMaxManifestBytes);
  std::string text;
  try {
    auto root = nlohmann::ordered_json::parse(bytes);
    // The rest of the text stays as emit wrote it: "verified" is its last line.
    const std::size_t at = bytes.rfind("\n  \"verified\": ");
    const bool last = !root.empty() && root.is_object() && (--root.end()).key() == "verified";
    if (last && at != std::string::npos) {
      text = bytes.substr(0, at) + "\n  \"verified\": " + indented(json) + "\n}\n";
    } else {
      root["verified"] = nlohmann::ordered_json::parse(json);
      text = root.dump(2) + "\n";
    }
    if (!Json::accept(text)) damaged("its text is not laid out as nib writes it");
  } catch (const Json::exception& error) {
    damaged(error.what());
  }
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  write_file(temporary, text);
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail(ErrorCode::E102, path.string() + ": " + error.message());
  }
}

std::filesystem::path file_inside(const std::filesystem::path& folder,
                                  const std::string& relative) {
  const std::filesystem::path path(relative);
  std::error_code error;
  const auto root = std::filesystem::weakly_canonical(folder, error);
  const auto full = std::filesystem::weakly_canonical(folder / path, error);
  const auto inside = std::mismatch(root.begin(), root.end(), full.begin(), full.end());
  if (path.is_absolute() || error || inside.first != root.end()) {
    fail(ErrorCode::E907, fmt::format("\"{}\" leads out of the folder", relative));
  }
  if (!std::filesystem::is_regular_file(full, error)) {
    fail(ErrorCode::E907, fmt::format("\"{}\" is no file", relative));
  }
  return full;
}

std::vector<std::string> design_sources(const std::filesystem::path& folder) {
  std::istringstream lines(nib::read_file(file_inside(folder, "rtl/files.f"), 1 << 24));
  std::vector<std::string> sources;
  std::string line;
  while (std::getline(lines, line)) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.pop_back();
    }
    if (line.empty() || line[0] == '#' || line.rfind("//", 0) == 0) continue;
    if (line[0] == '+' || line[0] == '-') {
      fail(ErrorCode::E907, fmt::format("rtl/files.f holds an option: \"{}\"", line));
    }
    (void)file_inside(folder, line);
    sources.push_back(line);
  }
  if (sources.empty()) fail(ErrorCode::E907, "rtl/files.f names no file");
  return sources;
}

}  // namespace nib::sim
