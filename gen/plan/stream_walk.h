// Layers as the search for folds sees them, and random changes of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nib/plan/stream_plan.h"

namespace nib::plan {

/// A layer that multiplies: what it has to do, and what the search decides.
struct SearchLayer {
  std::string name;
  std::int64_t rows = 1, columns = 1, vectors = 1;
  int bits = 1;              ///< of an element
  bool multipliers = false;  ///< may use them
  bool apart = false;        ///< channels do not mix: rows are channels, columns taps
  bool wireable = false;     ///< constants may be wired in
  std::size_t unit = 0;      ///< of the planner's list

  double steps = 1;     ///< of a vector, at most
  int input_steps = 1;  ///< words of a vector
  bool input_stationary = false, dsp = false;
  bool wired = false;  ///< constants wired in: a step of a vector takes a digit
  int narrow = 1;      ///< outputs of a step over lanes of the steps behind

  [[nodiscard]] double work() const {
    return static_cast<double>(rows) * static_cast<double>(columns);
  }
  /// Digits that a vector's steps allow for.
  [[nodiscard]] std::int64_t digits() const;
  [[nodiscard]] LayerFold fold() const;
};

/// Changes layers by numbers that look random and are the same in every run.
class FoldWalk {
 public:
  explicit FoldWalk(std::uint64_t seed) : state_(seed) {}
  /// A number from 0 to n - 1.
  [[nodiscard]] std::size_t draw(std::size_t n);
  /// Another number of words of a vector, of outputs, order of the loops, place of the products,
  /// digits of wired-in constants or width of the steps behind.
  void change(SearchLayer& layer);

 private:
  /// n times a factor between a half and two, another number than n, between 1 and most.
  [[nodiscard]] std::int64_t near(std::int64_t n, std::int64_t most);

  std::uint64_t state_;
};

}  // namespace nib::plan
