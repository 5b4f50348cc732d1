// Inside map: the ports of one module of a layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "nib/map/parts.h"
#include "nib/map/signals.h"

namespace nib::map {

/// Where the elements that a part reads stand in its port for one operand.
struct PortWord {
  std::vector<std::int32_t> operations;  ///< ascending by element
  std::vector<int> lsb;
  int width = 0;
};
[[nodiscard]] PortWord port_word(const LayerSignals& signals, const Part& part,
                                 std::size_t operand);
[[nodiscard]] int width_of(const LayerSignals& signals, const std::set<Tap>& taps);
[[nodiscard]] int output_width(const plan::Layer& layer, const std::vector<std::int64_t>& outputs);
[[nodiscard]] bool has_registers(const LayerSignals& signals, const Part& part);

}  // namespace nib::map
