// Registers, multipliers and places of tables.
#include "nib/plan/stream_settle.h"

#include <algorithm>
#include <cmath>

#include "nib/plan/stream_cost.h"
#include "nib/plan/stream_mac.h"

namespace nib::plan {
namespace {

using stream::Mvu;
using stream::RomStyle;
using stream::Spec;

/// Adder levels that fit between two registers; the word's bits are a wide sum's.
int levels_of_a_stage(const StreamPlan& plan) {
  constexpr int kSumBits = 20, kFanOut = 2;
  constexpr double kLuts = 35'000;  // of a design that fills the device by half
  const arith::Target& t = plan.target;
  const double level = arith::adder_delay(t, kSumBits) + arith::net_delay(t, kFanOut, kLuts);
  const double room = 1000 / plan.clock_mhz - arith::register_overhead(t);
  return std::max(1, static_cast<int>(room / level));
}

void registers(Mvu& unit, int levels_of_a_stage) {
  const int levels = mac_shape(unit).levels();
  // Reading the table and choosing the products takes as long as two levels.
  unit.product_register = unit.dsp || levels + 2 > levels_of_a_stage;
  const int stages = (levels + levels_of_a_stage - 1) / levels_of_a_stage;
  unit.tree_registers = std::clamp(stages - 1, 0, mac_shape(unit).most_tree_registers());
}

/// The place of a unit's table, if it has one.
RomStyle* place_of(Spec& spec) {
  if (auto* u = std::get_if<Mvu>(&spec)) return &u->rom;
  if (auto* u = std::get_if<stream::Vvu>(&spec)) return &u->rom;
  if (auto* u = std::get_if<stream::Threshold>(&spec)) return u->fold > 1 ? &u->rom : nullptr;
  if (auto* u = std::get_if<stream::Scale>(&spec)) return u->fold > 1 ? &u->rom : nullptr;
  if (auto* u = std::get_if<stream::Table>(&spec)) return &u->rom;
  return nullptr;
}

struct Place {
  RomStyle* style = nullptr;
  double luts = 0, blocks = 0;  ///< saved, taken by a table in block RAM
};

void place_tables(StreamPlan& plan, double blocks) {
  std::vector<Place> places;
  for (stream::Unit& unit : plan.design.units) {
    RomStyle* style = place_of(unit.spec);
    if (style == nullptr) continue;
    *style = RomStyle::kBlock;
    const Cost block = cost(unit.spec);
    *style = RomStyle::kLut;
    const Cost lut = cost(unit.spec);
    places.push_back({style, lut.lut - block.lut, block.bram36 - lut.bram36});
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.luts * b.blocks > b.luts * a.blocks;
  });
  for (const Place& p : places) {
    if (p.blocks > blocks || p.luts < 40 * p.blocks) continue;
    *p.style = RomStyle::kBlock;
    blocks -= p.blocks;
  }
}

void refresh_delays(StreamPlan& plan) {
  for (const stream::Unit& unit : plan.design.units) {
    const stream::Contract c = contract(unit.spec);
    for (std::size_t o = 0; o < c.outputs.size(); ++o) {
      stream::Channel& channel =
          plan.design.network.channels[static_cast<std::size_t>(unit.outputs[o])];
      channel.lat = c.outputs[o].lat;
      channel.b = c.outputs[o].queue.b();
    }
  }
}

}  // namespace

void settle_units(StreamPlan& plan, double blocks) {
  const int levels = levels_of_a_stage(plan);
  for (const StreamLayer& layer : plan.layers) {
    for (const int u : layer.units) {
      Spec& spec = plan.design.units[static_cast<std::size_t>(u)].spec;
      if (auto* vvu = std::get_if<stream::Vvu>(&spec)) vvu->dsp = layer.fold.dsp;
      if (auto* mvu = std::get_if<Mvu>(&spec)) {
        mvu->dsp = layer.fold.dsp && !mac_shape(*mvu).counts &&
                   mvu->format.kind != stream::Kind::kBipolar &&
                   mvu->weight_kind != stream::Kind::kBipolar;
        registers(*mvu, levels);
      }
    }
  }
  place_tables(plan, blocks);
  refresh_delays(plan);
}

Cost cost_of(StreamPlan& plan) {
  Cost sum;
  const auto add = [](Cost& a, const Cost& b) {
    a.lut += b.lut;
    a.carry4 += b.carry4;
    a.ff += b.ff;
    a.bram36 += b.bram36;
    a.dsp += b.dsp;
  };
  for (StreamLayer& layer : plan.layers) {
    layer.cost = {};
    for (const int u : layer.units) {
      add(layer.cost, cost(plan.design.units[static_cast<std::size_t>(u)].spec));
    }
    add(sum, layer.cost);
  }
  for (const int u : plan.glue) {
    add(sum, cost(plan.design.units[static_cast<std::size_t>(u)].spec));
  }
  return sum;
}

}  // namespace nib::plan
