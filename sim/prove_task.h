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

/// Throws Fault where the integers have too many bits.
[[nodiscard]] PrimitiveForm primitive_of(const RationalForm& form,
                                         const std::vector<Variable>& variables);

/// The factor with form = factor * primitive + constant modulo 2^width, the one of least size;
/// nullopt where they are not parallel.
[[nodiscard]] std::optional<BigInt> parallel(const LinearForm& form, const LinearForm& primitive,
                                             int width);

struct Prover::Task {
  /// Codes are the same from `first` to the next run's first, exclusive.
  struct RunOfCodes {
    BigInt first = 0;
    std::int64_t code = 0;
  };

  std::size_t element = 0;
  Element type;
  GraphElement graph;
  PrimitiveForm primitive;
  std::optional<Program> program;
  std::vector<std::pair<BigInt, BigInt>> leaf;  ///< value = first * P + second
  std::vector<RunOfCodes> runs;
  /// Where the logic was run on all inputs: values of P that occur, with their codes.
  std::vector<std::pair<BigInt, std::int64_t>> reached;
  std::int64_t points = 0;
  std::string error;  ///< empty: nothing wrong so far
  std::string narrow;

  /// Runs the circuit over all values of P, in intervals of equal codes; fills `runs`.
  void enumerate();
  /// Values of P where golden must be asked: both ends of every run (monotone), else all.
  [[nodiscard]] std::vector<std::pair<BigInt, std::int64_t>> questions() const;
  [[nodiscard]] Range image() const;
  /// The output word as a number.
  [[nodiscard]] std::int64_t code_of(std::uint64_t bits) const;
  /// Throws Fault where golden would have to be asked too often.
  void check_questions() const;
  /// The same as enumerate() for logic on words of over 64 bits, slower: `word` is the output's.
  void enumerate_wide(LinearView& view, const Bits& word);

 private:
  bool add_run(const BigInt& first, std::uint64_t bits);
  bool run_at(const BigInt& p);
  [[nodiscard]] std::optional<std::uint64_t> bits_over(const Range& range);
};

}  // namespace nib::sim
