// Programs of streaming processes: what each step takes and makes, as a loop nest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nib::plan::stream {

/// What a step does at the ports of its process: bit i of `takes` stands for input i, bit o of
/// `makes` for output o. A step with neither is an idle cycle.
struct Step {
  std::uint8_t takes = 0, makes = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

/// A step (where `body` is empty) or a body of steps and loops, `count` times in a row.
struct Loop {
  std::int64_t count = 1;
  Step step;
  std::vector<Loop> body;
};

/// One step.
[[nodiscard]] Loop once(unsigned takes, unsigned makes);
/// `count` times the body; a count of 0 leaves nothing.
[[nodiscard]] Loop repeat(std::int64_t count, std::vector<Loop> body);
/// The loops one after the other.
[[nodiscard]] Loop sequence(std::vector<Loop> body);
/// The steps in order, equal ones in a row joined.
[[nodiscard]] Loop sequence_of(const std::vector<Step>& steps);

/// Steps of one pass.
[[nodiscard]] std::int64_t steps(const Loop& loop);
/// Steps of one pass that take at one of the inputs `takes` or make at one of the outputs `makes`.
[[nodiscard]] std::int64_t words_of_a_pass(const Loop& loop, unsigned takes, unsigned makes);
/// The steps of one pass, one by one.
[[nodiscard]] std::vector<Step> unroll(const Loop& loop);

/// One axis of a window: `kernel` taps, `dilation` apart, every `stride` places over `size` places
/// with `before` and `after` places of padding.
struct Axis {
  int size = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;
  /// Places from the first tap to behind the last.
  [[nodiscard]] int extent() const { return (kernel - 1) * dilation + 1; }
  /// Positions of the window.
  [[nodiscard]] int positions() const { return (size + before + after - extent()) / stride + 1; }
  /// True if some tap of some position stands on a place that is no padding.
  [[nodiscard]] bool touches() const;
  friend bool operator==(const Axis&, const Axis&) = default;
};

/// The reader of a window unit. Pixels lie row by row, `fold` words each. The words of a window
/// are read in the order (ky, kx, c), or with `channel_outer` (c, ky, kx); windows row by row. A
/// step needs the word that it reads, padding needs none. The step that ends a window releases
/// all words in front of the corner of the next window's box, clamped to the frame, unless the
/// next row of windows has its corner in the same row of pixels; with `release_rows` only the ends
/// of window rows release, up to the first pixel of the corner's row; the last step of a frame
/// releases the whole frame. A window that reads nothing but padding is no window: its reader would
/// never end.
struct Window {
  Axis rows, columns;
  int fold = 1;
  bool channel_outer = false;
  bool release_rows = false;

  [[nodiscard]] std::int64_t frame_words() const {
    return std::int64_t{rows.size} * columns.size * fold;
  }
  [[nodiscard]] std::int64_t steps() const {
    return std::int64_t{rows.positions()} * columns.positions() * rows.kernel * columns.kernel *
           fold;
  }
};

/// What each step of a window's reader needs and releases, in words of the frame.
struct WindowTable {
  std::vector<std::int32_t> need;     ///< word that the step reads, -1 in padding
  std::vector<std::int32_t> release;  ///< words released in all once the step has fired
};
[[nodiscard]] WindowTable window_table(const Window& window);
/// Words of the ring below which the reader waits for ever.
[[nodiscard]] std::int64_t least_ring(const Window& window);

/// A loop nest as text: "takes/makes" for a step, "count ( ... )" for a loop.
[[nodiscard]] std::string to_text(const Loop& loop);

}  // namespace nib::plan::stream
