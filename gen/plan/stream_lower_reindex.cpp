// Rearrangements that are units: elements that repeat.
#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/stream_lower.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The map of a value that is one: channels first or last, at most two spatial axes.
std::optional<FeatureMap> map_of(const Shape& shape, bool channels_last) {
  if (shape.size() < 3 || shape.size() > 4 || shape[0] != 1) return std::nullopt;
  FeatureMap map;
  map.channels_last = channels_last;
  map.channels = channels_last ? shape.back() : shape[1];
  const std::size_t first = channels_last ? 1 : 2;
  map.columns = shape[shape.size() - (channels_last ? 2 : 1)];
  if (shape.size() == 4) map.rows = shape[first];
  return map;
}

/// True if y repeats the pixels and rows of x.
bool repeats(const lower::Reindex& op, const FeatureMap& x, const FeatureMap& y) {
  if (x.channels != y.channels || y.rows % x.rows != 0 || y.columns % x.columns != 0) return false;
  const std::int64_t down = y.rows / x.rows, right = y.columns / x.columns;
  for (std::int64_t p = 0; p < y.pixels(); ++p) {
    const std::int64_t from = p / y.columns / down * x.columns + p % y.columns / right;
    for (std::int64_t c = 0; c < y.channels; ++c) {
      if (op.source[at(y.element(p, c))] != x.element(from, c)) return false;
    }
  }
  return true;
}

}  // namespace

void StreamLowering::place(const lower::Reindex& op, std::size_t n) {
  if (!is_layer(n)) return;  // the stream of its input
  const lower::Node& node = graph_.nodes[n];
  for (const bool last : {false, true}) {
    const auto in = map_of(graph_.value(node.inputs[0]).shape, last);
    const auto out = map_of(graph_.value(node.output).shape, last);
    if (!in || !out || !op.fill.empty() || !repeats(op, *in, *out)) continue;
    Carried x = take(node.inputs[0]);
    open_layer(n);
    const std::int64_t lanes = folded_[n] != 0 ? folds_[n].simd : x.format.lanes;
    x = builder_.reshaped(std::move(x), in->channels, std::min(in->channels, lanes));
    const auto channel = channels_of(x.order, *in, node.name);
    stream::Upsample unit;
    unit.format = x.format;
    unit.columns = static_cast<int>(in->columns);
    unit.fold = static_cast<int>(x.words());
    unit.factor_y = static_cast<int>(out->rows / in->rows);
    unit.factor_x = static_cast<int>(out->columns / in->columns);
    x.channel = builder_.unit("upsample", unit, {x.channel})[0];
    x.pixels = out->pixels();
    x.order.clear();
    for (std::int64_t p = 0; p < x.pixels; ++p) {
      for (const std::int32_t c : channel) x.order.push_back(out->element(p, c));
    }
    const std::vector<Affine> codes(at(x.channels), Affine{x.span, x.low, 1});
    if (chains_[n].computes) return finish(n, std::move(x), codes);
    return publish(node.output, std::move(x));
  }
  fail(ErrorCode::E706, "a rearrangement that drops, adds or repeats elements", node.name);
}

}  // namespace nib::plan
