// Builds a network in a folder of its own and verifies it with the proof.
#pragma once

#include <string>

#include "command_runner.h"

namespace nib::cli::testing {

/// Outcome of `nib verify --prove`; `edit`: a shell line in front of it that plants a fault.
inline Outcome proof_of(const std::string& model, const std::string& build_options, int random,
                        const std::string& edit = "true") {
  const Bench bench;
  spill(bench / "net.onnx", model);
  const Outcome build = bench.nib("build net.onnx -o out " + build_options);
  CAPTURE(build.err);
  REQUIRE(build.code == 0);
  const Outcome fault = bench.shell(edit);
  CAPTURE(edit);
  REQUIRE(fault.code == 0);
  return bench.nib("verify out --prove --random " + std::to_string(random));
}

/// The proof holds.
inline void check_proven(const Outcome& outcome) {
  CAPTURE(outcome.out);
  CHECK(outcome.code == 0);
  CHECK(outcome.out.find("equal the graph for all inputs") != std::string::npos);
}

/// The proof says that something is wrong.
inline void check_refuted(const Outcome& outcome) {
  CAPTURE(outcome.out);
  CHECK(outcome.code == 1);
  CHECK(outcome.out.find("FAIL  prove") != std::string::npos);
  CHECK(outcome.out.find("not provable") == std::string::npos);
}

}  // namespace nib::cli::testing
