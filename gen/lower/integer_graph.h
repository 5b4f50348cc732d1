// The integer graph: every tensor is integers with an exact scale and offset, every node is integer
// arithmetic on constants or a step function.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::lower {

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr std::int32_t kNone = -1;

/// Which entry of a per-channel vector an element uses: (element / inner) % count, where count is
/// the vector's length. Per tensor: count 1. Per element: inner 1, count = elements. NCHW channels:
/// inner = H*W, count = C.
struct Grouping {
  std::int64_t inner = 1;
  std::int64_t count = 1;
  [[nodiscard]] std::size_t of(std::int64_t element) const {
    return static_cast<std::size_t>(element / inner % count);
  }
  friend bool operator==(const Grouping&, const Grouping&) = default;
};

/// A tensor: real value of an element = scale * code + offset, code in its exact range.
struct Value {
  std::string
      name;  ///< of the graph tensor that it equals; else of the node plus a role ("fc1/acc")
  bool is_graph_tensor = false;  ///< the graph has a tensor of that name with these real values
  Shape shape;                   ///< as in the graph, with the leading batch axis of 1 if batched
  Grouping grouping;             ///< of the three vectors below
  std::vector<Rational> scale;   ///< nonzero
  std::vector<Rational> offset;
  std::vector<Range> range;  ///< of the codes: reachable bounds, exact for linear nodes
  NodeId producer = kNone;

  [[nodiscard]] std::int64_t elements() const { return element_count(shape); }
  [[nodiscard]] const Range& range_of(std::int64_t e) const { return range[grouping.of(e)]; }
  [[nodiscard]] const Rational& scale_of(std::int64_t e) const { return scale[grouping.of(e)]; }
  [[nodiscard]] const Rational& offset_of(std::int64_t e) const { return offset[grouping.of(e)]; }
};

/// y = levels[#{i : x >= thresholds[i]}] on the codes of one element: a piecewise constant function
/// on `domain`. Thresholds ascend strictly and lie in (domain.min, domain.max]; neighbouring levels
/// differ; levels need not be monotone. levels.size() == thresholds.size() + 1.
struct StepFunction {
  Range domain;
  std::vector<BigInt> thresholds;
  std::vector<std::int64_t> levels;

  [[nodiscard]] std::int64_t operator()(std::int64_t x) const;
  [[nodiscard]] std::int64_t operator()(const BigInt& x) const;
  [[nodiscard]] Range image() const;
  friend bool operator==(const StepFunction&, const StepFunction&) = default;
};

/// The codes of a graph input as they stand on the port (an input quantiser, where the graph begins
/// with one, stands outside the port and is absorbed: its output is this value).
struct Input {
  std::int32_t index = 0;  ///< of the graph's inputs
};
/// y[r, o] = sum_i weights[o, i] * x[r, i] + bias[o]: the elements of x in C order are rows of
/// `inputs` numbers, those of y rows of `outputs` (x may have any shape that holds such rows).
struct Linear {
  Tensor<std::int64_t> weights;  ///< outputs x inputs
  std::vector<BigInt> bias;
};
/// y[e] = steps[grouping.of(e)](x[e]).
struct Step {
  Grouping grouping;
  std::vector<StepFunction> steps;
};
/// y[e] = min(max(x[e], low), high), limits per group: what an unquantised Relu or Clip is.
struct Clamp {
  Grouping grouping;
  std::vector<Range> limits;
};
/// y[e] = x[source[e]]; where source is kFilled, y[e] is the next of `fill` (in order of e):
/// reshape, transpose, slices, repetitions, padding.
struct Reindex {
  static constexpr std::int32_t kFilled = -1;
  std::vector<std::int32_t> source;
  std::vector<BigInt> fill;  ///< codes, one for each filled element
};
/// y[e] = sum_k factors[k] * x_k[e], all of one shape: residual additions.
struct Sum {
  std::vector<std::int64_t> factors;
};
/// Elements of all inputs, one after the other along `axis`.
struct Concat {
  int axis = 0;
};
/// y = index of the largest element of each row of the last axis; the lowest index on ties.
struct ArgMax {};
/// The k largest of each row of the last axis, largest first, the lowest index first on ties: their
/// codes, or their indices. Elements of one row are on one grid (equal scale and offset).
struct TopK {
  std::int64_t k = 1;
  bool values = false;
};
/// A window that slides over the spatial axes of a tensor of axes (N, C, spatial...), or (N,
/// spatial..., C) where `channels_last`. One entry per spatial axis in each vector. The input
/// position under tap k of output position p is stride * p + dilation * k - pad_begin; where that
/// is outside of the input, padding stands. The number of output positions is that of the output.
struct Window {
  std::vector<std::int64_t> kernel, strides, dilations, pads_begin;
  bool channels_last = false;
  friend bool operator==(const Window&, const Window&) = default;
};
/// y[o, p] = sum_{c, k} weights[o, c, k] * x[g C/groups + c, position(p, k)] + bias[o], where g =
/// o / (O / groups); padding[channel] stands for x outside (the code of the real 0 mostly). A mean
/// or sum over a window is a convolution of ones with groups = C.
struct Conv {
  Window window;
  std::int64_t groups = 1;
  Tensor<std::int64_t> weights;  ///< (O, C / groups, kernel...), whatever the layout of x
  std::vector<BigInt> bias;      ///< O
  std::vector<BigInt> padding;   ///< C
};
/// The largest code under the window, per channel; padding never wins (and each window covers an
/// element at least). Elements of a channel are on one grid, of positive scale.
struct MaxPool {
  Window window;
};

using Op =
    std::variant<Input, Linear, Step, Clamp, Reindex, Sum, Concat, ArgMax, TopK, Conv, MaxPool>;

struct Node {
  std::string name;                  ///< stable, from the graph
  std::vector<std::string> sources;  ///< names of the graph nodes that it stands for, in order
  std::string formula;  ///< what it computes, in words for an RTL header ("Relu, then ...")
  Op op;
  std::vector<ValueId> inputs;
  ValueId output = kNone;
};

/// Nodes in topological order. Inputs first.
struct IntegerGraph {
  std::string name;
  std::string source_file;
  std::string sha256;
  bool batched = true;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;           ///< values of the Input nodes, one per graph input
  std::vector<std::string> input_names;  ///< tensor names in the graph
  std::vector<ValueId> outputs;
  std::vector<std::string> output_names;
  std::vector<std::string> notes;
  std::int64_t macs = 0;  ///< multiply-accumulates of the graph, zeros included

  [[nodiscard]] const Value& value(ValueId id) const {
    return values.at(static_cast<std::size_t>(id));
  }
  [[nodiscard]] Value& value(ValueId id) { return values.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes.at(static_cast<std::size_t>(id)); }
};

/// Checks the invariants; a broken one is an internal error.
void verify(const IntegerGraph& graph);
/// A stable text form for golden texts.
[[nodiscard]] std::string dump(const IntegerGraph& graph);
/// Runs rows of input codes (one tensor per input, batch first or flat rows); returns the codes of
/// `keep`, batch first. Codes outside an input's range are an internal error. Errors E0503: codes
/// of over 64 bits.
[[nodiscard]] std::vector<Tensor<std::int64_t>> execute(
    const IntegerGraph& graph, const std::vector<Tensor<std::int64_t>>& inputs,
    const std::vector<ValueId>& keep);
/// The same with codes of any size.
[[nodiscard]] std::vector<Tensor<BigInt>> execute_wide(
    const IntegerGraph& graph, const std::vector<Tensor<std::int64_t>>& inputs,
    const std::vector<ValueId>& keep);

}  // namespace nib::lower
