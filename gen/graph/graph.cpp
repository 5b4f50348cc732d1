// Look-ups in a graph and access to its constants.
#include "nib/graph/graph.h"

#include <algorithm>
#include <cstdlib>

#include "nib/base/check.h"

namespace nib::graph {

ValueId Graph::find(std::string_view wanted) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].name == wanted) return static_cast<ValueId>(i);
  }
  return kNone;
}

std::vector<NodeId> Graph::consumers(ValueId id) const {
  std::vector<NodeId> readers;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const auto& in = nodes[n].inputs;
    if (std::find(in.begin(), in.end(), id) != in.end()) {
      readers.push_back(static_cast<NodeId>(n));
    }
  }
  return readers;
}

Tensor<double> as_reals(const Constant& constant) {
  if (const auto* reals = std::get_if<Tensor<double>>(&constant)) return *reals;
  const auto& integers = std::get<Tensor<std::int64_t>>(constant);
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  Tensor<double> reals(integers.shape);
  for (std::int64_t i = 0; i < integers.size(); ++i) {
    NIB_CHECK(-kExact <= integers[i] && integers[i] <= kExact, "an integer that a double holds");
    reals[i] = static_cast<double>(integers[i]);
  }
  return reals;
}

const Shape& shape_of(const Constant& constant) {
  return std::visit([](const auto& tensor) -> const Shape& { return tensor.shape; }, constant);
}

}  // namespace nib::graph
