// Inside plan: a streaming design in the making: values as streams carry them, units of layers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/plan/stream_plan.h"
#include "nib/rtl/names.h"

namespace nib::plan {

/// A value of the integer graph as a stream carries it: `pixels` vectors of `channels` elements,
/// each vector in words of its own. What fills up the last word of a vector is filler.
struct Carried {
  int channel = -1;
  stream::Format format;
  std::int64_t pixels = 1, channels = 1;
  std::vector<std::int32_t> order;   ///< element at pixel * channels + channel
  std::int64_t low = 0, span = 1;    ///< code = low + span * lane; of a bipolar lane: its bit
  Range range;                       ///< of all lanes as numbers (bipolar: -1, 1), fillers too
  std::optional<std::int64_t> fill;  ///< what every filler is, where that is known

  [[nodiscard]] bool bipolar() const { return format.kind == stream::Kind::kBipolar; }
  [[nodiscard]] std::int64_t words() const {  ///< of a vector
    return (channels + format.lanes - 1) / format.lanes;
  }
  [[nodiscard]] bool full() const { return channels % format.lanes == 0; }
  [[nodiscard]] std::int64_t elements() const { return pixels * channels; }
};

/// The format of lanes in `range`; numbers that are not bipolar.
[[nodiscard]] stream::Format format_of(int lanes, Range range);

/// Adds units and remembers which layer they belong to.
class StreamBuilder {
 public:
  explicit StreamBuilder(StreamPlan& plan) : plan_(plan) {}

  /// Units belong to this layer until close(); without one they are glue.
  void open(StreamLayer layer);
  void close();
  [[nodiscard]] const StreamLayer& layer() const { return plan_.layers.back(); }
  [[nodiscard]] stream::Design& design() { return plan_.design; }

  /// Adds a unit "<layer>_<role>" (or "<role>" in the glue); the channels of its outputs.
  std::vector<int> unit(const std::string& role, const stream::Spec& spec,
                        const std::vector<int>& inputs);

  /// Plans the array of constants of a unit of the layer.
  void complete(stream::ConstMvu& unit);

  /// The same elements with `lanes` lanes a word and vectors of `channels` elements, in the same
  /// order; as few units as that takes.
  [[nodiscard]] Carried reshaped(Carried x, std::int64_t channels, std::int64_t lanes);
  /// The same numbers in lanes of the bits and kind of `format`, which holds them.
  [[nodiscard]] Carried as_format(Carried x, const stream::Format& format);
  /// The elements of x in the order `source`, positions in the order of x or -1 for the next of
  /// `fill`, as one vector, in words of as many lanes (up to `lanes`) as stay together. The order
  /// of the result is left to the caller.
  [[nodiscard]] Carried reordered(Carried x, const std::vector<std::int32_t>& source,
                                  const std::vector<std::int64_t>& fill, std::int64_t lanes);
  /// x, which comes pixel by pixel, with the padding of `window` around it, whose axes then have
  /// none: `lanes` for each channel. The order is lost.
  [[nodiscard]] Carried padded(Carried x, stream::Window& window,
                               const std::vector<std::int64_t>& lanes);
  /// x with its elements in the order `wanted`.
  [[nodiscard]] Carried arranged(Carried x, const std::vector<std::int32_t>& wanted);
  /// The same vectors with `lanes` lanes a word.
  [[nodiscard]] Carried with_lanes(Carried x, std::int64_t lanes);

 private:
  StreamPlan& plan_;
  rtl::NameTable names_;
  bool open_ = false;
};

}  // namespace nib::plan
