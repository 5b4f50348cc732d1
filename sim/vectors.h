// What is driven into a design: directed, user-given and random vectors with their golden answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/sim/oracle.h"
#include "nib/sim/verify.h"
#include "nib/sim/words.h"

namespace nib::sim {

/// Vectors as words of the ports, with what must come out. Order: directed, user's, random.
struct Vectors {
  std::int64_t count = 0, directed = 0, user = 0;
  std::vector<PackedRows> inputs, outputs;  ///< one per port
  std::uint64_t rounded_inputs = 0;
  std::string summary;  ///< "120 directed, 1000 given, 10000 random"
};

/// Codes of the directed rows, side by side as Oracle::values_of takes them: all minimal, all
/// maximal, zeros, chequerboards, one element at a time at its ends.
[[nodiscard]] std::vector<std::int64_t> directed_codes(const std::vector<Element>& elements);
/// One random row: uniform, small, or at the ends, by turns.
void append_random_row(const std::vector<Element>& elements, Random& random,
                       std::vector<std::int64_t>& codes);

/// How many vectors are made where the user does not say.
struct VectorBudget {
  std::int64_t directed = 1 << 20;    ///< at most
  std::int64_t tie_candidates = 512;  ///< rows searched for rounding ties
  std::int64_t random = 10000;        ///< where options.random says nothing
};

/// All vectors of a run, evaluated. Throws Fault and E01xx as Oracle and the arrays do.
[[nodiscard]] Vectors make_vectors(Oracle& oracle, const Manifest& manifest,
                                   const VerifyOptions& options, const VectorBudget& budget = {});

}  // namespace nib::sim
