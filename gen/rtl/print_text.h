// Inside the printer: text with places where it may be wrapped.
#pragma once

#include <string>
#include <string_view>

#include "nib/rtl/print.h"

namespace nib::rtl {

/// The expression with '\n' wherever a space may become a line end.
[[nodiscard]] std::string breakable(const Expr& expr);
/// Appends `text` at `indent` spaces, wrapped at its '\n' marks to kColumns; continuation lines
/// stand four columns further in.
void append_wrapped(std::string& out, int indent, std::string_view text);
/// Appends a comment of one or more lines, wrapped at spaces; no line begins with a word that
/// tools take for a directive.
void append_comment(std::string& out, int indent, std::string_view text);
/// "logic signed [7:0]".
[[nodiscard]] std::string type_text(Type type);

}  // namespace nib::rtl
