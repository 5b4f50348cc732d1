// Input rows: shapes, finite values, the words of input types.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/golden/state.h"
#include "nib/graph/graph.h"

namespace nib::golden {

/// Rows that an array holds for a tensor of that shape. Errors: E0105.
[[nodiscard]] std::int64_t rows_of(const graph::Graph& graph, const Shape& shape,
                                   const Shape& array, const std::string& name);
/// Shape of a tensor of `rows` rows, batch first.
[[nodiscard]] Shape batch_first(const graph::Graph& graph, const Shape& shape, std::int64_t rows);

/// Loads one graph input into its block.
class InputReader {
 public:
  /// Says in the state what is known of the input's values.
  InputReader(State& state, const graph::GraphInput& input, bool round_input);

  /// Rows first .. first + rows of the array. Errors: E0106, E0107.
  void load(const Tensor<double>& array, std::int64_t first, std::int64_t rows);
  /// Values that were rounded to their type so far.
  [[nodiscard]] std::uint64_t rounded() const { return rounded_; }

 private:
  /// A code's value: within `error` of code * scale.
  struct Word {
    double value = 0, error = 0;
  };
  [[nodiscard]] Word word_of(std::int64_t code) const;
  /// The word for element e of a row, rounded and counted where that is allowed.
  [[nodiscard]] Approx fit(double x, std::int64_t e, std::int64_t index);

  Block* block_;
  std::string name_;
  std::optional<graph::InputType> type_;
  bool round_ = false;
  std::uint64_t rounded_ = 0;
  Approx scale_;
  Range span_;               ///< of all elements
  std::vector<Word> words_;  ///< of the codes in span_, where they are few
};

}  // namespace nib::golden
