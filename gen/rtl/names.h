// Identifiers: any text of a graph becomes a legal, readable, stable SystemVerilog name.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace nib::rtl {

/// True for the reserved words of SystemVerilog 2012 and Verilog 2005, in any case.
[[nodiscard]] bool is_keyword(std::string_view name);
/// True for [A-Za-z_][A-Za-z0-9_]* that is no keyword.
[[nodiscard]] bool is_identifier(std::string_view name);

/// `text` as an identifier in lower case: runs of other characters become one underscore, a leading
/// digit gets an "n" before it, nothing left becomes `fallback`, a keyword gets "_n" behind it, and
/// what exceeds `max_length` is cut and closed with eight digits of its hash. Legal whatever `text`
/// holds.
[[nodiscard]] std::string legal_name(std::string_view text, std::string_view fallback = "node",
                                     std::size_t max_length = 48);

/// `text` for a comment of one line: printable ASCII, no line ends, no backslash or back-quote.
[[nodiscard]] std::string comment_text(std::string_view text);

/// The names of one scope. Names that differ only in case clash: file systems and VHDL fold it.
class NameTable {
 public:
  /// The name `wanted` itself, or with the first free suffix _2, _3, ...
  std::string claim(std::string_view wanted);
  [[nodiscard]] bool contains(std::string_view name) const;

 private:
  std::map<std::string, int> taken_;  // folded name -> last suffix tried
};

}  // namespace nib::rtl
