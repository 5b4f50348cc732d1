// Counting registers on all paths.
#include "nib/sim/depths.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::sim {
namespace {

constexpr int kOpen = -2, kUnknown = -3, kVisiting = -4;

}  // namespace

bool is_bitwise(CellKind kind) {
  return kind == CellKind::kNot || kind == CellKind::kAnd || kind == CellKind::kOr ||
         kind == CellKind::kXor || kind == CellKind::kXnor || kind == CellKind::kMux ||
         kind == CellKind::kDff || kind == CellKind::kSdff;
}

Depths::Depths(const Netlist& netlist, const std::string& clock)
    : netlist_(netlist), depth_(netlist.drivers.size(), kUnknown) {
  const auto port = netlist.ports.find(clock);
  if (port != netlist.ports.end() && port->second.size() == 1) clock_ = port->second[0];
  for (const auto& [name, bits] : netlist.ports) {
    for (const Bit bit : bits) {
      if (bit >= 2 && netlist.driver(bit).cell < 0) depth_[static_cast<std::size_t>(bit)] = 0;
    }
  }
}

int Depths::of(Bit bit) {
  if (bit < 2) return kAnyDepth;
  int& depth = depth_[static_cast<std::size_t>(bit)];
  const Driver driver = netlist_.driver(bit);
  if (depth == kVisiting) {
    faults_.emplace(driver.cell, "a loop");
    return kAnyDepth;
  }
  if (depth != kUnknown) return depth;
  if (driver.cell < 0) return depth = kOpen;
  depth = kVisiting;
  const int result = of_cell(driver.cell, driver.index);
  return depth_[static_cast<std::size_t>(bit)] = result;
}

int Depths::meet(int cell, int a, int b) {
  if (a == kAnyDepth || b == kAnyDepth) return std::max(a, b);
  if (a == b) return a;
  const Cell& c = netlist_.cells[static_cast<std::size_t>(cell)];
  if (a == kOpen || b == kOpen) {
    faults_.emplace(cell, fmt::format("{} ({}) reads an undriven net", c.source, c.type));
  } else {
    faults_.emplace(cell, fmt::format("{} ({}) joins paths of {} and {} registers", c.source,
                                      c.type, std::min(a, b), std::max(a, b)));
  }
  return std::max(a, b);
}

int Depths::of_cell(int id, int index) {
  const Cell& cell = netlist_.cells[static_cast<std::size_t>(id)];
  const bool bitwise = is_bitwise(cell.kind);
  int depth = kAnyDepth;
  const auto join = [&](const Bits& bits) {
    for (std::size_t i = 0; i < bits.size(); ++i) depth = meet(id, depth, of(bits[i]));
  };
  const auto join_bit = [&](const Bits& bits) {
    if (bits.empty()) return;
    const std::size_t i = std::min(static_cast<std::size_t>(index), bits.size() - 1);
    depth = meet(id, depth, of(bits[i]));
  };
  const bool is_register = cell.kind == CellKind::kDff || cell.kind == CellKind::kSdff;
  if (is_register) {
    if (cell.clock != clock_ || !cell.rising) {
      faults_.emplace(id, cell.source + " is not clocked by the rising edge of the clock");
    }
    join_bit(cell.a);
    return depth < 0 ? depth : depth + 1;
  }
  if (bitwise) {
    join_bit(cell.a);
    join_bit(cell.b);
  } else {
    join(cell.a);
    join(cell.b);
  }
  join(cell.s);
  return depth;
}

}  // namespace nib::sim
