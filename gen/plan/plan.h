// What will be built: layers with their circuits, registers, ports, exact latency and interval.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nib/arith/adder_graph.h"
#include "nib/arith/step_circuit.h"
#include "nib/arith/target.h"
#include "nib/lower/integer_graph.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::plan {

/// What the user asks for. At most one of clock_mhz and latency_cycles; neither: the target's
/// default clock.
struct Goal {
  std::optional<double> clock_mhz;
  std::optional<int> latency_cycles;
  bool input_register = false;   ///< one more register on every input bit
  bool output_register = false;  ///< one more register on every output bit
  std::vector<std::string>
      extra_registers;              ///< layers after whose outputs one more register stands
  bool reset = false;               ///< synchronous reset on the valid pipeline (rst_i)
  bool wrap_axis = false;           ///< AXI4-Stream ends around the core
  std::optional<double> most_luts;  ///< E0702 where it needs more, by the cost model
  int depth_excess = 2;             ///< see arith::SolveOptions
  int threads = 1;                  ///< that solve layers; the plan is the same for any number
};

/// One element of a port or of a layer's output word. Value = scale * code + offset.
struct Element {
  int lsb = 0;
  int bits = 0;  ///< 0: a constant that is not in the word, value = offset
  bool is_signed = false;
  Rational scale = 1;
  Rational offset = 0;
  Range range;       ///< of the code; a constant's code where min == max
  bool live = true;  ///< false: nobody reads it, it is not built and has no bits
};

/// A packed word: elements in C order of `shape`.
struct Word {
  std::string tensor;  ///< name of the graph tensor
  Shape shape;         ///< without the batch axis
  std::vector<Element> elements;
  int width = 0;  ///< bits in all; a word of no bits is 1 wide and 0
};

struct Cost {
  double lut = 0, carry4 = 0, ff = 0, bram36 = 0, dsp = 0;
};

/// One element of a word: -1-k is graph input k, else the index of a layer.
struct Source {
  std::int32_t word = 0;
  std::int32_t element = 0;
  friend bool operator==(const Source&, const Source&) = default;
};

/// An input port of a layer: one operand tensor. Elements that the layer does not read, and
/// constants, have no bits and no meaningful source.
struct Operand {
  std::string name;  ///< "x"; "a", "b", ... where there are several
  Word word;
  std::vector<Source> sources;  ///< of each element
};

/// A signal of a layer. Terms name operations of the same layer by index.
struct Operation {
  enum class Kind {
    kInput,     ///< element `index` of operand `word`
    kConstant,  ///< `constant`
    kAdd,       ///< a + b + constant; b.node < 0: a + constant alone
    kStep,      ///< step circuit `step` of a
    kClamp,     ///< a limited to `limits`
    kAtLeast,   ///< a >= b ? 1 : 0
    kSelect,    ///< c ? a : b
  };
  /// What it is to a reader, for names and comments.
  enum class Role {
    kInput,
    kConstant,
    kShared,   ///< a partial sum of several outputs
    kPart,     ///< a partial sum of one output
    kAcc,      ///< an output's whole sum, before bias and step
    kBiased,   ///< the sum with its bias
    kOutput,   ///< the output element itself
    kAtLeast,  ///< of a selection: comparison, larger value, its index
    kMax,
    kIndex,
  };
  Kind kind = Kind::kInput;
  Role role = Role::kInput;
  std::int32_t word = 0, index = 0;
  arith::Term a{-1, 0, false}, b{-1, 0, false}, c{-1, 0, false};
  /// kAdd: a term that stands above the declared width, so that it is not built; its node is -1
  /// where nothing else needs it. With it the linear form of the sum is exact.
  std::optional<arith::Term> above;
  BigInt constant = 0;
  std::int32_t step = -1;    ///< index into Layer::steps
  Range limits;              ///< of kClamp
  Range range;               ///< exact, or a safe bound
  int width = 1;             ///< declared bits; fewer than the range where only low bits are read
  int stage = 0;             ///< global stage in which it is computed
  std::int32_t output = -1;  ///< element of the layer's output that it belongs to, -1 shared
  std::int32_t block = -1;   ///< of the layer's blocks that it alone belongs to, or -1
  std::int32_t twin = -1;    ///< the same number: the same operation in equal blocks
};

/// Outputs of a layer that share their operations with no others: a row of a matrix product, a
/// position of a convolution, a window of a pool.
struct Block {
  std::string name;                   ///< where it stands: "y0_x2"
  std::vector<std::int32_t> inputs;   ///< elements of operand 0 in the kernel's order; negative
                                      ///< where padding stands
  std::vector<std::int32_t> outputs;  ///< elements of the layer's output in the kernel's order
  std::int32_t kernel = 0;            ///< equal blocks have equal numbers
};

/// One generated module.
struct Layer {
  std::string name;                  ///< stable, from the graph: "fc1"
  std::vector<std::string> nodes;    ///< names of the graph nodes, in order
  std::string formula;               ///< what it computes, for the header
  std::vector<std::int32_t> inputs;  ///< words read: -1-k is graph input k, else an earlier layer
  std::vector<Operand> operands;     ///< its input ports
  Word output;
  std::vector<Operation> operations;  ///< topological
  std::vector<std::int32_t> drivers;  ///< operation of each output element; -1 for those without
  std::vector<Block> blocks;          ///< may be none
  std::string block_text;             ///< what the inputs of a block are, for headers
  std::vector<arith::StepCircuit> steps;
  int start_stage = 0;      ///< stage of its (latest) inputs
  int output_stage = 0;     ///< stage of its output word; registers stand between
  int latency_cycles = 0;   ///< output_stage - start_stage
  int extra_registers = 0;  ///< of them, asked for by the goal
  std::int64_t macs = 0, nonzero = 0, adders = 0;
  Cost cost;
};

struct Plan {
  std::string name;  ///< legal identifier, lower snake case: prefix of every module
  std::string source_file, sha256;
  arith::Target target;
  Goal goal;
  double clock_mhz = 0;        ///< of the constraints
  double period_model_ns = 0;  ///< longest stage by the delay model
  std::vector<Word> inputs, outputs;
  std::vector<Layer> layers;
  std::vector<std::int32_t> output_layers;  ///< layer that drives each output, or -1-k input k
  std::vector<std::vector<Source>> output_sources;  ///< of each element of each output
  int latency_cycles = 0;
  int interval_cycles = 1;
  std::vector<std::string> notes;
};

/// Most nonzero weights that the unrolled engine takes.
inline constexpr std::int64_t kMaxUnrolledWeights = 500'000;

/// Plans the unrolled engine. Errors: E0702 too large to unroll or for Goal::most_luts,
/// E0703 a clock that one operation
/// alone misses, E0704 contradictory or impossible goals, E0705 an unknown layer in
/// extra_registers.
[[nodiscard]] Plan plan_unrolled(const lower::IntegerGraph& graph, const arith::Target& target,
                                 const Goal& goal);

/// Stage of the word that `source` names.
[[nodiscard]] int stage_of(const Plan& plan, const Source& source);
/// How many registers follow each operation of the layer (copies _q, _q2, ...).
[[nodiscard]] std::vector<int> register_depths(const Layer& layer);

/// Bit-exact model of the plan: runs the operations themselves, every signal wrapped to its
/// declared width, so that a width too narrow gives a wrong result here as it does in the RTL.
/// `codes`: all elements of all inputs, in order; returns all elements of all outputs (a constant
/// element has its code).
[[nodiscard]] std::vector<BigInt> evaluate_wide(const Plan& plan,
                                                const std::vector<std::int64_t>& codes);
/// The same. Errors E0503: codes of over 64 bits.
[[nodiscard]] std::vector<std::int64_t> evaluate(const Plan& plan,
                                                 const std::vector<std::int64_t>& codes);

}  // namespace nib::plan
