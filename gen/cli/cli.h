// The command `nib`.
#pragma once

#include <string>
#include <vector>

namespace nib::cli {

/// Runs the command line (the program's name excluded) and returns the exit code: 0 ok,
/// 1 verification failed, 2 the user's error, 3 our own fault. Results go to standard output,
/// errors and progress to standard error.
int run(const std::vector<std::string>& args);

}  // namespace nib::cli
