// A quantiser of any dialect, for one channel: a staircase over the reals, by the points at which
// it enters each code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nib/graph/ops.h"
#include "nib/lower/grouping.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"

namespace nib::lower {

/// Code k holds from t = at (included where `closed`), t = unit * x + shift.
struct Entry {
  Rational at;
  bool closed = true;
};

/// One channel of Quant, BipolarQuant or MultiThreshold:
///   t = unit * x + shift,  code = the largest k in `codes` whose entry t has reached (codes.min
///   needs none),  value = out_scale * code + out_offset.
struct Quantiser {
  Rational unit = 1;
  Rational shift = 0;
  Range codes;
  Rounding rounding = Rounding::kFloor;
  std::int64_t after_rounding = 0;   ///< added to the rounded number (QuantizeLinear's zero point)
  std::vector<Rational> thresholds;  ///< ascending: entries of codes 1, 2, ..., if not by rounding
  Rational out_scale = 1;
  Rational out_offset = 0;

  [[nodiscard]] bool by_rounding() const { return thresholds.empty(); }
  /// Entry of code k, codes.min < k <= codes.max.
  [[nodiscard]] Entry entry(std::int64_t k) const;
  /// Twice the point of entry, for quantisers by rounding; `closed` as in Entry.
  [[nodiscard]] std::int64_t twice_entry(std::int64_t k, bool& closed) const;
  friend bool operator==(const Quantiser&, const Quantiser&) = default;
};

/// The channels of a quantiser node on a tensor of shape `shape`.
struct Quantisers {
  Grouping grouping;
  std::vector<Quantiser> channels;
  std::string words;  ///< "unsigned 6 bits, scale 1/64, ties to even, saturating"
};

/// True where the node is one of the three quantiser operators.
[[nodiscard]] bool is_quantiser(const graph::Op& op);
/// `thresholds` is MultiThreshold's second input, else null. Errors E0503: codes over 63 bits.
[[nodiscard]] Quantisers quantisers_of(const graph::Op& op, const Shape& shape,
                                       const Tensor<double>* thresholds, const std::string& node);

}  // namespace nib::lower
