// Text templates with @NAME@ holes.
#include "nib/emit/text_template.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "nib/base/check.h"

namespace nib::emit {
namespace {

bool is_hole_char(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Length of a hole's name at the start of `text` (just behind the '@'); 0 where there is none.
std::size_t hole_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_hole_char(text[n])) ++n;
  return n < text.size() && text[n] == '@' ? n : 0;
}

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

std::string render(std::string_view text, const Holes& holes) {
  std::string out;
  std::set<std::string_view> used;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
    const std::size_t length = hole_length(text);
    if (length == 0) {
      out += '@';
      continue;
    }
    const std::string_view name = text.substr(0, length);
    const auto hole = holes.find(name);
    NIB_CHECK(hole != holes.end(), "the template's @" + std::string(name) + "@ has no value");
    used.insert(hole->first);
    out += hole->second;
    text.remove_prefix(length + 1);
  }
  for (const auto& [name, value] : holes) {
    NIB_CHECK(used.count(name) != 0, "the template never uses @" + name + "@");
  }
  return out;
}

std::string tcl_word(std::string_view name) {
  NIB_CHECK(!name.empty() && name.front() != '-', "no Tcl word: '" + std::string(name) + "'");
  for (const char c : name) {
    NIB_CHECK(is_word_char(c), "no Tcl word: '" + std::string(name) + "'");
  }
  return std::string(name);
}

std::string comment_text(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  if (!out.empty() && out.back() == '\\') out.back() = '?';
  return out;
}

std::string decimal(double value) {
  NIB_CHECK(std::isfinite(value), "a number that is not finite");
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace nib::emit
