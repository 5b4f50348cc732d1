// plan.json, read with distrust.
#include "nib/cli/fold_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/strict_json.h"

namespace nib::cli {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t kMaxBytes = std::uintmax_t{16} << 20;
constexpr std::int64_t kMostLanes = 1 << 20;

constexpr const char* kHint =
    "a plan is {\"layers\": {NAME: {\"simd\": N, \"pe\": N, \"input_stationary\": true|false}}} "
    "or {NAME: {\"digit\": BITS}}; every streaming build holds its own as plan.json";

[[noreturn]] void refuse(const std::string& detail) { fail(ErrorCode::E804, detail, {}, kHint); }

plan::LayerFold fold_of(const Json& json, const std::string& where) {
  if (!json.is_object()) refuse(where + " is no object");
  plan::LayerFold fold;
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    const Json& value = item.value();
    if (key == "input_stationary" || key == "dsp") {
      if (!value.is_boolean()) {
        refuse(fmt::format("{}: \"{}\" is neither true nor false", where, key));
      }
      (key == "dsp" ? fold.dsp : fold.input_stationary) = value.get<bool>();
    } else if (key == "steps" && value == 0) {
      fold.steps = 0;
    } else if (key == "simd" || key == "pe" || key == "steps" || key == "digit") {
      const bool whole = value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 &&
                         value.get<std::uint64_t>() <= kMostLanes;
      if (!whole) {
        refuse(fmt::format("{}: \"{}\" is {}, not a whole number from 1 to {}", where, key,
                           value.dump().substr(0, 40), kMostLanes));
      }
      (key == "pe"      ? fold.pe
       : key == "steps" ? fold.steps
       : key == "digit" ? fold.digit
                        : fold.simd) = static_cast<int>(value.get<std::int64_t>());
    } else {
      refuse(fmt::format("{}: \"{}\" is not known", where, key));
    }
  }
  for (const char* other : {"simd", "pe", "input_stationary", "dsp"}) {
    if (fold.digit == 0 || !json.contains(other)) continue;
    refuse(fmt::format("{}: \"digit\" wires the layer in, \"{}\" reads a table", where, other));
  }
  return fold;
}

}  // namespace

plan::Folding parse_folds(const std::string& text, const std::string& where) {
  const Json root = parse_json(text, where, kHint);
  if (!root.is_object() || root.size() != 1 || !root.contains("layers") ||
      !root["layers"].is_object()) {
    refuse(where + " is no object with \"layers\" alone");
  }
  plan::Folding folding;
  for (const auto& item : root["layers"].items()) {
    folding[item.key()] = fold_of(item.value(), fmt::format("{}: layer \"{}\"", where, item.key()));
  }
  return folding;
}

plan::Folding read_folds(const std::string& path) {
  return parse_folds(read_file(path, kMaxBytes), path);
}

}  // namespace nib::cli
