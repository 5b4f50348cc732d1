// --help of every command, word for word; --version.
#include <doctest/doctest.h>

#include "command_runner.h"

namespace nib::cli::testing {

TEST_CASE("help of every command, with examples") {
  const Bench bench;
  const std::pair<const char*, const char*> commands[] = {
      {"", "help_nib.txt"},
      {"inspect", "help_inspect.txt"},
      {"emulate", "help_emulate.txt"},
      {"build", "help_build.txt"},
      {"make", "help_make.txt"},
      {"make mac-array", "help_make_mac_array.txt"},
      {"make threshold-unit", "help_make_threshold_unit.txt"},
      {"make stream-fifo", "help_make_stream_fifo.txt"},
      {"verify", "help_verify.txt"},
      {"simulate", "help_simulate.txt"},
      {"targets", "help_targets.txt"}};
  for (const auto& [command, golden] : commands) {
    CAPTURE(command);
    const Outcome outcome = bench.nib(std::string(command) + " --help");
    CHECK(outcome.code == 0);
    CHECK(outcome.err == "");
    const bool examples = outcome.out.find("Example") != std::string::npos;
    CHECK(examples == (std::string(command) != "make"));
    check_golden(golden, outcome.out);
  }
}

TEST_CASE("--version") {
  const Outcome outcome = Bench().nib("--version");
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "nib 0.1.0\n");
}

TEST_CASE("targets as a table and as JSON") {
  const Bench bench;
  const Outcome table = bench.nib("targets");
  CHECK(table.code == 0);
  check_golden("targets.txt", table.out);
  const Outcome json = bench.nib("targets --json");
  CHECK(json.code == 0);
  check_golden("targets.json", json.out);
}

}  // namespace nib::cli::testing
