// Where the batch axis goes, operator by operator; an operator that mixes rows is refused.
#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"
#include "nib/import/builder.h"

namespace nib::importer {
namespace {

using graph::kNone;
using graph::ValueId;

struct BatchRule {
  const Builder& builder;
  const std::vector<ValueId>& in;
  const Shape& out;
  const std::string& where;

  [[noreturn]] void mixes(const std::string& how) const { fail(ErrorCode::E215, how, where); }
  [[nodiscard]] const Shape& shape(std::size_t i) const { return builder.graph.value(in[i]).shape; }
  [[nodiscard]] int axis(std::size_t i) const {
    if (i >= in.size() || in[i] == kNone) return -1;
    return builder.facts[static_cast<std::size_t>(in[i])].batch_axis;
  }
  [[nodiscard]] int rank(std::size_t i) const { return static_cast<int>(shape(i).size()); }
  [[nodiscard]] int out_rank() const { return static_cast<int>(out.size()); }

  /// Two results that must be the same axis; -1 gives way.
  [[nodiscard]] int agree(int a, int b) const {
    if (a >= 0 && b >= 0 && a != b) {
      mixes(fmt::format("it combines a batch on axis {} with a batch on axis {}", a, b));
    }
    return std::max(a, b);
  }
  /// The output's axis must have length 1: one row at a time.
  [[nodiscard]] int single(int a) const {
    if (a >= 0 && out[static_cast<std::size_t>(a)] != 1) {
      mixes(fmt::format("an operand has a length of its own on axis {}, the batch", a));
    }
    return a;
  }
  /// Axis of operand i in the output of NumPy broadcasting.
  [[nodiscard]] int aligned(std::size_t i) const {
    return axis(i) < 0 ? -1 : axis(i) + out_rank() - rank(i);
  }
  [[nodiscard]] int elementwise() const { return single(agree(aligned(0), aligned(1))); }
  [[nodiscard]] int along(int a, std::string_view what) const {
    if (axis(0) >= 0 && axis(0) == a) mixes(fmt::format("its {} is axis {}, the batch", what, a));
    return axis(0);
  }

  /// Operand i of a matrix product: `kept` is the axis that appears in the output at `kept_out`,
  /// `inner` the one that is summed over.
  [[nodiscard]] int factor(std::size_t i, int kept, int kept_out, int inner) const {
    const int a = axis(i);
    if (a < 0) return -1;
    if (a == inner) mixes(fmt::format("it sums over axis {} of input {}, the batch", a, i));
    if (a == kept) return kept_out;
    const int leading = out_rank() - (rank(0) > 1 ? 1 : 0) - (rank(1) > 1 ? 1 : 0);
    return a + leading - (rank(i) - 2);
  }

  int operator()(const graph::Quant&) const { return axis(0); }
  int operator()(const graph::BipolarQuant&) const { return axis(0); }
  int operator()(const graph::MultiThreshold& op) const {
    return shape(1)[0] == 1 ? axis(0) : along(op.channel_axis, "channel axis");
  }
  int operator()(const graph::MatMul&) const {
    const int ra = rank(0), rb = rank(1);
    const int rows_out = out_rank() - (rb > 1 ? 2 : 1);
    const int a = factor(0, ra > 1 ? ra - 2 : -2, rows_out, ra - 1);
    const int b = factor(1, rb > 1 ? rb - 1 : -2, out_rank() - 1, rb > 1 ? rb - 2 : 0);
    return single(agree(a, b));
  }
  int operator()(const graph::Gemm& op) const {
    const int a = factor(0, op.trans_a ? 1 : 0, 0, op.trans_a ? 0 : 1);
    const int b = factor(1, op.trans_b ? 0 : 1, 1, op.trans_b ? 1 : 0);
    const int c = axis(2) < 0 ? -1 : aligned(2);
    return single(agree(agree(a, b), c));
  }
  int operator()(const graph::Add&) const { return elementwise(); }
  int operator()(const graph::Sub&) const { return elementwise(); }
  int operator()(const graph::Mul&) const { return elementwise(); }
  int operator()(const graph::Div&) const { return elementwise(); }
  int operator()(const graph::Pow&) const { return elementwise(); }
  int operator()(const graph::Neg&) const { return axis(0); }
  int operator()(const graph::BatchNormalization& op) const {
    return along(op.axis, "channel axis");
  }
  int operator()(const graph::Relu&) const { return axis(0); }
  int operator()(const graph::LeakyRelu&) const { return axis(0); }
  int operator()(const graph::Clip&) const { return axis(0); }
  int operator()(const graph::Reshape&) const {
    if (axis(0) < 0) return -1;
    const auto before = [](const Shape& s, std::size_t end) {
      std::int64_t count = 1;
      for (std::size_t i = 0; i < end; ++i) count *= s[i];
      return count;
    };
    const auto from = static_cast<std::size_t>(axis(0));
    const std::int64_t outer = before(shape(0), from);
    const auto fits = [&](std::size_t i) {
      return i < out.size() && out[i] == 1 && before(out, i) == outer;
    };
    if (fits(from)) return axis(0);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (fits(i)) return static_cast<int>(i);
    }
    mixes(fmt::format("from {} to {}, where no axis is the batch", to_string(shape(0)),
                      to_string(out)));
  }
  int operator()(const graph::Transpose& op) const {
    for (std::size_t i = 0; i < op.perm.size(); ++i) {
      if (op.perm[i] == axis(0)) return static_cast<int>(i);
    }
    return -1;
  }
  int operator()(const graph::Concat& op) const {
    int a = -1;
    for (std::size_t i = 0; i < in.size(); ++i) a = agree(a, axis(i));
    if (a >= 0 && a == op.axis) mixes(fmt::format("it joins on axis {}, the batch", a));
    return single(a);
  }
  int operator()(const graph::Softmax& op) const { return along(op.axis, "axis"); }
  int operator()(const graph::ArgMax& op) const {
    const int a = along(op.axis, "axis");
    return !op.keep_dims && a > op.axis ? a - 1 : a;
  }
  /// Operators that keep the batch on axis 0.
  [[nodiscard]] int leading(std::string_view what) const {
    if (axis(0) > 0) mixes(fmt::format("its {} run over axis {}, the batch", what, axis(0)));
    for (std::size_t i = 1; i < in.size(); ++i) {
      if (axis(i) >= 0) mixes("its parameters depend on the batch");
    }
    return axis(0);
  }
  int operator()(const graph::Conv&) const { return leading("windows and channels"); }
  int operator()(const graph::ConvTranspose&) const { return leading("windows and channels"); }
  int operator()(const graph::MaxPool&) const { return leading("windows and channels"); }
  int operator()(const graph::AveragePool&) const { return leading("windows and channels"); }
  int operator()(const graph::QuantAvgPool&) const { return leading("windows and channels"); }
  int operator()(const graph::Reduce& op) const {
    const int a = axis(0);
    int gone = 0;
    for (const int reduced : op.axes) {
      if (a >= 0 && reduced == a) mixes(fmt::format("it reduces axis {}, the batch", a));
      if (reduced < a) ++gone;
    }
    return op.keep_dims || a < 0 ? a : a - gone;
  }
  int operator()(const graph::Take& op) const {
    const int a = axis(0);
    if (a >= 0 && !op.index[static_cast<std::size_t>(a)].empty()) {
      mixes(fmt::format("it selects on axis {}, the batch", a));
    }
    return a;
  }
  int operator()(const graph::Unary&) const { return axis(0); }
  int operator()(const graph::PRelu&) const { return elementwise(); }
  int operator()(const graph::Trunc&) const { return axis(0); }
  int operator()(const graph::FloatQuant&) const { return axis(0); }
  int operator()(const graph::TopK& op) const { return along(op.axis, "axis"); }
};

}  // namespace

int batch_axis_of(const Builder& builder, const graph::Op& op, const std::vector<ValueId>& inputs,
                  const Shape& output, const std::string& where) {
  return std::visit(BatchRule{builder, inputs, output, where}, op);
}

}  // namespace nib::importer
