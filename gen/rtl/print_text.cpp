// Wrapping of code and comments.
#include "nib/rtl/print_text.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nib/rtl/names.h"

namespace nib::rtl {
namespace {

// Tools read comments that begin with these words as directives.
bool is_directive(std::string_view line) {
  constexpr std::array<std::string_view, 11> kWords = {
      "synopsys", "synthesis", "verilator", "pragma", "cadence",  "xilinx",
      "altera",   "ambit",     "exemplar",  "vivado", "translate"};
  std::string low;
  for (const char c : line.substr(0, 12)) {
    low += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return low.starts_with(word); });
}

void append_comment_line(std::string& out, int indent, std::string_view line) {
  out.append(static_cast<std::size_t>(indent), ' ');
  if (line.empty()) {
    out += "//\n";
    return;
  }
  const std::string safe = comment_text(line);
  const std::size_t first = safe.find_first_not_of(" *_-(");
  const bool directive =
      first != std::string::npos && is_directive(std::string_view(safe).substr(first));
  out += (directive ? "// : " : "// ") + safe + "\n";
}

}  // namespace

void append_wrapped(std::string& out, int indent, std::string_view text) {
  std::string line(static_cast<std::size_t>(indent), ' ');
  bool fresh = true;
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view part = text.substr(0, end);
    // What must follow on the same line (a closing bracket) is part of `part` already.
    if (!fresh && line.size() + 1 + part.size() > kColumns) {
      out += line + "\n";
      line.assign(static_cast<std::size_t>(indent) + 4, ' ');
      fresh = true;
    }
    if (!fresh) line += ' ';
    line += part;
    fresh = false;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  out += line + "\n";
}

void append_comment(std::string& out, int indent, std::string_view text) {
  const std::size_t room = static_cast<std::size_t>(kColumns - indent) - 5;
  while (true) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    std::string hang;  // continuation lines of an indented or labelled line
    while (hang.size() + line.size() > room) {
      std::size_t cut = line.rfind(' ', room - hang.size());
      const std::size_t ink = line.find_first_not_of(' ');
      if (cut == std::string_view::npos || cut <= ink) cut = room - hang.size();
      append_comment_line(out, indent, hang + std::string(line.substr(0, cut)));
      line.remove_prefix(cut);
      while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
      hang = "    ";
    }
    append_comment_line(out, indent, hang + std::string(line));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

std::string type_text(Type type) {
  std::string text = type.is_signed ? "logic signed" : "logic";
  if (type.width != 1 || type.is_signed) text += " [" + std::to_string(type.width - 1) + ":0]";
  return text;
}

}  // namespace nib::rtl
