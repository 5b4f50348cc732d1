// Text templates with @NAME@ holes, for constraints and Tcl. (Never for SystemVerilog.)
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace nib::emit {

/// The values of a template's holes, by name (upper case, digits and '_').
using Holes = std::map<std::string, std::string, std::less<>>;

/// The text with every @NAME@ replaced. A name that `holes` lacks, and one that the text never
/// uses, are internal errors: template and code have parted. A value is not searched for holes.
[[nodiscard]] std::string render(std::string_view text, const Holes& holes);

/// `name` where it is safe as a bare word in Tcl and XDC ([A-Za-z0-9_.-], not empty, no leading
/// '-'); anything else is an internal error: names are made legal long before.
[[nodiscard]] std::string tcl_word(std::string_view name);
/// `text` for one comment line: anything but printable ASCII becomes '?', a trailing backslash
/// (which would continue a Tcl comment) too, and it is cut at 80 characters.
[[nodiscard]] std::string comment_text(std::string_view text);
/// A number of at most three decimals without trailing zeros: "2.778", "5".
[[nodiscard]] std::string decimal(double value);

}  // namespace nib::emit
