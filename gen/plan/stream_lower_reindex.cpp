// Rearrangements that are units: repeated pixels; any other order, with constants.
#include <numeric>

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
    const auto channel = to_pixels(x, *in, lanes);
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
  reorder(op, n);
}

void StreamLowering::reorder(const lower::Reindex& op, std::size_t n) {
  const lower::Node& node = graph_.nodes[n];
  const Wish& wish = layout_.wish[at(node.output)];
  std::vector<std::int32_t> order = wish.order;
  if (wish.pixels == 0) {
    order.resize(op.source.size());
    std::iota(order.begin(), order.end(), 0);
  }
  Carried x = take(node.inputs[0]);
  open_layer(n);
  std::vector<std::int32_t> position(x.order.size()), source;
  for (std::size_t i = 0; i < x.order.size(); ++i) {
    position[at(x.order[i])] = static_cast<std::int32_t>(i);
  }
  std::vector<std::int64_t> codes(op.source.size()), fill;
  auto next = op.fill.begin();
  for (std::size_t e = 0; e < op.source.size(); ++e) {
    if (op.source[e] == lower::Reindex::kFilled) codes[e] = *next++;
  }
  for (const std::int32_t e : order) {
    const std::int32_t from = op.source[at(e)];
    source.push_back(from == lower::Reindex::kFilled ? -1 : position[at(from)]);
    if (source.back() < 0) fill.push_back(codes[at(e)]);
  }
  NIB_CHECK(x.low == 0 && x.span == 1 && !x.bipolar(), "codes");
  const std::int64_t most = std::max<std::int64_t>(1, wish.lanes);
  const std::int64_t lanes =
      folded_[n] != 0 ? folds_[n].simd : std::max<std::int64_t>(x.format.lanes, most);
  x = builder_.reordered(std::move(x), source, fill, lanes);
  x.order = std::move(order);
  const std::vector<Affine> sums(at(x.channels));
  finish(n, std::move(x), sums);
}

}  // namespace nib::plan
