// The walk over the graph: one pass in topological order, one piece of knowledge per tensor.
#include "nib/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/lowerer.h"

namespace nib::lower {
namespace {

/// Rearranged dead ends cannot happen: the graph verifier has seen to it that all nodes are live.
std::vector<bool> single_readers(const graph::Graph& graph) {
  std::vector<int> readers(graph.values.size(), 0);
  for (const graph::Node& node : graph.nodes) {
    for (const graph::ValueId id : node.inputs) {
      if (id != graph::kNone) ++readers[static_cast<std::size_t>(id)];
    }
  }
  for (const graph::ValueId id : graph.outputs) ++readers[static_cast<std::size_t>(id)];
  std::vector<bool> single;
  for (const int count : readers) single.push_back(count <= 1);
  return single;
}

}  // namespace

Lowerer::Lowerer(const graph::Graph& graph, const Options& options)
    : graph_(graph),
      options_(options),
      known_(graph.values.size()),
      single_reader_(single_readers(graph)) {
  result_.name = graph.name;
  result_.source_file = graph.source_file;
  result_.sha256 = graph.sha256;
  result_.batched = graph.batched;
  result_.notes = graph.notes;
}

const Constant* Lowerer::constant(graph::ValueId id) const {
  if (id == graph::kNone) return nullptr;
  return std::get_if<Constant>(&known_[static_cast<std::size_t>(id)]);
}

Activation Lowerer::operand(graph::ValueId id) const {
  const auto* activation = std::get_if<Activation>(&known_[static_cast<std::size_t>(id)]);
  NIB_CHECK(activation != nullptr, "an activation: " + graph_.value(id).name);
  Activation copy = *activation;
  copy.exclusive = copy.exclusive && single_reader_[static_cast<std::size_t>(id)];
  return copy;
}

Activation Lowerer::taken_operand(graph::ValueId id) {
  if (!single_reader_[static_cast<std::size_t>(id)]) return operand(id);
  auto* activation = std::get_if<Activation>(&known_[static_cast<std::size_t>(id)]);
  NIB_CHECK(activation != nullptr, "an activation: " + graph_.value(id).name);
  return std::exchange(*activation, {});
}

Activation Lowerer::affine_operand(graph::ValueId id, const graph::Node& node) {
  return make_affine(raw_refused(operand(id), node.name), id);
}

graph::ValueId Lowerer::computed_input(const graph::Node& node) const {
  const auto from = std::find_if(node.inputs.begin(), node.inputs.end(), [&](graph::ValueId id) {
    return id != graph::kNone && constant(id) == nullptr;
  });
  NIB_CHECK(from != node.inputs.end(), "a computed input");
  return *from;
}

Stage Lowerer::negation(const graph::Node& node) const {
  return {kPerTensor,
          {{ScalarOp::Kind::kAffine, Rational(-1), Rational(0)}},
          graph_.value(node.outputs[0]).producer};
}

bool Lowerer::read_already(ValueId id) const {
  for (const Node& node : result_.nodes) {
    if (std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end()) return true;
  }
  return false;
}

std::string Lowerer::unique_name(const std::string& name) const {
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(result_.values.begin(), result_.values.end(),
                       [&](const Value& value) { return value.name == candidate; });
  };
  std::string candidate = name;
  for (int i = 2; taken(candidate); ++i) candidate = fmt::format("{}_{}", name, i);
  return candidate;
}

ValueId Lowerer::emit(Node node, Value value) {
  const auto id = static_cast<ValueId>(result_.values.size());
  value.producer = static_cast<NodeId>(result_.nodes.size());
  value.name = unique_name(value.name);
  const std::string stem = node.name;
  const auto taken = [&](const Node& other) { return other.name == node.name; };
  for (int i = 2; std::any_of(result_.nodes.begin(), result_.nodes.end(), taken); ++i) {
    node.name = fmt::format("{}_{}", stem, i);
  }
  node.output = id;
  result_.values.push_back(std::move(value));
  result_.nodes.push_back(std::move(node));
  return id;
}

std::vector<std::string> Lowerer::sources_of(const Activation& activation) const {
  std::vector<std::string> names;
  for (const Stage& stage : activation.stages) names.push_back(graph_.node(stage.node).name);
  return names;
}

Activation Lowerer::raw_refused(Activation activation, const std::string& node) const {
  if (activation.raw_input >= 0) {
    const auto& input = graph_.inputs[static_cast<std::size_t>(activation.raw_input)];
    fail(ErrorCode::E501,
         fmt::format("input \"{}\" has no type and no quantiser before this node",
                     graph_.value(input.value).name),
         node);
  }
  return activation;
}

void Lowerer::begin_inputs() {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const graph::GraphInput& input = graph_.inputs[i];
    const graph::Value& tensor = graph_.value(input.value);
    const auto index = static_cast<std::int32_t>(i);
    result_.input_names.push_back(tensor.name);
    result_.inputs.push_back(kNone);
    Activation activation;
    activation.shape = tensor.shape;
    if (!input.type) {
      activation.raw_input = index;
      set(input.value, std::move(activation));
      continue;
    }
    Value value;
    value.name = tensor.name;
    value.is_graph_tensor = true;
    value.shape = tensor.shape;
    value.scale = {input.type->type.scale};
    value.offset = {Rational(0)};
    value.range = {input.type->type.range()};
    if (const auto& ranges = input.type->ranges; !ranges.empty()) {
      const std::int64_t n = element_count(tensor.shape);
      NIB_CHECK(static_cast<std::int64_t>(ranges.size()) == n, "a range for each element");
      value.grouping = per_element(n);
      value.scale.assign(ranges.size(), input.type->type.scale);
      value.offset.assign(ranges.size(), Rational(0));
      value.range = ranges;
    }
    Node node;
    node.name = tensor.name;
    node.formula = fmt::format("the codes of input {}", tensor.name);
    node.op = Input{index};
    activation.base = emit(std::move(node), std::move(value));
    result_.inputs[i] = activation.base;
    set(input.value, std::move(activation));
  }
}

struct Lowerer::Pointwise {
  Lowerer& lowerer;
  const graph::Node& node;

  /// One operand constant, the other computed; `reversed`: the constant stands first.
  [[nodiscard]] bool with_constant() const {
    const Constant* first = lowerer.constant(node.inputs[0]);
    const Constant* second = lowerer.constant(node.inputs[1]);
    if (first == nullptr && second == nullptr) return false;
    lowerer.lower_affine(node, first != nullptr, first != nullptr ? *first : *second);
    return true;
  }
  [[noreturn]] void no_product() const {
    fail(ErrorCode::E504, node.op_type + " of two computed tensors", node.name);
  }
  void scalar(ScalarOp op) const {
    Stage stage{kPerTensor, {std::move(op)}, graph::kNone};
    lowerer.add_stage(lowerer.taken_operand(node.inputs[0]), std::move(stage), node);
  }

  void operator()(const graph::Quant&) const { lowerer.lower_quantiser(node); }
  void operator()(const graph::BipolarQuant&) const { lowerer.lower_quantiser(node); }
  void operator()(const graph::MultiThreshold&) const { lowerer.lower_quantiser(node); }
  void operator()(const graph::MatMul&) const { lowerer.lower_mat_mul(node); }
  void operator()(const graph::Gemm& op) const { lowerer.lower_gemm(node, op); }
  void operator()(const graph::Add&) const {
    if (!with_constant()) lowerer.lower_sum(node, false);
  }
  void operator()(const graph::Sub&) const {
    if (!with_constant()) lowerer.lower_sum(node, true);
  }
  void operator()(const graph::Mul&) const {
    if (!with_constant()) no_product();
  }
  void operator()(const graph::Div&) const {
    if (!with_constant()) no_product();
  }
  void operator()(const graph::Pow&) const { lowerer.lower_pow(node); }
  void operator()(const graph::Neg&) const {
    scalar({ScalarOp::Kind::kAffine, Rational(-1), Rational(0)});
  }
  void operator()(const graph::BatchNormalization& op) const { lowerer.lower_batch_norm(node, op); }
  void operator()(const graph::Relu&) const { scalar({ScalarOp::Kind::kLeaky, Surd(), Surd()}); }
  void operator()(const graph::LeakyRelu& op) const {
    scalar({ScalarOp::Kind::kLeaky, exact(op.alpha), Surd()});
  }
  void operator()(const graph::Clip& op) const {
    ScalarOp clip{ScalarOp::Kind::kClip, Surd(), Surd(), std::isfinite(op.low),
                  std::isfinite(op.high)};
    if (clip.has_low) clip.a = exact(op.low);
    if (clip.has_high) clip.b = exact(op.high);
    scalar(std::move(clip));
  }
  void operator()(const graph::Reshape&) const { lowerer.lower_reshape(node); }
  void operator()(const graph::Transpose& op) const { lowerer.lower_transpose(node, op); }
  void operator()(const graph::Concat& op) const { lowerer.lower_concat(node, op); }
  void operator()(const graph::Softmax&) const {
    fail(ErrorCode::E502, "Softmax inside of the network", node.name);
  }
  void operator()(const graph::ArgMax& op) const { lowerer.lower_arg_max(node, op); }
  void operator()(const graph::Conv& op) const { lowerer.lower_conv(node, op); }
  void operator()(const graph::ConvTranspose& op) const { lowerer.lower_conv_transpose(node, op); }
  void operator()(const graph::MaxPool& op) const { lowerer.lower_max_pool(node, op); }
  void operator()(const graph::AveragePool& op) const { lowerer.lower_average_pool(node, op); }
  void operator()(const graph::QuantAvgPool& op) const { lowerer.lower_quant_avg_pool(node, op); }
  void operator()(const graph::Reduce& op) const { lowerer.lower_reduce(node, op); }
  void operator()(const graph::Take& op) const { lowerer.lower_take(node, op); }
  void operator()(const graph::Unary& op) const { lowerer.lower_unary(node, op); }
  void operator()(const graph::PRelu&) const { lowerer.lower_prelu(node); }
  void operator()(const graph::Trunc& op) const { lowerer.lower_trunc(node, op); }
  void operator()(const graph::FloatQuant& op) const { lowerer.lower_float_quant(node, op); }
  void operator()(const graph::TopK& op) const { lowerer.lower_top_k(node, op); }
};

void Lowerer::walk(graph::NodeId id) {
  const graph::Node& node = graph_.node(id);
  std::vector<const Constant*> constants;
  bool all_constant = true;
  for (const graph::ValueId input : node.inputs) {
    constants.push_back(constant(input));
    if (input != graph::kNone && constants.back() == nullptr) all_constant = false;
  }
  if (all_constant) {
    set(node.outputs[0], fold(graph_, node, constants));
  } else {
    std::visit(Pointwise{*this, node}, node.op);
  }
}

void Lowerer::put_inputs_first() {
  std::vector<std::size_t> order;
  for (std::size_t pass = 0; pass < 2; ++pass) {
    for (std::size_t n = 0; n < result_.nodes.size(); ++n) {
      const bool is_input = std::holds_alternative<Input>(result_.nodes[n].op);
      if (is_input == (pass == 0)) order.push_back(n);
    }
  }
  const auto inputs_end = std::find_if(order.begin(), order.end(), [&](std::size_t n) {
    return !std::holds_alternative<Input>(result_.nodes[n].op);
  });
  std::sort(order.begin(), inputs_end, [&](std::size_t a, std::size_t b) {
    return std::get<Input>(result_.nodes[a].op).index < std::get<Input>(result_.nodes[b].op).index;
  });
  std::vector<Node> nodes;
  for (const std::size_t n : order) {
    result_.value(result_.nodes[n].output).producer = static_cast<NodeId>(nodes.size());
    nodes.push_back(std::move(result_.nodes[n]));
  }
  result_.nodes = std::move(nodes);
}

IntegerGraph Lowerer::run() {
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    if (const auto& stored = graph_.values[i].constant) known_[i] = stored_constant(*stored);
  }
  begin_inputs();
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) walk(static_cast<graph::NodeId>(n));
  finish_outputs();
  for (std::size_t i = 0; i < result_.inputs.size(); ++i) {
    if (result_.inputs[i] != kNone) continue;
    fail(ErrorCode::E501,
         fmt::format("input \"{}\" has no type and no quantiser", result_.input_names[i]));
  }
  put_inputs_first();
  verify(result_);
  return std::move(result_);
}

void Lowerer::finish_outputs() {
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    const graph::ValueId tensor = graph_.outputs[i];
    const std::string& name = graph_.value(tensor).name;
    if (constant(tensor) != nullptr) {
      fail(ErrorCode::E502, fmt::format("output \"{}\" is a constant", name));
    }
    Activation activation = raw_refused(operand(tensor), {});
    const graph::ValueId carried = strip_irrational_tail(activation, i);
    result_.outputs.push_back(settle(activation, carried));
    result_.output_names.push_back(result_.value(result_.outputs.back()).name);
  }
}

/// Logits behind an irrational factor (a norm by Pow(c, 0.5)) have no exact scale: the port carries
/// the last tensor that has one, where the way from it to the output keeps all order.
graph::ValueId Lowerer::strip_irrational_tail(Activation& activation, std::size_t output) {
  const graph::ValueId tensor = graph_.outputs[output];
  const auto rational = [](const Stage& stage) {
    return std::all_of(stage.ops.begin(), stage.ops.end(),
                       [](const ScalarOp& op) { return is_rational(op); });
  };
  const auto first = std::find_if_not(activation.stages.begin(), activation.stages.end(), rational);
  if (first == activation.stages.end()) return tensor;
  const std::string& name = graph_.value(tensor).name;
  for (auto stage = first; stage != activation.stages.end(); ++stage) {
    if (stage->grouping.count != 1 || !always_rises(stage->ops[0])) {
      fail(ErrorCode::E502, fmt::format("output \"{}\" is irrational", name),
           graph_.node(stage->node).name, "put a quantiser behind this node");
    }
  }
  const graph::Node& node = graph_.node(first->node);
  const graph::ValueId from = computed_input(node);
  activation.stages.erase(first, activation.stages.end());
  activation.shape = graph_.value(from).shape;
  result_.notes.push_back(fmt::format(
      "output \"{}\" is irrational: the port carries \"{}\", of which it is an increasing "
      "function, the same for all elements",
      name, graph_.value(from).name));
  return from;
}

IntegerGraph lower(const graph::Graph& graph, const Options& options) {
  return with_file(graph.source_file, [&] { return Lowerer(graph, options).run(); });
}

}  // namespace nib::lower
