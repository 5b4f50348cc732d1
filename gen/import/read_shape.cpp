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
  // A file of one row may say axis 0: its rows are not joined, there is but one.
  const bool joins = batch > axis || (batch == axis && node.builder().file_batch != 1);
  if (batch >= 0 && (joins || out[0] != 1)) {
    node.fail(
        ErrorCode::E215,
        fmt::format("Flatten from axis {} joins the batch, axis {}, with others", axis, batch));
  }
  reshape_to(node, out, batch < 0 ? -1 : 0);
}

/// The product of the lengths but -1; 0 where it overflows.
std::int64_t product_of(const std::vector<std::int64_t>& lengths) {
  std::int64_t product = 1;
  for (const std::int64_t length : lengths) {
    if (length != -1 && __builtin_mul_overflow(product, length, &product)) return 0;
  }
  return product;
}

/// With all rows of the file's batch, the target has to give the same shape but for the batch.
void check_rows(const NodeReader& node, std::vector<std::int64_t> given, const Shape& shape,
                bool allow_zero) {
  const std::int64_t rows = node.builder().file_batch;
  const int batch = node.facts(0).batch_axis;
  if (batch < 0 || rows <= 1) return;
  Shape x = node.shape(0);
  x[static_cast<std::size_t>(batch)] *= rows;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == 0 && !allow_zero) given[i] = x[i];
  }
  const std::int64_t known = product_of(given), all = product_of(x);
  int moved = 0;
  bool same = true;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == -1) given[i] = known == 0 ? 0 : all / known;
    if (given[i] == shape[i]) continue;
    same = same && shape[i] == 1 && given[i] == rows;
    ++moved;
  }
  if (same && moved == 1) return;
  node.fail(ErrorCode::E215, fmt::format("from {} to {} it joins rows of the batch", to_string(x),
                                         to_string(Shape(given))));
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
  const Shape shape = resolve_target(node, target, allow_zero);
  check_rows(node, std::move(target), shape, allow_zero);
  reshape_to(node, shape);
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

}  // namespace

void reshape_to(NodeReader& node, const Shape& shape, std::optional<int> batch_axis) {
  if (node.is_constant(0)) {
    graph::Constant constant = node.constant(0, "the data");
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

const std::vector<OpEntry>& shape_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Identity", read_identity},   {"", "Dropout", read_dropout},
      {"", "Flatten", read_flatten},     {"", "Reshape", read_reshape},
      {"", "Squeeze", read_squeeze},     {"", "Unsqueeze", read_unsqueeze},
      {"", "Transpose", read_transpose},
  };
  return kTable;
}

}  // namespace nib::importer
