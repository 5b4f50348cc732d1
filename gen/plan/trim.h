// Inside plan: layers without what nobody reads.
#pragma once

#include <cstdint>

#include "nib/plan/plan.h"

namespace nib::plan {

/// Takes away what is never read, backwards through the layers: output elements, operations,
/// layers; then declares widths.
void trim(Plan& plan);
/// Drops layers that turned out to be wires: their readers read what they read.
void drop_layer(Plan& plan, std::int32_t layer);
/// Fills Layer::inputs and Plan::output_layers from the sources.
void link_words(Plan& plan);

}  // namespace nib::plan
