// 128-bit integers, for products and sums of 64-bit ones.
#pragma once

namespace nib::lower {

__extension__ typedef __int128 Int128;  // NOLINT: an alias declaration takes no __extension__

}  // namespace nib::lower
