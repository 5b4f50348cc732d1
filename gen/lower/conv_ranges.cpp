// Ranges of convolutions: per tap, then per kind of position.
#include "nib/lower/conv_ranges.h"

#include <algorithm>
#include <limits>
#include <map>

#include "nib/base/check.h"

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
        const Int128 w = op.weights[(o * own + c) * taps_ + t];
        if (w == 0) continue;
        Wide& in_range = inside_[static_cast<std::size_t>(o * taps_ + t)];
        Wide& out_range = outside_[static_cast<std::size_t>(o * taps_ + t)];
        in_range.low += w * (w > 0 ? codes[channel].min : codes[channel].max);
        in_range.high += w * (w > 0 ? codes[channel].max : codes[channel].min);
        out_range.low += w * op.padding[channel];
        out_range.high += w * op.padding[channel];
      }
    }
  }
}

ConvRanges::Wide ConvRanges::wide(std::int64_t o, std::int64_t kind) const {
  Wide sum{bias_[static_cast<std::size_t>(o)], bias_[static_cast<std::size_t>(o)]};
  const std::vector<bool>& outside = outsides_[static_cast<std::size_t>(kind)];
  for (std::int64_t t = 0; t < taps_; ++t) {
    const auto at = static_cast<std::size_t>(o * taps_ + t);
    const Wide& part = outside[static_cast<std::size_t>(t)] ? outside_[at] : inside_[at];
    sum.low += part.low;
    sum.high += part.high;
  }
  return sum;
}

Range ConvRanges::at(std::int64_t o, std::int64_t position) const {
  const Wide sum = wide(o, kind_[static_cast<std::size_t>(position)]);
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  NIB_CHECK(sum.low >= -kMax && sum.high <= kMax, "a sum of at most 63 bits");
  return {static_cast<std::int64_t>(sum.low), static_cast<std::int64_t>(sum.high)};
}

bool ConvRanges::hull(std::int64_t o, Range& range) const {
  constexpr Int128 kLimit = static_cast<Int128>(1) << 61;
  for (std::size_t kind = 0; kind < outsides_.size(); ++kind) {
    const Wide sum = wide(o, static_cast<std::int64_t>(kind));
    if (sum.low < -kLimit || sum.high > kLimit) return false;
    const Range one{static_cast<std::int64_t>(sum.low), static_cast<std::int64_t>(sum.high)};
    range = kind == 0 ? one : nib::hull(range, one);
  }
  return true;
}

}  // namespace nib::lower
