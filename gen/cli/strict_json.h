// JSON that users write: a key given twice or something behind the end is an error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nib::cli {

/// Parses `text`. Errors E0804 begin with `where` and have `hint`, if it is not empty.
[[nodiscard]] nlohmann::json parse_json(const std::string& text, const std::string& where,
                                        const std::string& hint = {});

}  // namespace nib::cli
