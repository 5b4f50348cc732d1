// A bench that a user runs by hand with one command: make -C sim.
#pragma once

#include "nib/emit/emit.h"

namespace nib::emit {

/// One packed word as hexadecimal digits, most significant first: ceil(width / 4) of them.
/// `codes`: one per element; a code that its bits do not hold is an internal error.
[[nodiscard]] std::string pack_hex(const plan::Word& word, const BigInt* codes);

/// The Makefile of the bench <name>_tb.
[[nodiscard]] std::string bench_makefile(const std::string& name);
/// sim/: vectors as .npy and .mem, the SystemVerilog bench, its Makefile and README.txt.
/// what.vectors must be set.
[[nodiscard]] Files bench(const Package& what);

}  // namespace nib::emit
