// How a multiply-accumulate array forms its products and sums: what nib_mac makes of its widths.
#pragma once

#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {

/// How weights are stored: the numbers are those of nib_mac's WgtKind.
enum class WeightCode { kUnsigned = 0, kSigned = 1, kBipolar = 2, kSignMagnitude = 3 };

/// The words that an adder tree sums for one row and one step.
struct MacShape {
  bool counts = false;      ///< single bits are counted
  bool multiplies = false;  ///< products by multipliers
  bool has_sign = false;    ///< words are complemented for negative products
  bool is_signed = false;   ///< words are signed
  int words = 1;            ///< of a digit
  int word_bits = 1;
  int magnitude_bits = 1;
  int digits = 1;
  int packed = 1;     ///< outputs that share a multiplier
  int dot_bits = 1;   ///< of the sum, at most the accumulator's
  int core_bits = 1;  ///< of the accumulator
  /// Levels of adders.
  [[nodiscard]] int levels() const;
  /// Registers that the tree can take.
  [[nodiscard]] int most_tree_registers() const { return levels() > 1 ? levels() - 1 : 0; }
};

/// Sign and magnitude where that costs least: signed weights of at least two bits whose least value
/// does not occur, with inputs that are not bipolar and no multipliers.
[[nodiscard]] WeightCode weight_code(const Mvu& unit);
[[nodiscard]] WeightCode weight_code(const Vvu& unit);

/// Outputs that share a multiplier, with weights that the table can hold: sums of products with
/// powers of two fit its inputs of 25 and 18 bits (DSP48E1).
[[nodiscard]] int packed_outputs(const Mvu& unit);
/// What the table holds of the weights of outputs that share a multiplier, from the lowest on: each
/// less 1 where the field below it is negative.
void to_fields(std::vector<std::int64_t>& weights);

[[nodiscard]] MacShape mac_shape(const Mvu& unit);
[[nodiscard]] MacShape mac_shape(const Vvu& unit);

}  // namespace nib::plan::stream
