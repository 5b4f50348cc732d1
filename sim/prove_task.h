// One neuron whose output is a function of one integer: run over the whole reachable interval.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nib/sim/prover.h"

namespace nib::sim {

/// The primitive integer form P of a rational one: form = unit * P + rest.
struct PrimitiveForm {
  LinearForm form;  ///< coprime coefficients, constant 0
  Rational unit = 1, rest = 0;
};

struct Prover::Task {
  /// Codes are the same from `first` to the next run's first, exclusive.
  struct RunOfCodes {
    std::int64_t first = 0, code = 0;
  };

  std::size_t element = 0;
  Element type;
  GraphElement graph;
  PrimitiveForm primitive;
  std::optional<Program> program;
  std::vector<std::pair<std::int64_t, std::int64_t>> leaf;  ///< value = first * P + second
  std::vector<RunOfCodes> runs;
  std::int64_t points = 0;
  std::string error;  ///< empty: nothing wrong so far
  std::string narrow;

  /// Runs the circuit on every value of P; fills `runs`.
  void enumerate();
  /// Values of P where golden must be asked: both ends of every run (monotone), else all.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> questions() const;
  [[nodiscard]] Range image() const;
};

}  // namespace nib::sim
