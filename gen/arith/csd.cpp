// Canonical signed digits.
#include "nib/arith/adder_graph.h"
#include "nib/base/check.h"

namespace nib::arith {

std::vector<std::pair<int, bool>> csd(std::int64_t value) {
  NIB_CHECK(value > -(std::int64_t{1} << 61) && value < (std::int64_t{1} << 61), "csd range");
  std::vector<std::pair<int, bool>> digits;
  for (int shift = 0; value != 0; ++shift, value >>= 1) {
    if ((value & 1) == 0) continue;
    // ...11 becomes +4 - 1: the digit that leaves the next bit 0.
    const bool negative = (value & 3) == 3;
    digits.emplace_back(shift, negative);
    value += negative ? 1 : -1;
  }
  return digits;
}

}  // namespace nib::arith
