// A small design written by hand: what plan and map would hand to emit, with RTL that runs.
#pragma once

#include <string>

#include "nib/emit/emit.h"

namespace nib::emit::testing {

/// y0 = x0 + x1 one cycle later, y1 = 3 always. x: s4.1 in -8 .. 7, s4.1 in -3 .. 5.
struct SmallDesign {
  plan::Plan plan;
  map::Design design;
  lower::IntegerGraph graph;

  SmallDesign();
  /// A package with model, configuration, input types and four vectors.
  [[nodiscard]] Package package() const;
};

}  // namespace nib::emit::testing
