// Pieces of manifest.json.
#include "nib/emit/manifest_json.h"

#include <algorithm>
#include <cmath>

#include "nib/base/version.h"
#include "nib/emit/manifest.h"
#include "nib/num/port_type.h"

namespace nib::emit {
namespace {

Json whole(double value) { return static_cast<std::int64_t>(std::llround(value)); }

}  // namespace

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json head_json(const Identity& what, const std::string& top, const std::string& config_json,
               const char* style) {
  Json j{{"schema", 1}, {"generator", kGenerator}, {"name", what.name}, {"top", top}};
  j["source"] = {{"file", what.source_file}, {"sha256", what.sha256}};
  j["config"] = config_json.empty() ? Json::object() : Json::parse(config_json);
  j["target"] = {{"name", what.target.name},
                 {"part", what.target.part},
                 {"clock_mhz", rounded(what.clock_mhz)}};
  j["style"] = style;
  return j;
}

int widest(const plan::Word& word) {
  int bits = 0;
  for (const plan::Element& e : word.elements) bits = std::max(bits, e.bits);
  return bits;
}

Json integer_json(const BigInt& x) {
  if (!x.fits_int64()) return to_string(x);
  return static_cast<std::int64_t>(x);
}

Json element_json(const plan::Element& e, bool with_range) {
  Json j{{"lsb", e.lsb},
         {"bits", e.bits},
         {"signed", e.is_signed},
         {"scale", to_string(e.scale)},
         {"offset", to_string(e.offset)}};
  if (!e.live && e.bits == 0) j["live"] = false;
  if (with_range && e.bits > 0 && e.range != full_range(e.bits, e.is_signed)) {
    j["min"] = integer_json(e.range.min);
    j["max"] = integer_json(e.range.max);
  }
  return j;
}

Json cost_json(const plan::Cost& cost) {
  return {{"lut", whole(cost.lut)},
          {"carry4", whole(cost.carry4)},
          {"ff", whole(cost.ff)},
          {"bram36", whole(cost.bram36)},
          {"dsp", whole(cost.dsp)}};
}

Json input_types_json(const std::vector<std::pair<std::string, graph::InputType>>& types) {
  Json list = Json::array();
  for (const auto& [name, input] : types) {
    Json j{{"name", name}, {"type", to_string(input.type)}};
    if (!input.ranges.empty()) {
      Json ranges = Json::array();
      for (const Range& r : input.ranges)
        ranges.push_back({integer_json(r.min), integer_json(r.max)});
      j["ranges"] = ranges;
    }
    list.push_back(j);
  }
  return list;
}

std::string text_of(const Json& j) {
  return pretty_json(j.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace nib::emit
