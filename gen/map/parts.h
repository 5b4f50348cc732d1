// Inside map: how a layer is cut into modules of a readable length.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nib/map/signals.h"

namespace nib::map {

/// A signal between modules of a layer: an operation after some registers.
using Tap = std::pair<std::int32_t, int>;

/// One module of a layer. Operations that several blocks need stand in shared parts, which come
/// first; no part reads a later one.
struct Part {
  std::string suffix;                    ///< "" for the whole layer; "s0", "b0", ...
  std::vector<std::int32_t> operations;  ///< computed, and registered, here; ascending
  std::vector<std::int64_t> outputs;     ///< output elements that leave here; ascending
  std::set<std::int32_t> inputs;         ///< input operations read from the operands
  std::set<Tap> imports, exports;
};

/// Lines that one module should not exceed.
inline constexpr int kModuleLines = 400;

[[nodiscard]] std::vector<Part> cut(const LayerSignals& signals);

}  // namespace nib::map
