// Ranges of convolutions: per tap, then per kind of position.
#include "nib/lower/conv_ranges.h"

#include <algorithm>
#include <map>

namespace nib::lower {

ConvRanges::ConvRanges(const Conv& op, const Patches& patches, const Value& in, std::int64_t image)
    : taps_(patches.taps()), bias_(op.bias) {
  std::map<std::vector<bool>, std::int32_t> kinds;
  std::vector<bool> outside(static_cast<std::size_t>(taps_));
  for (std::int64_t p = 0; p < patches.positions(); ++p) {
    for (std::int64_t t = 0; t < taps_; ++t) {
      outside[static_cast<std::size_t>(t)] = patches.input(image, 0, p, t) == Patches::kOutside;
    }
    const auto [at, fresh] = kinds.emplace(outside, static_cast<std::int32_t>(kinds.size()));
    if (fresh) outsides_.push_back(outside);
    kind_.push_back(at->second);
  }
  const std::int64_t outputs = patches.out_channels(), inputs = patches.in_channels();
  const std::int64_t own = inputs / op.groups, out_group = outputs / op.groups;
  // Hulls of the input channels.
  const std::int64_t n = in.elements() / patches.images();
  std::vector<Range> codes(static_cast<std::size_t>(inputs));
  const std::int64_t pixels = n / inputs;
  for (std::int64_t c = 0; c < inputs; ++c) {
    for (std::int64_t i = 0; i < pixels; ++i) {
      const std::int64_t e =
          image * n + (op.window.channels_last ? i * inputs + c : c * pixels + i);
      const Range& range = in.range_of(e);
      Range& all = codes[static_cast<std::size_t>(c)];
      all = i == 0 ? range : nib::hull(all, range);
    }
  }
  inside_.resize(static_cast<std::size_t>(outputs * taps_));
  outside_.resize(inside_.size());
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t c = 0; c < own; ++c) {
      const auto channel = static_cast<std::size_t>(o / out_group * own + c);
      for (std::int64_t t = 0; t < taps_; ++t) {
        const std::int64_t w = op.weights[(o * own + c) * taps_ + t];
        if (w == 0) continue;
        const BigInt& padding = op.padding[channel];
        add_product(inside_[static_cast<std::size_t>(o * taps_ + t)], w, codes[channel]);
        add_product(outside_[static_cast<std::size_t>(o * taps_ + t)], w, {padding, padding});
      }
    }
  }
}

Range ConvRanges::of_kind(std::int64_t o, std::int64_t kind) const {
  Range sum{bias_[static_cast<std::size_t>(o)], bias_[static_cast<std::size_t>(o)]};
  const std::vector<bool>& outside = outsides_[static_cast<std::size_t>(kind)];
  for (std::int64_t t = 0; t < taps_; ++t) {
    const auto at = static_cast<std::size_t>(o * taps_ + t);
    const Range& part = outside[static_cast<std::size_t>(t)] ? outside_[at] : inside_[at];
    sum.min += part.min;
    sum.max += part.max;
  }
  return sum;
}

Range ConvRanges::at(std::int64_t o, std::int64_t position) const {
  return of_kind(o, kind_[static_cast<std::size_t>(position)]);
}

Range ConvRanges::hull(std::int64_t o) const {
  Range range;
  for (std::size_t kind = 0; kind < outsides_.size(); ++kind) {
    const Range one = of_kind(o, static_cast<std::int64_t>(kind));
    range = kind == 0 ? one : nib::hull(range, one);
  }
  return range;
}

}  // namespace nib::lower
