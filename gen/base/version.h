// The version of nib; equal to the project's in CMakeLists.txt (checked when CMake runs).
#pragma once

#include <string_view>

namespace nib {

inline constexpr std::string_view kVersion = "0.1.0";
/// What manifests and the headers of generated files name as their maker.
inline constexpr std::string_view kGenerator = "nib 0.1.0";

}  // namespace nib
