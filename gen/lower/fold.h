// Folding of the operators on constants that look at more than one element at a time. Internal to
// lower.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/lower/constant.h"

namespace nib::lower {

/// The operands of a node that computes with constants only.
struct FoldNode {
  const graph::Graph& graph;
  const graph::Node& node;
  const std::vector<const Constant*>& in;  ///< null: an absent optional one
  const Shape& shape;                      ///< of the result

  [[nodiscard]] const Constant& x() const { return *in[0]; }
  /// Errors E0502.
  [[noreturn]] void fail(const std::string& why) const;
};

/// Surds as doubles where all of them are doubles.
[[nodiscard]] Constant tidy(Tensor<Surd> exact_values);

// fold_sums.cpp: sums of products, and sums over windows.
[[nodiscard]] Constant fold_product(const FoldNode& fold);
[[nodiscard]] Constant fold_gemm(const FoldNode& fold, const graph::Gemm& op);
[[nodiscard]] Constant fold_conv(const FoldNode& fold, const graph::Conv& op);
[[nodiscard]] Constant fold_conv_transpose(const FoldNode& fold, const graph::ConvTranspose& op);
[[nodiscard]] Constant fold_average(const FoldNode& fold, const graph::AveragePool& op);
[[nodiscard]] Constant fold_shifted_sum(const FoldNode& fold, const graph::QuantAvgPool& op);

// fold_select.cpp: selections by index and by size, and reductions.
[[nodiscard]] Constant fold_largest(const FoldNode& fold, const graph::MaxPool& op);
[[nodiscard]] Constant fold_reduce(const FoldNode& fold, const graph::Reduce& op);
[[nodiscard]] Constant fold_take(const FoldNode& fold, const graph::Take& op);
[[nodiscard]] Constant fold_concat(const FoldNode& fold, const graph::Concat& op);
[[nodiscard]] Constant fold_top_k(const FoldNode& fold, const graph::TopK& op);
[[nodiscard]] Constant fold_arg_max(const FoldNode& fold, const graph::ArgMax& op);

// fold_functions.cpp: functions of single elements.
[[nodiscard]] Surd fold_unary(const FoldNode& fold, const graph::Unary& op, const Surd& x);
[[nodiscard]] Surd fold_power(const FoldNode& fold, const Surd& base, const Surd& exponent);
[[nodiscard]] Surd fold_quotient(const FoldNode& fold, const Surd& a, const Surd& b);
[[nodiscard]] Constant fold_batch_norm(const FoldNode& fold, const graph::BatchNormalization& op);
[[nodiscard]] Constant fold_float_quant(const FoldNode& fold, const graph::FloatQuant& op);
[[nodiscard]] Constant fold_trunc(const FoldNode& fold, const graph::Trunc& op);
[[nodiscard]] Constant fold_thresholds(const FoldNode& fold, const graph::MultiThreshold& op);

/// A transposed convolution as a convolution: zeros between the elements of x, then the kernel
/// turned round.
struct TransposedForm {
  graph::Take spread;
  Shape spread_shape;
  Window window;
};
[[nodiscard]] TransposedForm transposed_form(const graph::ConvTranspose& op, const Shape& x);
/// Where the weight (output, input of its group, tap) of a convolution stands.
struct WeightIndex {
  std::int64_t own = 1;        ///< inputs of a group
  std::int64_t out_group = 1;  ///< outputs of a group
  std::int64_t taps = 1;
  bool channels_last = false, transposed = false;
  [[nodiscard]] std::int64_t operator()(std::int64_t o, std::int64_t c, std::int64_t t) const {
    if (transposed) {  // (C, O / groups, kernel...), the last tap first
      return ((o / out_group * own + c) * out_group + o % out_group) * taps + taps - 1 - t;
    }
    return channels_last ? (o * taps + t) * own + c : (o * own + c) * taps + t;
  }
};
[[nodiscard]] WeightIndex weight_index(const graph::Conv& op, const Shape& weights);
[[nodiscard]] WeightIndex weight_index(const graph::ConvTranspose& op, const Shape& weights);
[[nodiscard]] Window window_of(const graph::Window& window, bool channels_last);
/// What each position's sum is divided by, one entry where all are equal. Errors E0502: a window
/// that covers no element.
[[nodiscard]] std::vector<std::int64_t> divisors_of(const graph::AveragePool& op, const Shape& from,
                                                    const Shape& to, const std::string& node);
/// For each element of the result the element that a Take takes (Reindex::kFilled: none), and the
/// one whose grid it shares.
struct TakeSources {
  std::vector<std::int64_t> source, adopted;
  bool fills = false;
};
[[nodiscard]] TakeSources sources_of_take(const graph::Take& op, const Shape& from);

}  // namespace nib::lower
