// Adding units to a streaming design; changes of the word width.
#include "nib/plan/stream_builder.h"

#include <algorithm>
#include <numeric>

#include "nib/base/check.h"

namespace nib::plan {

using stream::Format;
using stream::Kind;

Format format_of(int lanes, Range range) {
  const Kind kind = range.min < 0 ? Kind::kSigned : Kind::kUnsigned;
  return {lanes, std::max(1, bits_for(range)), kind, false};
}

void StreamBuilder::open(StreamLayer layer) {
  plan_.layers.push_back(std::move(layer));
  open_ = true;
}

void StreamBuilder::close() { open_ = false; }

std::vector<int> StreamBuilder::unit(const std::string& role, const stream::Spec& spec,
                                     const std::vector<int>& inputs) {
  const std::string name = names_.claim(open_ ? layer().name + "_" + role : role);
  const auto index = static_cast<int>(plan_.design.units.size());
  (open_ ? plan_.layers.back().units : plan_.glue).push_back(index);
  return stream::add_unit(plan_.design, name, spec, inputs);
}

Carried StreamBuilder::with_lanes(Carried x, std::int64_t lanes) {
  if (x.format.lanes == lanes) return x;
  stream::Width width;
  width.format = x.format;
  width.lanes = static_cast<int>(lanes);
  width.frame = static_cast<int>(x.channels);
  x.channel = unit("width", width, {x.channel})[0];
  x.format.lanes = width.lanes;
  if (!x.full()) {
    x.fill = x.bipolar() ? -1 : 0;
    x.range = hull(x.range, {*x.fill, *x.fill});
  }
  return x;
}

Carried StreamBuilder::as_format(Carried x, const Format& format) {
  if (x.format.bits == format.bits && x.format.kind == format.kind) return x;
  NIB_CHECK(!x.bipolar() && format.kind != Kind::kBipolar, "numbers");
  stream::Scale scale;
  scale.format = x.format;
  scale.factors.assign(static_cast<std::size_t>(x.format.lanes), 1);
  scale.biases.assign(static_cast<std::size_t>(x.format.lanes), 0);
  scale.factor_bits = 2;
  scale.bits = format.bits;
  scale.kind = format.kind;
  x.channel = unit("format", scale, {x.channel})[0];
  x.format.bits = format.bits;
  x.format.kind = format.kind;
  return x;
}

Carried StreamBuilder::reshaped(Carried x, std::int64_t channels, std::int64_t lanes) {
  NIB_CHECK(x.elements() % channels == 0, "vectors of equal length");
  if (x.channels != channels) {
    // No word may hold the end of one vector and the beginning of the next.
    const std::int64_t both = std::gcd(x.channels, channels);
    if (both % x.format.lanes != 0) {
      std::int64_t between = x.format.lanes;
      while (between < both && both % between != 0) ++between;
      x = with_lanes(std::move(x), std::min(between, both));
    }
    x.pixels = x.elements() / channels;
    x.channels = channels;
  }
  return with_lanes(std::move(x), lanes);
}

}  // namespace nib::plan
