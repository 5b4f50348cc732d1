// Deliberately wrong contracts: what the comparison must notice.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nib/plan/stream_network.h"

namespace nib::test {

struct Mutant {
  std::string name;
  /// Changes the network; false where it has nothing to change.
  std::function<bool(plan::stream::Network&)> apply;
};

[[nodiscard]] std::vector<Mutant> mutants();

}  // namespace nib::test
