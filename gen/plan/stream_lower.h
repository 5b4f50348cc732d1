// Inside plan: from the integer graph to streaming units, node by node.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nib/plan/stream_builder.h"
#include "nib/plan/stream_chain.h"
#include "nib/plan/stream_layout.h"
#include "nib/plan/stream_matrix.h"

namespace nib::plan {

/// The nodes of a layer: the first, and the steps, clamps and rearrangements that alone read it.
struct StreamChain {
  std::vector<std::size_t> nodes;
  /// By node behind the first: of a rearrangement the output's element of each input's.
  std::vector<std::vector<std::int32_t>> inverse;
  bool computes = false;  ///< steps or clamps stand behind the first
};

class StreamLowering {
 public:
  StreamLowering(const lower::IntegerGraph& graph, const Folding& folding, StreamPlan& plan);
  void run();

 private:
  struct Published {
    Carried stream;
    std::vector<int> channels;  // not taken yet, last first
  };

  // Before anything is built: layers, names, folds (stream_lower.cpp).
  void find_chains();
  [[nodiscard]] StreamChain chain_from(std::size_t n) const;
  [[nodiscard]] bool is_layer(std::size_t n) const;
  void find_folds(const Folding& folding);
  /// Errors E0707: node n cannot be wired in.
  void check_wired(std::size_t n) const;

  // Streams of values.
  [[nodiscard]] Carried take(lower::ValueId id);
  void publish(lower::ValueId id, Carried stream);
  void build(std::size_t n);
  void open_layer(std::size_t n);
  /// Does what the chain of node n does with sums whose elements are those of its output.
  /// `reach`: by channel, as in Point; or none.
  using Reach = std::vector<std::shared_ptr<const std::vector<std::int64_t>>>;
  void finish(std::size_t n, Carried acc, const std::vector<Affine>& sums, const Reach& reach = {});
  [[nodiscard]] Chained function_of(const StreamChain& chain, std::int64_t element, Range x) const;
  /// True if all steps and clamps of the chain treat both elements alike.
  [[nodiscard]] bool same_groups(const StreamChain& chain, std::int64_t a, std::int64_t b) const;
  [[nodiscard]] std::int32_t result_element(const StreamChain& chain, std::int32_t element) const;
  [[nodiscard]] lower::ValueId result_of(std::size_t n) const;
  [[nodiscard]] Range range_of(lower::ValueId id, std::int64_t element) const {
    return graph_.value(id).range_of(element);
  }
  /// 1 for each row whose function falls, for all elements of `elements[row]`.
  [[nodiscard]] std::vector<char> falling_rows(
      std::size_t n, const std::vector<std::vector<std::int32_t>>& elements) const;

  // Ends (stream_ports.cpp).
  void input(std::size_t n);
  void output(std::size_t k);
  [[nodiscard]] StreamPort port_of(const Carried& x, lower::ValueId id, const std::string& tensor,
                                   int channel) const;
  void probe(lower::ValueId id, const Carried& x);

  // Nodes.
  void place(const lower::Input& op, std::size_t n);
  void place(const lower::Linear& op, std::size_t n);
  void place(const lower::Conv& op, std::size_t n);
  void place(const lower::Step& op, std::size_t n);
  void place(const lower::Clamp& op, std::size_t n);
  void place(const lower::Reindex& op, std::size_t n);
  [[nodiscard]] Reach reach_of(const lower::Sum& op, std::size_t n, const Carried& y) const;
  void reorder(const lower::Reindex& op, std::size_t n);
  void place(const lower::Sum& op, std::size_t n);
  void place(const lower::Concat& op, std::size_t n);
  void place(const lower::ArgMax& op, std::size_t n);
  void place(const lower::TopK& op, std::size_t n);
  void place(const lower::MaxPool& op, std::size_t n);
  void pointwise(std::size_t n);
  /// x pixel by pixel with `lanes` lanes a word; the channel of each lane of a pixel.
  [[nodiscard]] std::vector<std::int32_t> to_pixels(Carried& x, const FeatureMap& map,
                                                    std::int64_t lanes);
  void sum_pool(std::size_t n, Carried x, const stream::Window& window,
                std::vector<std::int32_t> order);

  const lower::IntegerGraph& graph_;
  StreamPlan& plan_;
  StreamBuilder builder_;
  rtl::NameTable names_;
  std::vector<std::vector<std::int32_t>> readers_;  // by value: nodes
  std::vector<char> is_output_;                     // by value
  std::vector<StreamChain> chains_;                 // by node
  std::vector<char> absorbed_;                      // by node
  std::vector<std::string> layer_names_;            // by node
  std::vector<LayerFold> folds_;                    // by node
  std::vector<char> folded_;                        // by node: a fold was given
  Layout layout_;
  std::map<lower::ValueId, Published> published_;
};

}  // namespace nib::plan
