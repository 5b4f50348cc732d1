// Steps of matrix products and batch norms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/integer_form.h"
#include "nib/golden/multiply.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

/// A product by a constant matrix, seen as x (lines x k) times w (k x n) with contiguous x and
/// output.
struct Dense {
  Block* x = nullptr;
  Block* weights = nullptr;
  std::int64_t lines = 0, k = 0, n = 0;  ///< lines of one row
  std::int64_t inner = 0, column = 0;    ///< strides of the weights

  [[nodiscard]] std::int64_t weight_at(std::int64_t i, std::int64_t j) const {
    return i * inner + j * column;
  }
};

bool all_zero(const std::vector<std::int64_t>& bases) {
  return std::all_of(bases.begin(), bases.end(), [](std::int64_t base) { return base == 0; });
}

/// False where neither side is a constant matrix with contiguous lines on the other.
bool find_dense(const MatrixProduct& p, Block& a, Block& b, Dense& dense) {
  if (p.k == 0 || p.n == 0 || p.m == 0 || p.batches() == 0) return false;
  if (b.constant && all_zero(p.b_base) && p.a_inner == 1 && (p.m == 1 || p.a_row == p.k)) {
    for (std::int64_t i = 0; i < p.batches(); ++i) {
      if (p.a_base[static_cast<std::size_t>(i)] != i * p.m * p.k) return false;
    }
    dense = {&a, &b, p.batches() * p.m, p.k, p.n, p.b_inner, p.b_column};
    return true;
  }
  if (a.constant && p.batches() == 1 && p.n == 1 && p.b_inner == 1) {
    dense = {&b, &a, 1, p.k, p.m, p.a_inner, p.a_row};
    return true;
  }
  return false;
}

/// Units and bounds of x per k, over all lines.
std::vector<Multiple> line_hull(const Dense& d) {
  std::vector<Multiple> hulls(static_cast<std::size_t>(d.k));
  for (std::int64_t line = 0; line < d.lines; ++line) {
    for (std::int64_t k = 0; k < d.k; ++k) {
      Multiple& m = hulls[static_cast<std::size_t>(k)];
      const Multiple& own = (*d.x->lattice)[static_cast<std::size_t>(line * d.k + k)];
      m = line == 0 ? own : hull(m, own);
    }
  }
  return hulls;
}

/// nullopt where x or the weights are not exact multiples, or an accumulator exceeds 2^53.
std::optional<IntegerForm> dense_form(const Dense& d) {
  if (!d.x->lattice || !d.x->exact || !d.weights->exact || d.x->constant) return std::nullopt;
  std::vector<double> weights;
  weights.reserve(static_cast<std::size_t>(d.k * d.n));
  for (std::int64_t k = 0; k < d.k; ++k) {
    for (std::int64_t n = 0; n < d.n; ++n) {
      weights.push_back(d.weights->value[static_cast<std::size_t>(d.weight_at(k, n))]);
    }
  }
  return integer_form(line_hull(d), d.n, weights);
}

/// x as multiples of its units, rows x k, for the kernel.
template <class T>
void to_multiples(const Block& x, const std::vector<Unit>& units, std::int64_t lines,
                  std::vector<T>& out) {
  const std::size_t k = units.size();
  const std::vector<ToMultiple> to(units.begin(), units.end());
  out.resize(static_cast<std::size_t>(lines) * k);
  for (std::size_t line = 0; line < static_cast<std::size_t>(lines); ++line) {
    for (std::size_t i = 0; i < k; ++i) {
      // Exact: the quotient is an integer below 2^53.
      out[line * k + i] = static_cast<T>(to[i](x.value[line * k + i]));
    }
  }
}

template <class T>
Step integer_step(const Dense& d, const IntegerForm& form, Block& out) {
  std::vector<double> scale;
  for (const Multiple& m : form.column) scale.push_back(m.unit.is_zero() ? 0 : to_double(m.unit));
  return [d, units = form.x_unit, scale, packed = PackedMatrix<T>(d.k, d.n, form.matrix), &out,
          x = std::vector<T>(), sums = std::vector<T>()](std::int64_t rows) mutable {
    const std::int64_t lines = rows * d.lines;
    out.resize(rows);
    to_multiples(*d.x, units, lines, x);
    sums.resize(static_cast<std::size_t>(lines * d.n));
    multiply(x.data(), lines, packed, sums.data());
    const auto n = static_cast<std::size_t>(d.n);
    for (std::size_t line = 0; line < static_cast<std::size_t>(lines); ++line) {
      for (std::size_t j = 0; j < n; ++j) {
        const double value = static_cast<double>(sums[line * n + j]) * scale[j];
        out.value[line * n + j] = value;
        // The unit and the product may round, once each.
        if (!out.exact) out.error[line * n + j] = std::abs(value) * 0x1p-51;
      }
    }
  };
}

/// Doubles as they are, with the k-term bound of Higham's "Accuracy and Stability", section 3.1.
Step bounded_step(const Dense& d, Block& out) {
  std::vector<double> matrix(static_cast<std::size_t>(d.k * d.n));
  std::vector<double> magnitude(static_cast<std::size_t>(d.n)), doubt(magnitude.size());
  for (std::int64_t k = 0; k < d.k; ++k) {
    for (std::int64_t n = 0; n < d.n; ++n) {
      const Approx w = d.weights->at(0, d.weight_at(k, n));
      matrix[static_cast<std::size_t>(k * d.n + n)] = w.value;
      magnitude[static_cast<std::size_t>(n)] += std::abs(w.value);
      doubt[static_cast<std::size_t>(n)] += w.error;
    }
  }
  const double gamma = static_cast<double>(d.k + 8) * 0x1p-52;
  for (double& x : magnitude) x *= 1 + gamma;  // these sums have rounded too
  for (double& x : doubt) x *= 1 + gamma;
  return [d, magnitude, doubt, gamma, packed = PackedMatrix<double>(d.k, d.n, matrix),
          &out](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t lines = d.lines * (out.constant ? 1 : rows);
    multiply(d.x->value.data(), lines, packed, out.value.data());
    for (std::int64_t line = 0; line < lines; ++line) {
      double largest = 0, error = 0;
      for (std::int64_t k = 0; k < d.k; ++k) {
        const auto i = static_cast<std::size_t>(line * d.k + k);
        largest = std::max(largest, std::abs(d.x->value[i]));
        if (!d.x->exact) error = std::max(error, d.x->error[i]);
      }
      for (std::int64_t n = 0; n < d.n; ++n) {
        const auto i = static_cast<std::size_t>(line * d.n + n);
        const auto j = static_cast<std::size_t>(n);
        // The tiny term covers products below the smallest normal number.
        const Approx y =
            widened(out.value[i], (gamma * largest + error) * magnitude[j] +
                                      (largest + error) * doubt[j] * (1 + gamma) + 0x1p-1000);
        out.value[i] = y.value;
        out.error[i] = y.error;
      }
    }
  };
}

/// Any strides, term by term.
Step general_step(const MatrixProduct& p, Block& a, Block& b, Block& out) {
  return [p, &a, &b, &out](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      std::int64_t element = 0;
      for (std::size_t batch = 0; batch < p.a_base.size(); ++batch) {
        for (std::int64_t i = 0; i < p.m; ++i) {
          for (std::int64_t j = 0; j < p.n; ++j) {
            Approx sum;
            for (std::int64_t k = 0; k < p.k; ++k) {
              sum = sum + a.at(r, p.a_base[batch] + i * p.a_row + k * p.a_inner) *
                              b.at(r, p.b_base[batch] + j * p.b_column + k * p.b_inner);
            }
            out.set(r, element++, sum);
          }
        }
      }
    }
  };
}

/// Parameters of one channel: y = (x - mean) * factor + bias.
struct Channel {
  Approx mean, factor, bias;
};

std::vector<Channel> channels_of(State& state, const graph::Node& node, double epsilon) {
  for (std::size_t i = 1; i < 5; ++i) {
    if (!state.block(node.inputs[i]).constant) {
      fail(ErrorCode::E308, "a parameter of the batch norm", node.name);
    }
  }
  std::vector<Channel> channels(static_cast<std::size_t>(state.block(node.inputs[1]).size));
  const auto approximate = [](const Number& number) {
    Approx x;
    x.value = number.approximate(x.error);
    return x;
  };
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const auto at = [&](std::size_t input) {
      return state.constant_number(node.inputs[input], static_cast<std::int64_t>(c));
    };
    const Number variance = at(4);
    if (!variance.is_rational()) fail(ErrorCode::E309, "an irrational variance", node.name);
    const Number factor = batch_norm_factor(variance.rational(), epsilon, node.name) * at(1);
    channels[c] = {approximate(at(3)), approximate(factor), approximate(at(2))};
  }
  return channels;
}

/// The lattice of (x - mean) * factor + bias where all three are exact doubles.
std::optional<Multiple> norm_multiple(const Multiple& x, const Channel& c, bool& exact) {
  if (c.mean.error != 0 || c.factor.error != 0 || c.bias.error != 0) return std::nullopt;
  const Multiple centred = sum(x, multiple_of(c.mean.value));
  const auto scaled = product(centred, multiple_of(c.factor.value));
  if (!scaled) return std::nullopt;
  const Multiple result = sum(*scaled, multiple_of(c.bias.value));
  exact = exact && centred.is_double() && scaled->is_double() && result.is_double();
  return result;
}

}  // namespace

Step compile_product(State&, const MatrixProduct& product, Block& a, Block& b, Block& out) {
  Dense dense;
  if (!find_dense(product, a, b, dense)) return general_step(product, a, b, out);
  const auto form = dense_form(dense);
  if (!form) return bounded_step(dense, out);
  Lattice lattice;
  for (std::int64_t line = 0; line < dense.lines; ++line) {
    lattice.insert(lattice.end(), form->column.begin(), form->column.end());
  }
  out.exact = all_doubles(lattice);
  out.lattice = std::move(lattice);
  return form->fits_float ? integer_step<float>(dense, *form, out)
                          : integer_step<double>(dense, *form, out);
}

Step compile_batch_norm(State& state, graph::NodeId id, const graph::BatchNormalization& op) {
  const graph::Node& node = state.graph.node(id);
  Block& a = state.block(node.inputs[0]);
  Block& out = state.block(node.outputs[0]);
  const std::vector<Channel> channels = channels_of(state, node, op.epsilon);
  std::vector<std::int32_t> index;  // of the channel, per element
  for (std::int64_t e = 0; e < out.size; ++e) {
    index.push_back(static_cast<std::int32_t>(index_on_axis(a.shape, op.axis, e)));
  }
  const auto channel = [&](std::size_t e) -> const Channel& {
    return channels[static_cast<std::size_t>(index[e])];
  };
  if (a.lattice && !out.constant) {
    Lattice lattice;
    bool exact = a.exact;
    for (std::int64_t e = 0; e < out.size; ++e) {
      const auto i = static_cast<std::size_t>(e);
      const auto m = norm_multiple((*a.lattice)[i], channel(i), exact);
      if (m) lattice.push_back(*m);
    }
    if (static_cast<std::int64_t>(lattice.size()) == out.size) {
      out.lattice = std::move(lattice);
      out.exact = exact;
    }
  }
  return [&a, &out, channels, index = std::move(index)](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    const std::size_t size = index.size();
    for (std::int64_t r = 0; r < count; ++r) {
      const double* x = a.values(r);
      const double* error = a.errors(r);
      double* y = out.value.data() + r * out.row_stride();
      double* y_error = out.exact ? nullptr : out.error.data() + r * out.row_stride();
      for (std::size_t e = 0; e < size; ++e) {
        const Channel& c = channels[static_cast<std::size_t>(index[e])];
        if (y_error == nullptr) {
          y[e] = (x[e] - c.mean.value) * c.factor.value + c.bias.value;
          continue;
        }
        const Approx own{x[e], error == nullptr ? 0.0 : error[e]};
        const Approx normed = (own - c.mean) * c.factor + c.bias;
        y[e] = normed.value;
        y_error[e] = normed.error;
      }
    }
  };
}

}  // namespace nib::golden
