// Dense layers and convolutions: windows, word widths and multiply units.
#include <algorithm>
#include <numeric>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/stream_lower.h"
#include "nib/plan/stream_requantise.h"

namespace nib::plan {
namespace {

using lower::Node;
using lower::ValueId;
using stream::WindowUnit;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int64_t nonzero_of(const std::vector<std::int64_t>& weights) {
  return static_cast<std::int64_t>(weights.size()) - std::count(weights.begin(), weights.end(), 0);
}

/// Ranges of the rows' sums as lanes: hulls over the elements of each row.
std::vector<Range> lanes_of_rows(const lower::Value& value, const std::vector<Affine>& sums,
                                 const std::vector<std::vector<std::int32_t>>& elements) {
  std::vector<Range> ranges;
  for (std::size_t r = 0; r < sums.size(); ++r) {
    const std::int32_t first = elements[r].at(0);
    Range x = value.range_of(first);
    for (const std::int32_t e : elements[r]) {
      if (value.grouping.of(e) != value.grouping.of(first)) x = hull(x, value.range_of(e));
    }
    ranges.push_back(sums[r].lanes_of(x));
  }
  return ranges;
}

/// The code that stands in padding as a lane; none where it is between lanes.
std::optional<std::int64_t> lane_of(const Carried& x, std::int64_t code) {
  const std::int64_t step = code - x.low;
  if (step % x.span != 0) return std::nullopt;
  const std::int64_t lane = step / x.span;
  if (!x.bipolar()) return lane;
  return lane == 0 || lane == 1 ? std::optional(2 * lane - 1) : std::nullopt;
}

/// True if each row of `columns` elements comes in one piece, in the same order as the others.
bool rows_together(const std::vector<std::int32_t>& order, std::int64_t columns) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t c = i % at(columns);
    if (order[i] / columns != order[i - c] / columns) return false;
    if (order[i] % columns != order[c] % columns) return false;
  }
  return true;
}

}  // namespace

void StreamLowering::place(const lower::Linear& op, std::size_t n) {
  const Node& node = graph_.nodes[n];
  const std::int64_t columns = op.weights.shape[1], rows = op.weights.shape[0];
  Carried x = take(node.inputs[0]);
  open_layer(n);
  if (!rows_together(x.order, columns)) {
    std::vector<std::int32_t> plain(x.order.size());
    std::iota(plain.begin(), plain.end(), 0);
    x = builder_.arranged(std::move(x), plain);
  }
  x = builder_.reshaped(std::move(x), columns,
                        std::min<std::int64_t>({columns, folds_[n].simd, kMostLanes}));
  // Each vector is one row of the input; its elements come in the same order in all of them.
  std::vector<std::int32_t> column(at(columns)), source(at(x.pixels));
  for (std::int64_t p = 0; p < x.pixels; ++p) {
    const auto* e = &x.order[at(p * columns)];
    source[at(p)] = static_cast<std::int32_t>(e[0] / columns);
    for (std::int64_t c = 0; c < columns; ++c) {
      if (p == 0) column[at(c)] = static_cast<std::int32_t>(e[c] % columns);
    }
  }
  std::vector<std::int32_t> row(at(rows));
  const Wish& wish = layout_.wish[at(node.output)];
  std::iota(row.begin(), row.end(), 0);
  if (x.pixels == 1 && wish.pixels > 0) row = wish.order;
  Matrix m{rows, columns, {}, {}};
  std::vector<std::vector<std::int32_t>> elements(at(rows));
  Carried order;
  for (std::int64_t r = 0; r < rows; ++r) {
    m.bias.push_back(op.bias[at(row[at(r)])]);
    for (const std::int32_t c : column) {
      m.weights.push_back(op.weights[row[at(r)] * columns + c]);
    }
  }
  for (std::int64_t p = 0; p < x.pixels; ++p) {
    for (std::int64_t r = 0; r < rows; ++r) {
      order.order.push_back(static_cast<std::int32_t>(source[at(p)] * rows + row[at(r)]));
      elements[at(r)].push_back(order.order.back());
    }
  }
  plan_.layers.back().macs = op.weights.size() * x.pixels;
  plan_.layers.back().nonzero = nonzero_of(op.weights.data) * x.pixels;
  auto sums = on_lanes(m, x, falling_rows(n, elements), !chains_[n].computes);
  const auto ranges = lanes_of_rows(graph_.value(node.output), sums, elements);
  Carried y = folds_[n].digit > 0 ? wired(builder_, x, m, ranges)
                                  : multiplied(builder_, x, columns_of(x, 1), m, sums, ranges);
  y.order = std::move(order.order);
  finish(n, std::move(y), sums);
}

namespace {

/// A convolution on lanes: matrix rows in the order in which the result goes.
struct ConvRows {
  std::vector<std::int32_t> channel;                // output channel of each row
  std::vector<std::vector<std::int32_t>> elements;  // of each row: elements of the output
  std::vector<std::int32_t> order;
};

ConvRows rows_of(const Wish& wish, const FeatureMap& out, const std::vector<std::int32_t>* fixed) {
  ConvRows rows;
  rows.channel.resize(at(out.channels));
  std::iota(rows.channel.begin(), rows.channel.end(), 0);
  if (fixed != nullptr) {
    rows.channel = *fixed;
  } else if (wish.channels == out.channels && wish.pixels == out.pixels()) {
    // The channels as the reader wants them, if that is the same for all pixels.
    std::vector<std::int32_t> wanted(at(out.channels));
    bool same = true;
    for (std::int64_t i = 0; i < out.pixels() * out.channels; ++i) {
      const std::int32_t e = wish.order[at(i)];
      const auto c =
          static_cast<std::int32_t>(out.channels_last ? e % out.channels : e / out.pixels());
      if (i < out.channels) wanted[at(i)] = c;
      same = same && wanted[at(i % out.channels)] == c && e == out.element(i / out.channels, c);
    }
    if (same) rows.channel = wanted;
  }
  rows.elements.resize(at(out.channels));
  for (std::int64_t p = 0; p < out.pixels(); ++p) {
    for (std::int64_t r = 0; r < out.channels; ++r) {
      rows.order.push_back(out.element(p, rows.channel[at(r)]));
      rows.elements[at(r)].push_back(rows.order.back());
    }
  }
  return rows;
}

/// The matrix of a convolution: rows in the result's order, columns (tap, channel) in the input's,
/// taps alone where channels do not mix. `shift`: what every input channel lacks.
Matrix matrix_of(const lower::Conv& op, const FeatureMap& in, bool apart,
                 const std::vector<std::int32_t>& outputs, const std::vector<std::int32_t>& inputs,
                 const std::vector<std::int64_t>& shift) {
  const auto out = static_cast<std::int64_t>(outputs.size());
  const std::int64_t per_group = op.weights.shape[1], out_group = out / op.groups;
  const std::int64_t taps = op.weights.size() / (out * per_group);
  Matrix m{out, apart ? taps : taps * in.channels, {}, {}};
  for (const std::int32_t o : outputs) {
    std::int64_t bias = op.bias[at(o)];
    const auto weight = [&](std::int64_t k, std::int64_t c) -> std::int64_t {
      const std::int64_t within = c - o / out_group * per_group;
      if (within < 0 || within >= per_group) return 0;
      return op.weights[(o * per_group + within) * taps + k];
    };
    for (std::int64_t k = 0; k < taps; ++k) {
      if (apart) m.weights.push_back(weight(k, o));
      for (std::int64_t c = 0; c < in.channels; ++c) {
        const std::int64_t w = weight(k, inputs[at(c)]);
        if (!apart) m.weights.push_back(w);
        bias += w * shift[at(c)];
      }
    }
    m.bias.push_back(bias);
  }
  return m;
}

/// Shifts every channel by its padding code, so that padding is 0; the biases make up for it.
Carried without_padding_codes(StreamBuilder& builder, Carried x,
                              const std::vector<std::int64_t>& codes, const lower::Value& value,
                              const std::string& node) {
  std::vector<Point> points;
  for (std::int64_t c = 0; c < x.channels; ++c) {
    Range range = value.range_of(x.order[at(c)]);
    for (std::int64_t p = 0; p < x.pixels; ++p) {
      range = hull(range, value.range_of(x.order[at(p * x.channels + c)]));
    }
    const Affine code{x.span, x.low, 1}, shifted{x.span, x.low - codes[at(c)], 1};
    points.push_back(
        {shifted, identity(range + Range{-codes[at(c)], -codes[at(c)]}), code.lanes_of(range)});
  }
  return requantised(builder, std::move(x), points, false, node);
}

/// The windows of x, a pixel a word, in words of `simd` elements (tap, channel).
Carried with_taps(StreamBuilder& builder, Carried x, const WindowUnit& unit, std::int64_t simd) {
  NIB_CHECK(x.words() == 1 && x.full(), "a pixel a word");
  stream::Patch patch{x.format, unit.window.rows, unit.window.columns, unit.pad, 1, {}};
  x.channels = patch.elements();
  patch.lanes = static_cast<int>(std::min<std::int64_t>({x.channels, simd, kMostLanes}));
  x.channel = builder.unit("patch", patch, {x.channel})[0];
  x.format.lanes = patch.lanes;
  if (!x.full()) {
    x.fill = x.bipolar() ? -1 : 0;
    x.range = hull(x.range, {*x.fill, *x.fill});
  }
  return x;
}

}  // namespace

void StreamLowering::sum_pool(std::size_t n, Carried x, const stream::Window& window,
                              std::vector<std::int32_t> order) {
  const auto& op = std::get<lower::Conv>(graph_.nodes[n].op);
  const std::int64_t taps = std::int64_t{window.rows.kernel} * window.columns.kernel;
  stream::Pool pool = pool_of(window, x);
  pool.sum = true;
  x.range = hull(x.range * taps, x.range);
  const bool has_sign = x.format.kind == stream::Kind::kSigned;
  pool.bits = std::max(x.format.bits, bits_for(has_sign ? hull(x.range, {-1, 0}) : x.range));
  x.channel = builder_.unit("pool", pool, {x.channel})[0];
  x.format.bits = pool.bits;
  if (x.fill) x.fill = *x.fill * taps;
  x.pixels = static_cast<std::int64_t>(order.size()) / x.channels;
  plan_.layers.back().macs = plan_.layers.back().nonzero = x.elements() * taps;
  const FeatureMap out = feature_map(op.window, graph_.value(graph_.nodes[n].output).shape, "");
  std::vector<Affine> sums;
  for (std::int64_t c = 0; c < x.channels; ++c) {
    const std::int64_t e = order[at(c)];
    const std::int64_t channel = out.channels_last ? e % out.channels : e / out.pixels();
    const std::int64_t weight = op.weights.data[0];
    sums.push_back({weight * x.span, weight * taps * x.low + op.bias[at(channel)], 1});
  }
  x.low = 0;
  x.span = 1;
  x.order = std::move(order);
  finish(n, std::move(x), sums);
}

void StreamLowering::place(const lower::Conv& op, std::size_t n) {
  const Node& node = graph_.nodes[n];
  const lower::Value &input = graph_.value(node.inputs[0]), &output = graph_.value(node.output);
  const FeatureMap in = feature_map(op.window, input.shape, node.name);
  const FeatureMap out = feature_map(op.window, output.shape, node.name);
  WindowUnit unit;
  unit.window = window_of(op.window, in, out, node.name);
  const stream::Axis &ay = unit.window.rows, &ax = unit.window.columns;
  const std::int64_t taps = std::int64_t{ay.kernel} * ax.kernel;
  const bool is_wired = folds_[n].digit > 0;
  const bool apart = is_depthwise(op, in.channels) && !is_wired;
  Carried x = take(node.inputs[0]);
  open_layer(n);
  const auto padding = [&] { return ay.before + ay.after + ax.before + ax.after > 0; };
  const bool slides = taps > 1 || ay.stride > 1 || ax.stride > 1 || padding();
  const std::int64_t wanted = apart ? folds_[n].pe : folds_[n].simd;
  const std::vector<std::int32_t> channel = to_pixels(x, in, wanted);
  const ConvRows rows = rows_of(layout_.wish[at(node.output)], out, apart ? &channel : nullptr);

  // The sum of windows side by side is a pool's.
  const std::int64_t one = op.weights.data.at(0);
  if (apart && taps > 1 && side_by_side(ay) && side_by_side(ax) && !x.bipolar() && one != 0 &&
      std::all_of(op.weights.data.begin(), op.weights.data.end(),
                  [&](std::int64_t w) { return w == one; })) {
    return sum_pool(n, std::move(x), unit.window, rows.order);
  }

  // Padding: one lane for all channels, else channels are shifted.
  std::vector<std::int64_t> shift(at(in.channels), 0);
  if (too_padded(unit.window)) {
    std::vector<std::int64_t> lanes;
    for (const std::int32_t c : channel) {
      const auto lane = lane_of(x, op.padding[at(c)]);
      NIB_CHECK(lane.has_value(), "padding that is a lane");
      lanes.push_back(*lane);
    }
    x = builder_.padded(std::move(x), unit.window, lanes);
  }
  if (padding()) {
    const auto pad = lane_of(x, op.padding[0]);
    const bool equal = std::all_of(op.padding.begin(), op.padding.end(),
                                   [&](std::int64_t p) { return p == op.padding[0]; });
    const stream::Format f = x.format;
    const Range lanes =
        x.bipolar() ? Range{-1, 1} : full_range(f.bits, f.kind == stream::Kind::kSigned);
    if (equal && pad && lanes.contains(*pad)) {
      unit.pad = *pad;
    } else {
      NIB_CHECK(!x.bipolar(), "bipolar padding");
      for (std::int64_t c = 0; c < in.channels; ++c) shift[at(c)] = op.padding[at(channel[at(c)])];
      x = without_padding_codes(builder_, std::move(x), shift, input, node.name);
    }
    if (x.fill != unit.pad) x.fill.reset();
    x.range = hull(x.range, {unit.pad, unit.pad});
  }

  Matrix m = matrix_of(op, in, apart, rows.channel, channel, shift);
  plan_.layers.back().macs = op.weights.size() * out.pixels();
  plan_.layers.back().nonzero = nonzero_of(op.weights.data) * out.pixels();
  auto sums = on_lanes(m, x, falling_rows(n, rows.elements), !chains_[n].computes);
  const auto ranges = lanes_of_rows(output, sums, rows.elements);
  // A step that reads more than a pixel needs taps side by side.
  const bool at_once = !apart && taps > 1 && folds_[n].simd > in.channels;
  if (at_once) {
    x = with_taps(builder_, std::move(x), unit, folds_[n].simd);
  } else if (slides) {
    unit.format = x.format;
    unit.window.fold = static_cast<int>(x.words());
    unit.window.channel_outer = apart;
    unit.words = least_ring(unit.window);
    x.channel = builder_.unit("window", unit, {x.channel})[0];
  }
  x.pixels = out.pixels();
  Carried y;
  if (apart) {
    y = depthwise(builder_, x, m, ranges);
  } else if (is_wired) {
    y = wired(builder_, x, m, ranges);
  } else {
    y = multiplied(builder_, x, columns_of(x, at_once ? 1 : taps), m, sums, ranges);
  }
  y.order = rows.order;
  finish(n, std::move(y), sums);
}

}  // namespace nib::plan
