// Input, one operation, output.
#include "nib/plan/block_graph.h"

#include <cstdint>
#include <utility>

namespace nib::plan {

lower::Value block_value(std::string name, const std::vector<Range>& ranges,
                         const Rational& scale) {
  const auto count = static_cast<std::int64_t>(ranges.size());
  lower::Value value;
  value.name = std::move(name);
  value.shape = {1, count};
  value.grouping = lower::Grouping{1, count};
  value.scale.assign(ranges.size(), scale);
  value.offset.assign(ranges.size(), Rational(0));
  value.range = ranges;
  return value;
}

lower::IntegerGraph block_graph(const BlockText& text, lower::Value x, lower::Value y,
                                lower::Op op) {
  lower::IntegerGraph graph;
  graph.name = text.graph;
  x.producer = 0;
  y.producer = 1;
  graph.values = {std::move(x), std::move(y)};
  graph.nodes.push_back(lower::Node{"x", {}, "", lower::Input{0}, {}, 0});
  graph.nodes.push_back(lower::Node{text.node, {}, text.formula, std::move(op), {0}, 1});
  graph.inputs = {0};
  graph.input_names = {"x"};
  graph.outputs = {1};
  graph.output_names = {"y"};
  lower::verify(graph);
  return graph;
}

}  // namespace nib::plan
