// Fields of manifest.json.
#include "nib/sim/manifest_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "nib/base/error.h"

namespace nib::sim {

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

std::string identifier(std::string text, const std::string& where, bool dots) {
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

/// A code: a number, or decimal text where that has over 64 bits.
BigInt code_of(const Json& value, const Range& all, const std::string& what) {
  std::optional<BigInt> code;
  if (value.is_string()) code = parse_big_int(value.get<std::string>());
  if (value.is_number_unsigned()) code = BigInt(value.get<std::uint64_t>());
  if (value.is_number_integer() && !code) code = BigInt(value.get<std::int64_t>());
  if (!code) damaged(what + " is not a whole number");
  if (!all.contains(*code)) {
    contradictory(fmt::format("{} is {}, which is not in {} .. {}", what, to_string(*code),
                              to_string(all.min), to_string(all.max)));
  }
  return *code;
}

Element element_of(const Json& json, const std::string& where) {
  Element e;
  e.lsb = whole_of(json, "lsb", 0, kMaxWordBits, where);
  e.bits = whole_of(json, "bits", 0, nib::kMaxWordBits, where);
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
  if (min != nullptr) e.range.min = code_of(*min, all, "\"min\" of " + where);
  if (max != nullptr) e.range.max = code_of(*max, all, "\"max\" of " + where);
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

}  // namespace nib::sim
