// Taking one block out of a layer, and telling whether two are the same.
#include "nib/map/kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "nib/base/check.h"

namespace nib::map {
namespace {

using Kind = plan::Operation::Kind;

constexpr std::size_t kLeastPlaces = 3;      // per kernel, on average
constexpr std::size_t kLeastOperations = 8;  // per block, on average

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Takes block after block out of a layer.
class Extractor {
 public:
  explicit Extractor(const plan::Layer& layer) : layer_(layer), own_(layer.blocks.size()) {
    for (std::size_t i = 0; i < layer.operations.size(); ++i) {
      const std::int32_t block = layer.operations[i].block;
      if (block >= 0) own_[at(block)].push_back(static_cast<std::int32_t>(i));
    }
  }

  [[nodiscard]] std::size_t operations(std::size_t block) const { return own_[block].size(); }

  plan::Layer take(std::size_t b) {
    const plan::Block& block = layer_.blocks[b];
    plan::Layer result;
    result.nodes = layer_.nodes;
    result.formula = layer_.formula;
    result.block_text = layer_.block_text;
    result.start_stage = layer_.start_stage;
    result.output_stage = layer_.output_stage;
    result.latency_cycles = layer_.latency_cycles;
    local_.clear();
    inputs(block, own_[b], result);
    steps_.clear();
    for (const std::int32_t i : own_[b]) operation(i, block, result);
    outputs(block, result);
    return result;
  }

 private:
  void inputs(const plan::Block& block, const std::vector<std::int32_t>& own, plan::Layer& result) {
    std::map<std::int32_t, std::int32_t> used;  // operation of each element
    for (const std::int32_t i : own) {
      const plan::Operation& op = layer_.operations[at(i)];
      for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
        if (t->node < 0) continue;
        const plan::Operation& from = layer_.operations[at(t->node)];
        if (from.kind == Kind::kInput) used.emplace(from.index, t->node);
      }
    }
    plan::Operand operand;
    operand.name = layer_.operands[0].name;
    operand.word.tensor = layer_.operands[0].word.tensor;
    operand.word.shape = {static_cast<std::int64_t>(block.inputs.size())};
    operand.sources.resize(block.inputs.size());
    for (std::size_t place = 0; place < block.inputs.size(); ++place) {
      plan::Element element;
      element.live = false;
      const auto found = used.find(block.inputs[place]);
      if (found != used.end()) {
        element = layer_.operands[0].word.elements[at(block.inputs[place])];
        element.lsb = operand.word.width;
        operand.word.width += element.bits;
        plan::Operation op = layer_.operations[at(found->second)];
        op.index = static_cast<std::int32_t>(place);
        local_[found->second] = static_cast<std::int32_t>(result.operations.size());
        result.operations.push_back(std::move(op));
      }
      operand.word.elements.push_back(std::move(element));
    }
    result.operands.push_back(std::move(operand));
  }

  void operation(std::int32_t i, const plan::Block& block, plan::Layer& result) {
    plan::Operation op = layer_.operations[at(i)];
    for (arith::Term* t : {&op.a, &op.b, &op.c}) {
      if (t->node >= 0) t->node = local_.at(t->node);
    }
    if (op.output >= 0) {
      const auto found = std::find(block.outputs.begin(), block.outputs.end(), op.output);
      NIB_CHECK(found != block.outputs.end(), "operations of a block serve its outputs");
      op.output = static_cast<std::int32_t>(found - block.outputs.begin());
    }
    if (op.kind == Kind::kConstant) op.index = 0;  // a place in names of comparisons only
    if (op.step >= 0) {
      const auto [entry, fresh] =
          steps_.try_emplace(op.step, static_cast<std::int32_t>(result.steps.size()));
      if (fresh) result.steps.push_back(layer_.steps[at(op.step)]);
      op.step = entry->second;
    }
    op.block = op.twin = -1;
    local_[i] = static_cast<std::int32_t>(result.operations.size());
    result.operations.push_back(std::move(op));
  }

  void outputs(const plan::Block& block, plan::Layer& result) const {
    result.output.tensor = layer_.output.tensor;
    result.output.shape = {static_cast<std::int64_t>(block.outputs.size())};
    for (const std::int32_t e : block.outputs) {
      plan::Element element = layer_.output.elements[at(e)];
      const std::int32_t driver = layer_.drivers[at(e)];
      element.lsb = result.output.width;
      result.output.width += element.bits;
      result.drivers.push_back(driver < 0 ? -1 : local_.at(driver));
      result.output.elements.push_back(std::move(element));
    }
  }

  const plan::Layer& layer_;
  std::vector<std::vector<std::int32_t>> own_;
  std::map<std::int32_t, std::int32_t> local_, steps_;
};

bool same_term(const arith::Term& a, const arith::Term& b) {
  return std::tie(a.node, a.shift, a.negative) == std::tie(b.node, b.shift, b.negative);
}
bool same_operation(const plan::Operation& a, const plan::Operation& b) {
  const auto facts = [](const plan::Operation& o) {
    return std::tie(o.kind, o.role, o.index, o.constant, o.step, o.limits.min, o.limits.max,
                    o.range.min, o.range.max, o.width, o.stage, o.output);
  };
  return facts(a) == facts(b) && same_term(a.a, b.a) && same_term(a.b, b.b) && same_term(a.c, b.c);
}
bool same_word(const plan::Word& a, const plan::Word& b) {
  return std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                    [](const plan::Element& x, const plan::Element& y) {
                      return x.bits == y.bits && x.is_signed == y.is_signed;
                    });
}

// True where both are the same module, register for register. Kernels of one number were built from
// the same step circuits.
bool same_circuit(const plan::Layer& a, const plan::Layer& b) {
  return a.drivers == b.drivers && same_word(a.output, b.output) &&
         same_word(a.operands[0].word, b.operands[0].word) &&
         std::equal(a.operations.begin(), a.operations.end(), b.operations.begin(),
                    b.operations.end(), same_operation);
}

}  // namespace

std::vector<Kernel> find_kernels(const plan::Layer& layer) {
  if (layer.blocks.size() < kLeastPlaces || layer.operands.size() != 1) return {};
  Extractor extractor(layer);
  std::vector<Kernel> kernels;
  std::multimap<std::int32_t, std::size_t> known;  // by the plan's number
  std::size_t places = 0, operations = 0;
  for (std::size_t b = 0; b < layer.blocks.size(); ++b) {
    if (extractor.operations(b) == 0) continue;
    plan::Layer circuit = extractor.take(b);
    if (circuit.output.width == 0) continue;
    // A constant output has no kernel that drives it.
    if (circuit.operands[0].word.width == 0) return {};
    ++places;
    operations += extractor.operations(b);
    const std::int32_t number = layer.blocks[b].kernel;
    bool found = false;
    for (auto [k, last] = known.equal_range(number); k != last && !found; ++k) {
      found = same_circuit(kernels[k->second].layer, circuit);
      if (found) kernels[k->second].blocks.push_back(b);
    }
    if (found) continue;
    known.emplace(number, kernels.size());
    circuit.name = fmt::format("k{} of layer {}", kernels.size(), layer.name);
    kernels.push_back(Kernel{std::move(circuit), {b}});
  }
  const bool worthwhile =
      places >= kLeastPlaces * kernels.size() && operations >= kLeastOperations * places;
  return worthwhile ? std::move(kernels) : std::vector<Kernel>{};
}

}  // namespace nib::map
