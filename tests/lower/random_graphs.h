// Random graphs: layers of products, batch norms, activations and quantisers of all kinds.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "graph_maker.h"

namespace nib::testing {

class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : engine_(seed), maker_("random") {}

  /// A graph of 1 to 3 layers; `exact_batch_norm`: only variances whose root is rational.
  graph::Graph make(bool exact_batch_norm) {
    rational_ = exact_batch_norm;
    width_ = whole(1, 6);
    graph::ValueId x = first();
    for (std::int64_t layers = whole(1, 3); layers > 0; --layers) x = layer(x, layers == 1);
    if (whole(0, 4) == 0) x = maker_.node(graph::ArgMax{1, whole(0, 1) == 0}, {x});
    return maker_.finish({x});
  }

  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  double real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  /// A float32 number: scales are rarely powers of two.
  double scale() {
    if (whole(0, 2) == 0) return std::ldexp(1, static_cast<int>(whole(-4, 2)));
    return static_cast<double>(static_cast<float>(real(0.05, 1.5)));
  }

 private:
  using Id = graph::ValueId;

  /// The input, typed or with a quantiser of its own, perhaps behind a rearrangement.
  Id first() {
    if (whole(0, 1) == 0) {
      static const char* const kTypes[] = {"s5.2", "u4.0", "s6.-1", "u3.5"};
      return maker_.input("in", {1, width_}, kTypes[whole(0, 3)]);
    }
    Id x = maker_.input("in", {1, width_, 1});
    if (whole(0, 1) == 0) x = maker_.node(graph::Mul{}, {x, maker_.scalar(2)});
    x = maker_.node(graph::Transpose{{0, 2, 1}}, {x});
    x = maker_.node(graph::Reshape{}, {x}, {1, width_});
    return quantiser(x);
  }

  std::vector<double> reals(std::int64_t n, double peak, double grid) {
    std::vector<double> values;
    for (; n > 0; --n) values.push_back(std::floor(real(-peak, peak) / grid) * grid);
    return values;
  }

  Id weights(std::int64_t rows, std::int64_t columns) {
    const std::int64_t n = rows * columns;
    switch (whole(0, 3)) {
      case 0:  // bipolar
        return maker_.node(bipolar(scale()),
                           {maker_.constant({rows, columns}, reals(n, 1, 0.125))});
      case 1: {  // one scale for each column, not on the grid
        graph::Quant op =
            quant(1, static_cast<int>(whole(2, 5)), true, Rounding::kHalfEven, 0, true);
        op.scale = Tensor<double>({1, columns});
        for (double& s : op.scale.data) s = scale();
        std::vector<double> values;
        for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<float>(real(-2, 2)));
        return maker_.node(std::move(op), {maker_.constant({rows, columns}, values)});
      }
      case 2:  // stored numbers of a dyadic grid, many zeros
        return maker_.constant({rows, columns}, reals(n, 1, 0.5));
      default:
        return maker_.node(quant(scale(), 3),
                           {maker_.constant({rows, columns}, reals(n, 2, 0.01))});
    }
  }

  Id batch_norm(Id x) {
    const std::int64_t n = maker_.shape(x).back();
    std::vector<double> gamma, beta, mean, variance;
    static const double kSquares[] = {0.25, 1, 2.25, 4, 9};
    for (std::int64_t c = 0; c < n; ++c) {
      gamma.push_back(static_cast<float>(real(-2, 2)));
      beta.push_back(whole(0, 2) == 0 ? 0.5 : static_cast<double>(static_cast<float>(real(-2, 2))));
      mean.push_back(static_cast<double>(whole(-12, 12)) / 4);
      variance.push_back(rational_ ? kSquares[whole(0, 4)]
                                   : static_cast<double>(static_cast<float>(real(0.01, 9))));
    }
    const double epsilon = rational_ ? 0 : static_cast<double>(1e-5F);
    return maker_.node(graph::BatchNormalization{epsilon, 1},
                       {x, maker_.constant({n}, gamma), maker_.constant({n}, beta),
                        maker_.constant({n}, mean), maker_.constant({n}, variance)});
  }

  Id activation(Id x) {
    switch (whole(0, 4)) {
      case 0:
        return maker_.node(graph::Relu{}, {x});
      case 1:
        return maker_.node(graph::LeakyRelu{0.1015625}, {x});
      case 2:
        return maker_.node(graph::Clip{-1.5, 2.25}, {x});
      case 3:
        return maker_.node(graph::Neg{}, {x});
      default:
        return x;
    }
  }

  Id quantiser(Id x) {
    static const Rounding kModes[] = {Rounding::kHalfEven, Rounding::kHalfUp, Rounding::kHalfDown,
                                      Rounding::kCeil,     Rounding::kFloor,  Rounding::kUp,
                                      Rounding::kDown,     Rounding::kDpu};
    const std::int64_t n = maker_.shape(x).back();
    switch (whole(0, 5)) {
      case 0:
        return maker_.node(bipolar(scale()), {x});
      case 1: {
        std::vector<double> thresholds;
        const std::int64_t rows = whole(0, 1) == 0 ? 1 : n, levels = whole(1, 6);
        for (std::int64_t i = 0; i < rows * levels; ++i) {
          thresholds.push_back(std::floor(real(-16, 16)) / 4);
        }
        return maker_.node(graph::MultiThreshold{scale(), -1.5, 1},
                           {x, maker_.constant({rows, levels}, thresholds)});
      }
      case 2: {  // per-channel scales and widths, also of no bits
        graph::Quant op = quant(1, 1, whole(0, 1) == 0, kModes[whole(0, 7)]);
        op.scale = Tensor<double>({1, n});
        op.bits = Tensor<double>({1, n});
        for (double& s : op.scale.data) s = std::ldexp(1, static_cast<int>(whole(-4, 1)));
        for (double& b : op.bits.data) b = static_cast<double>(whole(0, 5));
        if (n == 1) op.bits.data[0] = 3;
        return maker_.node(std::move(op), {x});
      }
      case 3: {  // QuantizeLinear and its way back
        graph::Quant op =
            quant(scale(), 4, true, Rounding::kHalfEven, static_cast<double>(whole(-6, 6)));
        op.zero_point_after_rounding = true;
        return maker_.node(std::move(op), {x});
      }
      case 4:  // fractional zero points, negative scales
        return maker_.node(quant(-scale(), 3, true, kModes[whole(0, 7)], 0.5), {x});
      default:
        return maker_.node(
            quant(scale(), static_cast<int>(whole(1, 6)), whole(0, 1) == 0, kModes[whole(0, 7)],
                  static_cast<double>(whole(-2, 2)), whole(0, 1) == 0),
            {x});
    }
  }

  Id product(Id x, std::int64_t n) {
    const std::int64_t inputs = maker_.shape(x).back();
    if (whole(0, 1) == 0) return maker_.node(graph::MatMul{}, {x, weights(inputs, n)});
    graph::Gemm op;
    op.trans_b = whole(0, 1) == 0;
    op.alpha = whole(0, 2) == 0 ? -0.75 : 1;
    op.beta = whole(0, 2) == 0 ? 0.5 : 1;
    const Id w = op.trans_b ? weights(n, inputs) : weights(inputs, n);
    if (whole(0, 2) == 0) return maker_.node(op, {x, w});
    return maker_.node(op, {x, w, maker_.constant({n}, reals(n, 2, 0.0625))});
  }

  Id layer(Id x, bool last) {
    const std::int64_t n = whole(1, 6);
    Id y = product(x, n);
    if (whole(0, 1) == 0) {
      y = maker_.node(graph::Add{}, {y, maker_.constant({n}, reals(n, 2, 0.03125))});
    }
    if (last && whole(0, 1) == 0) return y;  // logits
    if (whole(0, 1) == 0) y = batch_norm(y);
    y = activation(y);
    if (whole(0, 3) == 0) y = maker_.node(graph::Div{}, {y, maker_.scalar(0.375)});
    y = quantiser(y);
    if (whole(0, 2) == 0) y = residual(y, n);
    return y;
  }

  /// y + (something of y on the same grid).
  Id residual(Id y, std::int64_t n) {
    graph::Quant op = quant(0.25, 4);
    const Id a = maker_.node(op, {y});
    std::vector<double> mix;
    for (std::int64_t i = 0; i < n * n; ++i) mix.push_back(static_cast<double>(whole(-2, 2)) / 2);
    const Id b = maker_.node(quant(0.5, 3),
                             {maker_.node(graph::MatMul{}, {a, maker_.constant({n, n}, mix)})});
    return whole(0, 1) == 0 ? maker_.node(graph::Add{}, {a, b}) : maker_.node(graph::Sub{}, {a, b});
  }

  std::mt19937 engine_;
  GraphMaker maker_;
  bool rational_ = false;
  std::int64_t width_ = 1;
};

}  // namespace nib::testing
