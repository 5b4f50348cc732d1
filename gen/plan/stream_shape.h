// Inside plan: the shape of a matrix that costs least for the steps of a vector that it may take.
#pragma once

#include "nib/plan/stream_space.h"

namespace nib::plan {

class MatrixShapes {
 public:
  MatrixShapes(const arith::Target& target, const FoldGoal& wish, const FoldSpace& space);

  /// Gives a layer with a matrix the words of a vector, multipliers or LUTs, and wired-in constants
  /// or tables that take the fewest cells at its number of steps. `dsp_rate`: what a multiplier
  /// counts, in shares of the LUTs that the device has for each.
  void shape(SearchLayer& layer, double dsp_rate);

 private:
  [[nodiscard]] double cells(const stream::Spec& spec, double dsp_rate) const;

  const arith::Target& target_;
  const FoldGoal& wish_;
  const FoldSpace& space_;
  std::vector<stream::Spec> units_;  ///< written to
  ArrayPlace place_;
};

}  // namespace nib::plan
