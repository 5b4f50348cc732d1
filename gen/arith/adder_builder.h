// Builds an adder graph node by node: structural sharing, exact linear forms and ranges.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "nib/arith/adder_graph.h"

namespace nib::arith {

/// A graph in the making. Every node keeps its linear form over the inputs, from which its range is
/// exact, however the tree below it looks.
class AdderBuilder {
 public:
  explicit AdderBuilder(const std::vector<Range>& inputs);

  /// The term a + b, reduced: an equal sum is built once, a common shift or sign stays outside the
  /// node. Terms that cancel set cancelled(). `keep_sign`: a difference is built as it stands
  /// (for a root), else a sum and its negative share one node.
  Term add(Term a, Term b, bool keep_sign = false);

  [[nodiscard]] const AdderNode& node(std::int32_t id) const {
    return graph_.nodes[static_cast<std::size_t>(id)];
  }
  /// Two terms added up to zero: the graph is of no use.
  [[nodiscard]] bool cancelled() const { return cancelled_; }
  [[nodiscard]] int depth(std::int32_t id) const { return node(id).depth; }
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(graph_.nodes.size()); }
  /// Range of the term over the input box.
  [[nodiscard]] Range range_of(const Term& term) const;
  [[nodiscard]] AdderGraph& graph() { return graph_; }
  [[nodiscard]] const AdderGraph& graph() const { return graph_; }

 private:
  using Form = std::vector<std::pair<std::int32_t, std::int64_t>>;  // sorted by input

  [[nodiscard]] Form sum(const Term& a, const Term& b) const;
  [[nodiscard]] Range range_of(const Form& form) const;

  bool cancelled_ = false;
  AdderGraph graph_;
  std::vector<Range> inputs_;
  std::vector<Form> forms_;
  std::map<std::pair<std::pair<std::int32_t, int>, std::pair<std::int32_t, int>>, std::int32_t>
      known_;  // (node, shift), (node, shift * 2 + negative)
};

}  // namespace nib::arith
