// Pools, sums, concatenations, selections and repetitions in streams.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/flow.h"
#include "nib/plan/stream_lower.h"
#include "nib/plan/stream_requantise.h"

namespace nib::plan {
namespace {

using lower::Node;
using lower::ValueId;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// A factor or offset of an adder.
int small(std::int64_t number, const std::string& node) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (number < -kMost || number > kMost) {
    fail(ErrorCode::E706, "a sum with a factor of over 31 bits", node);
  }
  return static_cast<int>(number);
}

}  // namespace

void StreamLowering::place(const lower::MaxPool& op, std::size_t n) {
  const Node& node = graph_.nodes[n];
  const FeatureMap in = feature_map(op.window, graph_.value(node.inputs[0]).shape, node.name);
  const FeatureMap out = feature_map(op.window, graph_.value(node.output).shape, node.name);
  stream::Window window = window_of(op.window, in, out, node.name);
  Carried x = take(node.inputs[0]);
  open_layer(n);
  const std::int64_t lanes = folded_[n] != 0 ? folds_[n].simd : x.format.lanes;
  const std::vector<std::int32_t> channel = to_pixels(x, in, lanes);
  if (too_padded(window)) {
    const std::vector<std::int64_t> least(at(x.channels), x.bipolar() ? BigInt(-1) : x.range.min);
    x = builder_.padded(std::move(x), window, least);
  }
  stream::Pool pool = pool_of(window, x);
  if (!side_by_side(window.rows) || !side_by_side(window.columns)) {
    // Windows one by one, each a frame of its own; padding is the least of all.
    stream::WindowUnit unit;
    unit.format = x.format;
    unit.window = window;
    unit.window.fold = static_cast<int>(x.words());
    unit.window.channel_outer = true;
    unit.pad = x.bipolar() ? BigInt(-1) : x.range.min;
    unit.words = least_ring(unit.window);
    x.channel = builder_.unit("window", unit, {x.channel})[0];
    pool.rows = pool.kernel_y = 1;
    pool.columns = pool.kernel_x = window.rows.kernel * window.columns.kernel;
    pool.fold = 1;
    if (x.fill != unit.pad) x.fill.reset();
  }
  x.channel = builder_.unit("pool", pool, {x.channel})[0];
  x.pixels = out.pixels();
  x.order.clear();
  for (std::int64_t p = 0; p < out.pixels(); ++p) {
    for (const std::int32_t c : channel) x.order.push_back(out.element(p, c));
  }
  if (!chains_[n].computes) return publish(result_of(n), std::move(x));
  const std::vector<Affine> lanes_to_codes(at(x.channels), Affine{x.span, x.low, 1});
  finish(n, std::move(x), lanes_to_codes);
}

namespace {

/// Sums of two terms that are worth listing.
constexpr std::int64_t kMostSums = 1 << 17;

/// Sorts numbers that are no less than `least`, by their digits from the lowest on.
void sort_from(std::vector<std::int64_t>& numbers, std::int64_t least) {
  constexpr int kBits = 11;
  constexpr std::int64_t kDigits = 1 << kBits;
  std::vector<std::int64_t> sorted(numbers.size());
  const std::int64_t most = *std::max_element(numbers.begin(), numbers.end()) - least;
  for (int shift = 0; shift < 63 && most >> shift != 0; shift += kBits) {
    std::array<std::size_t, kDigits> place{};
    for (const std::int64_t n : numbers) ++place[at((n - least) >> shift & (kDigits - 1))];
    std::exclusive_scan(place.begin(), place.end(), place.begin(), std::size_t{0});
    for (const std::int64_t n : numbers) {
      sorted[place[at((n - least) >> shift & (kDigits - 1))]++] = n;
    }
    numbers.swap(sorted);
  }
}

/// fa * a + fb * b of all a and b, ascending; null where they are too many.
std::shared_ptr<const std::vector<std::int64_t>> sums_of(Range a, std::int64_t fa, Range b,
                                                         std::int64_t fb) {
  const std::int64_t wide = a.max - a.min + 1, high = b.max - b.min + 1;
  if (wide > kMostSums || high > kMostSums || wide * high > kMostSums) return nullptr;
  std::vector<std::int64_t> sums;
  sums.reserve(at(wide * high));
  for (std::int64_t x = a.min; x <= a.max; ++x) {
    for (std::int64_t y = b.min; y <= b.max; ++y) sums.push_back(fa * x + fb * y);
  }
  sort_from(sums, (a * fa + b * fb).min);
  sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
  return std::make_shared<const std::vector<std::int64_t>>(std::move(sums));
}

}  // namespace

StreamLowering::Reach StreamLowering::reach_of(const lower::Sum& op, std::size_t n,
                                               const Carried& y) const {
  const Node& node = graph_.nodes[n];
  if (node.inputs.size() != 2 || node.inputs[0] == node.inputs[1] || !chains_[n].computes) {
    return {};
  }
  const lower::Value &a = graph_.value(node.inputs[0]), &b = graph_.value(node.inputs[1]);
  std::map<std::array<std::int64_t, 4>, Reach::value_type> known;
  Reach reach;
  std::vector<std::pair<Range, Range>> ranges;
  for (std::int64_t i = 0; i < y.pixels * y.channels; ++i) {
    const Range of_a = a.range_of(y.order[at(i)]), of_b = b.range_of(y.order[at(i)]);
    if (i < y.channels) ranges.emplace_back(of_a, of_b);
    auto& [hull_a, hull_b] = ranges[at(i % y.channels)];
    hull_a = hull(hull_a, of_a);
    hull_b = hull(hull_b, of_b);
  }
  for (const auto& [of_a, of_b] : ranges) {
    auto [found, is_new] = known.try_emplace({of_a.min, of_a.max, of_b.min, of_b.max});
    if (is_new) found->second = sums_of(of_a, op.factors[0], of_b, op.factors[1]);
    reach.push_back(found->second);
  }
  return reach;
}

void StreamLowering::place(const lower::Sum& op, std::size_t n) {
  const Node& node = graph_.nodes[n];
  std::vector<Carried> terms;
  for (const ValueId id : node.inputs) terms.push_back(take(id));
  open_layer(n);
  // All as the widest comes.
  const Carried widest = *std::max_element(
      terms.begin(), terms.end(),
      [](const Carried& a, const Carried& b) { return a.format.lanes < b.format.lanes; });
  const std::int64_t lanes = folded_[n] != 0 ? folds_[n].simd : widest.format.lanes;
  for (Carried& t : terms) {
    t = builder_.arranged(std::move(t), widest.order);
    t = builder_.reshaped(std::move(t), widest.channels, std::min(widest.channels, lanes));
  }
  Carried y = terms[0];
  std::int64_t factor = op.factors[0] * y.span, offset = op.factors[0] * y.low;
  for (std::size_t k = 1; k < terms.size(); ++k) {
    const Carried& t = terms[k];
    offset += op.factors[k] * t.low;
    stream::Add add;
    add.a = y.format;
    add.b = t.format;
    add.factor_a = small(factor, node.name);
    add.factor_b = small(op.factors[k] * t.span, node.name);
    add.offset = small(k + 1 == terms.size() ? offset : 0, node.name);
    const Range range =
        y.range * add.factor_a + t.range * add.factor_b + Range{add.offset, add.offset};
    const stream::Format format = format_of(1, range);
    add.bits = format.bits;
    add.kind = format.kind;
    if (add.bits > 62) fail(ErrorCode::E706, "a sum of over 62 bits", node.name);
    y.channel = builder_.unit("add", add, {y.channel, t.channel})[0];
    y.format = {y.format.lanes, add.bits, add.kind, false};
    if (y.fill && t.fill) {
      y.fill = *y.fill * add.factor_a + *t.fill * add.factor_b + add.offset;
    } else {
      y.fill.reset();
    }
    y.range = range;
    factor = 1;
  }
  const bool one = terms.size() == 1;
  y.low = 0;
  y.span = 1;
  const std::vector<Affine> sums(at(y.channels), one ? Affine{factor, offset, 1} : Affine{1, 0, 1});
  const Reach reach = reach_of(op, n, y);
  finish(n, std::move(y), sums, reach);
}

void StreamLowering::place(const lower::Concat&, std::size_t n) {
  const Node& node = graph_.nodes[n];
  std::vector<Carried> parts;
  Range range{0, 0};
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    parts.push_back(take(node.inputs[k]));
    range = k == 0 ? parts[0].range : hull(range, parts[k].range);
  }
  open_layer(n);
  // Pixel by pixel where all have as many pixels, else whole frames one after the other.
  const Wish& wish = layout_.wish[at(node.output)];
  std::int64_t pixels = wish.pixels > 0 ? wish.pixels : parts[0].pixels;
  std::int64_t length = 0, widest = 1;
  for (const Carried& p : parts) {
    if (p.elements() % pixels != 0 || (wish.pixels == 0 && p.pixels != pixels)) pixels = 1;
  }
  for (const Carried& p : parts) {
    length = std::gcd(length, p.elements() / pixels);
    widest = std::max<std::int64_t>(widest, p.format.lanes);
  }
  if (folded_[n] != 0) widest = folds_[n].simd;
  std::int64_t lanes = std::min(widest, length);
  while (length % lanes != 0) ++lanes;
  const stream::Format common = format_of(static_cast<int>(lanes), range);
  const std::vector<ConcatSource> sources = concat_sources(graph_, node);
  std::vector<std::vector<std::int32_t>> target(parts.size());
  for (std::size_t k = 0; k < parts.size(); ++k) target[k].resize(parts[k].order.size());
  for (std::size_t e = 0; e < sources.size(); ++e) {
    target[at(sources[e].operand)][at(sources[e].element)] = static_cast<std::int32_t>(e);
  }
  for (Carried& p : parts) {
    p = builder_.reshaped(std::move(p), p.elements() / pixels, lanes);
    p = builder_.as_format(std::move(p), common);
  }
  Carried y = parts[0];
  for (std::size_t k = 1; k < parts.size(); ++k) {
    stream::Concat unit;
    unit.format = y.format;
    unit.words_a = static_cast<int>(y.words());
    unit.words_b = static_cast<int>(parts[k].words());
    y.channel = builder_.unit("concat", unit, {y.channel, parts[k].channel})[0];
    y.channels += parts[k].channels;
  }
  y.order.clear();
  y.range = range;
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::size_t k = 0; k < parts.size(); ++k) {
      for (std::int64_t c = 0; c < parts[k].channels; ++c) {
        y.order.push_back(target[k][at(parts[k].order[at(p * parts[k].channels + c)])]);
      }
    }
  }
  publish(node.output, std::move(y));
}

void StreamLowering::place(const lower::ArgMax&, std::size_t n) {
  const Node& node = graph_.nodes[n];
  const std::int64_t rows = graph_.value(node.output).elements();
  Carried x = take(node.inputs[0]);
  const std::int64_t classes = x.elements() / rows;
  open_layer(n);
  const std::int64_t lanes = folded_[n] != 0 ? folds_[n].simd : x.format.lanes;
  // Rows in any order, but the classes of each in theirs.
  bool in_order = true;
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const std::int32_t first = x.order[at(i - i % classes)];
    in_order = in_order && first % classes == 0 && x.order[at(i)] == first + i % classes;
  }
  if (!in_order) {
    std::vector<std::int32_t> plain(x.order.size());
    std::iota(plain.begin(), plain.end(), 0);
    x = builder_.arranged(std::move(x), plain);
  }
  x = builder_.reshaped(std::move(x), classes, std::min(classes, lanes));
  Carried y;
  for (std::int64_t r = 0; r < rows; ++r) {
    y.order.push_back(static_cast<std::int32_t>(x.order[at(r * classes)] / classes));
  }
  stream::Argmax unit;
  unit.format = x.format;
  unit.classes = static_cast<int>(classes);
  y.channel = builder_.unit("argmax", unit, {x.channel})[0];
  y.format = builder_.design().formats[at(y.channel)];
  y.pixels = rows;
  y.range = {0, classes - 1};
  publish(node.output, std::move(y));
}

void StreamLowering::place(const lower::TopK&, std::size_t n) {
  fail(ErrorCode::E706, "the largest few of a row", graph_.nodes[n].name,
       "a stream knows the index of the largest alone: use ArgMax");
}

}  // namespace nib::plan
