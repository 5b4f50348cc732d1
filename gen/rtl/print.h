// Modules as text. The printer decides nothing: what is not in the model is not in the text.
#pragma once

#include <string>

#include "nib/rtl/module.h"

namespace nib::rtl {

/// Longest line of every file.
inline constexpr int kColumns = 100;

/// One source file with one module: wrapped at operators, aligned, newline at the end.
[[nodiscard]] std::string print(const Module& module);
/// The expression on one line.
[[nodiscard]] std::string print(const Expr& expr);

}  // namespace nib::rtl
