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

namespace nib::sim {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t kMaxManifestBytes = std::uintmax_t{256} << 20;
constexpr int kMaxWordBits = 1 << 20;

[[noreturn]] void damaged(const std::string& text) { fail(ErrorCode::E902, text); }
[[noreturn]] void contradictory(const std::string& text) { fail(ErrorCode::E903, text); }

const Json& field(const Json& object, const char* key, const std::string& where) {
  if (!object.is_object()) damaged(where + " is not an object");
  const auto found = object.find(key);
  if (found == object.end()) damaged(fmt::format("{} lacks \"{}\"", where, key));
  return *found;
}

const Json* optional_field(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* key, const std::string& where) {
  const Json& value = field(object, key, where);
  if (!value.is_string()) damaged(fmt::format("\"{}\" of {} is not a text", key, where));
  return value.get<std::string>();
}

std::int64_t whole(const Json& value, std::int64_t low, std::int64_t high,
                   const std::string& what) {
  if (!value.is_number_integer()) damaged(what + " is not a whole number");
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    contradictory(what + " is out of range");
  }
  const auto number = value.get<std::int64_t>();
  if (number < low || number > high) {
    contradictory(fmt::format("{} is {}, which is not in {} .. {}", what, number, low, high));
  }
  return number;
}

int whole_of(const Json& object, const char* key, std::int64_t low, std::int64_t high,
             const std::string& where) {
  return static_cast<int>(
      whole(field(object, key, where), low, high, fmt::format("\"{}\" of {}", key, where)));
}

bool flag_of(const Json& object, const char* key, const std::string& where) {
  const Json& value = field(object, key, where);
  if (!value.is_boolean()) damaged(fmt::format("\"{}\" of {} is not true or false", key, where));
  return value.get<bool>();
}

/// Identifiers reach generated SystemVerilog and C++; a net may be a path of identifiers.
std::string identifier(std::string text, const std::string& where, bool dots = false) {
  bool start = true, good = !text.empty() && text.size() <= 1024;
  for (const char c : text) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
    if (dots && c == '.' && !start) {
      start = true;
      continue;
    }
    if (!letter && (start || !digit)) good = false;
    start = false;
  }
  if (!good || start) damaged(fmt::format("{} is not an identifier: \"{}\"", where, text));
  return text;
}

Rational rational_of(const Json& object, const char* key, const std::string& where) {
  const std::string text = text_of(object, key, where);
  const auto value = parse_rational(text);
  if (!value) damaged(fmt::format("\"{}\" of {} is not a number: \"{}\"", key, where, text));
  return *value;
}

Element element_of(const Json& json, const std::string& where) {
  Element e;
  e.lsb = whole_of(json, "lsb", 0, kMaxWordBits, where);
  e.bits = whole_of(json, "bits", 0, 62, where);
  e.is_signed = flag_of(json, "signed", where);
  e.scale = rational_of(json, "scale", where);
  e.offset = rational_of(json, "offset", where);
  if (e.scale == 0) contradictory("the scale of " + where + " is 0");
  if (optional_field(json, "live") != nullptr) e.live = flag_of(json, "live", where);
  if (!e.live && e.bits != 0) contradictory(where + " is not live but has bits");
  const Range all = full_range(e.bits, e.is_signed);
  e.range = all;
  const Json* min = optional_field(json, "min");
  const Json* max = optional_field(json, "max");
  if (min != nullptr) e.range.min = whole(*min, all.min, all.max, "\"min\" of " + where);
  if (max != nullptr) e.range.max = whole(*max, all.min, all.max, "\"max\" of " + where);
  if (e.range.min > e.range.max) contradictory(where + " has min > max");
  return e;
}

void check_overlap(const Word& word, const std::string& where) {
  std::vector<std::pair<int, int>> spans;
  for (const Element& e : word.elements) {
    if (e.bits > 0) spans.emplace_back(e.lsb, e.lsb + e.bits);
  }
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first < spans[i - 1].second) {
      contradictory(fmt::format("two elements of {} share bit {}", where, spans[i].first));
    }
  }
}

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

Shape shape_of(const Json& json, std::size_t elements, const std::string& where) {
  const Json& shape = field(json, "shape", where);
  if (!shape.is_array() || shape.size() > 16) damaged("\"shape\" of " + where + " is not a list");
  Shape result;
  std::int64_t count = 1;
  for (const Json& length : shape) {
    result.push_back(whole(length, 0, 1 << 24, "\"shape\" of " + where));
    count = std::min<std::int64_t>(count * result.back(), std::int64_t{1} << 32);
  }
  if (count != static_cast<std::int64_t>(elements)) {
    contradictory(
        fmt::format("{} has shape {} but {} elements", where, to_string(result), elements));
  }
  return result;
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
