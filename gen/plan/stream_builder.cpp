// Adding units to a streaming design; changes of the word width.
#include "nib/plan/stream_builder.h"

#include <algorithm>
#include <numeric>

#include "nib/base/check.h"
#include "nib/plan/stream_array.h"

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

void StreamBuilder::complete(stream::ConstMvu& unit) {
  plan_.arrays->complete(unit, {plan_.name, layer().name, plan_.source_file, plan_.sha256,
                                plan_.target, plan_.clock_mhz});
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
  scale.bits = format.bits;
  scale.kind = format.kind;
  x.channel = unit("format", scale, {x.channel})[0];
  x.format.bits = format.bits;
  x.format.kind = format.kind;
  return x;
}

namespace {

/// True if `source` is groups of `lanes` positions that stand together in words, or are filled.
bool together(const std::vector<std::int32_t>& source, std::int64_t lanes) {
  if (static_cast<std::int64_t>(source.size()) % lanes != 0) return false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto l = static_cast<std::int32_t>(i % static_cast<std::size_t>(lanes));
    const std::int32_t first = source[i - static_cast<std::size_t>(l)];
    if (first >= 0 && first % lanes != 0) return false;
    if (source[i] != (first < 0 ? first : first + l)) return false;
  }
  return true;
}

}  // namespace

Carried StreamBuilder::reordered(Carried x, const std::vector<std::int32_t>& source,
                                 const std::vector<std::int64_t>& fill, std::int64_t lanes) {
  lanes = std::min(lanes, x.channels);
  while (x.channels % lanes != 0 || !together(source, lanes)) --lanes;
  x = with_lanes(std::move(x), lanes);
  stream::Reorder unit;
  if (!fill.empty()) {
    const auto [low, high] = std::minmax_element(fill.begin(), fill.end());
    x.range = hull(x.range, {*low, *high});
    if (!x.bipolar()) x = as_format(std::move(x), format_of(x.format.lanes, x.range));
  }
  unit.format = x.format;
  unit.words = static_cast<int>(x.elements() / lanes);
  unit.fill = fill;
  for (std::size_t i = 0; i < source.size(); i += static_cast<std::size_t>(lanes)) {
    unit.source.push_back(source[i] < 0 ? -1 : static_cast<std::int32_t>(source[i] / lanes));
  }
  x.channel = this->unit("reorder", unit, {x.channel})[0];
  x.pixels = 1;
  x.channels = static_cast<std::int64_t>(source.size());
  x.fill.reset();
  return x;
}

Carried StreamBuilder::padded(Carried x, stream::Window& window,
                              const std::vector<std::int64_t>& lanes) {
  std::vector<std::int32_t> source;
  std::vector<std::int64_t> fill;
  stream::Axis &ay = window.rows, &ax = window.columns;
  const std::int64_t channels = x.channels, word = x.format.lanes;
  for (int y = -ay.before; y < ay.size + ay.after; ++y) {
    for (int i = -ax.before; i < ax.size + ax.after; ++i) {
      const bool inside = y >= 0 && y < ay.size && i >= 0 && i < ax.size;
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t from = (std::int64_t{y} * ax.size + i) * channels + c;
        source.push_back(inside ? static_cast<std::int32_t>(from) : -1);
        if (!inside) fill.push_back(lanes[static_cast<std::size_t>(c)]);
      }
    }
  }
  for (stream::Axis* axis : {&ay, &ax}) {
    axis->size += axis->before + axis->after;
    axis->before = axis->after = 0;
  }
  return reshaped(reordered(std::move(x), source, fill, word), channels, word);
}

Carried StreamBuilder::arranged(Carried x, const std::vector<std::int32_t>& wanted) {
  if (x.order == wanted) return x;
  std::vector<std::int32_t> position(x.order.size()), source;
  for (std::size_t i = 0; i < x.order.size(); ++i) {
    position[static_cast<std::size_t>(x.order[i])] = static_cast<std::int32_t>(i);
  }
  for (const std::int32_t e : wanted) source.push_back(position[static_cast<std::size_t>(e)]);
  const std::int64_t lanes = x.format.lanes;
  x = reordered(std::move(x), source, {}, lanes);
  x.order = wanted;
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
