// Which elements convolutions, poolings and reductions compute an output element from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nib/graph/graph.h"

namespace nib::golden {

/// The spatial input element under each kernel element at each window position.
struct WindowMap {
  static constexpr std::int32_t kPadding = -1;  ///< in the padding
  static constexpr std::int32_t kBeyond = -2;   ///< past the end padding: ceil_extra

  std::int64_t positions = 1, taps = 1, inputs = 1;  ///< numbers of spatial elements
  std::vector<std::int32_t> source;                  ///< positions x taps, C order

  [[nodiscard]] std::int32_t at(std::int64_t position, std::int64_t tap) const {
    return source[static_cast<std::size_t>(position * taps + tap)];
  }
};

/// A Conv or ConvTranspose as sums over taps and inputs, by strides.
struct Convolution {
  WindowMap map;
  std::int64_t images = 1, groups = 1;
  std::int64_t inputs = 1, outputs = 1;  ///< channels of one group
  std::int64_t x_image = 0, x_channel = 0, x_position = 0;
  std::int64_t y_image = 0, y_channel = 0, y_position = 0;
  std::int64_t w_group = 0, w_in = 0, w_out = 0, w_tap = 0;

  /// Where an output element lies; `output` is counted within the group.
  struct Place {
    std::int64_t image, group, output, position;
  };
  [[nodiscard]] Place place_of(std::int64_t element) const;
  /// Elements of x and w that are multiplied for it.
  struct Term {
    std::int64_t x, w;
  };
  void terms_of(const Place& place, std::vector<Term>& terms) const;
};

/// For each output element, the input elements that it combines.
struct Fan {
  std::vector<std::int64_t> first;   ///< per output element and the end: its first in `source`
  std::vector<std::int64_t> source;  ///< input elements
  std::vector<double> count;         ///< per output element: the divisor of a mean
};

/// What a node's geometry comes to, where it has one of these.
struct Forms {
  std::optional<Convolution> convolution;
  std::optional<Fan> fan;
};
[[nodiscard]] Forms forms_of(const graph::Graph& graph, const graph::Node& node);

/// Element of x that a Take puts at `element` of y, or -1 for its fill.
[[nodiscard]] std::int64_t take_at(const graph::Take& op, const Shape& x, const Shape& y,
                                   std::int64_t element);

}  // namespace nib::golden
