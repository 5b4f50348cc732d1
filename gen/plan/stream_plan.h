// What will be built as streams: units grouped into layers, ports, exact latency and interval.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nib/arith/target.h"
#include "nib/lower/integer_graph.h"
#include "nib/plan/plan.h"
#include "nib/plan/stream_measure.h"
#include "nib/plan/stream_size.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan {

/// Elements of a word that a matrix reads, at most.
constexpr int kMostLanes = 1024;

class ConstArrays;

/// How one layer is folded. Any factor from 1 to the number of elements will do (greater ones count
/// as that number, and no word that a matrix reads has more than kMostLanes); the last word of a
/// vector is filled up. A matrix reads `simd` elements and computes `pe` outputs in a step; a
/// depthwise convolution computes `pe` channels, one tap a step; other layers (pools, sums, steps
/// alone, ...) carry `simd` elements a word, and those without a fold the words of what feeds them.
struct LayerFold {
  int simd = 1;  ///< elements of a vector (or of a window) that are read in a step
  int pe = 1;    ///< outputs computed in a step
  bool input_stationary = false;
  int steps = 0;     ///< elements a word of the steps behind a matrix' sums; 0: pe
  bool dsp = false;  ///< products by multipliers
  /// Constants wired in, so many bits of every element of a vector in a step (from the number of
  /// its bits on: all of them, the layer is unrolled); 0: weights come from a table. Where it is
  /// not 0, simd, pe, input_stationary and dsp mean nothing.
  int digit = 0;
  friend bool operator==(const LayerFold&, const LayerFold&) = default;
};
/// "simd 8, pe 4, input stationary"; "wired in, 2 bits a step".
[[nodiscard]] std::string to_text(const LayerFold& fold);
/// Folds by the name of the layer; matrices without one get 1, 1.
using Folding = std::map<std::string, LayerFold>;

/// An end of a streaming design: words ("beats") of `elements_per_beat` elements, each of the same
/// number of bits. Feature maps go pixel by pixel, channels innermost; where the last beat of a
/// vector is not full, the rest of it means nothing (and is 0 at an output or not, as may be).
/// Where the stream's format is bipolar (design.formats), the lanes of stream::values are -1 and +1
/// for the bits 0 and 1, which are the codes.
struct StreamPort {
  Word word;  ///< tensor, shape without the batch axis, elements in C order; Element::lsb counts
              ///< from the beginning of the element's beat; width is that of a beat
  std::vector<std::int32_t> beat;  ///< of each element
  std::int64_t beats = 1;          ///< of a frame
  int elements_per_beat = 1;
  int channel = 0;  ///< of design.network: with tlast at its top (Format::last)
};

/// Units that become one module.
struct StreamLayer {
  std::string name;                ///< stable, from the graph: "fc1"
  std::vector<std::string> nodes;  ///< names of the graph nodes, in order
  std::string formula;             ///< what it computes, for the header
  std::vector<int> units;          ///< of design.units, ascending
  std::int64_t macs = 0, nonzero = 0;
  LayerFold fold;
  Cost cost;
};

struct StreamPlan {
  std::string name;  ///< legal identifier, lower snake case: prefix of every module
  std::string source_file, sha256;
  arith::Target target;
  Goal goal;
  double clock_mhz = 0;  ///< of the constraints
  stream::Design design;
  stream::Frames frames;
  std::vector<StreamLayer> layers;  ///< every unit belongs to one of them, but for those of `glue`
  std::vector<int> glue;            ///< forks and ends, which stand in the top
  std::vector<StreamPort> inputs, outputs;
  /// For probes: values of the integer graph that a stream carries, with the channel and, for each
  /// element in C order, its place: word of the frame * lanes + lane. code = low + span * lane,
  /// where a lane of a bipolar stream counts as its bit.
  struct Probe {
    std::string tensor;
    int channel = 0;
    std::vector<std::int64_t> place;
    std::int64_t low = 0, span = 1;
    Shape shape;                            ///< without the batch axis
    std::optional<Rational> scale, offset;  ///< of the codes, where one of each serves all
  };
  std::vector<Probe> probes;
  stream::Sizing sizing;  ///< depths as built, with the certificate of interval and liveness
  std::vector<std::string> notes;
  std::shared_ptr<ConstArrays> arrays;  ///< of its layers that are wired in
};

/// Share of a device's block RAM that tables may take if nothing else is said.
constexpr double kBlocks = 0.9;

/// Builds the streaming design of an integer graph with the folds as given; tables may take the
/// share `blocks` of the device's block RAM, depths are sized for the interval and latency that
/// deep queues allow. Errors: E0705 a fold for no layer, E0706 a node without a streaming form,
/// E0707 a layer that cannot be wired in.
[[nodiscard]] StreamPlan plan_streaming(const lower::IntegerGraph& graph,
                                        const arith::Target& target, const Goal& goal,
                                        const Folding& folding, double blocks = kBlocks);

/// The two halves of it: a plan whose queues have the depth 2 and rings hold what they must, then
/// depths for the interval `interval` (0: the least).
[[nodiscard]] StreamPlan build_streaming(const lower::IntegerGraph& graph,
                                         const arith::Target& target, const Goal& goal,
                                         const Folding& folding,
                                         std::shared_ptr<ConstArrays> arrays = nullptr);
void size_streaming(StreamPlan& plan, std::int64_t interval = 0);

}  // namespace nib::plan
