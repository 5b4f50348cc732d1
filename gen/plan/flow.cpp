// Forward: ranges. Backward: which elements reach an output.
#include "nib/plan/flow.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <variant>

#include "nib/base/check.h"

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
  void ranges(const lower::Linear& op, const Node& node, std::vector<Range>& y) const {
    const std::vector<Range>& x = in(node, 0);
    const std::size_t outs = index(op.weights.shape.at(0));
    const std::size_t ins = index(op.weights.shape.at(1));
    for (std::size_t e = 0; e < y.size(); ++e) {
      const std::size_t row = e / outs * ins;
      const std::int64_t* w = &op.weights.data[e % outs * ins];
      Range sum{op.bias[e % outs], op.bias[e % outs]};
      for (std::size_t i = 0; i < ins; ++i) {
        if (w[i] != 0) sum = sum + x[row + i] * w[i];
      }
      y[e] = sum;
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
    for (std::size_t e = 0; e < y.size(); ++e) y[e] = in(node, 0)[index(op.source[e])];
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
      std::int64_t sure = row[0].min;
      for (std::size_t i = 1; i < length; ++i) sure = std::max(sure, row[i].min);
      Range result{static_cast<std::int64_t>(length), -1};
      for (std::size_t i = 0; i < length; ++i) {
        if (row[i].max < sure) continue;
        result.min = std::min(result.min, static_cast<std::int64_t>(i));
        result.max = std::max(result.max, static_cast<std::int64_t>(i));
      }
      y[r] = result;
    }
  }

  void backward(std::size_t n) {
    const Node& node = graph_.nodes[n];
    const std::vector<char>& live = flow_.live[index(node.output)];
    std::visit([&](const auto& op) { reads(op, node, live, n); }, node.op);
  }

  void reads(const lower::Input&, const Node&, const std::vector<char>&, std::size_t) {}
  void reads(const lower::Linear& op, const Node& node, const std::vector<char>& live,
             std::size_t n) {
    const std::size_t outs = index(op.weights.shape.at(0));
    const std::size_t ins = index(op.weights.shape.at(1));
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      for (std::size_t i = 0; i < ins; ++i) {
        if (op.weights.data[e % outs * ins + i] == 0) continue;
        mark(node.inputs[0], e / outs * ins + i);
        ++flow_.nonzero[n];
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
      if (live[e] != 0) mark(node.inputs[0], index(op.source[e]));
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
    const std::vector<Range>& x = in(node, 0);
    const std::size_t length = x.size() / live.size();
    for (std::size_t e = 0; e < x.size(); ++e) {
      if (live[e / length] != 0) mark(node.inputs[0], e);
    }
  }

  const lower::IntegerGraph& graph_;
  Flow flow_;
};

}  // namespace

Flow analyse(const lower::IntegerGraph& graph) { return Analysis(graph).run(); }

lower::StepFunction restricted(const lower::StepFunction& f, Range x) {
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

}  // namespace nib::plan
