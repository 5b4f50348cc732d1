// One network: golden against plain rationals and against the integer graph.
#pragma once

#include <cstdint>
#include <string>

#include "network_maker.h"

namespace nib::random {

struct Outcome {
  std::int64_t codes = 0;  ///< compared between golden and the integer graph
  std::int64_t reals = 0;  ///< compared between the two evaluations of golden
  std::string refused;     ///< "E0502 title: detail" where the network was refused, and by what
  std::string fault;       ///< what was wrong; empty: nothing
};

/// Reads the network, evaluates it on random and extreme rows, lowers it, executes the integer
/// graph and compares every tensor that both have.
[[nodiscard]] Outcome check_network(Network& network, std::uint64_t seed);

}  // namespace nib::random
