// Integer graphs for the tests of plan and map, built by hand and at random.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nib/lower/integer_graph.h"

namespace nib::test {

/// Integers from a fixed sequence: the same on every machine.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 2654435769U + 12345) {}
  /// Uniform in [low, high].
  std::int64_t in(std::int64_t low, std::int64_t high) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return low + static_cast<std::int64_t>(state_ % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// Builds a graph node by node; every value has one range per element and scale 1.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) {
    graph_.name = std::move(name);
    graph_.source_file = "hand.onnx";
    graph_.sha256 = std::string(64, '5');
  }

  lower::ValueId input(const std::string& name, const std::vector<Range>& ranges) {
    const lower::ValueId id =
        node(name, lower::Input{static_cast<std::int32_t>(graph_.inputs.size())}, {},
             {1, static_cast<std::int64_t>(ranges.size())}, ranges);
    graph_.inputs.push_back(id);
    graph_.input_names.push_back(name);
    return id;
  }
  /// Rows of x are its leading axes.
  lower::ValueId linear(const std::string& name, lower::ValueId x, std::int64_t outputs,
                        const std::vector<std::int64_t>& weights,
                        const std::vector<std::int64_t>& bias);
  /// One function per element, or one for all.
  lower::ValueId step(const std::string& name, lower::ValueId x,
                      const std::vector<lower::StepFunction>& steps);
  lower::ValueId clamp(const std::string& name, lower::ValueId x, Range limits);
  lower::ValueId reindex(const std::string& name, lower::ValueId x,
                         const std::vector<std::int32_t>& source);
  lower::ValueId sum(const std::string& name, const std::vector<lower::ValueId>& xs,
                     const std::vector<std::int64_t>& factors);
  lower::ValueId concat(const std::string& name, const std::vector<lower::ValueId>& xs);
  lower::ValueId argmax(const std::string& name, lower::ValueId x);
  void output(const std::string& name, lower::ValueId x) {
    graph_.outputs.push_back(x);
    graph_.output_names.push_back(name);
  }

  [[nodiscard]] const std::vector<Range>& ranges(lower::ValueId id) const {
    return graph_.value(id).range;
  }
  lower::IntegerGraph take() { return std::move(graph_); }

 private:
  lower::ValueId node(const std::string& name, lower::Op op, std::vector<lower::ValueId> inputs,
                      Shape shape, const std::vector<Range>& ranges);

  lower::IntegerGraph graph_;
};

/// y = clamp((x + add) >> shift, low, high) as a step function on `domain`.
[[nodiscard]] lower::StepFunction requantiser(Range domain, std::int64_t add, int shift,
                                              std::int64_t low, std::int64_t high);
/// From any function of one integer.
template <class F>
[[nodiscard]] lower::StepFunction step_of(Range domain, F f) {
  lower::StepFunction s;
  s.domain = domain;
  s.levels.push_back(f(domain.min));
  for (std::int64_t x = domain.min + 1; x <= domain.max; ++x) {
    if (f(x) == s.levels.back()) continue;
    s.thresholds.push_back(x);
    s.levels.push_back(f(x));
  }
  return s;
}

/// A dense network with input quantiser, ReLU-like steps and the given widths.
[[nodiscard]] lower::IntegerGraph dense_network(const std::string& name, std::uint64_t seed,
                                                const std::vector<std::int64_t>& sizes,
                                                int weight_bits, int zero_percent);
/// A small graph of every kind of node; `seed` chooses sizes, weights, functions and branches.
[[nodiscard]] lower::IntegerGraph random_graph(const std::string& name, std::uint64_t seed);
/// The worked example of the golden texts: 3 inputs, 2 layers, an ArgMax.
[[nodiscard]] lower::IntegerGraph small_graph();

/// A vector of input codes, all inputs in order, at the corners of the ranges now and then.
[[nodiscard]] std::vector<std::int64_t> random_codes(const lower::IntegerGraph& graph,
                                                     Numbers& numbers);
/// What the graph computes, by the definitions of its nodes.
[[nodiscard]] std::vector<std::int64_t> reference(const lower::IntegerGraph& graph,
                                                  const std::vector<std::int64_t>& codes);

}  // namespace nib::test
