// Products with constant matrices: weights become integers, row by row.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/int128.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"

namespace nib::lower {
namespace {

/// What a product needs to know of input i of a row: x_i = scale * code + offset, or a constant.
struct Operand {
  Rational scale = 1, offset = 0;
  Range range;
  bool is_constant = false;
  std::int64_t multiple = 1;  ///< scale = multiple * grid of all inputs
};

/// One row of integers with its scale: w_i * grid multiple_i = scale * integer_i.
struct Row {
  std::vector<std::int64_t> integers;
  Rational scale = 1;
};

/// mantissa * 2^exponent, mantissa odd or 0.
struct Dyadic {
  std::int64_t mantissa = 0;
  int exponent = 0;
};
Dyadic dyadic(double x) {
  if (x == 0) return {};
  Dyadic d;
  d.mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &d.exponent), 53));
  const int zeros = __builtin_ctzll(static_cast<unsigned long long>(d.mantissa));
  d.mantissa /= std::int64_t{1} << zeros;
  d.exponent += zeros - 53;
  return d;
}

/// Integers by 64-bit arithmetic; nullopt where that is too narrow.
std::optional<Row> quick_row(const std::vector<double>& weights,
                             const std::vector<Operand>& operands, const Rational& grid) {
  thread_local std::vector<Dyadic> parts;
  parts.resize(weights.size());
  int lowest = 0;
  bool any = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts[i] = operands[i].is_constant ? Dyadic{} : dyadic(weights[i]);
    if (parts[i].mantissa == 0) continue;
    lowest = any ? std::min(lowest, parts[i].exponent) : parts[i].exponent;
    any = true;
  }
  Row row{std::vector<std::int64_t>(weights.size(), 0), 1};
  if (!any) return row;
  std::int64_t divisor = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (parts[i].mantissa == 0) continue;
    const int shift = parts[i].exponent - lowest;
    if (shift > 60) return std::nullopt;
    std::int64_t integer = 0;
    if (__builtin_mul_overflow(parts[i].mantissa, operands[i].multiple, &integer) ||
        __builtin_mul_overflow(integer, std::int64_t{1} << shift, &integer)) {
      return std::nullopt;
    }
    row.integers[i] = integer;
    if (divisor != 1) divisor = std::gcd(divisor, integer);
  }
  if (divisor != 1) {
    for (std::int64_t& integer : row.integers) integer /= divisor;
  }
  row.scale = scale2(Rational(grid * to_rational(divisor)), lowest);
  return row;
}

/// The same over the rationals.
Row exact_row(const std::vector<Rational>& weights, const std::vector<Operand>& operands,
              const std::string& node) {
  Row row{std::vector<std::int64_t>(weights.size(), 0), 1};
  std::vector<Rational> products(weights.size());
  Rational divisor = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (operands[i].is_constant) continue;
    products[i] = weights[i] * operands[i].scale;
    divisor = gcd_of(divisor, products[i]);
  }
  if (sgn(divisor) == 0) return row;
  row.scale = divisor;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Rational integer = products[i] / divisor;
    const auto fits = to_int64(integer.get_num());
    if (!fits) fail(ErrorCode::E503, "weights without a common grid of 63 bits", node);
    row.integers[i] = *fits;
  }
  return row;
}

/// Reachable sums of one row; E0503 beyond 62 bits.
Range row_range(const std::vector<std::int64_t>& integers, const std::vector<Operand>& operands,
                const std::string& node) {
  Int128 low = 0, high = 0;
  for (std::size_t i = 0; i < integers.size(); ++i) {
    const Int128 w = integers[i];
    low += w * (w >= 0 ? operands[i].range.min : operands[i].range.max);
    high += w * (w >= 0 ? operands[i].range.max : operands[i].range.min);
  }
  constexpr Int128 kLimit = static_cast<Int128>(1) << 61;
  if (low < -kLimit || high > kLimit) fail(ErrorCode::E503, "an accumulator of over 62 bits", node);
  return {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
}

/// The inputs of a product: their coefficients must be the same in every row of the leading axes.
std::vector<Operand> operands_of(const AffineView& view, const Value& base, std::int64_t inputs,
                                 const std::string& node) {
  const std::int64_t n = base.elements();
  std::vector<Operand> operands(static_cast<std::size_t>(inputs));
  for (std::int64_t e = 0; e < n; ++e) {
    Operand& operand = operands[static_cast<std::size_t>(e % inputs)];
    const Rational& scale = view.scale[view.grouping.of(e)];
    const Rational& offset = view.offset[view.grouping.of(e)];
    const Range& range = base.range_of(e);
    if (e < inputs) {
      operand = {scale, offset, range, false, 1};
      continue;
    }
    if (operand.scale != scale || operand.offset != offset) {
      fail(ErrorCode::E502, "a product whose rows have different scales", node);
    }
    operand.range = hull(operand.range, range);
  }
  Rational grid = 0;
  for (Operand& operand : operands) {
    operand.is_constant = operand.range.is_constant() || sgn(operand.scale) == 0;
    if (operand.is_constant) {
      operand.offset += operand.scale * to_rational(operand.range.min);
    } else {
      grid = gcd_of(grid, operand.scale);
    }
  }
  for (Operand& operand : operands) {
    if (operand.is_constant) continue;
    const auto multiple = to_int64(Rational(operand.scale / grid).get_num());
    operand.multiple = multiple.value_or(0);  // 0: exact_row does without
  }
  return operands;
}

}  // namespace

Activation Lowerer::product(const Activation& x, const Constant& weights, const Rational& factor,
                            const graph::Node& node, const Shape& shape) {
  const std::optional<AffineView> view = affine_view(x);
  NIB_CHECK(view.has_value(), "an affine activation");
  const std::int64_t inputs = weights.shape().at(0), outputs = weights.shape().at(1);
  const Value& base = result_.value(x.base);
  const std::vector<Operand> operands = operands_of(*view, base, inputs, node.name);
  Rational grid = 0;
  bool quick = weights.reals() != nullptr;
  for (const Operand& operand : operands) {
    if (operand.is_constant) continue;
    if (sgn(grid) == 0) grid = abs(Rational(operand.scale / to_rational(operand.multiple)));
    if (operand.multiple == 0) {
      quick = false;
      break;
    }
  }
  // sum of w_i (scale_i code_i + offset_i): offset_i / scale_i is often the same for all i.
  const Operand* first = nullptr;
  bool one_shift = true;
  Rational shift = 0;
  for (const Operand& operand : operands) {
    if (operand.is_constant) continue;
    const Rational own = operand.offset / operand.scale;
    if (first == nullptr) shift = own;
    one_shift = one_shift && own == shift;
    first = &operand;
  }

  Linear linear{Tensor<std::int64_t>({outputs, inputs}), {}};
  Value value;
  value.name = out_value(node).name;
  value.is_graph_tensor = true;
  value.shape = shape;
  value.grouping = {1, outputs};
  std::vector<double> column(static_cast<std::size_t>(inputs));
  std::vector<Rational> exact_column;
  for (std::int64_t o = 0; o < outputs; ++o) {
    std::optional<Row> row;
    if (quick) {
      for (std::int64_t i = 0; i < inputs; ++i) {
        column[static_cast<std::size_t>(i)] = (*weights.reals())[i * outputs + o];
      }
      row = quick_row(column, operands, grid);
    }
    if (!row) {
      exact_column.clear();
      for (std::int64_t i = 0; i < inputs; ++i) {
        const Surd w = weights.at(i * outputs + o);
        if (!w.is_rational()) fail(ErrorCode::E502, "an irrational weight", node.name);
        exact_column.push_back(w.rational());
      }
      row = exact_row(exact_column, operands, node.name);
    }
    const Range range = row_range(row->integers, operands, node.name);
    Rational constant = 0;
    if (one_shift) {
      if (sgn(shift) != 0) {
        std::int64_t total = 0;  // row_range bounds it
        for (const std::int64_t w : row->integers) total = checked_add(total, w);
        constant = shift * row->scale * to_rational(total);
      }
    } else {
      for (std::int64_t i = 0; i < inputs; ++i) {
        const Operand& operand = operands[static_cast<std::size_t>(i)];
        const std::int64_t w = row->integers[static_cast<std::size_t>(i)];
        if (w == 0 || sgn(operand.offset) == 0) continue;
        constant += to_rational(w) * row->scale * operand.offset / operand.scale;
      }
    }
    for (std::int64_t i = 0; i < inputs; ++i) {
      const Operand& operand = operands[static_cast<std::size_t>(i)];
      if (!operand.is_constant || sgn(operand.offset) == 0) continue;
      constant += weights.at(i * outputs + o).rational() * operand.offset;
    }
    if (sgn(factor) < 0) {
      for (std::int64_t& w : row->integers) w = -w;
    }
    std::copy(row->integers.begin(), row->integers.end(),
              linear.weights.data.begin() + static_cast<std::ptrdiff_t>(o * inputs));
    linear.bias.push_back(0);
    value.scale.push_back(row->scale * abs(factor));
    value.offset.push_back(constant * factor);
    value.range.push_back(sgn(factor) < 0 ? -range : range);
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

void Lowerer::lower_mat_mul(const graph::Node& node) {
  const graph::ValueId a = node.inputs[0], b = node.inputs[1];
  const Constant* left = constant(a);
  const Constant* right = constant(b);
  if (left == nullptr && right == nullptr) {
    fail(ErrorCode::E504, "a matrix product of two computed tensors", node.name);
  }
  const Shape& shape = out_value(node).shape;
  const Constant& weights = right != nullptr ? *right : *left;
  Activation x = raw_refused(operand(right != nullptr ? a : b), node.name);
  x = make_affine(x, right != nullptr ? a : b);
  if (!affine_view(x)) fail(ErrorCode::E502, "a product of irrational numbers", node.name);
  Shape matrix = weights.shape();
  while (matrix.size() > 2 && matrix[0] == 1) matrix.erase(matrix.begin());
  if (matrix.size() > 2) fail(ErrorCode::E502, "a different matrix for each row", node.name);
  if (right != nullptr) {
    if (matrix.size() == 1) matrix = {matrix[0], 1};
    Constant flat = weights;
    std::visit([&](auto& tensor) { tensor.shape = matrix; }, flat.data);
    set(node.outputs[0], product(x, flat, 1, node, shape));
    return;
  }
  // A x: y^T = x^T A^T, with the last two axes of x and y swapped.
  if (matrix.size() == 1) matrix = {1, matrix[0]};
  Constant turned = weights;
  const auto index = transpose_index(matrix, {1, 0});
  std::visit(
      [&](auto& tensor) {
        auto result = std::remove_reference_t<decltype(tensor)>(Shape{matrix[1], matrix[0]});
        for (std::size_t e = 0; e < index.size(); ++e) result.data[e] = tensor[index[e]];
        tensor = std::move(result);
      },
      turned.data);
  const auto swapped = [](std::size_t rank) {
    std::vector<int> perm(rank);
    std::iota(perm.begin(), perm.end(), 0);
    if (rank >= 2) std::swap(perm[rank - 1], perm[rank - 2]);
    return perm;
  };
  const std::int64_t columns = x.shape.size() >= 2 ? x.shape.back() : 1;
  if (columns != 1) {
    Shape turned_shape = x.shape;
    std::swap(turned_shape[turned_shape.size() - 1], turned_shape[turned_shape.size() - 2]);
    x = reindex(x, turned_shape, transpose_index(x.shape, swapped(x.shape.size())),
                node.name + "/columns", "the columns of its input as rows");
  }
  Shape product_shape = shape;
  if (columns != 1) std::swap(product_shape[shape.size() - 1], product_shape[shape.size() - 2]);
  Activation y = product(x, turned, 1, node, product_shape);
  if (columns != 1) {
    Value& value = result_.value(y.base);
    value.name = unique_name(node.name + "/rows");
    value.is_graph_tensor = false;
    y = reindex(y, shape, transpose_index(product_shape, swapped(shape.size())),
                out_value(node).name, "its rows as columns");
    result_.value(y.base).is_graph_tensor = true;
  }
  y.shape = shape;
  set(node.outputs[0], std::move(y));
}

void Lowerer::lower_gemm(const graph::Node& node, const graph::Gemm& op) {
  const Constant* b = constant(node.inputs[1]);
  if (b == nullptr || constant(node.inputs[0]) != nullptr) {
    fail(ErrorCode::E504, "a Gemm whose second operand is computed", node.name);
  }
  const Shape& shape = out_value(node).shape;
  Activation x = raw_refused(operand(node.inputs[0]), node.name);
  x = make_affine(x, node.inputs[0]);
  if (!affine_view(x)) fail(ErrorCode::E502, "a product of irrational numbers", node.name);
  if (op.trans_a) {
    x = reindex(x, {x.shape[1], x.shape[0]}, transpose_index(x.shape, {1, 0}),
                node.name + "/transposed", "its input, transposed");
  }
  Constant weights = *b;
  if (op.trans_b) {
    const auto index = transpose_index(b->shape(), {1, 0});
    std::visit(
        [&](auto& tensor) {
          auto result =
              std::remove_reference_t<decltype(tensor)>(Shape{tensor.shape[1], tensor.shape[0]});
          for (std::size_t e = 0; e < index.size(); ++e) result.data[e] = tensor[index[e]];
          tensor = std::move(result);
        },
        weights.data);
  }
  if (op.alpha == 0) fail(ErrorCode::E502, "a Gemm with alpha 0", node.name);
  const bool has_c = node.inputs.size() > 2 && node.inputs[2] != graph::kNone && op.beta != 0;
  Activation y = product(x, weights, exact(op.alpha), node, shape);
  if (!has_c) {
    set(node.outputs[0], std::move(y));
    return;
  }
  const Constant* c = constant(node.inputs[2]);
  if (c == nullptr) fail(ErrorCode::E504, "a Gemm whose third operand is computed", node.name);
  const Broadcast entries = broadcast_groups(c->shape(), shape);
  Stage stage{entries.grouping, {}, graph::kNone};
  for (const std::int64_t entry : entries.entry) {
    stage.ops.push_back(
        {ScalarOp::Kind::kAffine, Rational(1), c->at(entry) * Surd(exact(op.beta))});
  }
  if (y.base != kNone) {
    Value& value = result_.value(y.base);
    value.name = unique_name(node.name + "/product");
    value.is_graph_tensor = false;
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
