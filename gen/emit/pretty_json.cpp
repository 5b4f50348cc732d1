// JSON as people read it: short objects on one line, long ones indented.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "nib/emit/manifest.h"

namespace nib::emit {
namespace {

using Json = nlohmann::ordered_json;

/// One line, with a blank behind ',' and ':'.
void write_line(const Json& value, std::string& out) {
  if (!value.is_structured()) {
    out += value.dump();
    return;
  }
  out += value.is_object() ? '{' : '[';
  bool first = true;
  for (const auto& item : value.items()) {
    if (!first) out += ", ";
    first = false;
    if (value.is_object()) out += Json(item.key()).dump() + ": ";
    write_line(item.value(), out);
  }
  out += value.is_object() ? '}' : ']';
}

/// Most values below `value` that are worth trying to fit into one line.
bool may_fit(const Json& value, std::size_t columns) {
  if (!value.is_structured()) return true;
  if (value.size() * 3 > columns) return false;
  for (const auto& item : value) {
    if (item.is_structured() && !may_fit(item, columns)) return false;
  }
  return true;
}

void write(const Json& value, std::size_t indent, std::size_t used, std::size_t columns,
           std::string& out) {
  if (may_fit(value, columns)) {
    std::string line;
    write_line(value, line);
    // 1: the comma behind it.
    if (!value.is_structured() || value.empty() || used + line.size() + 1 <= columns) {
      out += line;
      return;
    }
  }
  out += value.is_object() ? "{\n" : "[\n";
  const std::string margin(indent + 2, ' ');
  std::size_t left = value.size();
  for (const auto& item : value.items()) {
    const std::string key = value.is_object() ? Json(item.key()).dump() + ": " : "";
    out += margin + key;
    write(item.value(), indent + 2, margin.size() + key.size(), columns, out);
    out += --left > 0 ? ",\n" : "\n";
  }
  out += std::string(indent, ' ') + (value.is_object() ? '}' : ']');
}

}  // namespace

std::string pretty_json(std::string_view text, std::size_t columns) {
  std::string out;
  write(Json::parse(text), 0, 0, columns, out);
  return out + '\n';
}

}  // namespace nib::emit
