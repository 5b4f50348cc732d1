// --plan plan.json: the folds of a streaming design, pinned.
#pragma once

#include <string>

#include "nib/plan/stream_plan.h"

namespace nib::cli {

/// Reads {"layers": {"fc1": {"simd": 8, "pe": 16, "input_stationary": false}}}; what a layer leaves
/// out is 1 or false. Errors E0101, E0804.
[[nodiscard]] plan::Folding read_folds(const std::string& path);
/// The same from text; `where` stands in errors.
[[nodiscard]] plan::Folding parse_folds(const std::string& text, const std::string& where);

}  // namespace nib::cli
