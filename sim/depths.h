// Register depth of every net: all paths from the inputs to a net pass equally many registers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nib/sim/netlist.h"

namespace nib::sim {

/// Depth of a constant, which fits every depth.
inline constexpr int kAnyDepth = -1;

/// Registers between the input ports and each net.
class Depths {
 public:
  /// All registers must be clocked by the rising edge of the port `clock`.
  Depths(const Netlist& netlist, const std::string& clock);

  /// kAnyDepth for constants, -2 for nets that nothing drives.
  [[nodiscard]] int of(Bit bit);
  /// What is wrong at a cell (paths of unequal depth meet, another clock, a loop); by cell.
  [[nodiscard]] const std::map<int, std::string>& faults() const { return faults_; }

 private:
  [[nodiscard]] int of_cell(int cell, int index);
  [[nodiscard]] int meet(int cell, int a, int b);

  const Netlist& netlist_;
  Bit clock_ = kBitX;
  std::vector<int> depth_;
  std::map<int, std::string> faults_;
};

/// True where output bit i depends on bit i of the operands alone (and on all of s).
[[nodiscard]] bool is_bitwise(CellKind kind);

}  // namespace nib::sim
