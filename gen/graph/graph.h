// The network as read: operators, tensors, constants. Nothing about hardware.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nib/graph/ops.h"
#include "nib/num/port_type.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::graph {

/// Index into Graph::values.
using ValueId = std::int32_t;
/// Index into Graph::nodes.
using NodeId = std::int32_t;
inline constexpr std::int32_t kNone = -1;

/// A stored constant, exact: integers of the file stay integers, float16/32/64 are exact doubles.
using Constant = std::variant<Tensor<double>, Tensor<std::int64_t>>;

/// A tensor of the graph. Shapes are static; where Graph::batched, axis 0 is the batch and has
/// length 1 here.
struct Value {
  std::string name;  ///< as in the file; unique; made up ("unnamed_3") where the file has none
  Shape shape;
  NodeId producer = kNone;           ///< none for inputs and constants
  std::optional<Constant> constant;  ///< initialisers and Constant nodes
  std::string datatype;  ///< quantization_annotation's finn_datatype, a hint; may be empty
};

/// An operator with its inputs and outputs. An absent optional input is kNone.
struct Node {
  std::string name;     ///< as in the file; made up from operator and index where it has none
  std::string op_type;  ///< as in the file ("Quant", "BatchNormalization", ...)
  Op op;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
};

/// What is known of the words of one graph input before any quantiser of the graph sees them:
/// a type (--input-type, one for all elements), or exact integer ranges per element.
struct InputType {
  PortType type;              ///< scale of a code; bits and sign of the port
  std::vector<Range> ranges;  ///< per element in C order; empty: all codes of `type`
};

struct GraphInput {
  ValueId value = kNone;
  std::optional<InputType> type;  ///< none: reals, as far as the graph's own quantisers allow
};

/// A network. Nodes are in topological order; every value's producer precedes its consumers; dead
/// nodes have been dropped. verify() checks all of this.
struct Graph {
  std::string name;         ///< from the file name or --name
  std::string source_file;  ///< base name of the model file
  std::string sha256;       ///< of the model file
  std::string dialect;      ///< "QONNX", "QDQ", ... for people
  bool batched = true;      ///< axis 0 of every input and output is the batch
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<GraphInput> inputs;
  std::vector<ValueId> outputs;
  std::vector<std::string> notes;  ///< what import assumed or dropped, one sentence each

  [[nodiscard]] const Value& value(ValueId id) const {
    return values.at(static_cast<std::size_t>(id));
  }
  [[nodiscard]] Value& value(ValueId id) { return values.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] bool is_constant(ValueId id) const {
    return id != kNone && value(id).constant.has_value();
  }
  /// The value of that name, or kNone.
  [[nodiscard]] ValueId find(std::string_view name) const;
  /// Nodes that read `id`, in order.
  [[nodiscard]] std::vector<NodeId> consumers(ValueId id) const;
};

/// The constant as doubles; an integer beyond 2^53 is an internal error.
[[nodiscard]] Tensor<double> as_reals(const Constant& constant);
/// Shape of the stored tensor.
[[nodiscard]] const Shape& shape_of(const Constant& constant);

/// Checks the invariants above, arities, shapes by the op table. A broken one is an internal error.
void verify(const Graph& graph);
/// A stable text form, one line per node, for golden texts and people.
[[nodiscard]] std::string dump(const Graph& graph);

}  // namespace nib::graph
