// Index arithmetic of the operators.
#include "nib/golden/geometry.h"

#include <algorithm>

#include "nib/base/check.h"

namespace nib::golden {
namespace {

std::int64_t at(const Shape& shape, std::size_t axis) { return shape[axis]; }

/// Elements behind `axis`.
std::int64_t stride_of(const Shape& shape, int axis) {
  std::int64_t stride = 1;
  for (std::size_t i = static_cast<std::size_t>(axis) + 1; i < shape.size(); ++i) {
    stride *= shape[i];
  }
  return stride;
}

}  // namespace

std::int64_t broadcast_at(const Shape& from, const Shape& to, std::int64_t element) {
  std::int64_t source = 0, stride = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int64_t to_length = at(to, to.size() - 1 - i);
    const std::int64_t from_length = at(from, from.size() - 1 - i);
    if (from_length != 1) source += element % to_length * stride;
    element /= to_length;
    stride *= from_length;
  }
  return source;
}

std::int64_t index_on_axis(const Shape& shape, int axis, std::int64_t element) {
  return element / stride_of(shape, axis) % at(shape, static_cast<std::size_t>(axis));
}

std::int64_t transpose_at(const Shape& from, const std::vector<int>& perm, std::int64_t element) {
  std::int64_t source = 0;
  for (std::size_t i = perm.size(); i-- > 0;) {
    const std::int64_t length = at(from, static_cast<std::size_t>(perm[i]));
    source += element % length * stride_of(from, perm[i]);
    element /= length;
  }
  return source;
}

Part concat_at(const std::vector<const Shape*>& parts, int axis, const Shape& out,
               std::int64_t element) {
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t inner = stride_of(out, axis);
  const std::int64_t outer = element / (inner * at(out, a));
  std::int64_t along = element / inner % at(out, a);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::int64_t length = at(*parts[i], a);
    if (along < length) return {i, (outer * length + along) * inner + element % inner};
    along -= length;
  }
  NIB_CHECK(false, "an element of a Concat");
}

MatrixProduct matmul_of(const Shape& a, const Shape& b) {
  MatrixProduct product;
  const bool vector_a = a.size() == 1, vector_b = b.size() == 1;
  product.m = vector_a ? 1 : a[a.size() - 2];
  product.k = a.back();
  product.n = vector_b ? 1 : b.back();
  product.a_row = product.k;
  product.a_inner = 1;
  product.b_inner = product.n;
  product.b_column = 1;
  const Shape lead_a(a.begin(), a.size() > 2 ? a.end() - 2 : a.begin());
  const Shape lead_b(b.begin(), b.size() > 2 ? b.end() - 2 : b.begin());
  Shape lead;
  NIB_CHECK(broadcast(lead_a, lead_b, lead), "batches of a matrix product");
  const std::int64_t batches = element_count(lead);
  for (std::int64_t i = 0; i < batches; ++i) {
    product.a_base.push_back(broadcast_at(lead_a, lead, i) * product.m * product.k);
    product.b_base.push_back(broadcast_at(lead_b, lead, i) * product.k * product.n);
  }
  return product;
}

MatrixProduct gemm_of(const graph::Gemm& op, const Shape& a, const Shape& b) {
  MatrixProduct product;
  product.m = op.trans_a ? a[1] : a[0];
  product.k = op.trans_a ? a[0] : a[1];
  product.n = op.trans_b ? b[0] : b[1];
  product.a_row = op.trans_a ? 1 : product.k;
  product.a_inner = op.trans_a ? product.m : 1;
  product.b_inner = op.trans_b ? 1 : product.n;
  product.b_column = op.trans_b ? product.k : 1;
  product.a_base = product.b_base = {0};
  return product;
}

Lane argmax_lane(const graph::ArgMax& op, const Shape& x, std::int64_t element) {
  const std::int64_t inner = stride_of(x, op.axis);
  const std::int64_t length = at(x, static_cast<std::size_t>(op.axis));
  return {element / inner * inner * length + element % inner, inner, length};
}

Lane topk_lane(const graph::TopK& op, const Shape& x, std::int64_t element) {
  const std::int64_t inner = stride_of(x, op.axis);
  const std::int64_t length = at(x, static_cast<std::size_t>(op.axis));
  return {element / (inner * op.k) * inner * length + element % inner, inner, length};
}

bool is_stored(const graph::Graph& graph, graph::ValueId id) {
  while (!graph.is_constant(id)) {
    const graph::NodeId producer = graph.value(id).producer;
    if (producer == graph::kNone) return false;
    const graph::Node& node = graph.node(producer);
    if (!std::holds_alternative<graph::Reshape>(node.op) &&
        !std::holds_alternative<graph::Transpose>(node.op)) {
      return false;
    }
    id = node.inputs[0];
  }
  return true;
}

std::vector<bool> constant_values(const graph::Graph& graph) {
  std::vector<bool> constant(graph.values.size());
  for (std::size_t i = 0; i < constant.size(); ++i) {
    constant[i] = graph.values[i].constant.has_value();
  }
  for (const graph::Node& node : graph.nodes) {
    const bool all = std::all_of(node.inputs.begin(), node.inputs.end(), [&](graph::ValueId id) {
      return id == graph::kNone || constant[static_cast<std::size_t>(id)];
    });
    for (const graph::ValueId id : node.outputs) constant[static_cast<std::size_t>(id)] = all;
  }
  return constant;
}

}  // namespace nib::golden
