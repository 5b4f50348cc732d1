// One layer per linear node or pool with the steps behind it, per lone step, sum, concatenation,
// selection.
#include "nib/plan/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "nib/base/check.h"
#include "nib/plan/layer_body.h"
#include "nib/plan/layer_builder.h"
#include "nib/plan/linear_block.h"
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
      for (const std::int32_t s : op->source) {
        y.push_back(s == lower::Reindex::kFilled ? Source{} : sources_[at(node.inputs[0])][at(s)]);
      }
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
  Chain chain_from(std::size_t n) const {
    Chain chain{&graph_.nodes[n]};
    const auto& head = chain[0]->op;
    const bool chooses =
        std::holds_alternative<lower::ArgMax>(head) || std::holds_alternative<lower::TopK>(head);
    if (chooses || std::holds_alternative<lower::Concat>(head)) return chain;
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
    const Chain chain = chain_from(n);
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
    build_body(graph_, flow_, chain, builder, layer);
    finish(std::move(layer), head.inputs, result);
  }

  /// The matrices of all linear nodes.
  std::vector<MatrixProblem> matrix_problems() const {
    std::vector<MatrixProblem> problems;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      if (!LinearBlocks::applies(node)) continue;
      const std::vector<char>& live = flow_.live[at(chain_from(n).back()->output)];
      const LinearBlocks blocks(graph_, node);
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        LinearProblem p = linear_problem(blocks[b], flow_.range[at(node.inputs[0])], live);
        if (!p.columns.empty()) problems.push_back(std::move(p.problem));
      }
    }
    return problems;
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

}  // namespace nib::plan
