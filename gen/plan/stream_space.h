// Inside plan: what the search for folds chooses among: the layers that multiply and their units.
#pragma once

#include <memory>
#include <vector>

#include "nib/plan/stream_array.h"
#include "nib/plan/stream_planner.h"
#include "nib/plan/stream_walk.h"

namespace nib::plan {

/// The layers of a design that multiply, as the search begins.
struct FoldSpace {
  std::vector<SearchLayer> layers;
  std::vector<stream::Spec> units;      ///< what multiplies, for the cost of shapes
  std::vector<stream::ConstMvu> wired;  ///< the same with constants wired in, where that is allowed
  std::shared_ptr<ConstArrays> arrays = std::make_shared<ConstArrays>();
  ArrayPlace place;
};

/// Layers whose arrays of constants the clock or their size forbids are marked as not wireable.
[[nodiscard]] FoldSpace fold_space(const lower::IntegerGraph& graph, const arith::Target& target,
                                   const Goal& goal, const FoldGoal& wish);

/// The folds of all layers.
[[nodiscard]] Folding folding_of(const std::vector<SearchLayer>& layers);

}  // namespace nib::plan
