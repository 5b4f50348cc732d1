// Streaming units: what each does, its contract as processes and channels, its module's parameters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nib/num/range.h"
#include "nib/plan/stream_network.h"

namespace nib::plan {
struct Plan;
}

namespace nib::plan::stream {

/// How the bits of a lane are read; bipolar: one bit, 0 is -1 and 1 is +1. The numbers are those of
/// the modules' parameters.
enum class Kind { kUnsigned = 0, kSigned = 1, kBipolar = 2 };

/// Words of a stream: lane l is bits [l*bits, (l+1)*bits); with `last` one more bit at the top.
struct Format {
  int lanes = 1;
  int bits = 1;
  Kind kind = Kind::kUnsigned;
  bool last = false;
  [[nodiscard]] int width() const { return lanes * bits + (last ? 1 : 0); }
  friend bool operator==(const Format&, const Format&) = default;
};

/// Output queue of a unit. Storage as in nib_outq: 0 by depth, 1 registers, 2 shift registers, 3
/// LUT RAM, 4 block RAM.
struct Queue {
  std::int64_t depth = 2;
  int storage = 0;
  /// Cycles from push to valid.
  [[nodiscard]] int b() const { return storage == 4 || (storage == 0 && depth > 64) ? 2 : 1; }
};

struct Fifo {
  Format format;
  Queue queue;
};
/// AXI4-Stream input (nib_axis_in), output (nib_axis_out) or bare slice (nib_boundary).
struct Boundary {
  enum class End { kInside, kInput, kOutput };
  Format format;
  End end = End::kInside;
  int frame = 1;  ///< words between two tlast
};
struct Fork {
  Format format;
  std::vector<Queue> queues;
};
/// factor_a * a + factor_b * b + offset, lane by lane.
struct Add {
  Format a, b;
  int bits = 1;  ///< of a sum
  Kind kind = Kind::kSigned;
  int factor_a = 1, factor_b = 1, offset = 0;
  Queue queue;
};
struct Concat {
  Format format;
  int words_a = 1, words_b = 1;
  Queue queue;
};
/// Frames of `frame` lanes, in words of another number of lanes.
struct Width {
  Format format;
  int lanes = 1;
  int frame = 1;
  Queue queue;
};
struct WindowUnit {
  Format format;
  Window window;
  std::int64_t pad = 0;    ///< value of a lane in padding
  std::int64_t words = 1;  ///< of the ring
  Queue queue;
};
/// The taps of a window in words of `lanes` elements, in the order (ky, kx, lane).
struct Patch {
  Format format;  ///< a word is a pixel
  Axis rows, columns;
  std::int64_t pad = 0;  ///< value of a lane in padding
  int lanes = 1;         ///< of an output word; the last of a window is filled up with 0 bits
  Queue queue;
  [[nodiscard]] int elements() const { return rows.kernel * columns.kernel * format.lanes; }
  [[nodiscard]] int fold() const { return (elements() + lanes - 1) / lanes; }
};
/// Where a table of constants stands: as the tool sees fit, in LUTs, in block RAM.
enum class RomStyle { kAny = 0, kLut = 1, kBlock = 2 };

/// Matrix [rows][columns] times vectors of `columns` elements, format.lanes at a time.
struct Mvu {
  Format format;
  int rows = 1, columns = 1, pe = 1;
  std::vector<std::int64_t> weights;
  int weight_bits = 1;
  Kind weight_kind = Kind::kSigned;
  int acc_bits = 1;
  bool input_stationary = false, product_register = false;
  Queue queue;
  bool dsp = false;        ///< products by multipliers
  int tree_registers = 0;  ///< in the adder tree: MacShape::most_tree_registers()
  RomStyle rom = RomStyle::kAny;
  [[nodiscard]] int sf() const { return (columns + format.lanes - 1) / format.lanes; }
  [[nodiscard]] int nf() const { return (rows + pe - 1) / pe; }
};
/// Matrix [rows][format.lanes] times whole vectors; the constants are wired into an array, which
/// takes `digit` bits of every element in a step, the highest first.
struct ConstMvu {
  Format format;  ///< a word is a vector
  int rows = 1;
  std::vector<std::int64_t> weights;
  int digit = 1;  ///< from format.bits on: whole elements, one step
  int acc_bits = 1;
  int sum_bits = 1, latency = 0;      ///< of the array: bits of a row's sum, cycles
  std::shared_ptr<const Plan> array;  ///< how it is built; its own layer alone
  Queue queue;
  [[nodiscard]] int digits() const { return (format.bits + digit - 1) / digit; }
};
/// Kernels [channels][taps] of a depthwise convolution; channels is a multiple of format.lanes.
struct Vvu {
  Format format;
  int channels = 1, taps = 1;
  std::vector<std::int64_t> weights;
  int weight_bits = 1;
  Kind weight_kind = Kind::kSigned;
  int acc_bits = 1;
  bool product_register = false;
  Queue queue;
  bool dsp = false;  ///< products by multipliers
  RomStyle rom = RomStyle::kAny;
  [[nodiscard]] int fold() const { return channels / format.lanes; }
};
struct Pool {
  Format format;
  bool sum = false;  ///< else the greatest value
  int bits = 1;      ///< of a result
  int rows = 1, columns = 1, fold = 1, kernel_y = 1, kernel_x = 1;
  Queue queue;
};
/// Levels [fold * lanes][levels], ascending for each channel.
struct Threshold {
  Format format;
  int fold = 1, levels = 1;
  std::vector<std::int64_t> table;
  int bits = 1;  ///< of a code
  int offset = 0;
  bool bipolar = false;  ///< of one level: -1 below it, +1 from it on
  bool hit_register = false;
  Queue queue;
  RomStyle rom = RomStyle::kAny;
};
/// Factors and biases [fold * lanes]; factor_bits 0: all factors are 1. With half_even the odd
/// quotients without a rest count one less (ties to even, where the bias holds the half); limits:
/// of the codes, else all of `bits`.
struct Scale {
  Format format;
  int fold = 1;
  std::vector<std::int64_t> factors, biases;
  int factor_bits = 0, bias_bits = 1, shift = 0;
  bool half_even = false;
  std::optional<Range> limits;
  int bits = 1;  ///< of a code
  Kind kind = Kind::kSigned;
  Queue queue;
  RomStyle rom = RomStyle::kAny;
};
/// One function of few bits for all lanes: the code of every number, by its bits.
struct Table {
  Format format;
  std::vector<std::int64_t> codes;  ///< 1 << format.bits
  int bits = 1;                     ///< of a code
  Kind kind = Kind::kSigned;
  Queue queue;
  RomStyle rom = RomStyle::kAny;
};
struct Upsample {
  Format format;
  int columns = 1, fold = 1, factor_y = 1, factor_x = 1;
  Queue queue;
};
struct Argmax {
  Format format;
  int classes = 1;
  Queue queue;
};
/// Frames of `words` words, then the words `source` of each, -1: the next word of `fill`.
struct Reorder {
  Format format;
  int words = 1;
  std::vector<std::int32_t> source;
  std::vector<std::int64_t> fill;  ///< lanes
  Queue queue;
};

using Spec = std::variant<Fifo, Boundary, Fork, Add, Concat, Width, WindowUnit, Mvu, Vvu, Pool,
                          Threshold, Scale, Upsample, Argmax, Reorder, Patch, ConstMvu, Table>;

/// What the timing contract says of a unit.
struct Contract {
  struct Output {
    Format format;
    Queue queue;
    int lat = 0;  ///< cycles from a step to the push of its word
  };
  Loop program;  ///< of the process that makes the outputs
  std::vector<Format> inputs;
  std::vector<Output> outputs;
  std::optional<Window> window;  ///< the input is written to a ring and read by the process
  std::int64_t ring_words = 0;
  int hold = 0;  ///< live cycles before the first step
};
[[nodiscard]] Contract contract(const Spec& spec);

/// Bits of a table, lowest first.
class Bits {
 public:
  /// The lowest `bits` bits of `value`, on top of what is there.
  void append(std::int64_t value, int bits);
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] bool operator[](std::int64_t i) const {
    return (words_[static_cast<std::size_t>(i / 64)] >> (i % 64) & 1) != 0;
  }
  /// "12'h0ab".
  [[nodiscard]] std::string literal() const;
  /// The bits [from, from + count) in hexadecimal, without a size.
  [[nodiscard]] std::string hex(std::int64_t from, std::int64_t count) const;

 private:
  std::vector<std::uint64_t> words_;
  std::int64_t size_ = 0;
};

/// A parameter of a library module: a number, or a packed table.
struct Parameter {
  std::string name;
  std::int64_t value = 0;
  Bits table;                  ///< used if it is not empty
  std::int64_t rom_words = 0;  ///< a nib_rom's table of so many words: may be a file instead
};
/// The library module of a unit. Ports of stream s are <prefix>_valid_i, _ready_o, _data_i at the
/// inputs, with i and o swapped at the outputs; the streams of a module whose outputs form one
/// packed port share a prefix.
struct ModuleUse {
  std::string module;
  std::vector<Parameter> parameters;
  std::vector<std::string> inputs;
  std::string output = "out";
};
[[nodiscard]] ModuleUse module_use(const Spec& spec);

/// One unit of a design; streams are channels of its network.
struct Unit {
  std::string name;
  Spec spec;
  std::vector<int> inputs, outputs;
};

/// Units and the network of their processes, built together.
struct Design {
  Network network;
  std::vector<Format> formats;  ///< by channel; of a ring: its words
  std::vector<Unit> units;      ///< producers before consumers
};

/// A stream from outside; its channel.
int add_source(Design& design, const std::string& name, const Format& format);
/// A unit behind the streams `inputs`; the channels of its outputs. Formats must agree.
std::vector<int> add_unit(Design& design, const std::string& name, const Spec& spec,
                          const std::vector<int>& inputs);
/// Leads a stream out.
void add_sink(Design& design, int channel);

/// By channel: 1 where the depth cannot be chosen (boundary slices).
[[nodiscard]] std::vector<char> fixed_channels(const Design& design);
/// Gives every queue and ring the depth of its channel, in units and network; a queue whose depth
/// changes takes its storage by depth.
void set_depths(Design& design, const std::vector<std::int64_t>& depths);

}  // namespace nib::plan::stream
