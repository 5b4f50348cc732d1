// Parses and looks at every key.
#include "nib/cli/strict_json.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "nib/base/error.h"

namespace nib::cli {

using Json = nlohmann::json;

Json parse_json(const std::string& text, const std::string& where, const std::string& hint) {
  const auto refuse = [&](const std::string& detail) {
    fail(ErrorCode::E804, where + ": " + detail, {}, hint);
  };
  if (text.find('\0') != std::string::npos) refuse("a byte of 0 is no JSON");
  std::vector<std::set<std::string>> open;
  const auto once = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key &&
        !open.back().insert(parsed.get<std::string>()).second) {
      refuse(fmt::format("\"{}\" is given twice", parsed.get<std::string>()));
    }
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, once);
  } catch (const Json::exception& error) {
    refuse(error.what());
  }
  return json;
}

}  // namespace nib::cli
