// Option values: text to numbers, types and names.
#include "nib/cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>

#include "nib/base/error.h"
#include "nib/rtl/names.h"

namespace nib::cli {
namespace {

[[noreturn]] void fail_value(std::string_view option, std::string_view text,
                             const std::string& expected) {
  fail(ErrorCode::E802, fmt::format("{} is \"{}\": {}", option, text, expected));
}

/// Parses the whole text, a leading '+' excluded; false where anything is left over.
template <class T>
bool parse_all(std::string_view text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

std::int64_t parse_whole(std::string_view option, std::string_view text, std::int64_t low,
                         std::int64_t high) {
  std::int64_t value = 0;
  if (!parse_all(text, value) || value < low || value > high) {
    fail_value(option, text, fmt::format("not a whole number from {} to {}", low, high));
  }
  return value;
}

double parse_real(std::string_view option, std::string_view text, double low, double high) {
  double value = 0;
  if (!parse_all(text, value) || !std::isfinite(value) || value < low || value > high) {
    fail_value(option, text, fmt::format("not a number from {} to {}", low, high));
  }
  return value;
}

PortType parse_type(std::string_view option, std::string_view text) {
  const std::optional<PortType> type = parse_port_type(text);
  if (!type.has_value()) {
    fail_value(option, text,
               "not a type such as s16.10 (16 bits, 10 of them after the point), u8.0 or u8@1/255; "
               "at most 32 bits");
  }
  return *type;
}

std::pair<std::string, graph::InputType> parse_input_type(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool named = colon != std::string_view::npos;
  const std::string_view name = named ? text.substr(0, colon) : std::string_view{};
  if (named && name.empty()) fail_value("--input-type", text, "no name before the colon");
  const std::string_view type = named ? text.substr(colon + 1) : text;
  return {std::string(name), graph::InputType{parse_type("--input-type", type), {}}};
}

std::vector<std::pair<std::string, graph::InputType>> parse_input_types(
    const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, graph::InputType>> types;
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    types.push_back(parse_input_type(text));
    if (!seen.insert(types.back().first).second) {
      fail(ErrorCode::E803, "two times --input-type for one input: " + text);
    }
  }
  return types;
}

std::pair<std::string, std::string> parse_named_file(std::string_view option,
                                                     std::string_view text) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string_view::npos;
  const std::string_view name = named ? text.substr(0, equals) : std::string_view{};
  const std::string_view file = named ? text.substr(equals + 1) : text;
  if (file.empty()) fail_value(option, text, "no file");
  if (named && name.empty()) fail_value(option, text, "no name before the '='");
  return {std::string(name), std::string(file)};
}

void check_apart(const std::string& folder, const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path outer = fs::weakly_canonical(folder, ignored).relative_path();
  const auto inside = [&](const fs::path& path) {
    const fs::path inner = path.relative_path();
    const auto o = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first;
    return o == outer.end() || o->empty();  // "out/" ends with an empty name
  };
  // Folders that are never replaced are refused for that.
  if (!fs::exists(folder, ignored) || inside(fs::current_path(ignored))) return;
  if (!inside(fs::weakly_canonical(file, ignored))) return;
  fail(ErrorCode::E103, folder + " holds " + file, {},
       "it would be replaced as a whole: choose another folder");
}

void check_distinct(const std::vector<std::string>& results,
                    const std::vector<std::string>& sources) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::set<fs::path> taken;
  for (const std::string& source : sources) {
    if (!source.empty()) taken.insert(fs::weakly_canonical(source, ignored));
  }
  for (const std::string& result : results) {
    if (result.empty()) continue;
    const fs::path file = fs::weakly_canonical(result, ignored);
    const bool plain = !fs::exists(file, ignored) || fs::is_regular_file(file, ignored);
    if (plain && !taken.insert(file).second) {
      fail(ErrorCode::E803, result + " would be written over another file of this command", {},
           "give every result a file of its own");
    }
  }
}

void check_name(std::string_view option, std::string_view text) {
  const bool letter_first = !text.empty() && text.front() >= 'a' && text.front() <= 'z';
  if (!letter_first || rtl::legal_name(text, "net", 32) != text) {
    fail_value(option, text,
               "not a name of at most 32 lower-case letters, digits and single underscores that "
               "starts with a letter and is no reserved word");
  }
}

}  // namespace nib::cli
