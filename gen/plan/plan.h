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
      extra_registers;     ///< layers after whose outputs one more register stands
  bool reset = false;      ///< synchronous reset on the valid pipeline (rst_i)
  bool wrap_axis = false;  ///< AXI4-Stream ends around the core
  int depth_excess = 2;    ///< see arith::SolveOptions
};

/// One element of a port or of a layer's output word. Value = scale * code + offset.
struct Element {
  int lsb = 0;
  int bits = 0;  ///< 0: a constant that is not in the word, value = offset
  bool is_signed = false;
  Rational scale = 1;
  Rational offset = 0;
  Range range;  ///< of the code
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

/// Where a signal of a layer comes from.
struct Operation {
  enum class Kind {
    kInput,          ///< element `index` of input word `word`
    kAdd,            ///< a + b
    kStep,           ///< step function of operand a (circuit `step`)
    kClamp,          ///< operand a limited to `range`
    kCompareSelect,  ///< ArgMax: the larger of two, first wins on ties (index travels along)
  };
  Kind kind = Kind::kInput;
  std::int32_t word = 0, index = 0;
  arith::Term a{-1, 0, false}, b{-1, 0, false};  ///< nodes are indices into Layer::operations
  std::int64_t constant = 0;                     ///< added to the sum
  std::int32_t step = -1;                        ///< index into Layer::steps
  Range range;
  int stage = 0;             ///< global stage of the output
  std::string role;          ///< what it is, for names and comments: "acc", "shared", "y"
  std::int32_t output = -1;  ///< neuron (row) that it belongs to, -1 shared
};

/// One generated module.
struct Layer {
  std::string name;                  ///< stable, from the graph: "fc1"
  std::vector<std::string> nodes;    ///< names of the graph nodes, in order
  std::string formula;               ///< what it computes, for the header
  std::vector<std::int32_t> inputs;  ///< words read: -1-k is graph input k, else an earlier layer
  Word output;
  std::vector<Operation> operations;  ///< topological
  std::vector<std::int32_t> drivers;  ///< operation of each output element; -1 for constants
  std::vector<arith::StepCircuit> steps;
  int start_stage = 0;     ///< stage of its (latest) inputs
  int latency_cycles = 0;  ///< output stage - start_stage
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
  int latency_cycles = 0;
  int interval_cycles = 1;
  std::vector<std::string> notes;
};

/// Plans the unrolled engine. Errors E07xx: too large to unroll, a clock that one operation alone
/// misses, contradictory goals.
[[nodiscard]] Plan plan_unrolled(const lower::IntegerGraph& graph, const arith::Target& target,
                                 const Goal& goal);

}  // namespace nib::plan
