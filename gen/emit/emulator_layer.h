// Inside emit: one node of an integer graph as C++.
#pragma once

#include <string>

#include "nib/lower/integer_graph.h"

namespace nib::emit {

/// One layer: its tables, and the lines of run() that compute it.
struct EmulatorLayer {
  std::string tables, code;
};
/// The codes of value k are in x<k>.
[[nodiscard]] EmulatorLayer write_emulator_layer(const lower::IntegerGraph& graph,
                                                 const lower::Node& node);

}  // namespace nib::emit
