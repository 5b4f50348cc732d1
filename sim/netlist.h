// What Yosys makes of the emitted RTL: word-level cells, bits and names of the flattened top.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nib::sim {

/// A net by Yosys' number (2 and up), or a constant.
using Bit = std::int32_t;
inline constexpr Bit kBit0 = 0, kBit1 = 1, kBitX = -1;
using Bits = std::vector<Bit>;  ///< least significant first

enum class CellKind {
  kAdd,
  kSub,
  kNeg,
  kPos,
  kMul,
  kNot,
  kAnd,
  kOr,
  kXor,
  kXnor,
  kShl,
  kSshl,
  kShr,
  kSshr,
  kShift,
  kShiftx,
  kLt,
  kLe,
  kEq,
  kNe,
  kGe,
  kGt,
  kReduceAnd,
  kReduceOr,
  kReduceXor,
  kReduceXnor,
  kReduceBool,
  kLogicNot,
  kLogicAnd,
  kLogicOr,
  kMux,
  kPmux,
  kDff,
  kSdff,
  kMemoryRead,
  kUnknown,
};

struct Cell {
  CellKind kind = CellKind::kUnknown;
  std::string type;    ///< Yosys' name: "$add"
  std::string source;  ///< "jets_fc1.sv:20.19-20.39", innermost; may be empty
  bool a_signed = false, b_signed = false;
  Bits a, b, s, y;  ///< registers: a is D, y is Q; memory reads: a is the address
  Bit clock = kBitX;
  bool rising = true;
  Bit reset = kBitX;         ///< of kSdff
  bool reset_rising = true;  ///< reset is active high
  std::vector<Bits> memory;  ///< constant words of a memory read, index 0 first
};

/// Driver of a net: output bit `index` of a cell; -1: a port or nothing.
struct Driver {
  std::int32_t cell = -1;
  std::int32_t index = 0;
};

struct Netlist {
  std::vector<Cell> cells;
  std::map<std::string, Bits> ports;  ///< of the top
  std::map<std::string, Bits> nets;   ///< by name, hierarchical names with dots
  std::map<Bit, bool> initial;        ///< power-up values of registers that state one
  std::vector<Driver> drivers;        ///< by net

  [[nodiscard]] Driver driver(Bit bit) const {
    return bit >= 2 && static_cast<std::size_t>(bit) < drivers.size()
               ? drivers[static_cast<std::size_t>(bit)]
               : Driver{};
  }
};

/// Yosys' view of `sources` (relative to `folder`) below `top`. The top's nets in `keep` stay
/// whole, bits that nothing reads too. Throws Fault where Yosys refuses or warns; E0905 without
/// Yosys.
[[nodiscard]] Netlist read_netlist(const std::filesystem::path& folder,
                                   const std::vector<std::string>& sources, const std::string& top,
                                   const std::vector<std::string>& keep = {});
/// The same from the JSON text of write_json. Throws Fault.
[[nodiscard]] Netlist parse_netlist(std::string_view json, const std::string& top);

}  // namespace nib::sim
