// Out-of-context constraints and the Vivado script of a build.
#pragma once

#include <string>

#include "nib/arith/target.h"
#include "nib/plan/plan.h"

namespace nib::emit {

/// What constraints are about.
struct Subject {
  std::string top;
  std::string source;  ///< what it was built from, for comments
  std::string clock;   ///< clock port; empty: a virtual clock for a design without registers
  double clock_mhz = 0;
  const arith::Target& target;
};

/// constraints/timing.xdc: clock, and I/O delays that neither hide a path nor invent a violation.
[[nodiscard]] std::string timing_xdc(const Subject& subject);
/// vivado/ooc.tcl: synthesis, placement, routing and reports of the top by itself.
[[nodiscard]] std::string ooc_tcl(const Subject& subject);

}  // namespace nib::emit
