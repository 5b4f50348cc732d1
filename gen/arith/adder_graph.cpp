// Adder graphs: linear forms and the bit-exact model.
#include "nib/arith/adder_graph.h"

#include <utility>

#include "nib/base/check.h"

namespace nib::arith {

Tensor<std::int64_t> linear_forms(const AdderGraph& graph) {
  using Form = std::vector<std::pair<std::int32_t, std::int64_t>>;
  std::vector<Form> forms(graph.nodes.size());
  const auto scaled = [&](const Term& term, std::size_t i) {
    const auto& [input, k] = forms[static_cast<std::size_t>(term.node)][i];
    return std::pair(input,
                     checked_mul(k, (term.negative ? -1 : 1) * (std::int64_t{1} << term.shift)));
  };
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const AdderNode& node = graph.nodes[n];
    if (node.is_input()) {
      forms[n] = {{static_cast<std::int32_t>(n), 1}};
      continue;
    }
    const std::size_t size_a = forms[static_cast<std::size_t>(node.a.node)].size();
    const std::size_t size_b = forms[static_cast<std::size_t>(node.b.node)].size();
    std::size_t i = 0, j = 0;
    while (i < size_a || j < size_b) {
      std::pair<std::int32_t, std::int64_t> entry{-1, 0};
      if (i < size_a) entry = scaled(node.a, i);
      if (j < size_b) {
        const auto other = scaled(node.b, j);
        if (entry.first < 0 || other.first < entry.first) {
          entry = other, ++j;
          forms[n].push_back(entry);
          continue;
        }
        if (other.first == entry.first) entry.second = checked_add(entry.second, other.second), ++j;
      }
      ++i;
      if (entry.second != 0) forms[n].push_back(entry);
    }
  }
  const auto outputs = static_cast<std::int64_t>(graph.outputs.size());
  Tensor<std::int64_t> matrix(Shape{outputs, graph.inputs}, 0);
  for (std::int64_t o = 0; o < outputs; ++o) {
    const auto& term = graph.outputs[static_cast<std::size_t>(o)].term;
    if (!term) continue;
    for (std::size_t i = 0; i < forms[static_cast<std::size_t>(term->node)].size(); ++i) {
      const auto [input, k] = scaled(*term, i);
      matrix[o * graph.inputs + input] = k;
    }
  }
  return matrix;
}

std::vector<std::int64_t> evaluate(const AdderGraph& graph, const std::vector<std::int64_t>& x) {
  NIB_CHECK(static_cast<std::int32_t>(x.size()) == graph.inputs, "one value per input");
  std::vector<BigInt> values(graph.nodes.size());
  const auto value = [&](const Term& term) {
    const BigInt v = values[static_cast<std::size_t>(term.node)] << term.shift;
    return term.negative ? -v : v;
  };
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const AdderNode& node = graph.nodes[n];
    values[n] = node.is_input() ? BigInt(x[n]) : value(node.a) + value(node.b);
    NIB_CHECK(node.range.contains(values[n]), "a value outside its range");
  }
  std::vector<std::int64_t> y;
  for (const AdderOutput& output : graph.outputs) {
    y.push_back((output.term ? value(*output.term) : BigInt(0)) + output.bias);
  }
  return y;
}

}  // namespace nib::arith
