// Sums of products and of windows, of constants.
#include <algorithm>
#include <optional>
#include <utility>

#include "nib/lower/fold.h"
#include "nib/lower/patches.h"

namespace nib::lower {
namespace {

std::vector<Surd> numbers_of(const Constant& x) {
  std::vector<Surd> numbers;
  numbers.reserve(static_cast<std::size_t>(x.size()));
  for (std::int64_t e = 0; e < x.size(); ++e) numbers.push_back(x.at(e));
  return numbers;
}

/// Rationals over one denominator.
struct Wholes {
  std::vector<Integer> numerators;
  Integer denominator = 1;
};

std::optional<Wholes> wholes_of(const std::vector<Surd>& numbers) {
  Wholes result;
  for (const Surd& x : numbers) {
    if (!x.is_rational()) return std::nullopt;
    result.denominator = lcm(result.denominator, x.rational().get_den());
  }
  if (mpz_sizeinbase(result.denominator.get_mpz_t(), 2) > kMaxExactBits) return std::nullopt;
  for (const Surd& x : numbers) {
    result.numerators.push_back(x.rational().get_num() *
                                (result.denominator / x.rational().get_den()));
  }
  return result;
}

/// Sums of products of elements of two tensors: over whole numbers where all are rational.
class Products {
 public:
  Products(const Constant& a, const Constant& b) : a_(numbers_of(a)), b_(numbers_of(b)) {
    whole_a_ = wholes_of(a_);
    if (whole_a_) whole_b_ = wholes_of(b_);
  }

  void add(std::int64_t i, std::int64_t j) {
    const auto at_a = static_cast<std::size_t>(i), at_b = static_cast<std::size_t>(j);
    if (whole_b_) {
      whole_sum_ += whole_a_->numerators[at_a] * whole_b_->numerators[at_b];
    } else {
      sum_ += a_[at_a] * b_[at_b];
    }
  }
  /// The sum so far; the next one begins at 0.
  [[nodiscard]] Surd take() {
    if (!whole_b_) return std::exchange(sum_, Surd());
    Rational sum(std::exchange(whole_sum_, Integer(0)),
                 Integer(whole_a_->denominator * whole_b_->denominator));
    sum.canonicalize();
    return sum;
  }

 private:
  std::vector<Surd> a_, b_;
  std::optional<Wholes> whole_a_, whole_b_;
  Integer whole_sum_ = 0;
  Surd sum_;
};

Constant convolution(const FoldNode& fold, const Constant& x, const Window& window,
                     const WeightIndex& index, std::int64_t groups) {
  const Patches patches(window, x.shape(), fold.shape);
  const Constant* bias = fold.in.size() > 2 ? fold.in[2] : nullptr;
  const std::int64_t own = patches.in_channels() / groups;
  const std::int64_t out_group = patches.out_channels() / groups;
  Products products(x, *fold.in[1]);
  Tensor<Surd> result(fold.shape);
  for (std::int64_t image = 0; image < patches.images(); ++image) {
    for (std::int64_t o = 0; o < patches.out_channels(); ++o) {
      for (std::int64_t p = 0; p < patches.positions(); ++p) {
        for (std::int64_t c = 0; c < own; ++c) {
          for (std::int64_t t = 0; t < patches.taps(); ++t) {
            const std::int64_t at = patches.input(image, o / out_group * own + c, p, t);
            if (at != Patches::kOutside) products.add(at, index(o, c, t));
          }
        }
        Surd& y = result[patches.output(image, o, p)];
        y = products.take();
        if (bias != nullptr) y += bias->at(o);
      }
    }
  }
  return tidy(std::move(result));
}

/// Sums over the windows of each channel.
Tensor<Surd> window_sums(const FoldNode& fold, const graph::Window& window, bool channels_last) {
  const Patches patches(window_of(window, channels_last), fold.x().shape(), fold.shape);
  Tensor<Surd> sums(fold.shape);
  for (std::int64_t image = 0; image < patches.images(); ++image) {
    for (std::int64_t c = 0; c < patches.out_channels(); ++c) {
      for (std::int64_t p = 0; p < patches.positions(); ++p) {
        Surd& sum = sums[patches.output(image, c, p)];
        for (std::int64_t t = 0; t < patches.taps(); ++t) {
          const std::int64_t at = patches.input(image, c, p, t);
          if (at != Patches::kOutside) sum += fold.x().at(at);
        }
      }
    }
  }
  return sums;
}

/// The leading axes of an operand, and how far its matrices stand apart.
std::vector<std::int64_t> matrices_of(const Shape& operand, const Shape& batch) {
  const Shape own(operand.begin(), operand.end() - 2);
  std::vector<std::int64_t> first = broadcast_index(own, batch);
  const std::int64_t size = operand[operand.size() - 2] * operand.back();
  for (std::int64_t& at : first) at *= size;
  return first;
}

}  // namespace

Constant fold_product(const FoldNode& fold) {
  Shape a = fold.x().shape(), b = fold.in[1]->shape();
  if (a.size() == 1) a.insert(a.begin(), 1);  // a row
  if (b.size() == 1) b.push_back(1);          // a column
  const std::int64_t rows = a[a.size() - 2], inner = a.back(), columns = b.back();
  Shape batch;
  if (!broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2}, batch)) {
    fold.fail("a product of matrices whose leading axes do not fit");
  }
  const auto first_a = matrices_of(a, batch), first_b = matrices_of(b, batch);
  Products products(fold.x(), *fold.in[1]);
  Tensor<Surd> result(fold.shape);
  std::int64_t e = 0;
  for (std::size_t m = 0; m < first_a.size(); ++m) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        for (std::int64_t k = 0; k < inner; ++k) {
          products.add(first_a[m] + r * inner + k, first_b[m] + k * columns + c);
        }
        result[e++] = products.take();
      }
    }
  }
  return tidy(std::move(result));
}

Constant fold_gemm(const FoldNode& fold, const graph::Gemm& op) {
  const Shape& a = fold.x().shape();
  const Shape& b = fold.in[1]->shape();
  const std::int64_t rows = fold.shape[0], columns = fold.shape[1];
  const std::int64_t inner = op.trans_a ? a[0] : a[1];
  const Constant* c = fold.in.size() > 2 ? fold.in[2] : nullptr;
  std::vector<std::int64_t> from;
  if (c != nullptr) from = broadcast_index(c->shape(), fold.shape);
  Products products(fold.x(), *fold.in[1]);
  Tensor<Surd> result(fold.shape);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t o = 0; o < columns; ++o) {
      for (std::int64_t k = 0; k < inner; ++k) {
        products.add(op.trans_a ? k * a[1] + r : r * inner + k,
                     op.trans_b ? o * b[1] + k : k * columns + o);
      }
      Surd& y = result[r * columns + o];
      y = products.take() * Surd(exact(op.alpha));
      if (c != nullptr) {
        y += c->at(from[static_cast<std::size_t>(r * columns + o)]) * Surd(exact(op.beta));
      }
    }
  }
  return tidy(std::move(result));
}

Constant fold_conv(const FoldNode& fold, const graph::Conv& op) {
  return convolution(fold, fold.x(), window_of(op.window, op.channels_last),
                     weight_index(op, fold.in[1]->shape()), op.groups);
}

Constant fold_conv_transpose(const FoldNode& fold, const graph::ConvTranspose& op) {
  const TransposedForm form = transposed_form(op, fold.x().shape());
  const FoldNode spread{fold.graph, fold.node, fold.in, form.spread_shape};
  return convolution(fold, fold_take(spread, form.spread), form.window,
                     weight_index(op, fold.in[1]->shape()), op.groups);
}

Constant fold_average(const FoldNode& fold, const graph::AveragePool& op) {
  Tensor<Surd> sums = window_sums(fold, op.window, op.channels_last);
  const auto divisors = divisors_of(op, fold.x().shape(), fold.shape, fold.node.name);
  const std::int64_t inner = op.channels_last ? fold.shape.back() : 1;
  for (std::int64_t e = 0; e < sums.size(); ++e) {
    const auto at = static_cast<std::size_t>(e / inner) % divisors.size();
    sums[e] *= Surd(Rational(1 / to_rational(divisors[at])));
  }
  return tidy(std::move(sums));
}

Constant fold_shifted_sum(const FoldNode& fold, const graph::QuantAvgPool& op) {
  Tensor<Surd> sums = window_sums(fold, op.window, op.channels_last);
  for (Surd& sum : sums.data) {
    if (!sum.is_rational() || sum.rational().get_den() != 1) {
      fold.fail("a shifted sum of numbers that are no integers");
    }
    sum = Rational(nib::floor(scale2(sum.rational(), -op.shift)));
  }
  return tidy(std::move(sums));
}

}  // namespace nib::lower
