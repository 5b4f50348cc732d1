// Lint: Verilator prints nothing, and nothing in the sources tells it to be silent.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "nib/base/file.h"
#include "nib/sim/checks.h"
#include "nib/sim/process.h"

namespace nib::sim {
namespace {

constexpr std::array<std::string_view, 8> kWaivers{
    "lint_off",      "lint_save",    "`verilator_config", "//verilator ",
    "// verilator ", "/*verilator ", "/* verilator ",     "lint waive"};

/// "rtl/x.sv: ..." for the first pragma or waiver in the folder's rtl/; empty where there is none.
std::string find_waiver(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "rtl")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const std::string text = nib::read_file(file);
    for (const std::string_view waiver : kWaivers) {
      if (text.find(waiver) != std::string::npos) {
        return fmt::format("{} holds \"{}\"", file.lexically_relative(folder).string(), waiver);
      }
    }
    if (file.extension() == ".vlt") return file.filename().string() + " is a waiver file";
  }
  return {};
}

}  // namespace

void check_lint(Session& session) {
  session.say("lint");
  require_program("verilator", "verilator");
  const std::vector<std::string> sources = design_sources(session.folder);
  const Outcome outcome =
      run({"verilator", "--lint-only", "-Wall", "--assert", "-f", "rtl/files.f"},
          std::filesystem::absolute(session.folder));
  const std::string waiver = find_waiver(session.folder);
  if (outcome.status != 0 || !outcome.output.empty()) {
    session.add("lint", false, shortened(outcome.output));
  } else if (!waiver.empty()) {
    session.add("lint", false, waiver);
  } else {
    session.add("lint", true, fmt::format("{} files, no warning, no waiver", sources.size()));
  }
}

}  // namespace nib::sim
