// What the graph computes between cut tensors, element by element: an exact linear form, or a
// function of one linear form.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/num/rational.h"
#include "nib/sim/linear.h"

namespace nib::sim {

/// sum of factor * variable + constant over the rationals; terms by variable, none zero.
struct RationalForm {
  std::vector<std::pair<int, Rational>> terms;
  Rational constant = 0;
};

/// One element of a tensor, as a function of the cut words.
struct GraphElement {
  enum class Kind {
    kAffine,  ///< `form`
    kStep,  ///< a function of element root.second of tensor root.first alone, whose form is `form`
    kArgMax,  ///< index of the largest of `candidates`
    kMax,     ///< the largest of `candidates` and `floor`, or a function of it alone (root)
    kRank,    ///< number `rank` of `candidates`, the best first, or its index
    kOther,   ///< anything else: not provable here
  };
  Kind kind = Kind::kOther;
  RationalForm form;
  std::pair<graph::ValueId, std::int64_t> root{graph::kNone, 0};
  /// kStep: elements of one group may be asked of golden in one evaluation. Of kAlone none may.
  int group = 0;
  static constexpr int kAlone = -1;
  /// kStep: exactly the form, limited to these.
  struct Limits {
    std::optional<Rational> low, high;
  };
  std::optional<Limits> limits;
  bool monotone = true;  ///< kStep, kMax: rising or falling in the root's value
  /// kStep, kMax, once reduced: what it yields where the form, or the largest, is at its ends.
  std::optional<std::pair<Rational, Rational>> ends;
  std::vector<RationalForm> candidates;
  /// kArgMax: the value is index_scale * index + index_offset (an index counted from the end).
  Rational index_scale = 1, index_offset = 0;
  std::optional<Rational> floor;  ///< kMax: the largest constant among the candidates
  /// kMax, kRank: the candidates are negated, and so is the value that is found (a smallest one).
  bool negated = false;
  std::size_t rank = 0;  ///< kRank: how many are before it
  bool values = false;   ///< kRank: the value, not the index
};
using GraphElements = std::vector<GraphElement>;

/// Forms of tensors behind a set of cut tensors, computed on demand.
class SegmentView {
 public:
  struct Hooks {
    /// Makes those of the tensor's step functions constants that are constant over all inputs, and
    /// sets the ends of the others.
    std::function<void(graph::ValueId, GraphElements&)> reduce;
    /// A value between two others that no word carries, as a variable.
    std::function<GraphElement(const Rational&, const Rational&)> uncarried;
  };

  SegmentView(const graph::Graph& graph, Hooks hooks) : graph_(graph), hooks_(std::move(hooks)) {}

  /// Elements of `value` as variables: real value = scale * code + offset of each.
  void cut(graph::ValueId value, GraphElements elements);
  /// Elements of `value` over the cut tensors before it.
  [[nodiscard]] const GraphElements& elements(graph::ValueId value);
  /// The same, reduced.
  [[nodiscard]] const GraphElements& reduced(graph::ValueId value);
  /// The same, step functions replaced by variables between their ends: enough to show that what
  /// follows is constant all the same, and nothing else can be shown with it.
  [[nodiscard]] const GraphElements& settled(graph::ValueId value);

 private:
  [[nodiscard]] GraphElements compute(graph::ValueId value);
  [[nodiscard]] GraphElements constant(graph::ValueId value) const;
  [[nodiscard]] bool is_computed_constant(graph::ValueId value) const;

  const graph::Graph& graph_;
  Hooks hooks_;
  std::map<graph::ValueId, GraphElements> known_;
  std::set<graph::ValueId> reduced_;
  std::map<graph::ValueId, GraphElements> settled_;
};

/// a * x + b * y.
[[nodiscard]] RationalForm combine(const RationalForm& x, const Rational& a, const RationalForm& y,
                                   const Rational& b);

}  // namespace nib::sim
