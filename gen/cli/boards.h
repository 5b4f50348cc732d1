// Boards that this version knows.
#pragma once

#include <string>

namespace nib::cli {

/// Throws E0805 with the boards that there are: builds for boards are not in this version.
[[noreturn]] void refuse_board(const std::string& name);

}  // namespace nib::cli
