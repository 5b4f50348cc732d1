// Many designs in one Verilator build: every cycle of every output is compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nib/map/map.h"
#include "nib/plan/plan.h"

namespace nib::test {

/// A design with what it must answer.
struct Case {
  plan::Plan plan;
  map::Design design;
  std::vector<std::vector<std::int64_t>> inputs, outputs;  ///< codes of one vector each
};

/// Writes the sources of `cases` and a bench below `folder`, lints them with -Wall, builds and
/// runs: every vector in order, with gaps in `valid`, junk on the data in between, and one reset.
/// Returns what the tools printed; empty where all is right.
[[nodiscard]] std::string simulate(const std::vector<Case>& cases,
                                   const std::filesystem::path& folder);

/// Runs a command; returns its output (both streams), with a line about the exit code if not 0.
[[nodiscard]] std::string run_command(const std::string& command);

/// A fresh folder for one test.
[[nodiscard]] std::filesystem::path scratch(const std::string& name);

}  // namespace nib::test
