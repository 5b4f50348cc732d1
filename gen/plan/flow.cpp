// Forward: ranges. Backward: which elements reach an output.
#include "nib/plan/flow.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <variant>

#include "nib/base/check.h"
#include "nib/lower/patches.h"
#include "nib/plan/linear_block.h"

namespace nib::plan {
namespace {

using lower::Node;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

class Analysis {
 public:
  explicit Analysis(const lower::IntegerGraph& graph) : graph_(graph) {
    flow_.range.resize(graph.values.size());
    flow_.live.resize(graph.values.size());
    flow_.nonzero.assign(graph.nodes.size(), 0);
  }

  Flow run() {
    for (const Node& node : graph_.nodes) forward(node);
    for (std::size_t v = 0; v < graph_.values.size(); ++v) {
      flow_.live[v].assign(flow_.range[v].size(), 0);
    }
    for (const lower::ValueId id : graph_.outputs) {
      for (std::size_t e = 0; e < flow_.range[index(id)].size(); ++e) mark(id, e);
    }
    for (std::size_t n = graph_.nodes.size(); n-- > 0;) backward(n);
    return std::move(flow_);
  }

 private:
  const std::vector<Range>& in(const Node& node, std::size_t k) const {
    return flow_.range[index(node.inputs.at(k))];
  }
  void mark(lower::ValueId id, std::size_t element) {
    if (!flow_.range[index(id)][element].is_constant()) flow_.live[index(id)][element] = 1;
  }

  void forward(const Node& node) {
    const std::int64_t count = graph_.value(node.output).elements();
    std::vector<Range> result(index(count));
    std::visit([&](const auto& op) { ranges(op, node, result); }, node.op);
    flow_.range[index(node.output)] = std::move(result);
  }

  void ranges(const lower::Input&, const Node& node, std::vector<Range>& y) const {
    const lower::Value& value = graph_.value(node.output);
    for (std::size_t e = 0; e < y.size(); ++e) y[e] = value.range_of(static_cast<std::int64_t>(e));
  }
  void ranges(const lower::Linear&, const Node& node, std::vector<Range>& y) const {
    sums(node, y);
  }
  void ranges(const lower::Conv&, const Node& node, std::vector<Range>& y) const { sums(node, y); }
  void sums(const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    const LinearBlocks blocks(graph_, node);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const LinearBlock block = blocks[b];
      const std::int64_t* w = block.weights;
      for (std::size_t o = 0; o < block.outputs.size(); ++o) {
        Range sum{block.bias[o], block.bias[o]};
        for (std::size_t i = 0; i < block.inputs.size(); ++i, ++w) {
          if (*w != 0) add_product(sum, *w, block.range(x, i));
        }
        y[index(block.outputs[o])] = sum;
      }
    }
  }
  void ranges(const lower::Step& op, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    for (std::size_t e = 0; e < y.size(); ++e) {
      y[e] = restricted(op.steps[op.grouping.of(static_cast<std::int64_t>(e))], x[e]).image();
    }
  }
  void ranges(const lower::Clamp& op, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    for (std::size_t e = 0; e < y.size(); ++e) {
      const Range limit = op.limits[op.grouping.of(static_cast<std::int64_t>(e))];
      y[e] = Range{std::clamp(x[e].min, limit.min, limit.max),
                   std::clamp(x[e].max, limit.min, limit.max)};
    }
  }
  void ranges(const lower::Reindex& op, const Node& node, std::vector<Range>& y) const {
    auto fill = op.fill.begin();
    for (std::size_t e = 0; e < y.size(); ++e) {
      if (op.source[e] == lower::Reindex::kFilled) {
        y[e] = Range{*fill, *fill};
        ++fill;
      } else {
        y[e] = in(node, 0)[index(op.source[e])];
      }
    }
  }
  void ranges(const lower::Sum& op, const Node& node, std::vector<Range>& y) const {
    for (std::size_t e = 0; e < y.size(); ++e) {
      Range sum{0, 0};
      for (std::size_t k = 0; k < op.factors.size(); ++k) {
        sum = sum + in(node, k)[e] * op.factors[k];
      }
      y[e] = sum;
    }
  }
  void ranges(const lower::Concat&, const Node& node, std::vector<Range>& y) const {
    const std::vector<ConcatSource> sources = concat_sources(graph_, node);
    for (std::size_t e = 0; e < y.size(); ++e) {
      y[e] = in(node, index(sources[e].operand))[index(sources[e].element)];
    }
  }
  // The largest that an element can be must reach the largest that another one surely is.
  void ranges(const lower::ArgMax&, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    const std::size_t length = x.size() / y.size();
    for (std::size_t r = 0; r < y.size(); ++r) {
      const Range* row = &x[r * length];
      BigInt sure = row[0].min;
      for (std::size_t i = 1; i < length; ++i) sure = std::max(sure, row[i].min);
      Range result{static_cast<std::int64_t>(length), -1};
      for (std::size_t i = 0; i < length; ++i) {
        if (row[i].max < sure) continue;
        result = hull_with(result, static_cast<std::int64_t>(i));
      }
      y[r] = result;
    }
  }

  // Element i has rank j only where at most j elements surely stand before it and at least j
  // possibly do.
  void ranges(const lower::TopK& op, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    const std::size_t k = index(op.k), length = x.size() / (y.size() / k);
    for (std::size_t e = 0; e < y.size(); ++e) {
      const Range* row = &x[e / k * length];
      const std::size_t rank = e % k;
      y[e] = op.values ? kth_value(row, length, rank) : kth_index(row, length, rank);
    }
  }
  /// The range with i in it; it may have been empty (min > max).
  static Range hull_with(const Range& range, std::int64_t i) {
    return {std::min(range.min, BigInt(i)), std::max(range.max, BigInt(i))};
  }
  static Range kth_value(const Range* row, std::size_t length, std::size_t rank) {
    std::vector<BigInt> low, high;
    for (std::size_t i = 0; i < length; ++i) {
      low.push_back(row[i].min);
      high.push_back(row[i].max);
    }
    std::sort(low.begin(), low.end(), std::greater<>());
    std::sort(high.begin(), high.end(), std::greater<>());
    return Range{low[rank], high[rank]};
  }
  static Range kth_index(const Range* row, std::size_t length, std::size_t rank) {
    Range result{static_cast<std::int64_t>(length), -1};
    for (std::size_t i = 0; i < length; ++i) {
      std::size_t surely = 0, possibly = 0;
      for (std::size_t other = 0; other < length; ++other) {
        if (other == i) continue;
        const std::int64_t tie = other < i ? 0 : 1;
        surely += row[other].min >= row[i].max + tie ? 1 : 0;
        possibly += row[other].max >= row[i].min + tie ? 1 : 0;
      }
      if (rank < surely || rank > possibly) continue;
      result = hull_with(result, static_cast<std::int64_t>(i));
    }
    return result;
  }
  void ranges(const lower::MaxPool&, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    const std::vector<std::vector<std::int32_t>> windows = pool_windows(graph_, node);
    for (std::size_t e = 0; e < y.size(); ++e) {
      y[e] = x[index(windows[e].at(0))];
      for (const std::int32_t i : windows[e]) {
        y[e].min = std::max(y[e].min, x[index(i)].min);
        y[e].max = std::max(y[e].max, x[index(i)].max);
      }
    }
  }

  void backward(std::size_t n) {
    const Node& node = graph_.nodes[n];
    const std::vector<char>& live = flow_.live[index(node.output)];
    std::visit([&](const auto& op) { reads(op, node, live, n); }, node.op);
  }

  void reads(const lower::Input&, const Node&, const std::vector<char>&, std::size_t) {}
  void reads(const lower::Linear&, const Node& node, const std::vector<char>& live, std::size_t n) {
    factors(node, live, n);
  }
  void reads(const lower::Conv&, const Node& node, const std::vector<char>& live, std::size_t n) {
    factors(node, live, n);
  }
  void factors(const Node& node, const std::vector<char>& live, std::size_t n) {
    const LinearBlocks blocks(graph_, node);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const LinearBlock block = blocks[b];
      const std::size_t ins = block.inputs.size();
      for (std::size_t o = 0; o < block.outputs.size(); ++o) {
        if (live[index(block.outputs[o])] == 0) continue;
        for (std::size_t i = 0; i < ins; ++i) {
          if (block.weights[o * ins + i] == 0) continue;
          if (block.inputs[i] == lower::Patches::kOutside) continue;
          mark(node.inputs[0], index(block.inputs[i]));
          ++flow_.nonzero[n];
        }
      }
    }
  }
  void same_element(const Node& node, const std::vector<char>& live) {
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      for (const lower::ValueId id : node.inputs) mark(id, e);
    }
  }
  void reads(const lower::Step&, const Node& node, const std::vector<char>& live, std::size_t) {
    same_element(node, live);
  }
  void reads(const lower::Clamp&, const Node& node, const std::vector<char>& live, std::size_t) {
    same_element(node, live);
  }
  void reads(const lower::Sum& op, const Node& node, const std::vector<char>& live, std::size_t) {
    for (std::size_t e = 0; e < live.size(); ++e) {
      for (std::size_t k = 0; live[e] != 0 && k < op.factors.size(); ++k) {
        if (op.factors[k] != 0) mark(node.inputs[k], e);
      }
    }
  }
  void reads(const lower::Reindex& op, const Node& node, const std::vector<char>& live,
             std::size_t) {
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;  // as filled elements are: constants
      mark(node.inputs[0], index(op.source[e]));
    }
  }
  void reads(const lower::Concat&, const Node& node, const std::vector<char>& live, std::size_t) {
    const std::vector<ConcatSource> sources = concat_sources(graph_, node);
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      mark(node.inputs[index(sources[e].operand)], index(sources[e].element));
    }
  }
  void reads(const lower::ArgMax&, const Node& node, const std::vector<char>& live, std::size_t) {
    rows(node, live, 1);
  }
  void reads(const lower::TopK& op, const Node& node, const std::vector<char>& live, std::size_t) {
    rows(node, live, index(op.k));
  }
  // Rows of `results` elements that depend on whole rows.
  void rows(const Node& node, const std::vector<char>& live, std::size_t results) {
    const std::size_t length = in(node, 0).size() / (live.size() / results);
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      for (std::size_t i = 0; i < length; ++i) mark(node.inputs[0], e / results * length + i);
    }
  }
  void reads(const lower::MaxPool&, const Node& node, const std::vector<char>& live, std::size_t) {
    const std::vector<std::vector<std::int32_t>> windows = pool_windows(graph_, node);
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      for (const std::int32_t i : windows[e]) mark(node.inputs[0], index(i));
    }
  }

  const lower::IntegerGraph& graph_;
  Flow flow_;
};

}  // namespace

Flow analyse(const lower::IntegerGraph& graph) { return Analysis(graph).run(); }

lower::StepFunction restricted(const lower::StepFunction& f, const Range& x) {
  const auto& t = f.thresholds;
  const auto first = std::upper_bound(t.begin(), t.end(), x.min) - t.begin();
  const auto last = std::upper_bound(t.begin(), t.end(), x.max) - t.begin();
  lower::StepFunction result;
  result.domain = x;
  result.thresholds.assign(t.begin() + first, t.begin() + last);
  result.levels.assign(f.levels.begin() + first, f.levels.begin() + last + 1);
  return result;
}

std::vector<ConcatSource> concat_sources(const lower::IntegerGraph& graph, const Node& node) {
  const auto axis = static_cast<std::size_t>(std::get<lower::Concat>(node.op).axis);
  const Shape& shape = graph.value(node.output).shape;
  const std::int64_t outer =
      std::accumulate(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis),
                      std::int64_t{1}, std::multiplies<>());
  std::vector<ConcatSource> result;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const std::int64_t chunk = graph.value(node.inputs[k]).elements() / outer;
      for (std::int64_t i = 0; i < chunk; ++i) {
        result.push_back(
            ConcatSource{static_cast<std::int32_t>(k), static_cast<std::int32_t>(o * chunk + i)});
      }
    }
  }
  NIB_CHECK(static_cast<std::int64_t>(result.size()) == graph.value(node.output).elements(),
            "a concatenation of all its operands");
  return result;
}

std::vector<std::vector<std::int32_t>> pool_windows(const lower::IntegerGraph& graph,
                                                    const Node& node) {
  const auto& op = std::get<lower::MaxPool>(node.op);
  const lower::Value& y = graph.value(node.output);
  const lower::Patches patches(op.window, graph.value(node.inputs.at(0)).shape, y.shape);
  std::vector<std::vector<std::int32_t>> result(index(y.elements()));
  for (std::int64_t image = 0; image < patches.images(); ++image) {
    for (std::int64_t c = 0; c < patches.out_channels(); ++c) {
      for (std::int64_t p = 0; p < patches.positions(); ++p) {
        std::vector<std::int32_t>& window = result[index(patches.output(image, c, p))];
        for (std::int64_t tap = 0; tap < patches.taps(); ++tap) {
          const std::int64_t x = patches.input(image, c, p, tap);
          if (x != lower::Patches::kOutside) window.push_back(static_cast<std::int32_t>(x));
        }
        NIB_CHECK(!window.empty(), "a window covers an element");
      }
    }
  }
  return result;
}

}  // namespace nib::plan
