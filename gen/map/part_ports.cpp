// Widths and places.
#include "nib/map/part_ports.h"

#include <algorithm>

namespace nib::map {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

PortWord port_word(const LayerSignals& signals, const Part& part, std::size_t operand) {
  PortWord result;
  for (const std::int32_t i : part.inputs) {
    if (at(signals.op(i).word) == operand) result.operations.push_back(i);
  }
  std::sort(
      result.operations.begin(), result.operations.end(),
      [&](std::int32_t a, std::int32_t b) { return signals.op(a).index < signals.op(b).index; });
  for (const std::int32_t i : result.operations) {
    result.lsb.push_back(result.width);
    result.width += type_of(signals.op(i)).width;
  }
  return result;
}

int width_of(const LayerSignals& signals, const std::set<Tap>& taps) {
  int width = 0;
  for (const Tap& t : taps) width += type_of(signals.op(t.first)).width;
  return width;
}

int output_width(const plan::Layer& layer, const std::vector<std::int64_t>& outputs) {
  int width = 0;
  for (const std::int64_t e : outputs) width += layer.output.elements[at(e)].bits;
  return width;
}

bool has_registers(const LayerSignals& signals, const Part& part) {
  return std::any_of(part.operations.begin(), part.operations.end(),
                     [&](std::int32_t i) { return signals.depth(i) > 0; });
}

}  // namespace nib::map
