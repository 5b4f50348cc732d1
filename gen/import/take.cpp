// Selections along axes: what Slice, Split, Gather, Pad, Tile, Expand and Resize have in common.
#include "nib/import/take.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "nib/base/check.h"

namespace nib::importer {
namespace {

bool is_identity(const std::vector<std::int32_t>& index, std::int64_t length) {
  if (static_cast<std::int64_t>(index.size()) != length) return false;
  for (std::int64_t i = 0; i < length; ++i) {
    if (index[static_cast<std::size_t>(i)] != i) return false;
  }
  return true;
}

/// Drops lists that take an axis as it is; the shape of what is selected.
Shape normalise(const NodeReader& node, Selection& selection, const Shape& x) {
  NIB_CHECK(selection.axes.size() == x.size(), "one index list per axis");
  Shape out = x;
  for (std::size_t axis = 0; axis < x.size(); ++axis) {
    AxisIndex& index = selection.axes[axis];
    if (index && is_identity(*index, x[axis])) index.reset();
    if (index) out[axis] = static_cast<std::int64_t>(index->size());
  }
  if (!bounded_count(out)) {
    node.fail(ErrorCode::E207, fmt::format("its output has shape {}", to_string(out)));
  }
  return out;
}

template <class T>
Tensor<T> selected(const Tensor<T>& x, const Selection& selection, const Shape& shape) {
  Tensor<T> out(shape);
  const auto strides = strides_of(x.shape);
  std::vector<std::int64_t> at(shape.size(), 0);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    std::int64_t from = 0;
    bool filled = false;
    for (std::size_t a = 0; a < shape.size(); ++a) {
      const AxisIndex& index = selection.axes[a];
      const std::int64_t k = index ? (*index)[static_cast<std::size_t>(at[a])] : at[a];
      filled = filled || k < 0;
      from += k * strides[a];
    }
    out[i] = filled ? static_cast<T>(selection.fill) : x[from];
    for (std::size_t a = shape.size(); a-- > 0;) {
      if (++at[a] < shape[a]) break;
      at[a] = 0;
    }
  }
  return out;
}

graph::Take take_of(const NodeReader& node, Selection& selection) {
  graph::Take op;
  op.fill = selection.fill;
  for (AxisIndex& index : selection.axes) {
    if (index && index->empty()) node.fail(ErrorCode::E307, "its output is empty");
    op.index.push_back(index ? std::move(*index) : std::vector<std::int32_t>{});
  }
  return op;
}

bool selects_all(const Selection& selection) {
  for (const AxisIndex& index : selection.axes) {
    if (index) return false;
  }
  return true;
}

void emit_constant_selection(NodeReader& node, const Selection& selection, std::size_t output,
                             const Shape& shape, const Shape& final_shape) {
  graph::Constant out = std::visit(
      [&](const auto& tensor) -> graph::Constant { return selected(tensor, selection, shape); },
      node.constant(0, "the data"));
  std::visit([&](auto& tensor) { tensor.shape = final_shape; }, out);
  node.emit_constant(std::move(out), node.facts(0).type, output);
}

}  // namespace

std::vector<std::int32_t> index_list(const NodeReader& node, std::int64_t count) {
  if (count < 0) node.fail(ErrorCode::E307, "nothing is left of an axis");
  if (count > kMaxElements) node.fail(ErrorCode::E207, fmt::format("an axis of length {}", count));
  std::vector<std::int32_t> index;
  index.reserve(static_cast<std::size_t>(count));
  return index;
}

void emit_selection(NodeReader& node, Selection selection, std::size_t output,
                    const std::optional<Shape>& shape) {
  if (!std::isfinite(selection.fill)) {
    node.fail(ErrorCode::E217, fmt::format("the fill value is {}", selection.fill));
  }
  const Shape x = node.shape(0);
  const Shape taken = normalise(node, selection, x);
  const Shape final_shape = shape.value_or(taken);
  if (element_count(taken) != element_count(final_shape)) {
    node.fail(ErrorCode::E307, fmt::format("{} elements selected for the shape {}",
                                           element_count(taken), to_string(final_shape)));
  }
  if (node.is_constant(0)) {
    emit_constant_selection(node, selection, output, taken, final_shape);
    return;
  }
  const graph::ValueId from = node.in(0);
  if (selects_all(selection)) {
    const std::optional<int> batch =
        final_shape == x ? std::optional<int>(node.facts(0).batch_axis) : std::nullopt;
    node.emit(graph::Reshape{}, {from}, final_shape, batch, output);
    return;
  }
  graph::Take op = take_of(node, selection);
  const ElementType type = node.facts(0).type;
  for (const auto& index : op.index) {
    node.builder().spend(static_cast<std::int64_t>(index.size()), node.raw().where);
  }
  if (final_shape == taken) {
    node.emit(std::move(op), {from}, {}, std::nullopt, output);
  } else {
    const graph::ValueId part = node.step("selected", std::move(op), {from});
    node.emit(graph::Reshape{}, {part}, final_shape, std::nullopt, output);
  }
  node.set_type(type);
}

graph::ValueId step_selection(NodeReader& node, std::string_view suffix, Selection selection,
                              graph::ValueId from) {
  (void)normalise(node, selection, node.builder().graph.value(from).shape);
  if (selects_all(selection)) return from;
  return node.step(suffix, take_of(node, selection), {from});
}

}  // namespace nib::importer
