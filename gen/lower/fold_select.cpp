// Selections and reductions of constants.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "nib/lower/fold.h"
#include "nib/lower/patches.h"

namespace nib::lower {
namespace {

/// Rows along one axis: element i of row r is first[r] + i * stride.
struct Rows {
  std::vector<std::int64_t> first;
  std::int64_t stride = 1, length = 1;
};

Rows rows_along(const Shape& shape, int axis) {
  const auto at = static_cast<std::size_t>(axis);
  Rows rows;
  rows.stride = strides_of(shape)[at];
  rows.length = shape[at];
  const std::int64_t block = rows.stride * rows.length;
  for (std::int64_t outer = 0; outer < element_count(shape); outer += block) {
    for (std::int64_t i = 0; i < rows.stride; ++i) rows.first.push_back(outer + i);
  }
  return rows;
}

/// The elements of a row, best first, the lowest index first on ties.
std::vector<std::size_t> ranked(const std::vector<Surd>& row, bool largest) {
  std::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    const int sign = (row[i] - row[j]).sign();
    return largest ? sign > 0 : sign < 0;
  });
  return order;
}

/// One number of several: the sum, mean, largest or smallest so far.
void accumulate(std::optional<Surd>& total, const Surd& x, graph::ReduceKind kind) {
  if (!total) {
    total = x;
  } else if (kind == graph::ReduceKind::kMax || kind == graph::ReduceKind::kMin) {
    const int sign = (x - *total).sign();
    if (kind == graph::ReduceKind::kMax ? sign > 0 : sign < 0) total = x;
  } else {
    *total += x;
  }
}

}  // namespace

Constant fold_largest(const FoldNode& fold, const graph::MaxPool& op) {
  const Patches patches(window_of(op.window, op.channels_last), fold.x().shape(), fold.shape);
  Tensor<Surd> result(fold.shape);
  for (std::int64_t image = 0; image < patches.images(); ++image) {
    for (std::int64_t c = 0; c < patches.out_channels(); ++c) {
      for (std::int64_t p = 0; p < patches.positions(); ++p) {
        std::optional<Surd> best;
        for (std::int64_t t = 0; t < patches.taps(); ++t) {
          const std::int64_t at = patches.input(image, c, p, t);
          if (at != Patches::kOutside) {
            accumulate(best, fold.x().at(at), graph::ReduceKind::kMax);
          }
        }
        if (!best) fold.fail("a window that covers no element");
        result[patches.output(image, c, p)] = std::move(*best);
      }
    }
  }
  return tidy(std::move(result));
}

Constant fold_reduce(const FoldNode& fold, const graph::Reduce& op) {
  const Shape& from = fold.x().shape();
  Shape kept = from;
  for (const int axis : op.axes) kept[static_cast<std::size_t>(axis)] = 1;
  const auto into = broadcast_index(kept, from);
  std::vector<std::optional<Surd>> totals(static_cast<std::size_t>(element_count(fold.shape)));
  for (std::size_t e = 0; e < into.size(); ++e) {
    accumulate(totals[static_cast<std::size_t>(into[e])], fold.x().at(static_cast<std::int64_t>(e)),
               op.kind);
  }
  Tensor<Surd> result(fold.shape);
  for (std::size_t e = 0; e < totals.size(); ++e) {
    if (!totals[e]) fold.fail("a reduction of no elements");
    result.data[e] = std::move(*totals[e]);
    if (op.kind == graph::ReduceKind::kMean) {
      result.data[e] *= Surd(Rational(to_rational(result.size()) / to_rational(fold.x().size())));
    }
  }
  return tidy(std::move(result));
}

Constant fold_take(const FoldNode& fold, const graph::Take& op) {
  const TakeSources sources = sources_of_take(op, fold.x().shape());
  if (!sources.fills) return gather(fold.x(), fold.shape, sources.source);
  if (!std::isfinite(op.fill)) fold.fail("padding with an infinite number");
  Tensor<Surd> result(fold.shape);
  for (std::size_t e = 0; e < sources.source.size(); ++e) {
    const std::int64_t from = sources.source[e];
    result.data[e] = from < 0 ? Surd(exact(op.fill)) : fold.x().at(from);
  }
  return tidy(std::move(result));
}

Constant fold_concat(const FoldNode& fold, const graph::Concat& op) {
  const auto axis = static_cast<std::size_t>(op.axis);
  const std::int64_t inner = strides_of(fold.shape)[axis];
  const std::int64_t outer = element_count(fold.shape) / (inner * fold.shape[axis]);
  Tensor<Surd> result(fold.shape);
  std::int64_t e = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Constant* part : fold.in) {
      const std::int64_t length = part->shape()[axis] * inner;
      for (std::int64_t i = 0; i < length; ++i) result[e++] = part->at(o * length + i);
    }
  }
  return tidy(std::move(result));
}

Constant fold_top_k(const FoldNode& fold, const graph::TopK& op) {
  const Rows from = rows_along(fold.x().shape(), op.axis);
  const Rows to = rows_along(fold.shape, op.axis);
  Tensor<Surd> result(fold.shape);
  for (std::size_t r = 0; r < from.first.size(); ++r) {
    std::vector<Surd> row;
    for (std::int64_t i = 0; i < from.length; ++i) {
      row.push_back(fold.x().at(from.first[r] + i * from.stride));
    }
    const std::vector<std::size_t> order = ranked(row, op.largest);
    for (std::int64_t i = 0; i < op.k; ++i) {
      const std::size_t best = order[static_cast<std::size_t>(i)];
      result[to.first[r] + i * to.stride] =
          op.values ? row[best] : Surd(to_rational(static_cast<std::int64_t>(best)));
    }
  }
  return tidy(std::move(result));
}

Constant fold_arg_max(const FoldNode& fold, const graph::ArgMax& op) {
  const Rows rows = rows_along(fold.x().shape(), op.axis);
  Tensor<Surd> result(fold.shape);
  for (std::size_t r = 0; r < rows.first.size(); ++r) {
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < rows.length; ++i) {
      const Surd x = fold.x().at(rows.first[r] + i * rows.stride);
      if ((x - fold.x().at(rows.first[r] + best * rows.stride)).sign() > 0) best = i;
    }
    result.data[r] = to_rational(best);
  }
  return tidy(std::move(result));
}

}  // namespace nib::lower
