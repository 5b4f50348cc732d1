// Weighs the shapes of one matrix by the cost of its unit.
#include "nib/plan/stream_shape.h"

#include <algorithm>
#include <cmath>

#include "nib/plan/stream_cost.h"

namespace nib::plan {

MatrixShapes::MatrixShapes(const arith::Target& target, const FoldGoal& wish,
                           const FoldSpace& space)
    : target_(target), wish_(wish), space_(space), units_(space.units), place_(space.place) {}

/// In LUTs: block RAM at the rate at which the device has it, multipliers at `dsp_rate` times
/// theirs.
double MatrixShapes::cells(const stream::Spec& spec, double dsp_rate) const {
  const Cost c = stream::cost(spec);
  const double luts = target_.lut * wish_.luts;
  const auto price = [&](double used, double there) {
    return used > 0 ? used * luts / std::max(there, 1e-3) : 0;
  };
  return c.lut + price(c.bram36, target_.bram36 * wish_.blocks) +
         dsp_rate * price(c.dsp, target_.dsp * wish_.multipliers);
}

void MatrixShapes::shape(SearchLayer& l, double dsp_rate) {
  l.wired = false;
  auto* unit = std::get_if<stream::Mvu>(&units_[l.unit]);
  if (unit == nullptr) return;
  const auto steps = static_cast<std::int64_t>(l.steps);
  const auto narrowest = static_cast<std::int64_t>(
      std::ceil(static_cast<double>(l.columns) * l.bits / wish_.port_bits));
  double least = -1;
  const SearchLayer before = l;
  unit->input_stationary = l.input_stationary;
  const auto attempt = [&](std::int64_t sf, bool dsp) {
    SearchLayer next = before;
    next.input_steps = static_cast<int>(sf);
    next.dsp = dsp;
    const LayerFold f = next.fold();
    unit->format.lanes = f.simd;
    unit->pe = f.pe;
    unit->dsp = f.dsp;
    for (const stream::RomStyle rom : {stream::RomStyle::kLut, stream::RomStyle::kBlock}) {
      unit->rom = rom;
      const double price = cells(units_[l.unit], dsp_rate);
      if (least >= 0 && price >= least) continue;
      least = price;
      l.input_steps = next.input_steps;
      l.dsp = dsp;
    }
  };
  const std::int64_t most = std::min(steps, l.columns);
  for (std::int64_t sf = std::min(narrowest, most); sf <= most; sf = sf < 8 ? sf + 1 : sf * 9 / 8) {
    for (const bool dsp : {false, true}) {
      if (!dsp || l.multipliers) attempt(std::max<std::int64_t>(1, sf), dsp);
    }
  }
  if (!l.wireable) return;
  stream::ConstMvu wired = space_.wired[l.unit];
  SearchLayer next = before;
  next.wired = true;
  wired.digit = next.fold().digit;
  place_.layer = l.name;
  space_.arrays->complete(wired, place_);
  if (cells(wired, dsp_rate) < least) l = next;
}

}  // namespace nib::plan
