// Exact ranges of a convolution's sums, position by position.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/lower/patches.h"

namespace nib::lower {

/// Ranges of one image's outputs: what each tap can add, summed over the taps that a position
/// covers and the padding of those that lie outside. The range of an input channel is the hull over
/// its elements. Exact for channels whose elements have one range.
class ConvRanges {
 public:
  ConvRanges(const Conv& op, const Patches& patches, const Value& in, std::int64_t image);

  /// Range of the sums of output channel `o` at `position`.
  [[nodiscard]] Range at(std::int64_t o, std::int64_t position) const;
  /// Over all positions.
  [[nodiscard]] Range hull(std::int64_t o) const;

 private:
  [[nodiscard]] Range of_kind(std::int64_t o, std::int64_t kind) const;

  std::int64_t taps_;
  std::vector<BigInt> bias_;
  std::vector<Range> inside_, outside_;      ///< of (output channel, tap)
  std::vector<std::int32_t> kind_;           ///< of each position
  std::vector<std::vector<bool>> outsides_;  ///< of each kind: taps that lie outside
};

}  // namespace nib::lower
