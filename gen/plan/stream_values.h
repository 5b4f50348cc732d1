// Untimed values of streaming units: what each stream carries, whatever the timing.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {

/// The lanes of a stream's words, one after the other; the bit `last` of a word counts as a lane.
using Lanes = std::vector<std::int64_t>;

/// Values of the outputs from those of the inputs, as far as whole frames go. Written from the
/// heads of the modules, apart from what times them.
[[nodiscard]] std::vector<Lanes> values(const Spec& spec, const std::vector<Lanes>& inputs);

/// Values of all channels (rings empty) from those of the sources.
[[nodiscard]] std::vector<Lanes> values(const Design& design, const std::vector<Lanes>& sources);

}  // namespace nib::plan::stream
