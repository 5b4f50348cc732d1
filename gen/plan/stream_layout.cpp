// From the outputs back to the inputs: orders, uses, bipolar lanes.
#include "nib/plan/stream_layout.h"

#include <algorithm>
#include <numeric>
#include <variant>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/flow.h"

namespace nib::plan {
namespace {

using lower::Node;
using lower::ValueId;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

class Backward {
 public:
  Backward(const lower::IntegerGraph& graph, const std::vector<LayerFold>& fold_of)
      : graph_(graph), fold_of_(fold_of) {
    result_.wish.resize(graph.values.size());
    result_.uses.assign(graph.values.size(), 0);
    result_.bipolar.assign(graph.values.size(), 1);
    result_.readers.resize(graph.values.size());
    for (const ValueId id : graph.outputs) {
      ++result_.uses[at(id)];
      result_.bipolar[at(id)] = 0;
    }
  }

  Layout run() {
    for (std::size_t n = graph_.nodes.size(); n-- > 0;) {
      const Node& node = graph_.nodes[n];
      if (result_.uses[at(node.output)] == 0) continue;
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        const std::size_t x = at(node.inputs[k]);
        result_.uses[x] += passes_on(node) ? result_.uses[at(node.output)] : 1;
        if (!wants_bipolar(node)) result_.bipolar[x] = 0;
        result_.readers[x].push_back(static_cast<std::int32_t>(n));
        Wish wish = std::visit([&](const auto& op) { return wish_of(op, node, n, k); }, node.op);
        if (wish.pixels > 0) result_.wish[x] = std::move(wish);
      }
    }
    return std::move(result_);
  }

 private:
  const lower::Value& in(const Node& node, std::size_t k = 0) const {
    return graph_.value(node.inputs.at(k));
  }
  const Wish& out(const Node& node) const { return result_.wish[at(node.output)]; }

  /// True where the node is no unit: its input's stream is its output's.
  bool passes_on(const Node& node) const {
    const auto* op = std::get_if<lower::Reindex>(&node.op);
    return op != nullptr && inverse(*op, in(node).elements()).has_value();
  }

  /// True if rows of one weight's size and inputs of two codes meet: products are signs.
  bool wants_bipolar(const Node& node) const {
    if (passes_on(node) || std::holds_alternative<lower::MaxPool>(node.op)) {
      return result_.bipolar[at(node.output)] != 0;
    }
    if (const auto* op = std::get_if<lower::Linear>(&node.op)) {
      return signs(op->weights.data, op->weights.shape[1]);
    }
    const auto* op = std::get_if<lower::Conv>(&node.op);
    if (op == nullptr || op->groups != 1) return false;
    Range codes = in(node).range[0];
    for (const Range& r : in(node).range) codes = hull(codes, r);
    const auto is_code = [&](std::int64_t p) { return p == codes.min || p == codes.max; };
    return std::all_of(op->padding.begin(), op->padding.end(), is_code) &&
           signs(op->weights.data, op->weights.size() / op->weights.shape[0]);
  }
  static bool signs(const std::vector<std::int64_t>& weights, std::int64_t columns) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::int64_t first = weights[i - i % at(columns)];
      if (weights[i] == 0 || (weights[i] != first && weights[i] != -first)) return false;
    }
    return !weights.empty();
  }

  static Wish rows_of(std::int64_t rows, std::int64_t length, std::int64_t lanes) {
    Wish wish{rows, length, std::vector<std::int32_t>(at(rows * length)), lanes};
    std::iota(wish.order.begin(), wish.order.end(), 0);
    return wish;
  }
  Wish map_of(const lower::Window& window, const Node& node, std::int64_t lanes) const {
    const FeatureMap map = feature_map(window, in(node).shape, node.name);
    Wish wish{map.pixels(), map.channels, {}, lanes};
    wish.order.reserve(at(wish.pixels * wish.channels));
    for (std::int64_t p = 0; p < wish.pixels; ++p) {
      for (std::int64_t c = 0; c < wish.channels; ++c) wish.order.push_back(map.element(p, c));
    }
    return wish;
  }

  Wish wish_of(const lower::Input&, const Node&, std::size_t, std::size_t) const { return {}; }
  Wish wish_of(const lower::Linear& op, const Node& node, std::size_t n, std::size_t) const {
    const std::int64_t length = op.weights.shape[1];
    return rows_of(in(node).elements() / length, length,
                   std::min<std::int64_t>(length, fold_of_[n].simd));
  }
  Wish wish_of(const lower::Conv& op, const Node& node, std::size_t n, std::size_t) const {
    const FeatureMap map = feature_map(op.window, in(node).shape, node.name);
    const bool apart = is_depthwise(op, map.channels) && fold_of_[n].digit == 0;
    const std::int64_t lanes = apart ? fold_of_[n].pe : fold_of_[n].simd;
    return map_of(op.window, node, std::min(map.channels, lanes));
  }
  Wish wish_of(const lower::MaxPool& op, const Node& node, std::size_t, std::size_t) const {
    return map_of(op.window, node, out(node).lanes);
  }
  Wish rows_of(const Node& node) const {
    const std::int64_t length = in(node).shape.empty() ? 1 : in(node).shape.back();
    return rows_of(in(node).elements() / length, length, 0);
  }
  Wish wish_of(const lower::ArgMax&, const Node& node, std::size_t, std::size_t) const {
    return rows_of(node);
  }
  Wish wish_of(const lower::TopK&, const Node& node, std::size_t, std::size_t) const {
    return rows_of(node);
  }
  Wish wish_of(const lower::Step&, const Node& node, std::size_t, std::size_t) const {
    return out(node);
  }
  Wish wish_of(const lower::Clamp&, const Node& node, std::size_t, std::size_t) const {
    return out(node);
  }
  Wish wish_of(const lower::Sum&, const Node& node, std::size_t, std::size_t) const {
    return out(node);
  }
  Wish wish_of(const lower::Reindex& op, const Node& node, std::size_t, std::size_t) const {
    // The inputs in the order in which they come first; all of them, or no wish.
    Wish wish = out(node);
    std::vector<char> seen(at(in(node).elements()), 0);
    std::vector<std::int32_t> order;
    for (const std::int32_t e : wish.order) {
      const std::int32_t x = op.source[at(e)];
      if (x == lower::Reindex::kFilled || seen[at(x)] != 0) continue;
      seen[at(x)] = 1;
      order.push_back(x);
    }
    if (order.size() != seen.size() || wish.channels == 0 || seen.size() % at(wish.channels) != 0) {
      return {};
    }
    wish.pixels = static_cast<std::int64_t>(seen.size()) / wish.channels;
    wish.order = std::move(order);
    return wish;
  }
  Wish wish_of(const lower::Concat&, const Node& node, std::size_t, std::size_t k) const {
    const Wish& all = out(node);
    // Along another axis than the channels, an operand has no share of every pixel.
    if (all.pixels == 0 || in(node, k).elements() % all.pixels != 0) return {};
    const std::vector<ConcatSource> sources = concat_sources(graph_, node);
    Wish wish{all.pixels, in(node, k).elements() / all.pixels, {}, all.lanes};
    if (wish.channels == 0) return {};
    for (const std::int32_t e : all.order) {
      if (sources[at(e)].operand == static_cast<std::int32_t>(k)) {
        wish.order.push_back(sources[at(e)].element);
      }
    }
    return wish;
  }

  const lower::IntegerGraph& graph_;
  const std::vector<LayerFold>& fold_of_;
  Layout result_;
};

stream::Axis axis_of(const lower::Window& window, std::size_t axis, std::int64_t size,
                     std::int64_t positions, const std::string& node) {
  stream::Axis a;
  a.size = static_cast<int>(size);
  a.kernel = static_cast<int>(window.kernel[axis]);
  a.stride = static_cast<int>(window.strides[axis]);
  a.dilation = static_cast<int>(window.dilations[axis]);
  if (window.pads_begin[axis] < 0) {
    fail(ErrorCode::E706, "a window that begins inside of its input", node);
  }
  a.before = static_cast<int>(window.pads_begin[axis]);
  const std::int64_t reach = (positions - 1) * a.stride + a.extent();
  a.after = static_cast<int>(std::max<std::int64_t>(0, reach - size - a.before));
  if (!a.touches()) fail(ErrorCode::E706, "a window over nothing but padding", node);
  NIB_CHECK(a.positions() == positions, "as many positions as the output has");
  return a;
}

}  // namespace

FeatureMap feature_map(const lower::Window& window, const Shape& shape, const std::string& node) {
  const std::size_t axes = window.kernel.size();
  NIB_CHECK(shape.size() == axes + 2, "images, channels and spatial axes");
  if (axes > 2) fail(ErrorCode::E706, "a window over more than two axes", node);
  if (shape[0] != 1) fail(ErrorCode::E706, "a window over more than one image", node);
  FeatureMap map;
  map.channels_last = window.channels_last;
  map.channels = window.channels_last ? shape.back() : shape[1];
  const std::size_t first = window.channels_last ? 1 : 2;
  if (axes > 0) map.columns = shape[first + axes - 1];
  if (axes > 1) map.rows = shape[first];
  return map;
}

stream::Window window_of(const lower::Window& window, const FeatureMap& in, const FeatureMap& out,
                         const std::string& node) {
  stream::Window w;
  const std::size_t axes = window.kernel.size();
  if (axes > 1) w.rows = axis_of(window, axes - 2, in.rows, out.rows, node);
  if (axes > 0) w.columns = axis_of(window, axes - 1, in.columns, out.columns, node);
  return w;
}

std::optional<std::vector<std::int32_t>> channels_of(const std::vector<std::int32_t>& order,
                                                     const FeatureMap& map) {
  std::vector<std::int32_t> channel(at(map.channels));
  for (std::int64_t c = 0; c < map.channels; ++c) {
    const std::int32_t e = order[at(c)];
    channel[at(c)] = static_cast<std::int32_t>(map.channels_last ? e : e / map.pixels());
    if (channel[at(c)] >= map.channels) return std::nullopt;
  }
  for (std::int64_t p = 0; p < map.pixels(); ++p) {
    for (std::int64_t c = 0; c < map.channels; ++c) {
      if (order[at(p * map.channels + c)] != map.element(p, channel[at(c)])) return std::nullopt;
    }
  }
  return channel;
}

std::optional<std::vector<std::int32_t>> inverse(const lower::Reindex& op, std::int64_t inputs) {
  if (!op.fill.empty() || static_cast<std::int64_t>(op.source.size()) != inputs) {
    return std::nullopt;
  }
  std::vector<std::int32_t> result(op.source.size(), lower::Reindex::kFilled);
  for (std::size_t e = 0; e < op.source.size(); ++e) {
    std::int32_t& target = result[at(op.source[e])];
    if (target != lower::Reindex::kFilled) return std::nullopt;
    target = static_cast<std::int32_t>(e);
  }
  return result;
}

bool is_depthwise(const lower::Conv& op, std::int64_t in_channels) {
  return op.groups > 1 && op.groups == in_channels && op.weights.shape[0] == in_channels;
}

Layout layout_of(const lower::IntegerGraph& graph, const std::vector<LayerFold>& fold_of) {
  return Backward(graph, fold_of).run();
}

}  // namespace nib::plan
