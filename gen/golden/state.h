// The filtered evaluation: tensors of a chunk of rows with error bounds, and the steps that make
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nib/golden/approx.h"
#include "nib/golden/exact.h"
#include "nib/golden/golden.h"
#include "nib/golden/lattice.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// A tensor of the chunk: rows x elements, or the elements once where it is constant.
struct Block {
  Shape shape;  ///< without batch: the graph's
  std::int64_t size = 0;
  bool constant = false;
  bool exact = false;              ///< every value is exact: no errors are kept
  std::optional<Lattice> lattice;  ///< true of the exact values, whether `exact` or not
  std::vector<double> value, error;
  std::vector<double> codes;  ///< of a quantiser's output, where State::keep_codes

  [[nodiscard]] std::int64_t row_stride() const { return constant ? 0 : size; }
  [[nodiscard]] const double* values(std::int64_t row) const {
    return value.data() + row * row_stride();
  }
  [[nodiscard]] const double* errors(std::int64_t row) const {
    return exact ? nullptr : error.data() + row * row_stride();
  }
  [[nodiscard]] Approx at(std::int64_t row, std::int64_t element) const {
    const auto i = static_cast<std::size_t>(row * row_stride() + element);
    return {value[i], exact ? 0.0 : error[i]};
  }
  void set(std::int64_t row, std::int64_t element, Approx x) {
    const auto i = static_cast<std::size_t>(row * row_stride() + element);
    value[i] = x.value;
    if (!exact) error[i] = x.error;
  }
  /// Makes room for `rows` rows.
  void resize(std::int64_t rows);
};

/// Computes one tensor of the chunk; `rows` is 1 for constants.
using Step = std::function<void(std::int64_t rows)>;

/// All tensors: those of the graph first, then temporary ones. Blocks never move once steps exist.
struct State {
  explicit State(const graph::Graph& g);

  const graph::Graph& graph;
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<std::optional<Rational>> input_scale;  ///< of inputs whose type is not dyadic
  ExactCone cone;
  std::int64_t cone_row = -1;
  std::vector<Tie> ties;  ///< of the quantisers that depend on inputs, in order
  bool keep_codes = false;

  [[nodiscard]] Block& block(graph::ValueId id) { return *blocks[static_cast<std::size_t>(id)]; }
  /// A tensor that is not of the graph.
  Block& temporary(const Shape& shape, bool constant);
  /// What the blocks of row `row` know exactly; also forgets other rows' numbers.
  [[nodiscard]] ExactCone::Source source(std::int64_t row);
  /// After the steps of a chunk: the next has other rows under the same numbers.
  void forget_rows();
  /// A constant whose values are all exact gets its lattice from them.
  static void settle_constant(Block& block);
  /// Constant element as an exact number.
  [[nodiscard]] Number constant_number(graph::ValueId id, std::int64_t element);

 private:
  [[nodiscard]] bool known(graph::ValueId id, std::int64_t row, std::int64_t element,
                           Number& result) const;
};

/// Appends the steps of one node. The blocks of its inputs are there; constant nodes are run at
/// once. Errors: E0309, E04xx.
void compile_node(State& state, graph::NodeId id, std::vector<Step>& steps);

/// The parts of compile_node; `out` is prepared (shape, constant).
Step compile_quant(State& state, graph::NodeId id, const graph::Quant& op);
Step compile_bipolar(State& state, graph::NodeId id, const graph::BipolarQuant& op);
Step compile_threshold(State& state, graph::NodeId id, const graph::MultiThreshold& op);
Step compile_argmax(State& state, graph::NodeId id, const graph::ArgMax& op);
Step compile_batch_norm(State& state, graph::NodeId id, const graph::BatchNormalization& op);
/// out = a b, by the product's strides.
Step compile_product(State& state, const MatrixProduct& product, Block& a, Block& b, Block& out);
/// out = a * factor.
Step compile_scaled(Block& a, double factor, Block& out);
/// Registers a quantiser whose output depends on inputs; its index among the ties.
std::size_t add_tie(State& state, graph::NodeId id);
/// Distance of the input of quantiser `id` to the nearest place where its code changes: in codes
/// for Quant, Trunc and FloatQuant, in the input's own unit for BipolarQuant and MultiThreshold.
[[nodiscard]] double tie_distance(State& state, graph::NodeId id, std::int64_t row,
                                  std::int64_t element);
Step compile_convolution(State& state, graph::NodeId id, std::vector<Step>& steps);
/// MaxPool, AveragePool, QuantAvgPool, Reduce.
Step compile_pool(State& state, graph::NodeId id, std::vector<Step>& steps);
Step compile_take(State& state, graph::NodeId id, const graph::Take& op);
Step compile_topk(State& state, graph::NodeId id, const graph::TopK& op);
Step compile_prelu(Block& x, Block& slope, Block& out);
Step compile_unary(State& state, graph::NodeId id, const graph::Unary& op);
Step compile_trunc(State& state, graph::NodeId id, const graph::Trunc& op);
Step compile_float_quant(State& state, graph::NodeId id, const graph::FloatQuant& op);
/// Copies: output element e is element index[e] of part source[e].
Step compile_gather(std::vector<Block*> parts, std::vector<std::size_t> source,
                    std::vector<std::int64_t> index, Block& out);
enum class Binary { kAdd, kSub, kMul, kDiv };
Step compile_binary(Block& a, Block& b, Block& out, Binary op);

}  // namespace nib::golden
