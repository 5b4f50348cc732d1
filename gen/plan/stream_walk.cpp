// Folds of a layer, and random changes.
#include "nib/plan/stream_walk.h"

#include <algorithm>
#include <array>

namespace nib::plan {

std::int64_t SearchLayer::digits() const {
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(steps), 1, bits);
}

LayerFold SearchLayer::fold() const {
  const auto all = std::max<std::int64_t>(1, static_cast<std::int64_t>(steps));
  if (wired) {
    LayerFold f;
    f.digit = static_cast<int>((bits + digits() - 1) / digits());
    f.steps = narrow > 1 ? static_cast<int>(std::max<std::int64_t>(1, rows / narrow)) : 0;
    return f;
  }
  if (apart) {
    const std::int64_t nf = std::clamp<std::int64_t>(all / columns, 1, rows);
    return {1, static_cast<int>((rows + nf - 1) / nf), false, 0, dsp && multipliers};
  }
  const std::int64_t sf = std::min({static_cast<std::int64_t>(input_steps), columns, all});
  const std::int64_t nf = std::clamp<std::int64_t>(all / sf, 1, rows);
  LayerFold f;
  f.simd = static_cast<int>((columns + sf - 1) / sf);
  f.pe = static_cast<int>((rows + nf - 1) / nf);
  f.input_stationary = input_stationary;
  f.dsp = dsp && multipliers;
  f.steps = narrow > 1 ? std::max(1, f.pe / narrow) : 0;
  return f;
}

std::size_t FoldWalk::draw(std::size_t n) {
  // Steele, Lea, Flood 2014: SplitMix64.
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return static_cast<std::size_t>((x ^ (x >> 31)) % n);
}

std::int64_t FoldWalk::near(std::int64_t n, std::int64_t most) {
  constexpr std::array<std::int64_t, 10> kEighths{4, 5, 6, 7, 7, 9, 9, 10, 12, 16};
  const std::int64_t eighths = kEighths[draw(kEighths.size())];
  const std::int64_t by_factor = (n * eighths + 4) / 8;
  const std::int64_t other = by_factor != n ? by_factor : n + (eighths > 8 ? 1 : -1);
  return std::clamp<std::int64_t>(other, 1, most);
}

void FoldWalk::change(SearchLayer& layer) {
  if (layer.wireable && draw(5) == 0) {
    layer.wired = !layer.wired;
    if (layer.wired)
      layer.steps = static_cast<double>(1 + draw(static_cast<std::size_t>(layer.bits)));
    return;
  }
  if (layer.wired) {
    if (draw(3) == 0) {
      layer.narrow = 1 << draw(5);
    } else {
      layer.steps = static_cast<double>(near(layer.digits(), layer.bits));
    }
    return;
  }
  const LayerFold f = layer.fold();
  const std::int64_t nf = (layer.rows + f.pe - 1) / f.pe;
  if (layer.apart) {
    if (layer.multipliers && draw(4) == 0) layer.dsp = !layer.dsp;
    layer.steps = static_cast<double>(near(nf, layer.rows) * layer.columns);
    return;
  }
  const std::int64_t sf = (layer.columns + f.simd - 1) / f.simd;
  std::int64_t next_sf = sf, next_nf = nf;
  switch (draw(12)) {
    case 0:
    case 1:
    case 2:
      next_nf = near(nf, layer.rows);
      break;
    case 3:
    case 4:
    case 5:
      next_sf = near(sf, layer.columns);
      break;
    case 6:
    case 7:
      // Another shape for as many steps.
      next_sf = near(sf, layer.columns);
      next_nf = std::clamp<std::int64_t>((sf * nf + next_sf - 1) / next_sf, 1, layer.rows);
      break;
    case 8:
      layer.input_stationary = !layer.input_stationary;
      break;
    case 9:
      layer.narrow = 1 << draw(5);
      break;
    default:
      if (layer.multipliers) layer.dsp = !layer.dsp;
      if (!layer.multipliers) next_nf = near(nf, layer.rows);
      break;
  }
  layer.steps = static_cast<double>(next_sf * next_nf);
  layer.input_steps = static_cast<int>(next_sf);
}

}  // namespace nib::plan
