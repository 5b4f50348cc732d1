// The state of one lowering: what is known of each tensor of the graph. Internal to lower.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/lower/constant.h"
#include "nib/lower/fold.h"
#include "nib/lower/integer_graph.h"
#include "nib/lower/lower.h"
#include "nib/lower/real_function.h"

namespace nib::lower {

/// A scalar operator on every element, parameters per group.
struct Stage {
  Grouping grouping;
  std::vector<ScalarOp> ops;
  graph::NodeId node = graph::kNone;
};

/// A computed tensor: stages applied to the elements, in C order, of an integer value - or, before
/// any quantiser, of a graph input without a type.
struct Activation {
  ValueId base = kNone;
  std::int32_t raw_input = -1;  ///< index of an untyped input; then base is kNone
  Shape shape;
  std::vector<Stage> stages;
  /// The tensor and all that it shares its codes with have one reader: base may be changed.
  bool exclusive = true;
};

using Known = std::variant<std::monostate, Constant, Activation>;

/// Coefficients of an affine activation: value[e] = scale[g] * code[e] + offset[g], g = group of e.
struct AffineView {
  Grouping grouping;
  std::vector<Rational> scale, offset;
};

/// New codes for the same reals: factor * code + constant on the grid scale, offset; per group.
struct Recoding {
  Grouping grouping;
  std::vector<Rational> scale, offset;
  std::vector<std::int64_t> factor;
  std::vector<BigInt> constant;
};

/// What a common grid must have besides.
struct GridNeeds {
  bool zero = false;      ///< the real 0 is on it
  bool positive = false;  ///< its scale is positive
};

/// Elements that a rearrangement fills: their codes, in order, and for each the element of the
/// operand whose grid the code is on.
struct Fill {
  std::vector<std::int64_t> adopted;
  std::vector<BigInt> codes;
};

/// A convolution by constant weights: weight (output, input of its group, tap) is element
/// index(...) of `weights`.
struct ConvForm {
  Window window;
  std::int64_t groups = 1;
  const Constant* weights = nullptr;
  const Constant* bias = nullptr;  ///< rational; null: none
  Shape shape;                     ///< of the result
  std::function<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> index;
  std::string formula = "the sums of weighted windows, plus biases";
};

/// Entries along the channel axis of a tensor with spatial axes.
[[nodiscard]] Grouping channel_grouping(const Shape& shape, bool channels_last);
/// True where source[e] == e for all e.
[[nodiscard]] bool is_same_order(const std::vector<std::int64_t>& source);
/// The permutation that moves `axis` behind all others.
[[nodiscard]] std::vector<int> axis_last(std::size_t rank, std::size_t axis);
/// One entry where all entries of scale, offset and range are equal.
void compress(Value& value);

class Lowerer {
 public:
  Lowerer(const graph::Graph& graph, const Options& options);
  [[nodiscard]] IntegerGraph run();

 private:
  // lower.cpp: the walk, inputs and outputs.
  void begin_inputs();
  void walk(graph::NodeId id);
  void finish_outputs();
  /// The tensor that the port carries: the output, or the last one before an irrational factor.
  [[nodiscard]] graph::ValueId strip_irrational_tail(Activation& activation, std::size_t output);
  void put_inputs_first();

  // pointwise.cpp: scalar operators and quantisers.
  struct Pointwise;
  void add_stage(Activation activation, Stage stage, const graph::Node& node);
  void lower_affine(const graph::Node& node, bool reversed, const Constant& constant);
  void lower_batch_norm(const graph::Node& node, const graph::BatchNormalization& op);
  void lower_quantiser(const graph::Node& node);
  void absorb_input(const Activation& activation, const Quantisers& quantisers,
                    const graph::Node& node);
  [[nodiscard]] Activation on_quantiser_grid(Activation x, const Quantisers& quantisers,
                                             const graph::Node& node);
  [[nodiscard]] bool is_identity(const Activation& activation, const Quantisers& quantisers) const;
  [[nodiscard]] RealFunction function_of(const Activation& activation, std::int64_t element) const;
  void set_steps(const Activation& activation, const Quantisers& quantisers,
                 const graph::Node& node);
  /// The result of `node`, a quantiser of x: codes as they are, or steps.
  void quantise(const Activation& x, const Quantisers& quantisers, const graph::Node& node);
  [[nodiscard]] std::vector<StepFunction> proven_steps(const Activation& x,
                                                       const Quantisers& quantisers,
                                                       const Grouping& grouping,
                                                       const graph::Node& node) const;
  void lower_rounding(const graph::Node& node, Rounding mode);
  void lower_unary(const graph::Node& node, const graph::Unary& op);
  void lower_prelu(const graph::Node& node);
  void lower_pow(const graph::Node& node);
  void lower_trunc(const graph::Node& node, const graph::Trunc& op);
  void lower_float_quant(const graph::Node& node, const graph::FloatQuant& op);
  /// Bounds of the reals of all elements.
  [[nodiscard]] Reach reach_of(const Activation& x) const;
  /// The range of floor(unit x) over all elements of x, widened by 1 at both ends.
  [[nodiscard]] Range floors_of(const Activation& x, const Rational& unit,
                                const std::string& node) const;
  [[nodiscard]] Grouping grouping_of(const Activation& activation) const;
  [[nodiscard]] bool absorb_affine(Activation& activation, const Stage& stage,
                                   const graph::Node& node);

  // settle.cpp: stages become nodes; grids are changed.
  [[nodiscard]] std::optional<AffineView> affine_view(const Activation& activation) const;
  /// An activation whose stages are affine and rational.
  [[nodiscard]] Activation make_affine(const Activation& activation, graph::ValueId tensor);
  [[nodiscard]] Activation clamp_or_table(const Activation& activation, graph::ValueId tensor);
  [[noreturn]] void refuse_function(const Activation& activation, const std::string& node) const;
  /// A value that equals the tensor, in its shape and name.
  [[nodiscard]] ValueId settle(const Activation& activation, graph::ValueId tensor);
  /// New reals for the codes of a value, in place: scale and offset, per group.
  void set_affine(Value& value, const AffineView& view) const;
  void move_offset_to_bias(ValueId id);

  // grids.cpp: codes change, reals stay.
  [[nodiscard]] Activation recode(const Activation& activation, const Recoding& recoding,
                                  const std::string& name);
  [[nodiscard]] Activation recoded_by_node(const Activation& activation, const Recoding& recoding,
                                           Value fresh, const std::string& name);
  /// An activation with the same reals, whose codes are factor[g] * code + constant[g].
  [[nodiscard]] Activation regrid(const Activation& activation, const Grouping& grouping,
                                  const std::vector<std::int64_t>& factor,
                                  const std::vector<BigInt>& constant, const std::string& name);
  /// The same reals, affine, with one scale and offset for all elements of a group of `groups`.
  [[nodiscard]] Activation one_grid(const Activation& activation, const Grouping& groups,
                                    GridNeeds needs, const std::string& name);
  /// The same activation on a value of its own shape: what looks at axes needs it.
  [[nodiscard]] Activation shaped(const Activation& activation, const std::string& name);
  /// An affine activation with its stages in the scale and offset of its value.
  [[nodiscard]] Activation plain(const Activation& activation, const std::string& name);
  /// The same where a stage multiplies by 0; else the activation as it is.
  [[nodiscard]] Activation plain_where_zero(const Activation& activation, const std::string& name);
  /// Which elements of a product or convolution share a row of weights; none for other values.
  [[nodiscard]] std::optional<Grouping> row_grouping(ValueId id) const;
  /// No node looks at the axes of this value.
  [[nodiscard]] bool shape_is_free(ValueId id) const;

  // linear.cpp: products with constant matrices.
  void lower_mat_mul(const graph::Node& node);
  void lower_gemm(const graph::Node& node, const graph::Gemm& op);
  [[nodiscard]] Activation product(const Activation& operand_x, const Constant& weights,
                                   const Rational& factor, const graph::Node& node,
                                   const Shape& shape);
  [[nodiscard]] Activation product_from_left(Activation x, const Constant& matrix,
                                             const Rational& factor, const graph::Node& node,
                                             const Shape& shape);
  [[nodiscard]] Activation batched_product(Activation x, const Constant& matrices, bool from_left,
                                           const graph::Node& node);
  [[nodiscard]] Activation with_last_axes_swapped(const Activation& x, const std::string& name,
                                                  const std::string& formula);

  // convolution.cpp: convolutions, and sums over windows.
  void lower_conv(const graph::Node& node, const graph::Conv& op);
  void lower_conv_transpose(const graph::Node& node, const graph::ConvTranspose& op);
  [[nodiscard]] std::pair<const Constant*, const Constant*> conv_constants(
      const graph::Node& node) const;
  void finish_convolution(Activation x, ConvForm form, const Constant* bias,
                          const graph::Node& node);
  [[nodiscard]] Activation convolve(Activation x, const ConvForm& form, const graph::Node& node,
                                    const std::string& name);
  /// Sums over the windows of each channel, over divisors: one for all, or one for each position.
  [[nodiscard]] Activation sum_windows(Activation x, const Window& window, const Shape& shape,
                                       const std::vector<std::int64_t>& divisors,
                                       const graph::Node& node, const std::string& name);
  ValueId emit_conv(const Activation& x, Conv conv, Value value, Node node,
                    const std::string& error_name);

  // pool.cpp: poolings and reductions.
  void lower_max_pool(const graph::Node& node, const graph::MaxPool& op);
  void lower_average_pool(const graph::Node& node, const graph::AveragePool& op);
  void lower_quant_avg_pool(const graph::Node& node, const graph::QuantAvgPool& op);
  void lower_reduce(const graph::Node& node, const graph::Reduce& op);
  [[nodiscard]] Activation reduction_view(Activation x, const graph::Reduce& op,
                                          const graph::Node& node, bool& channels_last);
  [[nodiscard]] Activation largest(Activation x, const Window& window, const Shape& shape,
                                   const graph::Node& node, const std::string& name);
  [[nodiscard]] bool keeps_order(const Activation& activation, const Grouping& channels) const;

  // arrange.cpp: rearrangements.
  void lower_reshape(const graph::Node& node);
  void lower_transpose(const graph::Node& node, const graph::Transpose& op);
  void rearrange(const graph::Node& node, const std::vector<std::int64_t>& source,
                 const std::string& formula);
  void lower_concat(const graph::Node& node, const graph::Concat& op);
  [[nodiscard]] Activation constant_value(const Constant& x, ValueId anchor,
                                          const graph::Node& node);
  [[nodiscard]] Activation reindex(const Activation& activation, const Shape& shape,
                                   const std::vector<std::int64_t>& source, const std::string& name,
                                   const std::string& formula, const Fill& fill = {});

  // select.cpp: selections by index and by size.
  void lower_take(const graph::Node& node, const graph::Take& op);
  void lower_arg_max(const graph::Node& node, const graph::ArgMax& op);
  void lower_top_k(const graph::Node& node, const graph::TopK& op);
  [[nodiscard]] Activation take(Activation x, const graph::Take& op, const Shape& shape,
                                const graph::Node& node, const std::string& name);
  [[nodiscard]] bool leaves_alone(const Activation& activation, const Rational& real) const;
  [[nodiscard]] std::vector<std::string> strip_rising(Activation& x, graph::ValueId& tensor) const;
  [[nodiscard]] Activation comparable_rows(Activation x, std::size_t axis, const graph::Node& node);

  // sum.cpp: sums of two computed tensors.
  void lower_sum(const graph::Node& node, bool subtract);
  [[nodiscard]] Activation sum(const Activation& a, const Activation& b, bool subtract,
                               const graph::Node& node, const Shape& shape);
  [[nodiscard]] Activation sum_with_third(const Activation& product, const graph::Node& node,
                                          const graph::Gemm& op);
  [[nodiscard]] Activation broadcast_to(Activation x, const Shape& shape, const graph::Node& node);
  /// Both operands of a sum on one grid for each element, where one factor each cannot do it.
  void bring_together(Activation (&parts)[2], const std::string& name);

  // Shared by all.
  [[nodiscard]] const Constant* constant(graph::ValueId id) const;
  [[nodiscard]] Activation operand(graph::ValueId id) const;
  /// The same, asked for once: a tensor's only reader takes it away, so that long chains of scalar
  /// operators are not copied.
  [[nodiscard]] Activation taken_operand(graph::ValueId id);
  /// An operand as an affine activation. Errors E501: an input without type; E502, E505: a
  /// function that is neither a limit nor a table.
  [[nodiscard]] Activation affine_operand(graph::ValueId id, const graph::Node& node);
  /// The first input of a node that is not constant.
  [[nodiscard]] graph::ValueId computed_input(const graph::Node& node) const;
  /// x -> -x, on behalf of a node.
  [[nodiscard]] Stage negation(const graph::Node& node) const;
  void set(graph::ValueId id, Known known) {
    known_[static_cast<std::size_t>(id)] = std::move(known);
  }
  [[nodiscard]] const graph::Value& out_value(const graph::Node& node) const {
    return graph_.value(node.outputs.at(0));
  }
  [[nodiscard]] bool read_already(ValueId id) const;
  /// Adds a node with a new value; sources: the nodes behind `stages`, then `last`.
  ValueId emit(Node node, Value value);
  [[nodiscard]] std::vector<std::string> sources_of(const Activation& activation) const;
  [[nodiscard]] std::string unique_name(const std::string& name) const;
  [[nodiscard]] Activation raw_refused(Activation activation, const std::string& node) const;

  const graph::Graph& graph_;
  Options options_;
  IntegerGraph result_;
  std::vector<Known> known_;
  std::vector<bool> single_reader_;  ///< per graph value: one node reads it, no output does
  std::map<std::int32_t, graph::NodeId> absorbed_;  ///< untyped input -> quantiser that types it
};

}  // namespace nib::lower
