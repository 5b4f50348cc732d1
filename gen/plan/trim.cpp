// What is never read is taken away; what is left gets its widths.
#include "nib/plan/trim.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "nib/base/check.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Which input elements anything reads.
void note_live_inputs(Plan& plan) {
  for (Word& word : plan.inputs) {
    for (Element& e : word.elements) e.live = false;
  }
  const auto note = [&](const Source& s) {
    if (s.word < 0) plan.inputs[at(-1 - s.word)].elements[at(s.element)].live = true;
  };
  for (const Layer& layer : plan.layers) {
    for (const Operation& op : layer.operations) {
      if (op.kind == Operation::Kind::kInput) {
        note(layer.operands[at(op.word)].sources[at(op.index)]);
      }
    }
  }
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    for (std::size_t e = 0; e < plan.outputs[k].elements.size(); ++e) {
      if (plan.outputs[k].elements[e].bits > 0) note(plan.output_sources[k][e]);
    }
  }
}

// Elements that nobody reads lose their bits.
void repack(Word& word, const std::vector<char>& read) {
  word.width = 0;
  for (std::size_t e = 0; e < word.elements.size(); ++e) {
    Element& element = word.elements[e];
    if (element.bits == 0) continue;
    if (read[e] == 0) {
      element.bits = 0;
      element.live = false;
      continue;
    }
    element.lsb = word.width;
    word.width += element.bits;
  }
}

// Declares every sum as wide as its readers need: sums are exact modulo their width. A term that
// lies above the width adds nothing.
void narrow(Layer& layer) {
  std::vector<Operation>& ops = layer.operations;
  std::vector<int> need(ops.size(), 0);
  for (std::size_t e = 0; e < layer.drivers.size(); ++e) {
    const std::int32_t d = layer.drivers[e];
    if (d >= 0) need[at(d)] = std::max(need[at(d)], layer.output.elements[e].bits);
  }
  for (std::size_t i = ops.size(); i-- > 0;) {
    Operation& op = ops[i];
    op.width = std::max(1, bits_for(op.range));
    const bool adds = op.kind == Operation::Kind::kAdd;
    if (adds && need[i] > 0) op.width = std::min(op.width, need[i]);
    if (adds && op.b.node >= 0) {
      if (op.a.shift >= op.width) std::swap(op.a, op.b);
      if (op.b.shift >= op.width) {
        op.above = op.b;
        op.b = arith::Term{-1, 0, false};
      }
    }
    for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
      if (t->node < 0) continue;
      const int wanted = adds ? op.width - t->shift : std::max(1, bits_for(ops[at(t->node)].range));
      need[at(t->node)] = std::max(need[at(t->node)], wanted);
    }
  }
}

// Removes operations that no driver needs; keeps the order.
void prune(Layer& layer) {
  std::vector<Operation>& ops = layer.operations;
  std::vector<char> used(ops.size(), 0);
  for (const std::int32_t d : layer.drivers) {
    if (d >= 0) used[at(d)] = 1;
  }
  for (std::size_t i = ops.size(); i-- > 0;) {
    if (used[i] == 0) continue;
    for (const arith::Term* t : {&ops[i].a, &ops[i].b, &ops[i].c}) {
      if (t->node >= 0) used[at(t->node)] = 1;
    }
  }
  std::vector<std::int32_t> place(ops.size(), -1);
  std::size_t count = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (used[i] == 0) continue;
    place[i] = static_cast<std::int32_t>(count);
    if (count != i) ops[count] = std::move(ops[i]);
    for (arith::Term* t : {&ops[count].a, &ops[count].b, &ops[count].c}) {
      if (t->node >= 0) t->node = place[at(t->node)];
    }
    auto& above = ops[count].above;
    if (above && above->node >= 0) above->node = place[at(above->node)];
    ++count;
  }
  ops.resize(count);
  for (std::int32_t& d : layer.drivers) {
    if (d >= 0) d = place[at(d)];
  }
}

}  // namespace

void trim(Plan& plan) {
  std::vector<std::vector<char>> read;
  for (const Layer& layer : plan.layers) read.emplace_back(layer.drivers.size(), 0);
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    for (std::size_t e = 0; e < plan.outputs[k].elements.size(); ++e) {
      const Source& s = plan.output_sources[k][e];
      if (plan.outputs[k].elements[e].bits > 0 && s.word >= 0) read[at(s.word)][at(s.element)] = 1;
    }
  }
  for (std::size_t l = plan.layers.size(); l-- > 0;) {
    Layer& layer = plan.layers[l];
    repack(layer.output, read[l]);
    for (std::size_t e = 0; e < layer.drivers.size(); ++e) {
      if (layer.output.elements[e].bits == 0) layer.drivers[e] = -1;
    }
    prune(layer);
    narrow(layer);
    prune(layer);
    std::vector<std::vector<char>> used;
    for (const Operand& operand : layer.operands) used.emplace_back(operand.sources.size(), 0);
    for (const Operation& op : layer.operations) {
      const bool adds =
          op.kind == Operation::Kind::kAdd && (op.b.node >= 0 || op.constant != 0 || op.a.negative);
      if (adds) ++layer.adders;
      if (op.kind != Operation::Kind::kInput) continue;
      used[at(op.word)][at(op.index)] = 1;
      const Source& s = layer.operands[at(op.word)].sources[at(op.index)];
      if (s.word >= 0) read[at(s.word)][at(s.element)] = 1;
    }
    for (std::size_t k = 0; k < used.size(); ++k) repack(layer.operands[k].word, used[k]);
  }
  note_live_inputs(plan);
  for (std::size_t l = plan.layers.size(); l-- > 0;) {
    if (plan.layers[l].output.width == 0) drop_layer(plan, static_cast<std::int32_t>(l));
  }
}

void drop_layer(Plan& plan, std::int32_t layer) {
  const Layer& gone = plan.layers[at(layer)];
  const auto redirect = [&](Source& s) {
    if (s.word != layer) {
      s.word -= s.word > layer ? 1 : 0;
      return;
    }
    const std::int32_t driver = gone.drivers[at(s.element)];
    if (driver < 0) {  // nobody reads it
      s = Source{};
      return;
    }
    const Operation& input = gone.operations[at(gone.operations[at(driver)].a.node)];
    NIB_CHECK(input.kind == Operation::Kind::kInput, "only wires can be dropped");
    s = gone.operands[at(input.word)].sources[at(input.index)];
  };
  for (Layer& reader : plan.layers) {
    if (&reader == &gone) continue;
    for (Operand& operand : reader.operands) {
      for (Source& s : operand.sources) redirect(s);
    }
  }
  for (auto& sources : plan.output_sources) {
    for (Source& s : sources) redirect(s);
  }
  plan.layers.erase(plan.layers.begin() + layer);
}

void link_words(Plan& plan) {
  for (Layer& layer : plan.layers) {
    layer.inputs.clear();
    for (const Operation& op : layer.operations) {
      if (op.kind != Operation::Kind::kInput) continue;
      const std::int32_t word = layer.operands[at(op.word)].sources[at(op.index)].word;
      if (std::find(layer.inputs.begin(), layer.inputs.end(), word) == layer.inputs.end()) {
        layer.inputs.push_back(word);
      }
    }
  }
  plan.output_layers.clear();
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    std::int32_t word = -1;
    for (std::size_t e = plan.outputs[k].elements.size(); e-- > 0;) {
      if (plan.outputs[k].elements[e].bits > 0) word = plan.output_sources[k][e].word;
    }
    plan.output_layers.push_back(word);
  }
}

}  // namespace nib::plan
