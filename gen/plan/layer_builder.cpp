// Operations of one layer.
#include "nib/plan/layer_builder.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "nib/base/check.h"
#include "nib/plan/flow.h"

namespace nib::plan {
namespace {

using Kind = Operation::Kind;
using Role = Operation::Role;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

BigInt floor_shift(const BigInt& x, int shift) { return x >> shift; }
BigInt ceil_shift(const BigInt& x, int shift) { return -((-x) >> shift); }

// The function over n where x = +-(n << shift) + constant: sign, shift and bias move into the
// thresholds and cost nothing.
arith::Steps over_node(const lower::StepFunction& f, const Signal& x, Range domain) {
  std::vector<BigInt> thresholds;
  std::vector<std::int64_t> levels = f.levels;
  for (const BigInt& t : f.thresholds) {
    // x >= t, in terms of n: n >= u, or (negative) not n >= u.
    thresholds.push_back(x.term.negative ? floor_shift(x.constant - t, x.term.shift) + 1
                                         : ceil_shift(t - x.constant, x.term.shift));
  }
  if (x.term.negative) {
    std::reverse(thresholds.begin(), thresholds.end());
    std::reverse(levels.begin(), levels.end());
  }
  arith::Steps result;
  result.domain = domain;
  result.levels.push_back(levels.front());
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    const BigInt& u = thresholds[i];
    const std::int64_t level = levels[i + 1];
    if (u > domain.max) break;
    const bool replaces =
        u <= domain.min || (!result.thresholds.empty() && result.thresholds.back() == u);
    if (replaces) {
      result.levels.back() = level;
    } else {
      result.thresholds.push_back(u);
      result.levels.push_back(level);
    }
    // Neighbours of one level are one step.
    const std::size_t count = result.levels.size();
    if (count > 1 && result.levels[count - 1] == result.levels[count - 2]) {
      result.levels.pop_back();
      result.thresholds.pop_back();
    }
  }
  return result;
}

}  // namespace

std::int32_t LayerBuilder::append(Operation op) {
  op.width = std::max(1, bits_for(op.range));
  layer_.operations.push_back(std::move(op));
  return static_cast<std::int32_t>(layer_.operations.size()) - 1;
}

Range LayerBuilder::range(std::int32_t operation) const {
  return layer_.operations[at(operation)].range;
}

void LayerBuilder::limit(std::int32_t operation, Range r) {
  Operation& op = layer_.operations[at(operation)];
  op.range = r;
  op.width = std::max(1, bits_for(r));
}

void LayerBuilder::operand(std::string name, const std::vector<Range>& ranges,
                           const std::vector<Source>& sources) {
  Operand port;
  port.name = std::move(name);
  port.sources = sources;
  layer_.operands.push_back(std::move(port));
  ranges_.push_back(ranges);
  inputs_.emplace_back(ranges.size(), -1);
}

std::int32_t LayerBuilder::constant(const BigInt& value, std::int64_t place) {
  Operation op;
  op.kind = Kind::kConstant;
  op.index = static_cast<std::int32_t>(place);
  op.constant = value;
  op.range = Range{value, value};
  op.role = Role::kConstant;
  return append(std::move(op));
}

std::int32_t LayerBuilder::input(std::int32_t word, std::int64_t element) {
  std::int32_t& known = inputs_[at(word)][at(element)];
  const Range r = ranges_[at(word)][at(element)];
  if (r.is_constant()) return constant(r.min, element);
  if (known < 0) {
    Operation op;
    op.kind = Kind::kInput;
    op.word = word;
    op.index = static_cast<std::int32_t>(element);
    op.range = r;
    op.role = Role::kInput;
    known = append(std::move(op));
  }
  return known;
}

Signal LayerBuilder::signal(std::int32_t operation) const {
  const Operation& op = layer_.operations[at(operation)];
  if (op.kind == Kind::kConstant) return Signal{{-1, 0, false}, op.constant, op.range};
  return Signal{{operation, 0, false}, 0, op.range};
}

std::vector<Signal> LayerBuilder::linear(const Tensor<std::int64_t>& matrix,
                                         const std::vector<Source>& columns,
                                         const std::vector<BigInt>& bias,
                                         const std::vector<std::int32_t>& outputs) {
  const std::size_t rows = outputs.size();
  std::vector<Signal> result(rows);
  std::vector<std::int32_t> node_op;
  std::vector<Range> ranges;
  for (const Source& c : columns) {
    node_op.push_back(input(c.word, c.element));
    ranges.push_back(range(node_op.back()));
  }
  for (std::size_t r = 0; r < rows; ++r) {
    result[r].constant = bias[r];
    result[r].range = Range{bias[r], bias[r]};
  }
  if (columns.empty()) return result;
  const arith::AdderGraph& graph = solutions_.solve(matrix, ranges);

  // Which output alone needs a node: -1 nobody yet, -2 several.
  std::vector<std::int32_t> owner(graph.nodes.size(), -1);
  const auto needs = [&](std::int32_t node, std::int32_t who) {
    std::int32_t& o = owner[at(node)];
    o = o == -1 || o == who ? who : -2;
  };
  for (std::size_t r = 0; r < rows; ++r) {
    if (graph.outputs[r].term) needs(graph.outputs[r].term->node, outputs[r]);
  }
  for (std::size_t n = graph.nodes.size(); n-- > at(graph.inputs);) {
    if (owner[n] == -1) continue;
    needs(graph.nodes[n].a.node, owner[n]);
    needs(graph.nodes[n].b.node, owner[n]);
  }
  for (std::size_t n = at(graph.inputs); n < graph.nodes.size(); ++n) {
    const arith::AdderNode& node = graph.nodes[n];
    Operation op;
    op.kind = Kind::kAdd;
    op.a = node.a;
    op.b = node.b;
    op.range = node.range;
    op.role = owner[n] < 0 ? Role::kShared : Role::kPart;
    op.output = std::max(owner[n], -1);
    if (owner[n] == -1) {  // nobody needs it
      node_op.push_back(-1);
      continue;
    }
    op.a.node = node_op[at(node.a.node)];
    op.b.node = node_op[at(node.b.node)];
    node_op.push_back(append(std::move(op)));
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const arith::AdderOutput& out = graph.outputs[r];
    if (!out.term) continue;
    result[r].term = *out.term;
    result[r].term.node = node_op[at(out.term->node)];
    result[r].range = out.range + result[r].range;
    Operation& op = layer_.operations[at(result[r].term.node)];
    if (op.role == Role::kPart && owner[at(out.term->node)] == outputs[r]) op.role = Role::kAcc;
  }
  return result;
}

std::int32_t LayerBuilder::materialise(const Signal& x, Role role, std::int32_t output) {
  if (x.term.node < 0) return constant(x.constant);
  if (x.term.shift == 0 && !x.term.negative && x.constant == 0) return x.term.node;
  Operation op;
  op.kind = Kind::kAdd;
  op.a = x.term;
  op.constant = x.constant;
  op.range = x.range;
  op.role = role;
  op.output = output;
  return append(std::move(op));
}

Signal LayerBuilder::step(const Signal& x, const lower::StepFunction& f, std::int32_t output) {
  const lower::StepFunction reachable = restricted(f, x.range);
  if (x.term.node < 0 || reachable.thresholds.empty()) {
    const std::int64_t level = x.term.node < 0 ? f(x.constant) : reachable.levels.front();
    return Signal{{-1, 0, false}, level, Range{level, level}};
  }
  const arith::Steps steps = over_node(reachable, x, range(x.term.node));
  const arith::StepCircuit& circuit = solutions_.circuit(steps);
  if (const auto* level = std::get_if<arith::ConstantLevel>(&circuit.form)) {
    return Signal{{-1, 0, false}, level->value, Range{level->value, level->value}};
  }
  auto [entry, fresh] =
      step_index_.try_emplace(&circuit, static_cast<std::int32_t>(layer_.steps.size()));
  if (fresh) layer_.steps.push_back(circuit);
  Operation op;
  op.kind = Kind::kStep;
  op.a = arith::Term{x.term.node, 0, false};
  op.step = entry->second;
  op.range = reachable.image();
  op.role = Role::kOutput;
  op.output = output;
  return signal(append(std::move(op)));
}

Signal LayerBuilder::clamp(const Signal& x, Range limits, std::int32_t output) {
  if (limits.contains(x.range)) return x;
  const Range r{std::clamp(x.range.min, limits.min, limits.max),
                std::clamp(x.range.max, limits.min, limits.max)};
  if (r.is_constant()) return Signal{{-1, 0, false}, r.min, r};
  Operation op;
  op.kind = Kind::kClamp;
  op.a = arith::Term{materialise(x, Role::kBiased, output), 0, false};
  op.limits = limits;
  op.range = r;
  op.role = Role::kOutput;
  op.output = output;
  return signal(append(std::move(op)));
}

std::int32_t LayerBuilder::drive(const Signal& x, std::int32_t output) {
  if (x.term.node >= 0 && x.term.shift == 0 && !x.term.negative && x.constant == 0) {
    const Operation& op = layer_.operations[at(x.term.node)];
    const bool own = op.output == output && (op.role == Role::kAcc || op.role == Role::kOutput);
    if (own) return x.term.node;
    Operation copy;
    copy.kind = Kind::kAdd;
    copy.a = x.term;
    copy.range = x.range;
    copy.role = Role::kOutput;
    copy.output = output;
    return append(std::move(copy));
  }
  return materialise(x, Role::kOutput, output);
}

}  // namespace nib::plan
