// Readers of operators that only rearrange, and of the constant chains that compute shapes.
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
using graph::ValueId;
using Integers = Tensor<std::int64_t>;

/// The output is the input in another shape: a constant again, or a Reshape node.
void reshape_to(NodeReader& node, const Shape& shape, std::optional<int> batch_axis = {}) {
  if (node.is_constant(0)) {
    Constant constant = node.constant(0, "the data");
    const auto count = bounded_count(shape);
    if (!count || *count != element_count(graph::shape_of(constant))) {
      node.fail(ErrorCode::E307,
                fmt::format("{} does not become {}", to_string(graph::shape_of(constant)),
                            to_string(shape)));
    }
    std::visit([&](auto& tensor) { tensor.shape = shape; }, constant);
    node.emit_constant(std::move(constant), node.facts(0).type);
    return;
  }
  if (!bounded_count(shape)) {
    node.fail(ErrorCode::E207, fmt::format("its output has shape {}", to_string(shape)));
  }
  node.emit(graph::Reshape{}, {node.in(0)}, shape, batch_axis);
}

void read_identity(NodeReader& node) {
  node.arity(1, 1);
  reshape_to(node, node.shape(0), node.facts(0).batch_axis);
}

void read_dropout(NodeReader& node) {
  node.arity(1, 3, 2);
  node.ignore("ratio");
  node.ignore("seed");
  node.ignore("is_test");
  node.ignore("consumed_inputs");
  if (node.has(2)) {
    const Tensor<double> training = node.reals(2, "training_mode");
    if (training.size() != 1 || training[0] != 0) {
      node.fail(ErrorCode::E309, "training_mode is not 0", "export the model for inference");
    }
  }
  reshape_to(node, node.shape(0), node.facts(0).batch_axis);
}

void read_flatten(NodeReader& node) {
  node.arity(1, 1);
  const Shape x = node.shape(0);
  const std::int64_t given = node.attribute("axis", std::int64_t{1});
  const auto rank = static_cast<std::int64_t>(x.size());
  if (given < -rank || given > rank) {
    node.fail(ErrorCode::E306, fmt::format("axis {} of {}", given, to_string(x)));
  }
  const std::int64_t axis = given < 0 ? given + rank : given;
  Shape out = {1, 1};
  for (std::int64_t i = 0; i < rank; ++i) {
    out[i < axis ? 0 : 1] *= x[static_cast<std::size_t>(i)];
  }
  const int batch = node.facts(0).batch_axis;
  if (batch >= 0 && (batch >= axis || out[0] != 1)) {
    node.fail(
        ErrorCode::E215,
        fmt::format("Flatten from axis {} joins the batch, axis {}, with others", axis, batch));
  }
  reshape_to(node, out, batch < 0 ? -1 : 0);
}

/// The shape that Reshape's target means: 0 copies (unless allow_zero), -1 is what is left.
Shape resolve_target(NodeReader& node, std::vector<std::int64_t> target, bool allow_zero) {
  const Shape x = node.shape(0);
  if (target.size() > kMaxRank) {
    node.fail(ErrorCode::E207, fmt::format("a shape of {} axes", target.size()));
  }
  const int batch = node.facts(0).batch_axis;
  const auto at = static_cast<std::size_t>(std::max(batch, 0));
  const std::int64_t file_batch = node.builder().file_batch;
  if (batch >= 0 && at < target.size() && file_batch > 1 && target[at] == file_batch) {
    target[at] = 1;  // the file's batch, which is 1 here
  }
  std::int64_t known = 1;
  int open = -1;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == 0 && !allow_zero) {
      if (i >= x.size()) node.fail(ErrorCode::E307, fmt::format("no axis {} to copy", i));
      target[i] = x[i];
    }
    if (target[i] == -1) {
      if (open >= 0) node.fail(ErrorCode::E306, "two lengths are -1");
      open = static_cast<int>(i);
    } else if (target[i] < 0 || __builtin_mul_overflow(known, target[i], &known)) {
      node.fail(ErrorCode::E306, fmt::format("the shape {}", to_string(Shape(target))));
    }
  }
  const std::int64_t count = element_count(x);
  if (open >= 0) {
    if (known == 0 || count % known != 0) {
      node.fail(ErrorCode::E307,
                fmt::format("{} does not become {}", to_string(x), to_string(Shape(target))));
    }
    target[static_cast<std::size_t>(open)] = count / known;
  }
  return target;
}

void read_reshape(NodeReader& node) {
  std::vector<std::int64_t> target;
  if (node.opset() >= 5) {
    node.arity(2, 2);
    target = node.integers(1, "the shape");
  } else {
    node.arity(1, 1);
    node.ignore("consumed_inputs");
    const auto list = node.list("shape");
    if (!list) node.fail(ErrorCode::E306, "no shape");
    target = *list;
  }
  const bool allow_zero = node.flag("allowzero", false);
  reshape_to(node, resolve_target(node, std::move(target), allow_zero));
}

/// Axes are an attribute until opset 12, an input from 13 on.
std::optional<std::vector<std::int64_t>> axes_of(NodeReader& node) {
  if (node.opset() < 13) {
    node.arity(1, 1);
    return node.list("axes");
  }
  node.arity(1, 2);
  if (!node.has(1)) return std::nullopt;
  return node.integers(1, "axes");
}

/// Sorted, distinct, counted from the front.
std::vector<int> normalised(NodeReader& node, const std::vector<std::int64_t>& axes,
                            std::size_t rank) {
  if (rank > kMaxRank) node.fail(ErrorCode::E207, fmt::format("a tensor of {} axes", rank));
  std::vector<int> out;
  for (const std::int64_t axis : axes) out.push_back(node.axis(axis, rank));
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) {
    node.fail(ErrorCode::E306, "an axis is named twice");
  }
  return out;
}

void read_squeeze(NodeReader& node) {
  const auto given = axes_of(node);
  const Shape x = node.shape(0);
  const int batch = node.facts(0).batch_axis;
  std::vector<int> axes;
  if (given) {
    axes = normalised(node, *given, x.size());
  } else {
    for (std::size_t i = 0; i < x.size(); ++i) {
      // Without axes all of length 1 go; the batch has length 1 only here.
      const bool is_batch = static_cast<int>(i) == batch && node.builder().file_batch != 1;
      if (x[i] == 1 && !is_batch) axes.push_back(static_cast<int>(i));
    }
  }
  Shape out;
  int batch_out = batch;
  for (int i = 0; i < static_cast<int>(x.size()); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) {
      out.push_back(x[static_cast<std::size_t>(i)]);
      continue;
    }
    if (x[static_cast<std::size_t>(i)] != 1) {
      node.fail(ErrorCode::E307, fmt::format("axis {} of {} has not length 1", i, to_string(x)));
    }
    if (i == batch) node.fail(ErrorCode::E215, fmt::format("it drops axis {}, the batch", i));
    if (i < batch) --batch_out;
  }
  reshape_to(node, out, batch_out);
}

void read_unsqueeze(NodeReader& node) {
  const auto given = axes_of(node);
  if (!given) node.fail(ErrorCode::E303, "axes are absent");
  const Shape x = node.shape(0);
  if (given->size() > kMaxRank) node.fail(ErrorCode::E207, "too many axes");
  const std::vector<int> axes = normalised(node, *given, x.size() + given->size());
  const int batch = node.facts(0).batch_axis;
  Shape out;
  int batch_out = -1;
  std::size_t next = 0;
  for (int i = 0; i < static_cast<int>(x.size() + axes.size()); ++i) {
    if (std::binary_search(axes.begin(), axes.end(), i)) {
      out.push_back(1);
      continue;
    }
    if (batch >= 0 && static_cast<int>(next) == batch) batch_out = i;
    out.push_back(x[next++]);
  }
  reshape_to(node, out, batch_out);
}

template <class T>
Tensor<T> transposed(const Tensor<T>& x, const std::vector<int>& perm, const Shape& shape) {
  Tensor<T> out(shape);
  const auto strides = strides_of(x.shape);
  std::vector<std::int64_t> index(shape.size(), 0);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    std::int64_t from = 0;
    for (std::size_t a = 0; a < perm.size(); ++a) {
      from += index[a] * strides[static_cast<std::size_t>(perm[a])];
    }
    out[i] = x[from];
    for (std::size_t a = shape.size(); a-- > 0;) {
      if (++index[a] < shape[a]) break;
      index[a] = 0;
    }
  }
  return out;
}

void read_transpose(NodeReader& node) {
  node.arity(1, 1);
  graph::Transpose op;
  const Shape x = node.shape(0);
  if (const auto perm = node.list("perm")) {
    if (perm->size() != x.size()) {
      node.fail(ErrorCode::E306,
                fmt::format("perm has {} entries for {}", perm->size(), to_string(x)));
    }
    for (const std::int64_t axis : *perm) op.perm.push_back(node.axis(axis, x.size()));
  } else {
    for (std::size_t i = x.size(); i-- > 0;) op.perm.push_back(static_cast<int>(i));
  }
  if (!node.is_constant(0)) {
    node.emit(std::move(op), {node.in(0)});
    return;
  }
  const Shape* shapes[] = {&x};
  const graph::ShapeResult result = graph::infer_shape(op, shapes);
  if (!result.problem.empty()) node.fail(ErrorCode::E307, result.problem);
  Constant out = std::visit(
      [&](const auto& tensor) -> Constant { return transposed(tensor, op.perm, result.shape); },
      node.constant(0, "the data"));
  node.emit_constant(std::move(out), node.facts(0).type);
}

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

/// Gather on axis 0 of a constant vector: a length out of a shape.
void read_gather(NodeReader& node) {
  node.arity(2, 2);
  const Constant& data = node.constant(0, "the data");
  const Integers* vector = std::get_if<Integers>(&data);
  const Integers* index = std::get_if<Integers>(&node.constant(1, "the index"));
  const std::int64_t axis = node.attribute("axis", std::int64_t{0});
  if (vector == nullptr || vector->shape.size() != 1 || (axis != 0 && axis != -1) ||
      index == nullptr) {
    node.fail(ErrorCode::E309, "Gather of anything but a vector of integers");
  }
  Integers out(index->shape);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t length = vector->shape[0];
    const std::int64_t at = (*index)[i] < 0 ? (*index)[i] + length : (*index)[i];
    if (at < 0 || at >= length) {
      node.fail(ErrorCode::E306, fmt::format("index {} of {} elements", (*index)[i], length));
    }
    out[i] = (*vector)[at];
  }
  node.emit_constant(std::move(out), node.facts(0).type);
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

/// Slice of a constant vector of integers.
void read_slice(NodeReader& node) {
  std::vector<std::int64_t> starts, ends, axes = {0}, steps = {1};
  if (node.opset() >= 10) {
    node.arity(3, 5);
    starts = node.integers(1, "starts");
    ends = node.integers(2, "ends");
    if (node.has(3)) axes = node.integers(3, "axes");
    if (node.has(4)) steps = node.integers(4, "steps");
  } else {
    node.arity(1, 1);
    starts = node.list("starts").value_or(std::vector<std::int64_t>{});
    ends = node.list("ends").value_or(std::vector<std::int64_t>{});
    axes = node.list("axes").value_or(axes);
  }
  const Integers* x =
      node.is_constant(0) ? std::get_if<Integers>(&node.constant(0, "the data")) : nullptr;
  if (x == nullptr || x->shape.size() != 1) {
    node.fail(ErrorCode::E309, "Slice of anything but a vector of integer constants");
  }
  if (starts.size() != 1 || ends.size() != 1 || axes.size() != 1 || steps.size() != 1 ||
      node.axis(axes[0], 1) != 0 || steps[0] == 0) {
    node.fail(ErrorCode::E306, "starts, ends, axes or steps");
  }
  const std::int64_t length = x->shape[0];
  const bool back = steps[0] < 0;
  const auto clamp = [&](std::int64_t i) {
    const std::int64_t at = i < 0 ? std::max(i, -length - 1) + length : i;
    return back ? std::clamp(at, std::int64_t{-1}, length - 1)
                : std::clamp(at, std::int64_t{0}, length);
  };
  const std::int64_t step = std::clamp(steps[0], -length - 1, length + 1);
  std::vector<std::int64_t> out;
  for (std::int64_t i = clamp(starts[0]); back ? i > clamp(ends[0]) : i < clamp(ends[0]);
       i += step) {
    out.push_back((*x)[i]);
  }
  const auto count = static_cast<std::int64_t>(out.size());
  node.emit_constant(Integers({count}, std::move(out)), node.facts(0).type);
}

void read_constant(NodeReader& node) {
  node.arity(0, 0);
  if (node.raw().attributes.size() != 1) {
    node.fail(ErrorCode::E306, fmt::format("{} values", node.raw().attributes.size()));
  }
  if (const RawTensor* value = node.tensor("value")) {
    node.emit_constant(value->data, value->type);
  } else if (node.has_attribute("value_float")) {
    node.emit_constant(Tensor<double>({}, {node.attribute("value_float", 0.0)}),
                       ElementType::kFloat);
  } else if (node.has_attribute("value_int")) {
    node.emit_constant(Integers({}, {node.attribute("value_int", std::int64_t{0})}),
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
  if (node.is_constant(0)) {
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

const std::vector<OpEntry>& shape_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Identity", read_identity},   {"", "Dropout", read_dropout},
      {"", "Flatten", read_flatten},     {"", "Reshape", read_reshape},
      {"", "Squeeze", read_squeeze},     {"", "Unsqueeze", read_unsqueeze},
      {"", "Transpose", read_transpose}, {"", "Shape", read_shape},
      {"", "Gather", read_gather},       {"", "Concat", read_concat},
      {"", "Slice", read_slice},         {"", "Cast", read_cast},
      {"", "Constant", read_constant},   {"", "ConstantOfShape", read_constant_of_shape},
  };
  return kTable;
}

}  // namespace nib::importer
