// The state of one lowering: what is known of each tensor of the graph. Internal to lower.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/lower/constant.h"
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
  /// An activation with the same reals, whose codes are factor[g] * code + constant[g].
  [[nodiscard]] Activation regrid(const Activation& activation, const Grouping& grouping,
                                  const std::vector<std::int64_t>& factor,
                                  const std::vector<std::int64_t>& constant,
                                  const std::string& name);
  /// New reals for the codes of a value, in place: scale and offset, per group.
  void set_affine(Value& value, const AffineView& view) const;
  void move_offset_to_bias(ValueId id);

  // linear.cpp: products with constants.
  void lower_mat_mul(const graph::Node& node);
  void lower_gemm(const graph::Node& node, const graph::Gemm& op);
  [[nodiscard]] Activation product(const Activation& x, const Constant& weights,
                                   const Rational& factor, const graph::Node& node,
                                   const Shape& shape);

  // arrange.cpp: rearrangements and nodes of several operands.
  void lower_reshape(const graph::Node& node);
  void lower_transpose(const graph::Node& node, const graph::Transpose& op);
  void lower_concat(const graph::Node& node, const graph::Concat& op);
  void lower_sum(const graph::Node& node, bool subtract);
  void lower_arg_max(const graph::Node& node, const graph::ArgMax& op);
  [[nodiscard]] Activation reindex(const Activation& activation, const Shape& shape,
                                   const std::vector<std::int64_t>& source, const std::string& name,
                                   const std::string& formula);
  [[nodiscard]] Activation sum(const Activation& a, const Activation& b, bool subtract,
                               const graph::Node& node, const Shape& shape);
  /// The same activation on a value of its own shape: what looks at axes needs it.
  [[nodiscard]] Activation shaped(const Activation& activation, const std::string& name);
  /// An affine activation with its stages in the scale and offset of its value.
  [[nodiscard]] Activation plain(const Activation& activation, const std::string& name);
  /// Both operands of a sum on one grid for each element, where one factor each cannot do it.
  void bring_together(Activation (&parts)[2], const std::string& name);
  [[nodiscard]] Activation on_common_grid(const Activation& activation, const std::string& name);

  // Shared by all.
  [[nodiscard]] const Constant* constant(graph::ValueId id) const;
  [[nodiscard]] Activation operand(graph::ValueId id) const;
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
