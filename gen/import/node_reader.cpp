// Typed, checked access to one node.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/base/check.h"
#include "nib/graph/shapes.h"
#include "nib/import/builder.h"

namespace nib::importer {

using graph::kNone;
using graph::ValueId;

void NodeReader::fail(ErrorCode code, std::string detail, std::string hint) const {
  nib::fail(code, std::move(detail), node_.where, std::move(hint));
}

void NodeReader::arity(std::size_t min_inputs, std::size_t max_inputs,
                       std::size_t max_outputs) const {
  const std::size_t given = node_.inputs.size();
  if (given < min_inputs || given > max_inputs) {
    const std::string wanted = min_inputs == max_inputs
                                   ? fmt::format("{}", min_inputs)
                                   : fmt::format("{} to {}", min_inputs, max_inputs);
    fail(ErrorCode::E303,
         fmt::format("{} input{} where it takes {}", given, given == 1 ? "" : "s", wanted));
  }
  for (std::size_t i = 0; i < min_inputs; ++i) {
    if (!has(i)) fail(ErrorCode::E303, fmt::format("input {} is absent", i));
  }
  if (node_.outputs.empty() || node_.outputs.size() > max_outputs) {
    fail(ErrorCode::E303,
         fmt::format("{} outputs where it has {}", node_.outputs.size(),
                     max_outputs == 1 ? "1" : fmt::format("1 to {}", max_outputs)));
  }
}

bool NodeReader::has(std::size_t input) const {
  return input < node_.inputs.size() && !node_.inputs[input].empty();
}

ValueId NodeReader::in(std::size_t input) const {
  NIB_CHECK(has(input), "an input that is there");
  const std::string& name = node_.inputs[input];
  const auto it = builder_.by_name.find(name);
  if (it != builder_.by_name.end()) return it->second;
  const auto reason = builder_.unread.find(name);
  NIB_CHECK(reason != builder_.unread.end(), "a defined tensor: " + name);
  fail(ErrorCode::E309, fmt::format("it reads {}, {}", in_quotes(name), reason->second));
}

const Shape& NodeReader::shape(std::size_t input) const {
  return builder_.graph.value(in(input)).shape;
}

const Facts& NodeReader::facts(std::size_t input) const {
  return builder_.facts[static_cast<std::size_t>(in(input))];
}

bool NodeReader::is_constant(std::size_t input) const {
  return builder_.graph.is_constant(in(input));
}

bool NodeReader::is_known(std::size_t input) const {
  return is_constant(input) || builder_.computed.contains(in(input));
}

bool NodeReader::all_constant() const {
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
    if (has(i) && !is_constant(i)) return false;
  }
  return true;
}

const graph::Constant& NodeReader::constant(std::size_t input, std::string_view what) const {
  const graph::Value& value = builder_.graph.value(in(input));
  const auto computed = builder_.computed.find(in(input));
  if (computed != builder_.computed.end()) return computed->second;
  if (!value.constant) {
    fail(ErrorCode::E308, fmt::format("{} is computed ({})", what, in_quotes(value.name)));
  }
  return *value.constant;
}

Tensor<double> NodeReader::reals(std::size_t input, std::string_view what) const {
  const graph::Constant& stored = constant(input, what);
  return is_constant(input) ? reals_of(in(input), what) : graph::as_reals(stored);
}

Tensor<double> NodeReader::reals_of(ValueId id, std::string_view what) const {
  const graph::Constant& stored = *builder_.graph.value(id).constant;
  if (const auto* integers = std::get_if<Tensor<std::int64_t>>(&stored)) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    for (const std::int64_t x : integers->data) {
      if (x < -kExact || x > kExact) {
        fail(ErrorCode::E217, fmt::format("{}: the integer {} is beyond 2^53", what, x),
             "integers up to 2^53 are read");
      }
    }
  }
  return graph::as_reals(stored);
}

std::vector<std::int64_t> NodeReader::integers(std::size_t input, std::string_view what) const {
  const graph::Constant& stored = constant(input, what);
  const auto* integers = std::get_if<Tensor<std::int64_t>>(&stored);
  if (integers == nullptr || integers->shape.size() > 1) {
    fail(ErrorCode::E306, fmt::format("{} must be a vector of integers", what));
  }
  return integers->data;
}

double NodeReader::real(std::size_t input, std::string_view what) const {
  const Tensor<double> tensor = reals(input, what);
  if (tensor.size() != 1) {
    fail(ErrorCode::E306,
         fmt::format("{} of shape {} must be a single number", what, to_string(tensor.shape)));
  }
  return tensor[0];
}

const RawAttribute* NodeReader::take(std::string_view name) {
  taken_.insert(std::string(name));
  for (const RawAttribute& attribute : node_.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

bool NodeReader::has_attribute(std::string_view name) const {
  return std::any_of(node_.attributes.begin(), node_.attributes.end(),
                     [&](const RawAttribute& attribute) { return attribute.name == name; });
}

double NodeReader::attribute(std::string_view name, double absent) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return absent;
  const auto* value = std::get_if<float>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a float", name));
  if (!std::isfinite(*value)) fail(ErrorCode::E306, fmt::format("{} is {}", name, *value));
  return *value;
}

std::int64_t NodeReader::attribute(std::string_view name, std::int64_t absent) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return absent;
  const auto* value = std::get_if<std::int64_t>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be an integer", name));
  return *value;
}

std::optional<std::string> NodeReader::text(std::string_view name) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::string>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a text", name));
  return *value;
}

std::optional<std::vector<std::int64_t>> NodeReader::list(std::string_view name) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::vector<std::int64_t>>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a list of integers", name));
  return *value;
}

std::optional<std::vector<double>> NodeReader::floats(std::string_view name) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::vector<float>>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a list of floats", name));
  return std::vector<double>(value->begin(), value->end());
}

std::vector<std::int64_t> NodeReader::per_axis(std::string_view name, std::size_t rank) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return {};
  if (const auto* one = std::get_if<std::int64_t>(&found->value)) {
    return std::vector<std::int64_t>(rank, *one);
  }
  const auto* value = std::get_if<std::vector<std::int64_t>>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a list of integers", name));
  if (!value->empty() && value->size() != rank) {
    fail(ErrorCode::E306, fmt::format("{} has {} entries, not {}", name, value->size(), rank));
  }
  return *value;
}

const RawTensor* NodeReader::tensor(std::string_view name) {
  const RawAttribute* found = take(name);
  if (found == nullptr) return nullptr;
  const auto* value = std::get_if<RawTensor>(&found->value);
  if (value == nullptr) fail(ErrorCode::E304, fmt::format("{} must be a tensor", name));
  return value;
}

bool NodeReader::flag(std::string_view name, bool absent) {
  const std::int64_t value = attribute(name, std::int64_t{absent});
  if (value != 0 && value != 1) {
    fail(ErrorCode::E306, fmt::format("{} is {}, not 0 or 1", name, value));
  }
  return value != 0;
}

int NodeReader::axis(std::int64_t value, std::size_t rank) const {
  const auto axes = static_cast<std::int64_t>(rank);
  if (value < -axes || value >= axes) {
    fail(ErrorCode::E306, fmt::format("axis {} of a tensor of {} axes", value, axes));
  }
  return static_cast<int>(value < 0 ? value + axes : value);
}

bool NodeReader::fits_with_rows(const graph::Op& op, const std::vector<ValueId>& inputs,
                                std::int64_t rows) const {
  std::vector<Shape> whole(inputs.size());
  std::vector<const Shape*> shapes(inputs.size(), nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kNone) continue;
    whole[i] = builder_.graph.value(inputs[i]).shape;
    const int axis = builder_.facts[static_cast<std::size_t>(inputs[i])].batch_axis;
    if (axis >= 0) whole[i][static_cast<std::size_t>(axis)] = rows;
    shapes[i] = &whole[i];
  }
  return graph::infer_shape(op, shapes).problem.empty();
}

void NodeReader::fail_misfit(const graph::Op& op, const std::vector<ValueId>& inputs,
                             const std::string& problem) const {
  if (!builder_.graph.batched || std::holds_alternative<graph::Reshape>(op)) {
    fail(ErrorCode::E307, problem);
  }
  // A symbolic batch may have been meant to have any of the lengths that it meets.
  std::vector<std::int64_t> candidates;
  if (builder_.file_batch > 1) candidates.push_back(builder_.file_batch);
  for (const ValueId id : inputs) {
    if (id == kNone || builder_.file_batch != -1) continue;
    const Shape& met = builder_.graph.value(id).shape;
    candidates.insert(candidates.end(), met.begin(), met.end());
  }
  for (const std::int64_t rows : candidates) {
    if (rows > 1 && fits_with_rows(op, inputs, rows)) {
      fail(ErrorCode::E215, fmt::format("it needs {} rows at once ({})", rows, problem));
    }
  }
  fail(ErrorCode::E307, problem);
}

ValueId NodeReader::emit(graph::Op op, std::vector<ValueId> inputs, const Shape& reshaped,
                         std::optional<int> batch_axis, std::size_t output) {
  need_output(output);
  std::string name = node_.name;
  if (emitted_) name = fresh_node_name(fmt::format("{}_{}", node_.name, output));
  emitted_ = true;
  return append(std::move(name), node_.outputs[output], std::move(op), std::move(inputs), reshaped,
                batch_axis);
}

ValueId NodeReader::step(std::string_view suffix, graph::Op op, std::vector<ValueId> inputs,
                         const Shape& reshaped, std::optional<int> batch_axis) {
  std::string base = fmt::format("{}_{}", node_.name, suffix);
  std::string value_name = builder_.fresh_name(base);
  return append(fresh_node_name(std::move(base)), std::move(value_name), std::move(op),
                std::move(inputs), reshaped, batch_axis);
}

std::string NodeReader::fresh_node_name(std::string base) {
  while (!builder_.node_names.insert(base).second) base += "_";
  return base;
}

bool NodeReader::used(std::size_t output) const {
  return output < node_.outputs.size() && !node_.outputs[output].empty() &&
         builder_.read_names.contains(node_.outputs[output]);
}

ValueId NodeReader::append(std::string node_name, std::string value_name, graph::Op op,
                           std::vector<ValueId> inputs, const Shape& reshaped,
                           std::optional<int> batch_axis) {
  std::vector<const Shape*> shapes;
  bool varies = false;
  for (const ValueId id : inputs) {
    shapes.push_back(id == kNone ? nullptr : &builder_.graph.value(id).shape);
    if (id != kNone && element_count(builder_.graph.value(id).shape) == 0) {
      fail(ErrorCode::E307, fmt::format("{} is empty", in_quotes(builder_.graph.value(id).name)));
    }
    varies = varies || (id != kNone && builder_.facts[static_cast<std::size_t>(id)].varies);
  }
  graph::ShapeResult result = graph::infer_shape(op, shapes, reshaped);
  if (!result.problem.empty()) fail_misfit(op, inputs, result.problem);
  const auto count = bounded_count(result.shape);
  if (!count) {
    fail(ErrorCode::E207, fmt::format("its output has shape {}, at most {} elements are built",
                                      to_string(result.shape), kMaxElements));
  }
  if (*count == 0) fail(ErrorCode::E307, "its output is empty");
  builder_.spent_activations += *count;
  if (builder_.spent_activations > kMaxActivations) {
    fail(ErrorCode::E207,
         fmt::format("more than {} elements in all computed tensors", kMaxActivations));
  }
  Facts fact;
  fact.type = builder_.facts[static_cast<std::size_t>(inputs.at(0))].type;
  fact.varies = varies;
  if (builder_.graph.batched) {
    fact.batch_axis =
        batch_axis ? *batch_axis : batch_axis_of(builder_, op, inputs, result.shape, node_.where);
  }
  const auto node_id = static_cast<graph::NodeId>(builder_.graph.nodes.size());
  const ValueId out = builder_.add_value(std::move(value_name), std::move(result.shape), fact);
  builder_.graph.value(out).producer = node_id;
  if (!varies) compute_parameter(builder_, op, inputs, out);
  builder_.graph.nodes.push_back(
      {std::move(node_name), node_.op_type, std::move(op), std::move(inputs), {out}});
  return out;
}

void NodeReader::need_output(std::size_t output) const {
  if (output >= node_.outputs.size() || node_.outputs[output].empty()) {
    fail(ErrorCode::E303, fmt::format("output {} is absent", output));
  }
}

void NodeReader::emit_constant(graph::Constant constant, ElementType type, std::size_t output) {
  need_output(output);
  builder_.add_constant(node_.outputs.at(output), std::move(constant), type, node_.where);
}

ValueId NodeReader::helper_constant(std::string_view suffix, Tensor<double> constant) {
  return builder_.add_constant(builder_.fresh_name(fmt::format("{}_{}", node_.name, suffix)),
                               std::move(constant), ElementType::kFloat, node_.where);
}

void NodeReader::set_type(ElementType type) { builder_.facts.back().type = type; }

std::vector<ValueId> NodeReader::inputs() const {
  std::vector<ValueId> out;
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) out.push_back(has(i) ? in(i) : kNone);
  while (!out.empty() && out.back() == kNone) out.pop_back();
  return out;
}

void NodeReader::finish() {
  for (const RawAttribute& attribute : node_.attributes) {
    if (!taken_.contains(attribute.name)) fail(ErrorCode::E305, in_quotes(attribute.name));
  }
  for (std::size_t i = 0; i < node_.outputs.size(); ++i) {
    const std::string& name = node_.outputs[i];
    if (name.empty() || builder_.by_name.contains(name)) continue;
    builder_.unread.emplace(
        name, fmt::format("output {} of {}, which nib does not compute", i, node_.where));
  }
}

}  // namespace nib::importer
