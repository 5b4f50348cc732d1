// Readers of the constant chains that compute shapes: integers in, integers out. Concat and Cast
// become nodes where their data is no constant.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "nib/base/check.h"
#include "nib/graph/shapes.h"
#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::Constant;
using Integers = Tensor<std::int64_t>;

void read_shape(NodeReader& node) {
  node.arity(1, 1);
  const Shape& x = node.shape(0);
  const auto rank = static_cast<std::int64_t>(x.size());
  const auto clamp = [&](std::int64_t i) {
    return std::clamp(i < 0 ? i + rank : i, std::int64_t{0}, rank);
  };
  const std::int64_t start = clamp(node.attribute("start", std::int64_t{0}));
  const std::int64_t end = clamp(node.attribute("end", rank));
  std::vector<std::int64_t> out;
  for (std::int64_t i = start; i < end; ++i) out.push_back(x[static_cast<std::size_t>(i)]);
  const auto length = static_cast<std::int64_t>(out.size());
  node.emit_constant(Integers({length}, std::move(out)), ElementType::kInt64);
}

template <class T>
Tensor<T> joined(const std::vector<const Tensor<T>*>& parts, std::size_t axis, const Shape& shape) {
  Tensor<T> out(shape);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
  std::size_t at = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Tensor<T>* part : parts) {
      const std::int64_t block = outer == 0 ? 0 : part->size() / outer;
      for (std::int64_t i = 0; i < block; ++i) out.data[at++] = (*part)[o * block + i];
    }
  }
  return out;
}

void read_concat(NodeReader& node) {
  node.arity(1, std::numeric_limits<std::size_t>::max());
  for (std::size_t i = 0; i < node.raw().inputs.size(); ++i) {
    if (!node.has(i)) node.fail(ErrorCode::E303, fmt::format("input {} is absent", i));
  }
  graph::Concat op;
  if (node.opset() >= 4 && !node.has_attribute("axis")) node.fail(ErrorCode::E306, "no axis");
  op.axis = node.axis(node.attribute("axis", std::int64_t{1}), node.shape(0).size());
  if (!node.all_constant()) {
    node.emit(op, node.inputs());
    return;
  }
  std::vector<const Shape*> shapes;
  std::vector<const Integers*> parts;
  for (std::size_t i = 0; i < node.raw().inputs.size(); ++i) {
    shapes.push_back(&node.shape(i));
    parts.push_back(std::get_if<Integers>(&node.constant(i, "a part")));
  }
  if (std::count(parts.begin(), parts.end(), nullptr) > 0) {
    node.emit(op, node.inputs());  // reals: left to the graph
    return;
  }
  const graph::ShapeResult result = graph::infer_shape(op, shapes);
  if (!result.problem.empty()) node.fail(ErrorCode::E307, result.problem);
  if (!bounded_count(result.shape)) node.fail(ErrorCode::E207, to_string(result.shape));
  node.emit_constant(joined(parts, static_cast<std::size_t>(op.axis), result.shape),
                     node.facts(0).type);
}

void read_constant(NodeReader& node) {
  node.arity(0, 0);
  if (node.raw().attributes.size() != 1) {
    node.fail(ErrorCode::E306, fmt::format("{} values", node.raw().attributes.size()));
  }
  if (const RawTensor* value = node.tensor("value")) {
    node.emit_constant(value->data, value->type);
  } else if (node.has_attribute("value_float")) {
    node.emit_constant(Tensor<double>(Shape{}, node.attribute("value_float", 0.0)),
                       ElementType::kFloat);
  } else if (node.has_attribute("value_int")) {
    node.emit_constant(Integers(Shape{}, node.attribute("value_int", std::int64_t{0})),
                       ElementType::kInt64);
  } else if (const auto ints = node.list("value_ints")) {
    node.emit_constant(Integers({static_cast<std::int64_t>(ints->size())}, *ints),
                       ElementType::kInt64);
  } else if (const RawAttribute* floats = node.take("value_floats")) {
    const auto* values = std::get_if<std::vector<float>>(&floats->value);
    if (values == nullptr) node.fail(ErrorCode::E304, "value_floats must be a list of floats");
    node.emit_constant(Tensor<double>({static_cast<std::int64_t>(values->size())},
                                      std::vector<double>(values->begin(), values->end())),
                       ElementType::kFloat);
  } else {
    node.fail(ErrorCode::E305, in_quotes(node.raw().attributes[0].name));
  }
}

/// Values that an integer type holds; the widest where nib keeps no narrower one.
Range range_of(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return {0, 1};
    case ElementType::kUint4:
      return {0, 15};
    case ElementType::kInt4:
      return {-8, 7};
    case ElementType::kUint8:
      return {0, 255};
    case ElementType::kInt8:
      return {-128, 127};
    case ElementType::kUint16:
      return {0, 65535};
    case ElementType::kInt16:
      return {-32768, 32767};
    case ElementType::kInt32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case ElementType::kUint32:
      return {0, std::numeric_limits<std::uint32_t>::max()};
    case ElementType::kUint64:
      return {0, std::numeric_limits<std::int64_t>::max()};
    case ElementType::kInt64:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    case ElementType::kFloat:
    case ElementType::kDouble:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      break;
  }
  NIB_CHECK(false, "an integer type");
}

/// Cast of one constant to an integer type: toward zero.
std::int64_t cast_to_integer(const NodeReader& node, double x, ElementType type) {
  if (type == ElementType::kBool) return x != 0 ? 1 : 0;
  const double whole = std::trunc(x);
  constexpr double kLimit = 9.2e18;
  if (!(whole > -kLimit && whole < kLimit) ||
      !range_of(type).contains(static_cast<std::int64_t>(whole))) {
    node.fail(ErrorCode::E306, fmt::format("{} does not fit {}", x,
                                           element_type_name(static_cast<std::int64_t>(type))));
  }
  return static_cast<std::int64_t>(whole);
}

Constant cast_constant(const NodeReader& node, const Constant& from, ElementType type) {
  const auto* integers = std::get_if<Integers>(&from);
  if (is_float(type)) {
    Tensor<double> out(graph::shape_of(from));
    for (std::int64_t i = 0; i < out.size(); ++i) {
      const double x = integers != nullptr ? static_cast<double>((*integers)[i])
                                           : std::get<Tensor<double>>(from)[i];
      const float narrow =
          integers != nullptr ? static_cast<float>((*integers)[i]) : static_cast<float>(x);
      out[i] = type == ElementType::kFloat ? double{narrow} : x;
    }
    return out;
  }
  Integers out(graph::shape_of(from));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    if (integers == nullptr) {
      out[i] = cast_to_integer(node, std::get<Tensor<double>>(from)[i], type);
    } else if (type == ElementType::kBool) {
      out[i] = (*integers)[i] != 0 ? 1 : 0;
    } else if (range_of(type).contains((*integers)[i])) {
      out[i] = (*integers)[i];
    } else {
      node.fail(ErrorCode::E306, fmt::format("{} does not fit {}", (*integers)[i],
                                             element_type_name(static_cast<std::int64_t>(type))));
    }
  }
  return out;
}

void read_cast(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("saturate");
  const std::int64_t number = node.attribute("to", std::int64_t{0});
  const auto type = element_type(number);
  if (!type) node.fail(ErrorCode::E204, element_type_name(number));
  const ElementType from = node.facts(0).type;
  const bool narrow = *type == ElementType::kFloat16 || *type == ElementType::kBfloat16;
  if (narrow && from != *type) {
    node.fail(ErrorCode::E309, "a cast to " + element_type_name(number) + " rounds");
  }
  // A computed float becomes an integer only as a parameter: in float32, as executors have it.
  if (node.is_constant(0) || (node.is_known(0) && !is_float(*type) && is_float(from))) {
    node.emit_constant(cast_constant(node, node.constant(0, "the data"), *type), *type);
    return;
  }
  const bool widens =
      !is_float(from) && (is_float(*type) || range_of(*type).contains(range_of(from)) ||
                          *type == ElementType::kInt32 || *type == ElementType::kInt64);
  if (!(is_float(from) && is_float(*type)) && !widens) {
    node.fail(
        ErrorCode::E309,
        fmt::format("a cast from {} to {}", element_type_name(static_cast<std::int64_t>(from)),
                    element_type_name(number)),
        "nib treats a Cast as an identity and supports those that keep the value");
  }
  reshape_to(node, node.shape(0), node.facts(0).batch_axis);
  node.set_type(*type);
}

void read_constant_of_shape(NodeReader& node) {
  node.arity(1, 1);
  const Shape shape = node.integers(0, "the shape");
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  if (shape.size() > kMaxRank || !bounded_count(shape, kMost)) {
    node.fail(ErrorCode::E207, "a constant of shape " + to_string(shape));
  }
  const RawTensor* value = node.tensor("value");
  if (value != nullptr && element_count(graph::shape_of(value->data)) != 1) {
    node.fail(ErrorCode::E306, "value must have one element");
  }
  if (value == nullptr) {
    node.emit_constant(Tensor<double>(shape), ElementType::kFloat);
  } else if (const auto* real = std::get_if<Tensor<double>>(&value->data)) {
    node.emit_constant(Tensor<double>(shape, (*real)[0]), value->type);
  } else {
    node.emit_constant(Integers(shape, std::get<Integers>(value->data)[0]), value->type);
  }
}

}  // namespace

const std::vector<OpEntry>& fold_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Shape", read_shape},
      {"", "Concat", read_concat},
      {"", "Cast", read_cast},
      {"", "Constant", read_constant},
      {"", "ConstantOfShape", read_constant_of_shape},
  };
  return kTable;
}

}  // namespace nib::importer
