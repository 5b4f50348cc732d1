// What the manifest of a streaming build holds: ends by beats, streams, probes, the certificate.
#include <fmt/format.h>

#include <algorithm>

#include "nib/sim/manifest_fields.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kMaxCycles = std::int64_t{1} << 40;
constexpr std::int64_t kMaxFrameBits = std::int64_t{1} << 28;
constexpr int kMaxEnds = 8;  ///< of either side: what the bench drives

/// An end of the design; the elements of all beats side by side.
PortWord end_of(const Json& json, const std::string& where) {
  PortWord port;
  port.name = text_of(json, "name", where);
  port.port = identifier(text_of(json, "port", where), "the port of " + where);
  port.valid = identifier(text_of(json, "valid", where), "the valid of " + where);
  port.ready = identifier(text_of(json, "ready", where), "the ready of " + where);
  port.last = identifier(text_of(json, "last", where), "the last of " + where);
  port.beat_width = whole_of(json, "width", 1, kMaxWordBits, where);
  const Json& stream = field(json, "stream", where);
  port.beats = whole(field(stream, "beats", where), 1, kMaxFrameBits, "\"beats\" of " + where);
  port.channel = whole_of(stream, "channel", 0, 1 << 20, where);
  if (port.beats * port.beat_width > kMaxFrameBits) contradictory(where + " is too large");
  const Json& elements = field(json, "elements", where);
  if (!elements.is_array()) damaged("\"elements\" of " + where + " is not a list");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::string what = fmt::format("element {} of {}", i, where);
    Element e = element_of(elements[i], what);
    const auto beat =
        whole(field(elements[i], "beat", what), 0, port.beats - 1, "\"beat\" of " + what);
    if (e.lsb + e.bits > port.beat_width) contradictory(what + " does not fit in its beat");
    e.lsb += static_cast<int>(beat) * port.beat_width;
    port.word.elements.push_back(e);
  }
  check_overlap(port.word, where);
  port.word.width = static_cast<int>(port.beats) * port.beat_width;
  port.word.shape = shape_of(json, port.word.elements.size(), where);
  port.word.tensor = port.name;
  if (optional_field(json, "tensor") != nullptr) port.word.tensor = text_of(json, "tensor", where);
  return port;
}

std::vector<PortWord> ends_of(const Json& root, const char* key) {
  const Json& list = field(root, key, "the manifest");
  if (!list.is_array() || list.empty() || list.size() > kMaxEnds) {
    damaged(fmt::format("\"{}\" is not a list of 1 to {} ports", key, kMaxEnds));
  }
  std::vector<PortWord> ports;
  for (std::size_t i = 0; i < list.size(); ++i) {
    ports.push_back(end_of(list[i], fmt::format("{}[{}]", key, i)));
  }
  return ports;
}

std::vector<StreamSeen> streams_of(const Json& root) {
  std::vector<StreamSeen> streams;
  for (const Json& json : field(root, "streams", "the manifest")) {
    const std::string where = fmt::format("streams[{}]", streams.size());
    StreamSeen stream;
    stream.name = text_of(json, "name", where);
    stream.width = whole_of(json, "width", 1, kMaxWordBits, where);
    if (optional_field(json, "net") != nullptr) {
      stream.net = identifier(text_of(json, "net", where), "the net of " + where, true);
      stream.index = whole_of(json, "index", 0, 63, where);
    }
    streams.push_back(std::move(stream));
  }
  return streams;
}

/// One number for all elements, or one for each.
std::vector<Rational> numbers_of(const Json& json, const char* key, std::size_t count,
                                 const std::string& where) {
  const Json& value = field(json, key, where);
  if (!value.is_array()) return std::vector<Rational>(count, rational_of(json, key, where));
  if (value.size() != count) contradictory(fmt::format("\"{}\" of {} is too short", key, where));
  std::vector<Rational> numbers;
  for (const Json& item : value) {
    const auto number = item.is_string() ? parse_rational(item.get<std::string>()) : std::nullopt;
    if (!number) damaged(fmt::format("\"{}\" of {} holds what is no number", key, where));
    numbers.push_back(*number);
  }
  return numbers;
}

/// Places of the elements in the frame's lanes, by strides or one by one.
std::vector<std::int64_t> places_of(const Json& json, const std::string& where) {
  std::vector<std::int64_t> places;
  if (const Json* list = optional_field(json, "place")) {
    for (const Json& item : *list) {
      places.push_back(whole(item, 0, kMaxFrameBits, "\"place\" of " + where));
    }
    return places;
  }
  const Json& shape = field(json, "shape", where);
  const Json& strides = field(json, "strides", where);
  if (!shape.is_array() || !strides.is_array() || shape.size() != strides.size()) {
    damaged("\"strides\" of " + where + " do not fit its shape");
  }
  places = {0};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const auto length = whole(shape[d], 1, 1 << 24, "\"shape\" of " + where);
    const auto stride = whole(strides[d], 0, kMaxFrameBits, "\"strides\" of " + where);
    std::vector<std::int64_t> next;
    if (length * static_cast<std::int64_t>(places.size()) > kMaxFrameBits) {
      contradictory(where + " is too large");
    }
    for (const std::int64_t place : places) {
      for (std::int64_t i = 0; i < length; ++i) next.push_back(place + i * stride);
    }
    places = std::move(next);
  }
  return places;
}

/// A tensor that a stream carries, as a layer that can be looked into.
LayerProbe probe_of(const Json& json, const Streaming& streaming, const std::string& where) {
  LayerProbe probe;
  probe.word.tensor = text_of(json, "tensor", where);
  probe.name = probe.word.tensor;
  probe.stream =
      whole_of(json, "stream", 0, static_cast<std::int64_t>(streaming.streams.size()) - 1, where);
  const StreamSeen& stream = streaming.streams[static_cast<std::size_t>(probe.stream)];
  probe.net = stream.net;
  const int lanes = whole_of(json, "lanes", 1, kMaxWordBits, where);
  const int bits = whole_of(json, "bits", 1, 62, where);
  const bool is_signed = flag_of(json, "signed", where);
  if (lanes * bits > stream.width) contradictory(where + " is wider than its stream");
  const std::vector<std::int64_t> places = places_of(json, where);
  const auto scales = numbers_of(json, "scale", places.size(), where);
  const auto offsets = numbers_of(json, "offset", places.size(), where);
  for (std::size_t i = 0; i < places.size(); ++i) {
    Element e;
    const std::int64_t lsb = places[i] / lanes * stream.width + places[i] % lanes * bits;
    if (lsb + bits > kMaxFrameBits) contradictory(where + " is too large");
    e.lsb = static_cast<int>(lsb);
    e.bits = bits;
    e.is_signed = is_signed;
    e.scale = scales[i];
    e.offset = offsets[i];
    if (e.scale == 0) contradictory("the scale of " + where + " is 0");
    e.range = full_range(bits, is_signed);
    probe.word.width = std::max(probe.word.width, (e.lsb / stream.width + 1) * stream.width);
    probe.word.elements.push_back(std::move(e));
  }
  check_overlap(probe.word, where);
  return probe;
}

}  // namespace

void read_streaming(const Json& root, Manifest& m) {
  Streaming& s = m.streaming.emplace();
  m.reset = "rst_i";
  m.latency = whole_of(root, "latency_cycles", 1, 1 << 30, "the manifest");
  m.interval = whole_of(root, "interval_cycles", 1, 1 << 30, "the manifest");
  m.inputs = ends_of(root, "inputs");
  m.outputs = ends_of(root, "outputs");
  s.network = text_of(root, "network", "the manifest");
  const Json& certificate = field(root, "certificate", "the manifest");
  s.first_state =
      whole(field(certificate, "first_state", "\"certificate\""), 0, kMaxCycles, "\"first_state\"");
  s.frames = whole(field(certificate, "frames", "\"certificate\""), 1, kMaxCycles, "\"frames\"");
  s.cycles = whole(field(certificate, "cycles", "\"certificate\""), 1, kMaxCycles, "\"cycles\"");
  if ((s.cycles + s.frames - 1) / s.frames != m.interval) {
    contradictory(fmt::format("{} cycles for {} frames are no interval of {}", s.cycles, s.frames,
                              m.interval));
  }
  s.streams = streams_of(root);
  if (optional_field(root, "probes") != nullptr) {
    for (const Json& json : field(root, "probes", "the manifest")) {
      m.layers.push_back(probe_of(json, s, fmt::format("probes[{}]", m.layers.size())));
    }
  }
  read_model(root, m);
}

}  // namespace nib::sim
