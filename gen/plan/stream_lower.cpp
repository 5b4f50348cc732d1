// Layers of the streaming engine, the streams between them, and what stands behind a layer's sums.
#include "nib/plan/stream_lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/stream_requantise.h"

namespace nib::plan {
namespace {

using lower::Node;
using lower::ValueId;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The grouping of a step or clamp; null for other nodes.
const lower::Grouping* grouping_of(const Node& node) {
  if (const auto* step = std::get_if<lower::Step>(&node.op)) return &step->grouping;
  if (const auto* clamp = std::get_if<lower::Clamp>(&node.op)) return &clamp->grouping;
  return nullptr;
}

/// The units compute in 64 bits. Errors E0503: a word of over kMostBits.
void check_widths(const lower::IntegerGraph& graph) {
  constexpr int kMostBits = 62;
  for (const lower::Value& value : graph.values) {
    for (const Range& range : value.range) {
      if (fits_signed(range, kMostBits)) continue;
      fail(ErrorCode::E503,
           fmt::format("words of {} bits with their sign, where streaming units take {}",
                       bits_for(hull(range, {-1, 0})), kMostBits),
           graph.node(value.producer).name, "build it with --style unrolled");
    }
  }
}

}  // namespace

StreamLowering::StreamLowering(const lower::IntegerGraph& graph, const Folding& folding,
                               StreamPlan& plan)
    : graph_(graph), plan_(plan), builder_(plan) {
  check_widths(graph);
  readers_.resize(graph.values.size());
  is_output_.assign(graph.values.size(), 0);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const ValueId id : graph.nodes[n].inputs) {
      readers_[at(id)].push_back(static_cast<std::int32_t>(n));
    }
  }
  for (const ValueId id : graph.outputs) is_output_[at(id)] = 1;
  find_chains();
  find_folds(folding);
  layout_ = layout_of(graph, folds_);
}

void StreamLowering::run() {
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (absorbed_[n] == 0 && layout_.uses[at(graph_.nodes[n].output)] > 0) build(n);
  }
  for (std::size_t k = 0; k < graph_.outputs.size(); ++k) output(k);
  // A clamp to all that comes, say, takes no unit.
  std::erase_if(plan_.layers, [](const StreamLayer& layer) { return layer.units.empty(); });
}

bool StreamLowering::is_layer(std::size_t n) const {
  const Node& node = graph_.nodes[n];
  if (std::holds_alternative<lower::Input>(node.op)) return false;
  const auto* op = std::get_if<lower::Reindex>(&node.op);
  return op == nullptr || !inverse(*op, graph_.value(node.inputs[0]).elements());
}

StreamChain StreamLowering::chain_from(std::size_t n) const {
  StreamChain chain{{n}, {{}}, false};
  const auto& head = graph_.nodes[n].op;
  if (!is_layer(n) || std::holds_alternative<lower::ArgMax>(head) ||
      std::holds_alternative<lower::TopK>(head) || std::holds_alternative<lower::Concat>(head)) {
    return chain;
  }
  std::size_t kept = 1;
  while (true) {
    const ValueId out = graph_.nodes[chain.nodes.back()].output;
    if (is_output_[at(out)] != 0 || readers_[at(out)].size() != 1) break;
    const auto next = at(readers_[at(out)][0]);
    const Node& node = graph_.nodes[next];
    std::vector<std::int32_t> moved;
    if (const auto* op = std::get_if<lower::Reindex>(&node.op)) {
      auto found = inverse(*op, graph_.value(out).elements());
      if (!found) break;
      moved = std::move(*found);
    } else if (grouping_of(node) == nullptr) {
      break;
    }
    chain.nodes.push_back(next);
    chain.inverse.push_back(std::move(moved));
    if (grouping_of(node) != nullptr) kept = chain.nodes.size();
  }
  chain.nodes.resize(kept);  // rearrangements at the end are nobody's
  chain.inverse.resize(kept);
  chain.computes = kept > 1;
  return chain;
}

void StreamLowering::find_chains() {
  for (const char* reserved : {"top", "axis"}) names_.claim(reserved);
  chains_.resize(graph_.nodes.size());
  absorbed_.assign(graph_.nodes.size(), 0);
  layer_names_.resize(graph_.nodes.size());
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (absorbed_[n] != 0) continue;
    chains_[n] = chain_from(n);
    for (std::size_t k = 1; k < chains_[n].nodes.size(); ++k) absorbed_[chains_[n].nodes[k]] = 1;
    if (is_layer(n)) {
      layer_names_[n] = names_.claim(rtl::legal_name(graph_.nodes[n].name, "layer"));
    }
  }
}

void StreamLowering::find_folds(const Folding& folding) {
  folds_.resize(graph_.nodes.size());
  folded_.assign(graph_.nodes.size(), 0);
  Folding left = folding;
  std::string known;
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (layer_names_[n].empty()) continue;
    known += (known.empty() ? "" : ", ") + layer_names_[n];
    const auto found = folding.find(layer_names_[n]);
    if (found == folding.end()) continue;
    folds_[n] = found->second;
    folds_[n].simd = std::max(1, folds_[n].simd);
    folds_[n].pe = std::max(1, folds_[n].pe);
    if (folds_[n].digit > 0) {
      check_wired(n);
      folds_[n].simd = folds_[n].pe = kMostLanes;  // whole vectors
      folds_[n].dsp = folds_[n].input_stationary = false;
    }
    folded_[n] = 1;
    left.erase(layer_names_[n]);
  }
  if (left.empty()) return;
  fail(ErrorCode::E705, fmt::format("'{}' for a fold", rtl::comment_text(left.begin()->first)), {},
       "the layers are: " + known);
}

void StreamLowering::check_wired(std::size_t n) const {
  const Node& node = graph_.nodes[n];
  std::int64_t columns = 0, rows = 0;
  const std::vector<std::int64_t>* weights = nullptr;
  if (const auto* linear = std::get_if<lower::Linear>(&node.op)) {
    rows = linear->weights.shape[0];
    columns = linear->weights.shape[1];
    weights = &linear->weights.data;
  } else if (const auto* conv = std::get_if<lower::Conv>(&node.op)) {
    rows = conv->weights.shape[0];
    columns = conv->weights.size() / rows * conv->groups;
    weights = &conv->weights.data;
  } else {
    fail(ErrorCode::E707, fmt::format("layer '{}' multiplies by no matrix", layer_names_[n]),
         node.name);
  }
  if (std::all_of(weights->begin(), weights->end(), [](std::int64_t w) { return w == 0; })) {
    fail(ErrorCode::E707, fmt::format("layer '{}' has no weight but zeros", layer_names_[n]),
         node.name);
  }
  if (columns <= kMostLanes && rows <= kMostLanes) return;
  fail(ErrorCode::E707,
       fmt::format("layer '{}' has a matrix of {} x {}, where {} x {} can be wired in",
                   layer_names_[n], rows, columns, kMostLanes, kMostLanes),
       node.name);
}

void StreamLowering::build(std::size_t n) {
  std::visit([&](const auto& op) { place(op, n); }, graph_.nodes[n].op);
}

Carried StreamLowering::take(ValueId id) {
  const Node& node = graph_.node(graph_.value(id).producer);
  if (const auto found = published_.find(id); found != published_.end()) {
    Published& p = found->second;
    NIB_CHECK(!p.channels.empty(), "a stream for every reader of " + graph_.value(id).name);
    Carried x = p.stream;
    x.channel = p.channels.back();
    p.channels.pop_back();
    return x;
  }
  const auto* op = std::get_if<lower::Reindex>(&node.op);
  NIB_CHECK(op != nullptr, "a stream of " + graph_.value(id).name);
  Carried x = take(node.inputs[0]);
  const auto moved = inverse(*op, graph_.value(node.inputs[0]).elements());
  NIB_CHECK(moved.has_value(), "a rearrangement");
  for (std::int32_t& e : x.order) e = (*moved)[at(e)];
  return x;
}

void StreamLowering::publish(ValueId id, Carried stream) {
  NIB_CHECK(static_cast<std::int64_t>(stream.order.size()) == stream.elements(),
            "an element for every lane of " + graph_.value(id).name);
  builder_.close();
  probe(id, stream);
  Published p{std::move(stream), {}};
  const int uses = layout_.uses[at(id)];
  if (uses == 1) {
    p.channels = {p.stream.channel};
  } else {
    const std::string name = rtl::legal_name(graph_.value(id).name, "value");
    stream::Fork fork{p.stream.format, std::vector<stream::Queue>(at(uses))};
    p.channels = builder_.unit(name + "_fork", fork, {p.stream.channel});
    std::reverse(p.channels.begin(), p.channels.end());
  }
  published_.emplace(id, std::move(p));
}

void StreamLowering::open_layer(std::size_t n) {
  StreamLayer layer;
  layer.name = layer_names_[n];
  for (const std::size_t k : chains_[n].nodes) {
    const Node& node = graph_.nodes[k];
    layer.nodes.insert(layer.nodes.end(), node.sources.begin(), node.sources.end());
    if (node.formula.empty()) continue;
    layer.formula += (layer.formula.empty() ? "" : "; ") + node.formula;
  }
  layer.fold = folds_[n];
  builder_.open(std::move(layer));
}

ValueId StreamLowering::result_of(std::size_t n) const {
  return graph_.nodes[chains_[n].nodes.back()].output;
}

std::int32_t StreamLowering::result_element(const StreamChain& chain, std::int32_t element) const {
  for (const auto& moved : chain.inverse) {
    if (!moved.empty()) element = moved[at(element)];
  }
  return element;
}

bool StreamLowering::same_groups(const StreamChain& chain, std::int64_t a, std::int64_t b) const {
  for (std::size_t k = 0; k < chain.nodes.size() && a != b; ++k) {
    if (!chain.inverse[k].empty()) {
      a = chain.inverse[k][at(a)];
      b = chain.inverse[k][at(b)];
    }
    const auto* grouping = grouping_of(graph_.nodes[chain.nodes[k]]);
    if (grouping != nullptr && grouping->of(a) != grouping->of(b)) return false;
  }
  return true;
}

Chained StreamLowering::function_of(const StreamChain& chain, std::int64_t element, Range x) const {
  Chained f = identity(x);
  for (std::size_t k = 0; k < chain.nodes.size(); ++k) {
    if (!chain.inverse[k].empty()) element = chain.inverse[k][at(element)];
    const auto& op = graph_.nodes[chain.nodes[k]].op;
    if (const auto* step = std::get_if<lower::Step>(&op)) {
      f = behind(std::move(f), step->steps[step->grouping.of(element)]);
    } else if (const auto* clamp = std::get_if<lower::Clamp>(&op)) {
      f = behind(std::move(f), clamp->limits[clamp->grouping.of(element)]);
    }
  }
  return f;
}

std::vector<char> StreamLowering::falling_rows(
    std::size_t n, const std::vector<std::vector<std::int32_t>>& elements) const {
  std::vector<char> falling(elements.size(), 0);
  if (!chains_[n].computes) return falling;
  const ValueId id = graph_.nodes[n].output;
  for (std::size_t r = 0; r < elements.size(); ++r) {
    bool falls = false, rises = false;
    std::optional<std::int32_t> last;
    for (const std::int32_t e : elements[r]) {
      if (last && same_groups(chains_[n], e, *last)) continue;
      last = e;
      const Chained f = function_of(chains_[n], e, range_of(id, e));
      const Trend way = f.step ? trend(*f.step) : Trend::kRising;
      falls = falls || way == Trend::kFalling;
      rises = rises || way == Trend::kRising;
    }
    falling[r] = falls && !rises ? 1 : 0;
  }
  return falling;
}

void StreamLowering::finish(std::size_t n, Carried acc, const std::vector<Affine>& sums,
                            const Reach& reach) {
  const StreamChain& chain = chains_[n];
  // At the first node stands its own step or clamp where the layer is nothing else.
  const bool alone = grouping_of(graph_.nodes[n]) != nullptr;
  const ValueId id = alone ? graph_.nodes[n].inputs[0] : graph_.nodes[n].output;
  const lower::Value& value = graph_.value(id);
  std::vector<Range> range(at(acc.channels));
  for (std::int64_t c = 0; c < acc.channels; ++c) range[at(c)] = value.range_of(acc.order[at(c)]);
  bool same = true;
  for (std::int64_t i = acc.channels; i < acc.elements(); ++i) {
    const std::size_t c = at(i % acc.channels);
    const std::int32_t e = acc.order[at(i)], first = acc.order[c];
    same = same && same_groups(chain, e, first);
    if (value.grouping.of(e) == value.grouping.of(first)) continue;
    range[c] = hull(range[c], value.range_of(e));
  }
  std::vector<Point> points;
  const std::int64_t count = same ? acc.channels : acc.elements();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t c = at(i % acc.channels);
    points.push_back({sums[c], function_of(chain, acc.order[at(i)], range[c]),
                      sums[c].lanes_of(range[c]), reach.empty() ? nullptr : reach[c]});
  }
  const ValueId result = result_of(n);
  if (folds_[n].steps > 0) {
    const auto lanes = std::min<std::int64_t>(acc.channels, folds_[n].steps);
    acc = builder_.with_lanes(std::move(acc), lanes);
  }
  Carried y = requantised(builder_, std::move(acc), points, layout_.bipolar[at(result)] != 0,
                          graph_.nodes[n].name);
  for (std::int32_t& e : y.order) e = result_element(chain, e);
  publish(result, std::move(y));
}

void StreamLowering::pointwise(std::size_t n) {
  Carried x = take(graph_.nodes[n].inputs[0]);
  open_layer(n);
  if (folded_[n] != 0) {
    x = builder_.with_lanes(std::move(x), std::min<std::int64_t>(x.channels, folds_[n].simd));
  }
  std::vector<Affine> lanes(at(x.channels), Affine{x.span, x.low, 1});
  finish(n, std::move(x), lanes);
}
std::vector<std::int32_t> StreamLowering::to_pixels(Carried& x, const FeatureMap& map,
                                                    std::int64_t lanes) {
  auto channel = channels_of(x.order, map);
  if (!channel) {
    std::vector<std::int32_t> wanted;
    for (std::int64_t p = 0; p < map.pixels(); ++p) {
      for (std::int64_t c = 0; c < map.channels; ++c) wanted.push_back(map.element(p, c));
    }
    x = builder_.arranged(std::move(x), wanted);
    channel = channels_of(x.order, map);
  }
  x = builder_.reshaped(std::move(x), map.channels, std::min(map.channels, lanes));
  return *channel;
}

void StreamLowering::place(const lower::Step&, std::size_t n) { pointwise(n); }
void StreamLowering::place(const lower::Clamp&, std::size_t n) { pointwise(n); }

}  // namespace nib::plan
