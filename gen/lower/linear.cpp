// Products with constant matrices.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rows.h"

namespace nib::lower {
namespace {

/// The last two of `rank` axes exchanged.
std::vector<int> swapped(std::size_t rank) {
  std::vector<int> perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  if (rank >= 2) std::swap(perm[rank - 1], perm[rank - 2]);
  return perm;
}

Constant transposed(const Constant& matrix) {
  const Shape& shape = matrix.shape();
  return gather(matrix, {shape[1], shape[0]}, transpose_index(shape, {1, 0}));
}

Constant with_shape(const Constant& x, const Shape& shape) {
  Constant result = x;
  std::visit([&](auto& tensor) { tensor.shape = shape; }, result.data);
  return result;
}

}  // namespace

Activation Lowerer::product(const Activation& operand_x, const Constant& weights,
                            const Rational& factor, const graph::Node& node, const Shape& shape) {
  const std::int64_t inputs = weights.shape().at(0), outputs = weights.shape().at(1);
  // The coefficients of an input must be the same in every row of the leading axes.
  const Activation x = one_grid(operand_x, {1, inputs}, {}, node.name);
  const AffineView view = *affine_view(x);
  const Value& base = result_.value(x.base);
  std::vector<Operand> operands(static_cast<std::size_t>(inputs));
  for (std::int64_t e = 0; e < base.elements(); ++e) {
    Operand& operand = operands[static_cast<std::size_t>(e % inputs)];
    if (e < inputs) {
      const std::size_t at = view.grouping.of(e);
      operand = {view.scale[at], view.offset[at], base.range_of(e), false, 1};
    } else {
      operand.range = hull(operand.range, base.range_of(e));
    }
  }
  const RowMaker maker(operands, true);
  Linear linear{Tensor<std::int64_t>({outputs, inputs}), {}};
  Value value;
  value.name = out_value(node).name;
  value.is_graph_tensor = true;
  value.shape = shape;
  value.grouping = {1, outputs};
  std::vector<std::int64_t> column(static_cast<std::size_t>(inputs));
  for (std::int64_t o = 0; o < outputs; ++o) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      column[static_cast<std::size_t>(i)] = i * outputs + o;
    }
    Row row = maker.make(weights, column, node.name);
    if (sgn(factor) == 0) std::fill(row.integers.begin(), row.integers.end(), 0);
    if (sgn(factor) < 0) {
      for (std::int64_t& w : row.integers) w = -w;
    }
    std::copy(row.integers.begin(), row.integers.end(),
              linear.weights.data.begin() + static_cast<std::ptrdiff_t>(o * inputs));
    linear.bias.push_back(0);
    value.scale.push_back(sgn(factor) == 0 ? Rational(1) : Rational(row.scale * abs(factor)));
    value.offset.push_back(row.offset * factor);
    value.range.push_back(maker.range(row.integers, node.name));
  }
  Node made;
  made.name = node.name;
  made.sources = weights.sources;
  for (const std::string& name : sources_of(x)) made.sources.push_back(name);
  made.sources.push_back(node.name);
  made.formula = "W x + b";
  made.op = std::move(linear);
  made.inputs = {x.base};
  Activation result;
  result.base = emit(std::move(made), std::move(value));
  result.shape = shape;
  move_offset_to_bias(result.base);
  result_.macs += element_count(shape) * inputs;
  return result;
}

Activation Lowerer::with_last_axes_swapped(const Activation& x, const std::string& name,
                                           const std::string& formula) {
  Shape shape = x.shape;
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  return reindex(x, shape, transpose_index(x.shape, swapped(x.shape.size())), name, formula);
}

/// A x: y^T = x^T A^T, with the last two axes of x and y swapped.
Activation Lowerer::product_from_left(Activation x, const Constant& matrix, const Rational& factor,
                                      const graph::Node& node, const Shape& shape) {
  const std::int64_t columns = x.shape.size() >= 2 ? x.shape.back() : 1;
  if (columns == 1) {
    Activation y = product(x, transposed(matrix), factor, node, shape);
    y.shape = shape;
    return y;
  }
  x = with_last_axes_swapped(x, node.name + "/columns", "the columns of its input as rows");
  Shape turned = shape;
  std::swap(turned[shape.size() - 1], turned[shape.size() - 2]);
  Activation y = product(x, transposed(matrix), factor, node, turned);
  Value& value = result_.value(y.base);
  value.name = unique_name(node.name + "/rows");
  value.is_graph_tensor = false;
  y = with_last_axes_swapped(y, out_value(node).name, "its rows as columns");
  result_.value(y.base).is_graph_tensor = true;
  return y;
}

/// Matrices that differ along the leading axes: a convolution of kernel 1 whose groups are these.
Activation Lowerer::batched_product(Activation x, const Constant& matrices, bool from_left,
                                    const graph::Node& node) {
  const Shape& shape = out_value(node).shape;
  const Shape batch(shape.begin(), shape.end() - 2);
  const std::int64_t blocks = element_count(batch);
  // Both operands with all leading axes of the result.
  const auto widened = [&](const Shape& from) {
    Shape wide = batch;
    wide.insert(wide.end(), from.end() - 2, from.end());
    return wide;
  };
  if (x.shape.size() == 1) x.shape = from_left ? Shape{x.shape[0], 1} : Shape{1, x.shape[0]};
  const Shape wide = widened(x.shape);
  if (x.shape != wide) {
    x = reindex(x, wide, broadcast_index(x.shape, wide), node.name + "/broadcast",
                "repeats its input");
  }
  // Channels are (block, k), positions the other axis.
  if (!from_left) x = with_last_axes_swapped(x, node.name + "/columns", "its rows as columns");
  const std::int64_t inputs = x.shape[x.shape.size() - 2], positions = x.shape.back();
  x.shape = {1, blocks * inputs, positions};
  const Shape& own = matrices.shape();
  const Shape wide_matrices = widened(own);
  const std::vector<std::int64_t> entry = broadcast_index(own, wide_matrices);
  const std::int64_t outputs = from_left ? own[own.size() - 2] : own.back();
  ConvForm form;
  form.window = {{1}, {1}, {1}, {0}, false};
  form.groups = blocks;
  form.weights = &matrices;
  form.shape = {1, blocks * outputs, positions};
  form.index = [&, from_left](std::int64_t o, std::int64_t c, std::int64_t) {
    const std::int64_t block = o / outputs, out = o % outputs;
    const std::int64_t at = from_left ? out * inputs + c : c * outputs + out;
    return entry[static_cast<std::size_t>(block * inputs * outputs + at)];
  };
  Activation y = convolve(std::move(x), form, node, node.name + "/blocks");
  if (!from_left) {
    y.shape = batch;
    y.shape.insert(y.shape.end(), {outputs, positions});
    y = with_last_axes_swapped(y, out_value(node).name, "its columns as rows");
    result_.value(y.base).is_graph_tensor = y.shape == shape;
  }
  y.shape = shape;
  return y;
}

void Lowerer::lower_mat_mul(const graph::Node& node) {
  const graph::ValueId a = node.inputs[0], b = node.inputs[1];
  const Constant* left = constant(a);
  const Constant* right = constant(b);
  if (left == nullptr && right == nullptr) {
    fail(ErrorCode::E504, "a matrix product of two computed tensors", node.name);
  }
  const Constant& weights = right != nullptr ? *right : *left;
  const Activation x = affine_operand(right != nullptr ? a : b, node);
  Shape matrix = weights.shape();
  while (matrix.size() > 2 && matrix[0] == 1) matrix.erase(matrix.begin());
  if (matrix.size() > 2) {
    set(node.outputs[0], batched_product(x, weights, right == nullptr, node));
    return;
  }
  const Shape& shape = out_value(node).shape;
  if (matrix.size() == 1) matrix = right != nullptr ? Shape{matrix[0], 1} : Shape{1, matrix[0]};
  const Constant flat = with_shape(weights, matrix);
  set(node.outputs[0], right != nullptr ? product(x, flat, 1, node, shape)
                                        : product_from_left(x, flat, 1, node, shape));
}

void Lowerer::lower_gemm(const graph::Node& node, const graph::Gemm& op) {
  const Constant* a = constant(node.inputs[0]);
  const Constant* b = constant(node.inputs[1]);
  if (a == nullptr && b == nullptr) {
    fail(ErrorCode::E504, "a Gemm of two computed tensors", node.name);
  }
  const Shape& shape = out_value(node).shape;
  Activation y;
  if (a != nullptr && b != nullptr) {
    fail(ErrorCode::E504, "a Gemm whose third operand alone is computed", node.name);
  }
  Activation x = affine_operand(node.inputs[b != nullptr ? 0 : 1], node);
  if (b != nullptr ? op.trans_a : op.trans_b) {
    x = with_last_axes_swapped(x, node.name + "/transposed", "its input, transposed");
  }
  const Rational alpha = exact(op.alpha);
  if (b != nullptr) {
    y = product(x, op.trans_b ? transposed(*b) : *b, alpha, node, shape);
  } else {
    y = product_from_left(x, op.trans_a ? transposed(*a) : *a, alpha, node, shape);
  }
  const bool has_c = node.inputs.size() > 2 && node.inputs[2] != graph::kNone && op.beta != 0;
  if (!has_c) {
    set(node.outputs[0], std::move(y));
    return;
  }
  Value& value = result_.value(y.base);
  value.name = unique_name(node.name + "/product");
  value.is_graph_tensor = false;
  const Constant* c = constant(node.inputs[2]);
  if (c == nullptr) {
    set(node.outputs[0], sum_with_third(y, node, op));
    return;
  }
  const Broadcast entries = broadcast_groups(c->shape(), shape);
  Stage stage{entries.grouping, {}, graph::kNone};
  for (const std::int64_t entry : entries.entry) {
    stage.ops.push_back(
        {ScalarOp::Kind::kAffine, Rational(1), c->at(entry) * Surd(exact(op.beta))});
  }
  std::vector<std::string>& sources =
      result_.nodes[static_cast<std::size_t>(result_.value(y.base).producer)].sources;
  sources.insert(sources.end(), c->sources.begin(), c->sources.end());
  const std::size_t before = sources.size();
  add_stage(std::move(y), std::move(stage), node);
  // An absorbed bias has named this node a second time.
  auto& all = result_.nodes[result_.nodes.size() - 1].sources;
  if (all.size() > before && all.back() == node.name) {
    all.erase(std::find(all.begin(), all.end(), node.name));
  }
}

}  // namespace nib::lower
