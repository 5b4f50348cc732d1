// One layer per linear node with the steps behind it, per lone step, sum, concatenation, argmax.
#include "nib/plan/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "nib/base/check.h"
#include "nib/plan/linear_row.h"
#include "nib/rtl/names.h"

namespace nib::plan {
namespace {

using lower::Node;
using lower::ValueId;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Words of one sentence per node of the chain.
void add_text(std::string& all, const std::string& more) {
  if (more.empty()) return;
  if (!all.empty()) all += "; ";
  all += more;
}

std::string operand_name(std::size_t k, std::size_t count) {
  if (count == 1) return "x";
  if (count <= 20) return fmt::format("{}", static_cast<char>(static_cast<std::size_t>(97) + k));
  return fmt::format("p{}_", k);
}

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
      if (op.b.shift >= op.width) op.b = arith::Term{-1, 0, false};
    }
    for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
      if (t->node < 0) continue;
      const int wanted = adds ? op.width - t->shift : 64;
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
    ++count;
  }
  ops.resize(count);
  for (std::int32_t& d : layer.drivers) {
    if (d >= 0) d = place[at(d)];
  }
}

class Layering {
 public:
  Layering(const lower::IntegerGraph& graph, const Flow& flow, Solutions& solutions, Plan& plan)
      : graph_(graph), flow_(flow), solutions_(solutions), plan_(plan) {
    for (const char* reserved : {"top", "axis"}) names_.claim(reserved);
    sources_.resize(graph.values.size());
    readers_.assign(graph.values.size(), 0);
    for (const Node& node : graph.nodes) {
      for (const ValueId id : node.inputs) ++readers_[at(id)];
    }
    for (const ValueId id : graph.outputs) readers_[at(id)] += 2;  // never merged into a layer
    reader_.assign(graph.values.size(), lower::kNone);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      for (const ValueId id : graph.nodes[n].inputs) {
        reader_[at(id)] = static_cast<std::int32_t>(n);
      }
    }
    absorbed_.assign(graph.nodes.size(), 0);
  }

  void run() {
    inputs();
    if (plan_.goal.threads > 1) solutions_.solve_ahead(matrix_problems(), plan_.goal.threads);
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (absorbed_[n] == 0) place(n);
    }
    outputs();
  }

 private:
  void inputs() {
    for (std::size_t k = 0; k < graph_.inputs.size(); ++k) {
      const ValueId id = graph_.inputs[k];
      const std::vector<Range>& range = flow_.range[at(id)];
      Word word = make_word(graph_, id, range, std::vector<char>(range.size(), 1));
      word.tensor = graph_.input_names[k];
      for (std::size_t e = 0; e < word.elements.size(); ++e) {
        word.elements[e].live = flow_.live[at(id)][e] != 0;  // on the port all the same
      }
      plan_.inputs.push_back(std::move(word));
      sources_[at(id)] = whole(-1 - static_cast<std::int32_t>(k), range.size());
      if (plan_.goal.input_register) register_input(id);
    }
  }
  static std::vector<Source> whole(std::int32_t word, std::size_t count) {
    std::vector<Source> result;
    for (std::size_t e = 0; e < count; ++e) {
      result.push_back(Source{word, static_cast<std::int32_t>(e)});
    }
    return result;
  }

  // A layer of wires (and registers, once there are stages) that holds `id` again.
  void pass_through(ValueId id, const std::string& name, const std::string& formula, int extra) {
    Layer layer;
    layer.name = name;
    layer.formula = formula;
    layer.extra_registers = extra;
    LayerBuilder builder(layer, solutions_);
    builder.operand("x", flow_.range[at(id)], sources_[at(id)]);
    layer.drivers.assign(flow_.range[at(id)].size(), -1);
    for (std::size_t e = 0; e < layer.drivers.size(); ++e) {
      if (flow_.live[at(id)][e] == 0) continue;
      const auto element = static_cast<std::int32_t>(e);
      layer.drivers[e] = builder.drive(builder.signal(builder.input(0, element)), element);
    }
    finish(std::move(layer), {id}, id);
  }
  void register_input(ValueId id) {
    const auto& live = flow_.live[at(id)];
    if (std::find(live.begin(), live.end(), 1) == live.end()) return;
    pass_through(id, names_.claim("input_reg"), "input register: y = x", 1);
  }

  void place(std::size_t n) {
    const Node& node = graph_.nodes[n];
    if (std::holds_alternative<lower::Input>(node.op)) return;
    if (const auto* op = std::get_if<lower::Reindex>(&node.op)) {
      std::vector<Source>& y = sources_[at(node.output)];
      for (const std::int32_t s : op->source) y.push_back(sources_[at(node.inputs[0])][at(s)]);
      return;
    }
    const std::vector<char>& live = flow_.live[at(node.output)];
    const bool alive = std::find(live.begin(), live.end(), 1) != live.end();
    if (!alive || wire_concat(node)) {
      sources_[at(node.output)].resize(live.size());
      if (alive) join(node);
      return;
    }
    layer(n);
  }

  // The elements' sources of a Concat, without building anything.
  void join(const Node& node) {
    const std::vector<ConcatSource> from = concat_sources(graph_, node);
    for (std::size_t e = 0; e < from.size(); ++e) {
      sources_[at(node.output)][e] =
          sources_[at(node.inputs[at(from[e].operand)])][at(from[e].element)];
    }
  }
  // True for a Concat whose live elements all come from one word.
  bool wire_concat(const Node& node) const {
    if (!std::holds_alternative<lower::Concat>(node.op)) return false;
    std::set<std::int32_t> words;
    const std::vector<ConcatSource> from = concat_sources(graph_, node);
    for (std::size_t e = 0; e < from.size(); ++e) {
      if (flow_.live[at(node.output)][e] == 0) continue;
      words.insert(sources_[at(node.inputs[at(from[e].operand)])][at(from[e].element)].word);
    }
    return words.size() <= 1;
  }

  // The nodes of the layer that begins at node n: n and the steps that alone read it.
  std::vector<const Node*> chain_from(std::size_t n) const {
    std::vector<const Node*> chain{&graph_.nodes[n]};
    if (std::holds_alternative<lower::ArgMax>(chain[0]->op)) return chain;
    if (std::holds_alternative<lower::Concat>(chain[0]->op)) return chain;
    while (true) {
      const ValueId out = chain.back()->output;
      if (readers_[at(out)] != 1) return chain;
      const std::size_t next = at(reader_[at(out)]);
      const Node& node = graph_.nodes[next];
      const bool merges = std::holds_alternative<lower::Step>(node.op) ||
                          std::holds_alternative<lower::Clamp>(node.op);
      if (!merges) return chain;
      chain.push_back(&node);
    }
  }

  void layer(std::size_t n) {
    const std::vector<const Node*> chain = chain_from(n);
    Layer layer;
    layer.name = names_.claim(rtl::legal_name(chain[0]->name, "layer"));
    for (const Node* node : chain) {
      absorbed_[at(node - graph_.nodes.data())] = 1;
      layer.nodes.insert(layer.nodes.end(), node->sources.begin(), node->sources.end());
      add_text(layer.formula, node->formula);
    }
    LayerBuilder builder(layer, solutions_);
    const Node& head = *chain[0];
    for (std::size_t k = 0; k < head.inputs.size(); ++k) {
      builder.operand(operand_name(k, head.inputs.size()), flow_.range[at(head.inputs[k])],
                      sources_[at(head.inputs[k])]);
    }
    const ValueId result = chain.back()->output;
    layer.drivers.assign(flow_.range[at(result)].size(), -1);
    layer.nonzero = flow_.nonzero[n];
    if (std::holds_alternative<lower::ArgMax>(head.op)) {
      build_argmax(head, builder, layer);
    } else {
      build_chain(chain, builder, layer);
    }
    finish(std::move(layer), head.inputs, result);
  }

  void build_argmax(const Node& node, LayerBuilder& builder, Layer& layer) {
    const std::size_t rows = layer.drivers.size();
    const std::size_t length = flow_.range[at(node.inputs[0])].size() / rows;
    for (std::size_t r = 0; r < rows; ++r) {
      if (flow_.live[at(node.output)][r] == 0) continue;
      std::vector<std::int32_t> entries;
      for (std::size_t i = 0; i < length; ++i) {
        entries.push_back(builder.input(0, static_cast<std::int64_t>(r * length + i)));
      }
      layer.drivers[r] = builder.argmax(entries, static_cast<std::int32_t>(r));
    }
  }

  void build_chain(const std::vector<const Node*>& chain, LayerBuilder& builder, Layer& layer) {
    const std::vector<char>& live = flow_.live[at(chain.back()->output)];
    std::vector<Signal> signals(live.size());
    const Node& head = *chain[0];
    if (const auto* op = std::get_if<lower::Linear>(&head.op)) {
      layer.macs =
          static_cast<std::int64_t>(op->weights.data.size() * live.size()) / op->weights.shape[0];
      linear(*op, flow_.range[at(head.inputs[0])], live, builder, signals);
    } else if (const auto* sum = std::get_if<lower::Sum>(&head.op)) {
      layer.macs = static_cast<std::int64_t>(live.size() * sum->factors.size());
      add_up(*sum, live, builder, signals);
    } else {
      for (std::size_t e = 0; e < live.size(); ++e) {
        if (live[e] != 0) signals[e] = head_element(head, e, builder);
      }
    }
    const bool stepped = std::holds_alternative<lower::Step>(head.op) ||
                         std::holds_alternative<lower::Clamp>(head.op);
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      for (std::size_t i = stepped ? 0 : 1; i < chain.size(); ++i) {
        signals[e] = behind(*chain[i], signals[e], e, builder);
      }
      layer.drivers[e] = builder.drive(signals[e], static_cast<std::int32_t>(e));
    }
  }
  // Step and Clamp alone act on the operand itself; a Concat picks.
  Signal head_element(const Node& head, std::size_t e, LayerBuilder& builder) {
    if (std::holds_alternative<lower::Concat>(head.op)) {
      const ConcatSource from = concat_sources(graph_, head)[e];
      return builder.signal(builder.input(from.operand, from.element));
    }
    return builder.signal(builder.input(0, static_cast<std::int64_t>(e)));
  }
  static Signal behind(const Node& node, const Signal& x, std::size_t e, LayerBuilder& builder) {
    const auto element = static_cast<std::int32_t>(e);
    if (const auto* step = std::get_if<lower::Step>(&node.op)) {
      return builder.step(x, step->steps[step->grouping.of(element)], element);
    }
    const auto& clamp = std::get<lower::Clamp>(node.op);
    return builder.clamp(x, clamp.limits[clamp.grouping.of(element)], element);
  }

  void linear(const lower::Linear& op, const std::vector<Range>& x, const std::vector<char>& live,
              LayerBuilder& builder, std::vector<Signal>& signals) const {
    const std::size_t outs = at(op.weights.shape[0]);
    for (std::size_t row = 0; row < live.size() / outs; ++row) {
      const LinearRow r = linear_row(op, x, live, row);
      if (r.wanted.empty()) continue;
      std::vector<std::int32_t> outputs;
      for (const std::size_t o : r.wanted) {
        outputs.push_back(static_cast<std::int32_t>(row * outs + o));
      }
      const std::vector<Signal> rows = builder.linear(r.problem.matrix, r.columns, r.bias, outputs);
      for (std::size_t k = 0; k < r.wanted.size(); ++k) signals[row * outs + r.wanted[k]] = rows[k];
    }
  }
  /// What linear() will have solved, over all nodes.
  std::vector<MatrixProblem> matrix_problems() const {
    std::vector<MatrixProblem> problems;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      const auto* op = std::get_if<lower::Linear>(&node.op);
      if (op == nullptr) continue;
      const std::vector<char>& live = flow_.live[at(chain_from(n).back()->output)];
      for (std::size_t row = 0; row < live.size() / at(op->weights.shape[0]); ++row) {
        LinearRow r = linear_row(*op, flow_.range[at(node.inputs[0])], live, row);
        if (!r.columns.empty()) problems.push_back(std::move(r.problem));
      }
    }
    return problems;
  }

  void add_up(const lower::Sum& op, const std::vector<char>& live, LayerBuilder& builder,
              std::vector<Signal>& signals) {
    for (std::size_t e = 0; e < live.size(); ++e) {
      if (live[e] == 0) continue;
      const auto element = static_cast<std::int32_t>(e);
      std::vector<Source> columns;
      std::vector<std::int64_t> factors;
      std::int64_t bias = 0;
      for (std::size_t k = 0; k < op.factors.size(); ++k) {
        const auto word = static_cast<std::int32_t>(k);
        const Range r = builder.operand_range(word, element);
        if (r.is_constant()) {
          bias = checked_add(bias, checked_mul(op.factors[k], r.min));
        } else if (op.factors[k] != 0) {
          columns.push_back(Source{word, element});
          factors.push_back(op.factors[k]);
        }
      }
      const Shape shape{1, static_cast<std::int64_t>(factors.size())};
      signals[e] =
          builder.linear(Tensor<std::int64_t>(shape, factors), columns, {bias}, {element})[0];
    }
  }

  // Words and sources of a layer whose operations are complete; trim() cuts them to what is read.
  void finish(Layer layer, const std::vector<ValueId>& operands, ValueId result) {
    for (std::size_t k = 0; k < layer.operands.size(); ++k) {
      const std::vector<Range>& range = flow_.range[at(operands[k])];
      layer.operands[k].word =
          make_word(graph_, operands[k], range, std::vector<char>(range.size(), 1));
    }
    layer.output = make_word(graph_, result, flow_.range[at(result)], flow_.live[at(result)]);
    sources_[at(result)] =
        whole(static_cast<std::int32_t>(plan_.layers.size()), layer.drivers.size());
    plan_.layers.push_back(std::move(layer));
  }

  void outputs() {
    std::vector<std::set<std::int32_t>> words;
    for (const ValueId id : graph_.outputs) words.push_back(words_of(id));
    for (std::size_t k = 0; k < graph_.outputs.size(); ++k) {
      const ValueId id = graph_.outputs[k];
      bool aligned = words[k].size() <= 1;
      for (const std::int32_t w : words[k]) {
        aligned = aligned && w >= 0 && !read_inside(w);
        // Another output that mixes words will read this one from inside.
        for (const auto& others : words)
          aligned = aligned && (others.size() <= 1 || !others.contains(w));
      }
      if (!aligned) pass_through(id, names_.claim("output_align"), "alignment: y = x", 0);
      Word word = make_word(graph_, id, flow_.range[at(id)], flow_.live[at(id)]);
      word.tensor = graph_.output_names[k];
      plan_.outputs.push_back(std::move(word));
      plan_.output_sources.push_back(sources_[at(id)]);
      if (!plan_.goal.output_register) continue;
      for (const std::int32_t w : words_of(id)) plan_.layers[at(w)].extra_registers = 1;
    }
  }
  std::set<std::int32_t> words_of(ValueId id) const {
    std::set<std::int32_t> result;
    for (std::size_t e = 0; e < sources_[at(id)].size(); ++e) {
      if (flow_.live[at(id)][e] != 0) result.insert(sources_[at(id)][e].word);
    }
    return result;
  }
  // True where a layer reads the word.
  bool read_inside(std::int32_t word) const {
    for (const Layer& layer : plan_.layers) {
      for (const Operation& op : layer.operations) {
        if (op.kind == Operation::Kind::kInput &&
            layer.operands[at(op.word)].sources[at(op.index)].word == word) {
          return true;
        }
      }
    }
    return false;
  }

  const lower::IntegerGraph& graph_;
  const Flow& flow_;
  Solutions& solutions_;
  Plan& plan_;
  rtl::NameTable names_;
  std::vector<std::vector<Source>> sources_;
  std::vector<int> readers_;
  std::vector<std::int32_t> reader_;
  std::vector<char> absorbed_;
};

}  // namespace

Word make_word(const lower::IntegerGraph& graph, ValueId id, const std::vector<Range>& range,
               const std::vector<char>& live) {
  const lower::Value& value = graph.value(id);
  Word word;
  word.tensor = value.name;
  word.shape = value.shape;
  if (graph.batched && !word.shape.empty()) word.shape.erase(word.shape.begin());
  for (std::size_t e = 0; e < range.size(); ++e) {
    const auto i = static_cast<std::int64_t>(e);
    Element element;
    element.range = range[e];
    element.scale = value.scale_of(i);
    element.offset = value.offset_of(i);
    if (range[e].is_constant()) {
      element.offset += element.scale * to_rational(range[e].min);
    } else if (live[e] == 0) {
      element.live = false;
    } else {
      element.lsb = word.width;
      element.bits = bits_for(range[e]);
      element.is_signed = is_signed(range[e]);
      word.width += element.bits;
    }
    word.elements.push_back(std::move(element));
  }
  return word;
}

void build_layers(const lower::IntegerGraph& graph, const Flow& flow, Solutions& solutions,
                  Plan& plan) {
  Layering(graph, flow, solutions, plan).run();
}

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
