// The graph while it is being built, and one node's view of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nib/base/error.h"
#include "nib/graph/graph.h"
#include "nib/import/raw_model.h"

namespace nib::importer {

/// What is known of a value beyond the graph.
struct Facts {
  ElementType type = ElementType::kFloat;
  bool varies = false;  ///< depends on an input
  int batch_axis = -1;  ///< where the batch is; -1: nowhere
};

/// The graph in the making.
struct Builder {
  graph::Graph graph;
  std::vector<Facts> facts;  ///< one per value
  std::map<std::string, graph::ValueId, std::less<>> by_name;
  std::map<std::string, std::string, std::less<>> unread;  ///< outputs that no reader makes: why
  std::map<std::string, std::int64_t, std::less<>> opsets;
  std::int64_t file_batch = -1;                   ///< length of axis 0 in the file; -1: symbolic
  std::set<std::string, std::less<>> reserved;    ///< tensor names of the file
  std::set<std::string, std::less<>> read_names;  ///< tensors that nodes or outputs read
  std::set<std::string, std::less<>> node_names;  ///< of the file and of nodes that we add
  std::int64_t spent_activations = 0;  ///< of all computed tensors, against kMaxActivations
  std::int64_t spent_elements = 0;     ///< of all constants, against kMaxElements
  /// Float32 values of nodes of constants, where a parameter may need them.
  std::map<graph::ValueId, graph::Constant> computed;
  std::map<std::string, int> counted_notes;
  std::vector<std::string> softmaxes;  ///< outputs of Softmax nodes of the flattening kind

  /// `base`, or a longer name that no tensor of the file or the graph has.
  [[nodiscard]] std::string fresh_name(std::string base) const;
  /// Version of the default domain; 0 where the file imports none.
  [[nodiscard]] std::int64_t opset() const;
  graph::ValueId add_value(std::string name, Shape shape, Facts facts);
  graph::ValueId add_constant(std::string name, graph::Constant constant, ElementType type,
                              const std::string& where);
  /// Counts elements that a constant or parameter takes. Errors: E0207.
  void spend(std::int64_t elements, const std::string& where);
  /// A note that ends in the number of nodes it is about.
  void count_note(const std::string& text) { ++counted_notes[text]; }
};

/// One node as its reader sees it. Every accessor fails with a numbered error that names the node.
class NodeReader {
 public:
  NodeReader(Builder& builder, const RawNode& node) : builder_(builder), node_(node) {}

  [[nodiscard]] Builder& builder() { return builder_; }
  [[nodiscard]] const Builder& builder() const { return builder_; }
  [[nodiscard]] const RawNode& raw() const { return node_; }
  [[nodiscard]] std::int64_t opset() const { return builder_.opset(); }
  [[noreturn]] void fail(ErrorCode code, std::string detail, std::string hint = {}) const;

  /// Checks the numbers of inputs and outputs (E0303); the first `min_inputs` must be there.
  void arity(std::size_t min_inputs, std::size_t max_inputs, std::size_t max_outputs = 1) const;
  [[nodiscard]] bool has(std::size_t input) const;
  [[nodiscard]] graph::ValueId in(std::size_t input) const;
  [[nodiscard]] const Shape& shape(std::size_t input) const;
  [[nodiscard]] const Facts& facts(std::size_t input) const;
  [[nodiscard]] bool is_constant(std::size_t input) const;
  [[nodiscard]] bool all_constant() const;
  /// True where the input is a constant, or small arithmetic on constants: constant() gives it.
  [[nodiscard]] bool is_known(std::size_t input) const;
  /// The constant on that input, in float32 where nodes compute it; E0308 where it varies.
  [[nodiscard]] const graph::Constant& constant(std::size_t input, std::string_view what) const;
  /// The same as reals; an integer beyond 2^53 is E0217.
  [[nodiscard]] Tensor<double> reals(std::size_t input, std::string_view what) const;
  /// The constant `id` as reals, with the same check.
  [[nodiscard]] Tensor<double> reals_of(graph::ValueId id, std::string_view what) const;
  /// A scalar or vector of integers; E0308, E0306.
  [[nodiscard]] std::vector<std::int64_t> integers(std::size_t input, std::string_view what) const;
  /// A single real; E0308, E0306.
  [[nodiscard]] double real(std::size_t input, std::string_view what) const;

  /// Attributes by type; nullopt (or the default) where absent. Errors: E0304, E0306 not finite.
  [[nodiscard]] bool has_attribute(std::string_view name) const;
  [[nodiscard]] double attribute(std::string_view name, double absent);
  [[nodiscard]] std::int64_t attribute(std::string_view name, std::int64_t absent);
  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] std::optional<std::vector<std::int64_t>> list(std::string_view name);
  [[nodiscard]] std::optional<std::vector<double>> floats(std::string_view name);
  /// A list of `rank` integers, or one integer for all axes; empty where absent. Errors: E0306.
  [[nodiscard]] std::vector<std::int64_t> per_axis(std::string_view name, std::size_t rank);
  [[nodiscard]] const RawTensor* tensor(std::string_view name);
  [[nodiscard]] const RawAttribute* take(std::string_view name);
  /// An attribute of 0 or 1.
  [[nodiscard]] bool flag(std::string_view name, bool absent);
  /// Marks an attribute as one that has no meaning for inference.
  void ignore(std::string_view name) { taken_.insert(std::string(name)); }
  /// An axis of `rank` axes, counted from the end where negative. Errors: E0306.
  [[nodiscard]] int axis(std::int64_t value, std::size_t rank) const;

  /// Appends a node with the first output (or `output`) of this one, its shape from the op table.
  /// `reshaped`: the shape that a Reshape gives; `batch_axis`: where the batch goes, if the
  /// operator's general rule is not to decide. Errors: E0207, E0215, E0307.
  graph::ValueId emit(graph::Op op, std::vector<graph::ValueId> inputs, const Shape& reshaped = {},
                      std::optional<int> batch_axis = std::nullopt, std::size_t output = 0);
  /// Appends a node of our own whose output is no tensor of the file: both are named after this
  /// node and `suffix`. For operators that are read as several.
  graph::ValueId step(std::string_view suffix, graph::Op op, std::vector<graph::ValueId> inputs,
                      const Shape& reshaped = {}, std::optional<int> batch_axis = std::nullopt);
  /// True where a node or an output of the graph reads that output.
  [[nodiscard]] bool used(std::size_t output) const;
  /// The first output (or `output`) is this constant.
  void emit_constant(graph::Constant constant, ElementType type, std::size_t output = 0);
  /// A constant of our own that a node reads (a parameter in another form).
  graph::ValueId helper_constant(std::string_view suffix, Tensor<double> constant);
  /// Element type of the output where it is not that of the first input.
  void set_type(ElementType type);
  /// All inputs in order, absent trailing ones dropped.
  [[nodiscard]] std::vector<graph::ValueId> inputs() const;

  /// After the reader ran: attributes nobody asked for (E0305), outputs nobody made.
  void finish();

 private:
  void need_output(std::size_t output) const;
  [[nodiscard]] std::string fresh_node_name(std::string base);
  graph::ValueId append(std::string node_name, std::string value_name, graph::Op op,
                        std::vector<graph::ValueId> inputs, const Shape& reshaped,
                        std::optional<int> batch_axis);
  /// True where the shapes fit if the batch has that many rows.
  [[nodiscard]] bool fits_with_rows(const graph::Op& op, const std::vector<graph::ValueId>& inputs,
                                    std::int64_t rows) const;
  /// E0215 where the shapes fit with all rows of the file's batch, else E0307.
  [[noreturn]] void fail_misfit(const graph::Op& op, const std::vector<graph::ValueId>& inputs,
                                const std::string& problem) const;

  Builder& builder_;
  const RawNode& node_;
  bool emitted_ = false;  ///< a node carries the name of this one already
  std::set<std::string, std::less<>> taken_;
};

/// Reads one operator.
using OpReader = void (*)(NodeReader&);
/// The reader of an operator, nullptr where there is none. `domain` is normalised: "", "qonnx" or
/// "channels_last".
[[nodiscard]] OpReader find_reader(std::string_view domain, std::string_view op_type);
/// The operators of all tables, sorted, for messages.
[[nodiscard]] std::string supported_operators();

/// One group's table.
struct OpEntry {
  std::string_view domain;
  std::string_view op_type;
  OpReader reader;
};
[[nodiscard]] const std::vector<OpEntry>& quant_readers();
[[nodiscard]] const std::vector<OpEntry>& linear_readers();
[[nodiscard]] const std::vector<OpEntry>& activation_readers();
[[nodiscard]] const std::vector<OpEntry>& shape_readers();
[[nodiscard]] const std::vector<OpEntry>& fold_readers();
[[nodiscard]] const std::vector<OpEntry>& conv_readers();
[[nodiscard]] const std::vector<OpEntry>& pool_readers();
[[nodiscard]] const std::vector<OpEntry>& select_readers();
[[nodiscard]] const std::vector<OpEntry>& resize_readers();
[[nodiscard]] const std::vector<OpEntry>& function_readers();
[[nodiscard]] const std::vector<OpEntry>& qdq_readers();
[[nodiscard]] const std::vector<OpEntry>& qlinear_readers();
[[nodiscard]] const std::vector<OpEntry>& custom_readers();

/// The first output is the first input in another shape: a constant again, or a Reshape node.
void reshape_to(NodeReader& node, const Shape& shape, std::optional<int> batch_axis = {});

/// Notes the float32 value of a node of constants, if it is small and its operator is arithmetic or
/// a rearrangement.
void compute_parameter(Builder& builder, const graph::Op& op,
                       const std::vector<graph::ValueId>& inputs, graph::ValueId out);

/// Where the batch axis of the inputs goes in the output of `op`; -1 where no input has one.
/// Errors: E0215 where the operator mixes rows.
[[nodiscard]] int batch_axis_of(const Builder& builder, const graph::Op& op,
                                const std::vector<graph::ValueId>& inputs, const Shape& output,
                                const std::string& where);

/// Removes what no output needs, after constants were folded; renumbers.
void prune(Builder& builder);
/// Removes Softmax nodes that only outputs and ArgMax see. Errors: E0309 for any other.
void remove_softmax(Builder& builder);
/// Appends an ArgMax over the last axis to every output.
void append_argmax(Builder& builder);

}  // namespace nib::importer
