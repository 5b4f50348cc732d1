// Depths found by sizing, written back into the units.
#include <type_traits>

#include "nib/base/check.h"
#include "nib/plan/stream_size.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

/// A queue that changes its depth takes the storage that fits.
void set(Queue& queue, std::int64_t depth) {
  if (queue.depth != depth) queue = {depth, 0};
}

/// Queue of output `o`; null for a boundary slice, whose depth is fixed.
Queue* queue_of(Spec& spec, std::size_t o) {
  return std::visit(
      [o](auto& unit) -> Queue* {
        using Unit = std::remove_reference_t<decltype(unit)>;
        if constexpr (std::is_same_v<Unit, Boundary>) {
          return nullptr;
        } else if constexpr (std::is_same_v<Unit, Fork>) {
          return &unit.queues[o];
        } else {
          return &unit.queue;
        }
      },
      spec);
}

}  // namespace

std::vector<char> fixed_channels(const Design& design) {
  std::vector<char> fixed(design.formats.size(), 0);
  for (const Unit& unit : design.units) {
    if (!std::holds_alternative<Boundary>(unit.spec)) continue;
    for (const int channel : unit.outputs) fixed[static_cast<std::size_t>(channel)] = 1;
  }
  return fixed;
}

void set_depths(Design& design, const std::vector<std::int64_t>& depths) {
  NIB_CHECK(depths.size() == design.network.channels.size(), "a depth for every channel");
  design.network = with_depths(design.network, depths);
  for (Unit& unit : design.units) {
    for (std::size_t o = 0; o < unit.outputs.size(); ++o) {
      const Channel& channel = design.network.channels[static_cast<std::size_t>(unit.outputs[o])];
      Queue* queue = queue_of(unit.spec, o);
      NIB_CHECK(queue != nullptr || channel.depth == 2, "a boundary slice holds two words");
      if (queue == nullptr) continue;
      set(*queue, channel.depth);
      NIB_CHECK(queue->b() == channel.b, channel.name + " has the delay of its storage");
    }
    if (auto* window = std::get_if<WindowUnit>(&unit.spec)) {
      // The ring is the writer's channel, which stands in front of the unit's output.
      window->words = depths[static_cast<std::size_t>(unit.outputs[0]) - 1];
    }
  }
}

}  // namespace nib::plan::stream
