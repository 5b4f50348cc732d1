// What signals carry while one sum runs over an interval: an affine function of it, or nothing
// known. Words of any width; for circuits that choose, not for those that shuffle bits.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "nib/sim/linear.h"

namespace nib::sim {

/// factor * P + constant, and the range of that while P runs over the interval. As a signal: modulo
/// its width.
struct AffineWord {
  BigInt factor = 0, constant = 0;
  Range range;
};

/// Signals between cut words while the form `primitive` (coprime coefficients, constant 0) lies in
/// an interval.
class IntervalView {
 public:
  IntervalView(LinearView& view, const LinearForm& primitive)
      : view_(view), primitive_(primitive) {}
  /// What has been found holds for another interval no more.
  void set_interval(Range interval) {
    interval_ = std::move(interval);
    known_.clear();
  }

  /// The number that `bits` are, modulo 2^size; nullopt where that is not shown.
  [[nodiscard]] std::optional<AffineWord> word(const Bits& bits);
  /// The same as a two's-complement or unsigned number, exactly.
  [[nodiscard]] std::optional<AffineWord> number(const Bits& bits, bool is_signed);

 private:
  [[nodiscard]] AffineWord affine(const BigInt& factor, const BigInt& constant) const;
  [[nodiscard]] std::optional<AffineWord> signal(const Source& source);
  /// The signal's form as factor * P + constant; nullopt where it is none.
  [[nodiscard]] std::optional<std::pair<BigInt, BigInt>> line(const Source& source);
  [[nodiscard]] std::optional<AffineWord> bitwise(const Cell& cell);
  /// The number that a cell of `size` bits reads, modulo 2^size.
  [[nodiscard]] std::optional<AffineWord> operand(const Bits& bits, int size, bool is_signed);
  [[nodiscard]] std::optional<AffineWord> shifted(const Cell& cell);
  [[nodiscard]] std::optional<AffineWord> cell(const Cell& cell);
  [[nodiscard]] std::optional<AffineWord> compared(const Cell& cell);
  [[nodiscard]] std::optional<AffineWord> run(const Source& first, int length);
  [[nodiscard]] std::optional<bool> is_nonzero(const Bits& bits);
  [[nodiscard]] int width_of(const Source& source) const;

  LinearView& view_;
  const LinearForm& primitive_;
  Range interval_;
  std::map<std::pair<bool, int>, std::optional<AffineWord>> known_;
  std::map<std::pair<bool, int>, std::optional<std::pair<BigInt, BigInt>>> lines_;
};

}  // namespace nib::sim
