// --config FILE.json: every option under its own name; the command line wins.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace nib::cli {

/// `args` (the program's name excluded) with the options of the file that its --config names
/// appended, as if they had been typed; options that `args` gives itself, and those that exclude
/// one of them (--target and --board, --clock-mhz and --latency), are left out. Without --config:
/// `args`. Errors E0101, E0804: not an object, a key that the command does not know, a value that
/// is no text, number, truth value or list of these.
[[nodiscard]] std::vector<std::string> apply_config(const CLI::App& app,
                                                    std::vector<std::string> args);

}  // namespace nib::cli
