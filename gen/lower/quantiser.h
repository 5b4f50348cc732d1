// A quantiser of any dialect, for one channel: a staircase over the reals, by the points at which
// it enters each code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/graph/ops.h"
#include "nib/lower/grouping.h"
#include "nib/lower/surd.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"

namespace nib::lower {

/// Code k holds from t = at (included where `closed`), t = unit * x + shift.
struct Entry {
  Rational at;
  bool closed = true;
};

/// One channel of a quantiser:
///   t = unit * x + shift,  code = the largest k in `codes` whose entry t has reached (codes.min
///   needs none),  value = out_scale * code + out_offset, or out_scale * values[code - codes.min].
struct Quantiser {
  Rational unit = 1;
  Rational shift = 0;
  Range codes;
  Rounding rounding = Rounding::kFloor;
  std::int64_t after_rounding = 0;  ///< added to the rounded number (QuantizeLinear's zero point)
  /// Trunc: the rounded number is divided by `divisor`, then rounded by `second`; 0: it is not.
  Rational divisor = 0;
  Rounding second = Rounding::kFloor;
  /// If not by rounding: entries of codes.min + 1, ..., at or (where `open`) behind these,
  /// ascending.
  std::vector<Rational> thresholds;
  std::vector<bool> open;        ///< one for each threshold; empty: none is
  std::vector<Rational> values;  ///< ascending, where they are no grid; else empty
  Rational out_scale = 1;
  Rational out_offset = 0;

  [[nodiscard]] bool by_rounding() const { return thresholds.empty(); }
  /// Entry of code k, codes.min < k <= codes.max.
  [[nodiscard]] Entry entry(std::int64_t k) const;
  /// Twice the point of entry, for quantisers by rounding; `closed` as in Entry.
  [[nodiscard]] std::int64_t twice_entry(std::int64_t k, bool& closed) const;
  /// The real number that a code stands for.
  [[nodiscard]] Rational value_of(std::int64_t code) const;
  friend bool operator==(const Quantiser&, const Quantiser&) = default;
};

/// The channels of a quantiser node on a tensor of shape `shape`.
struct Quantisers {
  Grouping grouping;
  std::vector<Quantiser> channels;
  std::string words;  ///< "unsigned 6 bits, scale 1/64, ties to even, saturating"
};

/// Twice the point at which rounding by `mode` enters the number `code`; `closed` as in Entry.
[[nodiscard]] std::int64_t twice_entry_of(Rounding mode, std::int64_t code, bool& closed);

/// "to nearest, ties to even".
[[nodiscard]] std::string words_of(Rounding mode);

/// Bounds of the reals that a quantiser meets.
struct Reach {
  Rational low, high;
};
/// Trunc; `reach` limits the codes where the node does not. Errors E402, E502: parameters that have
/// no exact meaning; E503: codes over 62 bits.
[[nodiscard]] Quantisers trunc_quantisers(const graph::Trunc& op, const Shape& shape,
                                          const Reach& reach, const std::string& node);
/// FloatQuant; values beyond `reach` are left out. Errors E402, E502, E505: too many values.
[[nodiscard]] Quantisers float_quantisers(const graph::FloatQuant& op, const Shape& shape,
                                          const std::optional<Reach>& reach,
                                          const std::string& node);

/// FloatQuant of each of these numbers, in place. Errors E402, E502.
void float_quantise(const graph::FloatQuant& op, const std::string& node, Tensor<Surd>& x);

/// True where the node is one of the three quantiser operators.
[[nodiscard]] bool is_quantiser(const graph::Op& op);
/// `thresholds` is MultiThreshold's second input, else null. Errors E0503: codes over 63 bits.
[[nodiscard]] Quantisers quantisers_of(const graph::Op& op, const Shape& shape,
                                       const Tensor<double>* thresholds, const std::string& node);

}  // namespace nib::lower
