// What an integer graph computes, by the definitions of its nodes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <variant>
#include <vector>

#include "graph_builder.h"
#include "nib/lower/integer_graph.h"

namespace nib::test {

namespace detail {

using Vector = std::vector<std::int64_t>;

struct Executor {
  const lower::IntegerGraph& graph;
  const Vector& codes;
  std::vector<Vector> values;

  const Vector& in(const lower::Node& node, std::size_t k) const {
    return values[at(node.inputs[k])];
  }
  Vector run(const lower::Node& node, const lower::Input& op) const {
    std::size_t first = 0;
    for (std::int32_t k = 0; k < op.index; ++k)
      first += at(graph.value(graph.inputs[at(k)]).elements());
    const auto begin = codes.begin() + static_cast<std::ptrdiff_t>(first);
    return Vector(begin, begin + graph.value(node.output).elements());
  }
  Vector run(const lower::Node& node, const lower::Linear& op) const {
    const std::size_t outs = at(op.weights.shape[0]), ins = at(op.weights.shape[1]);
    Vector y;
    for (std::size_t row = 0; row < in(node, 0).size() / ins; ++row) {
      for (std::size_t o = 0; o < outs; ++o) {
        std::int64_t sum = op.bias[o];
        for (std::size_t i = 0; i < ins; ++i) {
          sum += op.weights.data[o * ins + i] * in(node, 0)[row * ins + i];
        }
        y.push_back(sum);
      }
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Step& op) const {
    Vector y;
    for (const std::int64_t x : in(node, 0)) {
      const lower::StepFunction& f = op.steps[op.grouping.of(static_cast<std::int64_t>(y.size()))];
      std::size_t reached = 0;
      for (const std::int64_t t : f.thresholds) reached += x >= t ? 1 : 0;
      y.push_back(f.levels[reached]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Clamp& op) const {
    Vector y;
    for (const std::int64_t x : in(node, 0)) {
      const Range r = op.limits[op.grouping.of(static_cast<std::int64_t>(y.size()))];
      y.push_back(std::clamp<std::int64_t>(x, r.min, r.max));
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Reindex& op) const {
    Vector y;
    std::size_t filled = 0;
    for (const std::int32_t s : op.source) {
      y.push_back(s == lower::Reindex::kFilled ? std::int64_t{op.fill[filled++]}
                                               : in(node, 0)[at(s)]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Sum& op) const {
    Vector y(in(node, 0).size(), 0);
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      for (std::size_t e = 0; e < y.size(); ++e) y[e] += op.factors[k] * in(node, k)[e];
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Concat&) const {
    Vector y;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      y.insert(y.end(), in(node, k).begin(), in(node, k).end());
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::ArgMax&) const {
    const std::size_t rows = at(graph.value(node.output).elements());
    const std::size_t length = in(node, 0).size() / rows;
    Vector y;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto first = in(node, 0).begin() + static_cast<std::ptrdiff_t>(r * length);
      y.push_back(std::max_element(first, first + static_cast<std::ptrdiff_t>(length)) - first);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::TopK& op) const {
    const std::size_t k = at(op.k);
    const std::size_t rows = at(graph.value(node.output).elements()) / k;
    const std::size_t length = in(node, 0).size() / rows;
    Vector y;
    for (std::size_t r = 0; r < rows; ++r) {
      const auto first = in(node, 0).begin() + static_cast<std::ptrdiff_t>(r * length);
      const Vector x(first, first + static_cast<std::ptrdiff_t>(length));
      Vector order(length);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::int64_t a, std::int64_t b) { return x[at(a)] > x[at(b)]; });
      for (std::size_t j = 0; j < k; ++j) y.push_back(op.values ? x[at(order[j])] : order[j]);
    }
    return y;
  }
  Vector run(const lower::Node& node, const lower::Conv& op) const {
    Vector y(at(graph.value(node.output).elements()));
    over_windows(node, op.window, [&](const Place& p) {
      const Shape& w = op.weights.shape;
      const std::int64_t channels = w[1], group = p.channel / (w[0] / op.groups);
      std::int64_t sum = op.bias[at(p.channel)];
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::size_t t = 0; t < p.taps.size(); ++t) {
          const std::int64_t from = group * channels + c;
          const std::int64_t x = p.taps[t] < 0 ? std::int64_t{op.padding[at(from)]}
                                               : in(node, 0)[at(element(node, p, from, p.taps[t]))];
          const std::int64_t row = (p.channel * channels + c);
          sum += x * op.weights.data[at(row) * p.taps.size() + t];
        }
      }
      y[at(p.output)] = sum;
    });
    return y;
  }
  Vector run(const lower::Node& node, const lower::MaxPool& op) const {
    Vector y(at(graph.value(node.output).elements()));
    over_windows(node, op.window, [&](const Place& p) {
      bool first = true;
      for (const std::int64_t tap : p.taps) {
        if (tap < 0) continue;
        const std::int64_t x = in(node, 0)[at(element(node, p, p.channel, tap))];
        y[at(p.output)] = first ? x : std::max(x, y[at(p.output)]);
        first = false;
      }
    });
    return y;
  }

  /// An element of an output, and the input positions under its window (-1 outside). Windows of
  /// two axes, channels first, only.
  struct Place {
    std::int64_t output = 0, image = 0, channel = 0;
    Vector taps;
  };
  [[nodiscard]] std::int64_t element(const lower::Node& node, const Place& place,
                                     std::int64_t channel, std::int64_t position) const {
    const Shape& in = graph.value(node.inputs[0]).shape;
    return (place.image * in[1] + channel) * in[2] * in[3] + position;
  }
  template <class Use>
  void over_windows(const lower::Node& node, const lower::Window& w, Use use) const {
    const Shape &in = graph.value(node.inputs[0]).shape, &out = graph.value(node.output).shape;
    for (std::int64_t e = 0; e < element_count(out); ++e) {
      const std::int64_t channel = e / (out[2] * out[3]);
      Place place{e, channel / out[1], channel % out[1], {}};
      const std::int64_t row = e / out[3] % out[2], column = e % out[3];
      for (std::int64_t i = 0; i < w.kernel[0]; ++i) {
        for (std::int64_t j = 0; j < w.kernel[1]; ++j) {
          const std::int64_t r = row * w.strides[0] + i * w.dilations[0] - w.pads_begin[0];
          const std::int64_t c = column * w.strides[1] + j * w.dilations[1] - w.pads_begin[1];
          const bool inside = r >= 0 && r < in[2] && c >= 0 && c < in[3];
          place.taps.push_back(inside ? r * in[3] + c : -1);
        }
      }
      use(place);
    }
  }
};

}  // namespace detail
using namespace detail;

/// The codes of all outputs, in order.
[[nodiscard]] inline std::vector<std::int64_t> reference(const lower::IntegerGraph& graph,
                                                         const std::vector<std::int64_t>& codes) {
  Executor run{graph, codes, std::vector<Vector>(graph.values.size())};
  for (const lower::Node& node : graph.nodes) {
    run.values[at(node.output)] =
        std::visit([&](const auto& op) { return run.run(node, op); }, node.op);
  }
  Vector result;
  for (const lower::ValueId id : graph.outputs) {
    result.insert(result.end(), run.values[at(id)].begin(), run.values[at(id)].end());
  }
  return result;
}

}  // namespace nib::test
