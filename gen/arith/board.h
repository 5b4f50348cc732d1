// Boards: a device with a clock, from data files (boards/*/board.json).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nib/arith/target.h"

namespace nib::arith {

struct Board {
  std::string name;      ///< "arty-a7-100t"
  std::string title;     ///< as its maker calls it
  std::string target;    ///< name of its device
  double clock_mhz = 0;  ///< of a design that asks for no other
};

/// All boards, by name, sorted.
[[nodiscard]] const std::vector<Board>& boards();
/// The board of that name. Errors: E0805 unknown (lists the known ones).
[[nodiscard]] const Board& find_board(std::string_view name);

}  // namespace nib::arith
