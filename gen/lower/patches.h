// Which elements of its input a sliding window covers: the one place that turns a Window into
// indices.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/lower/integer_graph.h"

namespace nib::lower {

/// The elements under each position of a window. Element e of the output belongs to image
/// image_of(e), channel channel_of(e) and position position_of(e), counted in C order over the
/// spatial axes of the output; taps are counted in C order over the kernel.
class Patches {
 public:
  static constexpr std::int64_t kOutside = -1;

  /// `input`, `output`: shapes with all axes, of the window's layout.
  Patches(const Window& window, const Shape& input, const Shape& output);

  [[nodiscard]] std::int64_t images() const { return images_; }
  [[nodiscard]] std::int64_t in_channels() const { return in_channels_; }
  [[nodiscard]] std::int64_t out_channels() const { return out_channels_; }
  [[nodiscard]] std::int64_t positions() const { return positions_; }
  [[nodiscard]] std::int64_t taps() const { return taps_; }

  /// Index of the input's element of `channel` under tap `tap` at `position`, or kOutside.
  [[nodiscard]] std::int64_t input(std::int64_t image, std::int64_t channel, std::int64_t position,
                                   std::int64_t tap) const {
    const std::int64_t at = under_[static_cast<std::size_t>(position * taps_ + tap)];
    return at < 0 ? kOutside : element(image, channel, at, in_channels_, in_positions_);
  }
  /// Index of the output's element.
  [[nodiscard]] std::int64_t output(std::int64_t image, std::int64_t channel,
                                    std::int64_t position) const {
    return element(image, channel, position, out_channels_, positions_);
  }

 private:
  [[nodiscard]] std::int64_t element(std::int64_t image, std::int64_t channel, std::int64_t at,
                                     std::int64_t channels, std::int64_t positions) const {
    return channels_last_ ? (image * positions + at) * channels + channel
                          : (image * channels + channel) * positions + at;
  }

  bool channels_last_;
  std::int64_t images_ = 1, in_channels_ = 1, out_channels_ = 1;
  std::int64_t in_positions_ = 1, positions_ = 1, taps_ = 1;
  std::vector<std::int64_t> under_;  ///< input position of each (position, tap), or kOutside
};

}  // namespace nib::lower
