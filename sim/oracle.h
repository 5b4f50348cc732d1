// The golden model of a build: the model file in the folder, read again, and its codes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "nib/golden/golden.h"
#include "nib/graph/graph.h"
#include "nib/sim/manifest.h"
#include "nib/sim/words.h"

namespace nib::sim {

/// The model of the build, read as it was built. Errors: E0904 the hash, E0909 no model or tensors
/// that the graph does not hold, and what import says.
[[nodiscard]] graph::Graph read_source(const std::filesystem::path& folder, const Manifest& m);

/// Port codes of rows: one vector per word, rows x elements.
struct CodeRows {
  std::int64_t rows = 0;
  std::vector<std::vector<BigInt>> inputs, outputs, layers;
};

/// Golden values as port codes. Not thread-safe.
class Oracle {
 public:
  /// `graph` and `manifest` must outlive it. E0909 where they do not fit.
  Oracle(const graph::Graph& graph, const Manifest& manifest, bool round_input);

  /// Evaluates rows (one tensor per graph input, batch first). With `layers`, the codes of every
  /// layer that has a probe too. Throws Fault where a golden value has no code in the manifest.
  [[nodiscard]] CodeRows evaluate(std::span<const Tensor<double>> inputs, bool layers);

  /// Real inputs of rows of codes: codes of all input words side by side, row after row.
  [[nodiscard]] std::vector<Tensor<double>> values_of(std::span<const std::int64_t> codes) const;
  /// Elements of all input words, in the order of values_of.
  [[nodiscard]] const std::vector<Element>& elements() const { return elements_; }
  [[nodiscard]] const golden::Evaluator& evaluator() const { return evaluator_; }

 private:
  struct Grid {
    const Word* word;
    std::vector<Rational> scale, offset;
  };
  [[nodiscard]] std::vector<BigInt> codes(const golden::Reals& reals, const Grid& grid,
                                          const std::string& what) const;

  const Manifest& manifest_;
  golden::Evaluator evaluator_;
  std::vector<Element> elements_;
  std::vector<double> fast_scale_;  ///< exact double scale of an element without offset, or 0
  std::vector<Grid> grids_;         ///< inputs, outputs, layers with a probe
  std::vector<std::size_t> layer_of_grid_;
  std::vector<graph::ValueId> keep_;  ///< in the order of grids_
  std::vector<double> spacing_;       ///< least distance of codes, of each kept tensor
};

/// Value of the tensor that `word` names; E0909 where the graph has none or another size.
[[nodiscard]] graph::ValueId tensor_of(const graph::Graph& graph, const Word& word,
                                       const std::string& what);

}  // namespace nib::sim
