// Proof, neuron by neuron, that Yosys' netlist computes what the graph says, for all inputs.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/sim/depths.h"
#include "nib/sim/linear.h"
#include "nib/sim/manifest.h"
#include "nib/sim/program.h"
#include "nib/sim/segment.h"
#include "nib/sim/words.h"

namespace nib::sim {

/// What has been proven, and what failed first.
struct ProofReport {
  std::int64_t neurons = 0;        ///< elements of layers' words and outputs
  std::int64_t linear = 0;         ///< by comparison of linear forms alone, also between limits
  std::int64_t points = 0;         ///< values and intervals of sums that went through step logic
  std::int64_t golden_points = 0;  ///< of them asked from golden
  std::int64_t failures = 0;
  std::string first;  ///< the first failure in words
};

/// A word that is proven, and then stands for itself: variables of what follows.
struct ProvenWord {
  std::string name;  ///< "layer fc1", "output y"
  const Word* word = nullptr;
  graph::ValueId tensor = graph::kNone;
  Bits bits;      ///< of the net
  int stage = 0;  ///< registers behind the input ports
};

class Prover {
 public:
  Prover(const graph::Graph& graph, const Manifest& manifest, const Netlist& netlist, int threads);

  /// Proves registers, valid pipeline, layers and outputs. Throws Fault where the netlist has not
  /// the nets that the manifest names.
  [[nodiscard]] ProofReport run();

 private:
  struct Task;

  void add_inputs();
  void check_valid();
  void check_depths(const ProvenWord& word);
  void prove(const ProvenWord& word);
  /// The word's elements are variables from now on, but for those that stay what they are.
  void cut(const ProvenWord& word, const std::vector<Range>& ranges,
           const std::vector<char>& stays = {});
  [[nodiscard]] GraphElement variable_element(const ProvenWord& word, std::size_t e, Range range);
  void reduce(graph::ValueId tensor, GraphElements& elements) const;
  [[nodiscard]] GraphElement uncarried(const Rational& low, const Rational& high);
  /// Throws Fault where a function that is not monotone depends on what no word carries: its value
  /// is known between two ends only.
  void check_carried(const GraphElement& g) const;
  /// Proven words stand for themselves from now on: all, or those variables.
  void set_cut_bits(const std::set<int>* only = nullptr);
  void failure(const std::string& text);

  /// Null where the element is proven, `range` its codes; else what is still to be run through.
  /// Throws Fault where the circuit is not what the graph says.
  [[nodiscard]] std::unique_ptr<Task> prove_element(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g, Range& range);
  /// The same, if need be through words whose nets stand for others too.
  [[nodiscard]] std::unique_ptr<Task> prove_through(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g, Range& range);
  [[nodiscard]] bool prove_linear(const ProvenWord& word, std::size_t e, const GraphElement& g,
                                  Range& range);
  /// Of a sum within limits: true where the circuit is shown to be that, `range` its codes.
  [[nodiscard]] bool prove_limited(const ProvenWord& word, std::size_t e, const GraphElement& g,
                                   Range& range);
  [[nodiscard]] std::unique_ptr<Task> make_task(const ProvenWord& word, std::size_t e,
                                                const GraphElement& g);
  void ask_golden(const ProvenWord& word, const std::vector<std::unique_ptr<Task>>& tasks);
  [[nodiscard]] Range prove_argmax(const ProvenWord& word, std::size_t e, const GraphElement& g);
  [[nodiscard]] Range prove_rank(const ProvenWord& word, std::size_t e, const GraphElement& g);
  [[nodiscard]] std::unique_ptr<Task> make_largest_task(const ProvenWord& word, std::size_t e,
                                                        const GraphElement& g);
  [[nodiscard]] std::unique_ptr<Task> make_exhaustive_task(const ProvenWord& word, std::size_t e,
                                                           const GraphElement& g);
  [[nodiscard]] std::unique_ptr<Task> make_max_task(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g);
  [[nodiscard]] std::pair<Rational, Rational> bounds(const RationalForm& form) const;
  /// Of the largest of a kMax element, or of the form of any other.
  [[nodiscard]] std::pair<Rational, Rational> root_bounds(const GraphElement& g) const;

  [[nodiscard]] std::string neuron(const ProvenWord& word, std::size_t e) const;
  [[nodiscard]] std::string variable_name(int variable) const;
  [[nodiscard]] Bits element_bits(const ProvenWord& word, std::size_t e) const;
  [[nodiscard]] RationalForm folded(const RationalForm& form) const;
  [[nodiscard]] LinearForm folded(const LinearForm& form) const;
  [[nodiscard]] std::string narrow_text() const;

  const graph::Graph& graph_;
  const Manifest& manifest_;
  const Netlist& netlist_;
  int threads_;
  std::vector<Variable> variables_;
  std::vector<ProvenWord> words_;  ///< that are cut so far: inputs, then layers
  std::vector<Bits> variable_bits_;
  /// Nets that carry several elements (equal neurons, identities) are one variable.
  std::map<std::pair<Bits, bool>, int> variable_of_bits_;
  LinearView view_;
  SegmentView segment_;
  Depths depths_;
  ProofReport report_;
};

}  // namespace nib::sim
