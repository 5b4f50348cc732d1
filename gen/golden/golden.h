// The reference: evaluates the graph as read, exactly (exactness.md). It is the judge: it shares no
// code with lower or anything right of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/num/big_int.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::golden {

/// Reals with a proven bound: |value - exact| <= error (0: exact). An exact value is one that a
/// double holds; everything that a quantiser decides is decided exactly whatever the bounds are.
struct Reals {
  Tensor<double> value;
  std::vector<double> error;  ///< per element; empty: all exact
  /// Elements for whose codes a double would not do (Evaluator::run with `spacing`).
  std::map<std::int64_t, Rational> exact{};
};

/// The nearest approach to a rounding tie at one quantiser, over all rows run so far.
struct Tie {
  graph::NodeId node = graph::kNone;
  std::string name;     ///< of the quantiser's output tensor
  double distance = 0;  ///< in codes (signs and thresholds: in units of x); infinity: no rows yet
  std::uint64_t exact_ties = 0;
  std::uint64_t decided_exactly = 0;  ///< decisions that needed rationals
};

/// In float32-order mode: a quantiser output that float32 arithmetic in graph order decides
/// otherwise.
struct Float32Difference {
  std::string tensor;
  std::int64_t row = 0, element = 0;
  double exact = 0, float32 = 0, tie_distance = 0;
};

struct Options {
  bool float32_order = false;  ///< also run float32 in graph order and list the differences
  bool round_input =
      false;  ///< values that an input type cannot represent are rounded, and counted
};

/// Evaluates rows (a row = one inference), many times. Not thread-safe; `graph` must outlive it.
class Evaluator {
 public:
  explicit Evaluator(const graph::Graph& graph, Options options = {});
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  /// `inputs`: one tensor per graph input, batch first (rows x the rest of the graph's shape, or
  /// flat rows). `keep`: the values to return, batch first. Errors: E0105 shape, E0106 not finite,
  /// E0107 a value that the input type cannot represent (index and value named).
  /// `spacing`: for each kept value the least distance of its codes, for codes_of, or 0.
  [[nodiscard]] std::vector<Reals> run(std::span<const Tensor<double>> inputs,
                                       std::span<const graph::ValueId> keep,
                                       std::span<const double> spacing = {});

  [[nodiscard]] std::vector<Tie> ties() const;
  [[nodiscard]] const std::vector<Float32Difference>& float32_differences() const;
  /// Input values that were rounded to their type (Options::round_input).
  [[nodiscard]] std::uint64_t rounded_inputs() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A tensor of the graph with exact values to start from, without batch: the value's own shape.
struct Given {
  graph::ValueId value = graph::kNone;
  Tensor<Rational> exact;
};
/// The plain rational evaluation of one row, slow and independent of the filtered one: `given`
/// stands for inputs or inner tensors, `keep` are the tensors wanted. Where an irrational number (a
/// batch norm's 1/sqrt, Pow) reaches a kept tensor undecided, the entry is nullopt.
[[nodiscard]] std::vector<std::optional<Tensor<Rational>>> evaluate_exact(
    const graph::Graph& graph, std::span<const Given> given, std::span<const graph::ValueId> keep);

/// The least distance of codes on grids of these scales: what Evaluator::run takes as spacing. As
/// good as 0 where an offset is so large that codes have more bits than a double.
[[nodiscard]] double least_spacing(std::span<const Rational> scale,
                                   std::span<const Rational> offset);
/// The integer codes of `reals` on the grid scale * code + offset, per element (vectors of 1 entry
/// or one per element of a row, `count` elements a row). nullopt at the first value that is proven
/// off the grid; its index is written to `bad`.
[[nodiscard]] std::optional<std::vector<BigInt>> codes_of(const Reals& reals,
                                                          std::span<const Rational> scale,
                                                          std::span<const Rational> offset,
                                                          std::int64_t& bad);

}  // namespace nib::golden
