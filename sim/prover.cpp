// The order of the proof: inputs, then each layer over the words before it, then the outputs.
#include "nib/sim/prover.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

#include "nib/base/error.h"
#include "nib/sim/oracle.h"
#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

Bits net_bits(const std::map<std::string, Bits>& nets, const std::string& name, int width,
              const std::string& what) {
  const auto found = nets.find(name);
  if (found == nets.end()) throw Fault{fmt::format("{}: the netlist has no net {}", what, name)};
  if (static_cast<int>(found->second.size()) != width) {
    throw Fault{fmt::format("{}: net {} is {} bits wide, the manifest says {}", what, name,
                            found->second.size(), width)};
  }
  return found->second;
}

/// Cells between `bits` and the nets in `stop`.
std::vector<int> cone(const Netlist& netlist, const Bits& bits, const std::set<Bit>& stop) {
  std::set<int> seen;
  std::vector<Bit> open(bits.begin(), bits.end());
  bool first = true;
  std::size_t roots = bits.size();
  while (!open.empty()) {
    const Bit bit = open.back();
    open.pop_back();
    first = roots > 0;
    if (roots > 0) --roots;
    const Driver driver = netlist.driver(bit);
    if (driver.cell < 0 || (!first && stop.count(bit) != 0)) continue;
    if (!seen.insert(driver.cell).second) continue;
    const Cell& cell = netlist.cells[static_cast<std::size_t>(driver.cell)];
    for (const auto* pins : {&cell.a, &cell.b, &cell.s}) {
      for (const Bit b : *pins) {
        if (b >= 2 && stop.count(b) == 0) open.push_back(b);
      }
    }
  }
  return {seen.begin(), seen.end()};
}

/// The bits of a code that are nets: code = (word of `bits` << shift) + constant.
struct VaryingBits {
  Bits bits;
  bool is_signed = false;
  int shift = 0;
  BigInt constant = 0;
};

VaryingBits varying_bits(const Bits& bits, bool is_signed) {
  VaryingBits result;
  std::size_t low = 0, high = bits.size();
  const auto is_constant = [](Bit bit) { return bit == kBit0 || bit == kBit1; };
  const auto add = [&](std::size_t i) {
    if (bits[i] != kBit1) return;
    const BigInt weight = power_of_two(static_cast<int>(i));
    result.constant += is_signed && i + 1 == bits.size() ? -weight : weight;
  };
  while (low < high && is_constant(bits[low])) add(low++);
  result.is_signed = is_signed && low < high && !is_constant(bits.back());
  while (high > low && is_constant(bits[high - 1])) add(--high);
  while (result.is_signed && high > low + 1 && bits[high - 1] == bits[high - 2]) --high;
  result.shift = static_cast<int>(low);
  result.bits.assign(bits.begin() + static_cast<long>(low), bits.begin() + static_cast<long>(high));
  return result;
}

/// What the graph reads to compute an element.
std::set<int> variables_of(const GraphElement& g) {
  std::set<int> variables;
  std::vector<RationalForm> forms = g.candidates;
  forms.push_back(g.form);
  for (const RationalForm& form : forms) {
    for (const auto& [variable, factor] : form.terms) variables.insert(variable);
  }
  return variables;
}

/// x where `bit` is (reset ? 0 : x); kBitX where it is anything else.
Bit behind_reset(const Netlist& netlist, Bit bit, Bit reset) {
  const Driver driver = netlist.driver(bit);
  if (driver.cell < 0) return kBitX;
  const Cell& cell = netlist.cells[static_cast<std::size_t>(driver.cell)];
  const auto i = static_cast<std::size_t>(driver.index);
  const bool clears = cell.kind == CellKind::kMux && cell.s == Bits{reset} && cell.b[i] == kBit0;
  return clears ? cell.a[i] : kBitX;
}

}  // namespace

Prover::Prover(const graph::Graph& graph, const Manifest& manifest, const Netlist& netlist,
               int threads)
    : graph_(graph),
      manifest_(manifest),
      netlist_(netlist),
      threads_(std::max(threads, 1)),
      view_(netlist, variables_),
      segment_(graph, {[this](graph::ValueId id, GraphElements& e) { reduce(id, e); },
                       [this](const Rational& a, const Rational& b) { return uncarried(a, b); }}),
      depths_(netlist, manifest.clock) {}

std::string Prover::neuron(const ProvenWord& word, std::size_t e) const {
  return fmt::format("{} neuron {}", word.name, e);
}

std::string Prover::variable_name(int variable) const {
  const Variable& v = variables_[static_cast<std::size_t>(variable)];
  if (v.word < 0) return "a value that no word carries";
  const ProvenWord& word = words_[static_cast<std::size_t>(v.word)];
  return fmt::format("{}[{}]", word.word->tensor, v.element);
}

Bits Prover::element_bits(const ProvenWord& word, std::size_t e) const {
  const Element& element = word.word->elements[e];
  const auto begin = word.bits.begin() + element.lsb;
  return element.bits == 0 ? Bits{} : Bits(begin, begin + element.bits);
}

void Prover::failure(const std::string& text) {
  if (report_.failures++ == 0) report_.first = text;
}

std::string Prover::narrow_text() const {
  return view_.narrow().empty() ? "" : "; " + view_.narrow().front();
}

RationalForm Prover::folded(const RationalForm& form) const {
  RationalForm result;
  result.constant = form.constant;
  for (const auto& [variable, factor] : form.terms) {
    const Range range = variables_[static_cast<std::size_t>(variable)].range;
    if (range.is_constant()) {
      result.constant += factor * to_rational(range.min);
    } else {
      result.terms.emplace_back(variable, factor);
    }
  }
  return result;
}

LinearForm Prover::folded(const LinearForm& form) const {
  LinearForm result;
  result.constant = form.constant;
  for (const auto& [variable, factor] : form.terms) {
    const Range range = variables_[static_cast<std::size_t>(variable)].range;
    if (range.is_constant()) {
      result.constant += factor * range.min;  // in range: form.range was computed without overflow
    } else {
      result.terms.emplace_back(variable, factor);
    }
  }
  result.range = form.range;
  return result;
}

GraphElement Prover::variable_element(const ProvenWord& word, std::size_t e, Range range) {
  const Element& type = word.word->elements[e];
  if (!type.live) return {};
  VaryingBits varying = varying_bits(element_bits(word, e), type.is_signed);
  GraphElement g;
  g.kind = GraphElement::Kind::kAffine;
  g.form.constant = type.offset + type.scale * to_rational(varying.constant);
  if (varying.bits.empty()) return g;
  Rational factor = scale2(type.scale, varying.shift);
  if (varying.bits.size() == 1 && varying.is_signed) {
    // The same net may be an unsigned element elsewhere: a signed bit is -1 times an unsigned one.
    varying.is_signed = false;
    factor = -factor;
    range = {varying.constant - (range.min - varying.constant),
             varying.constant - (range.max - varying.constant)};
    std::swap(range.min, range.max);
  }
  const auto next = static_cast<int>(variables_.size());
  const auto [found, is_new] =
      variable_of_bits_.try_emplace({varying.bits, varying.is_signed}, next);
  g.form.terms.emplace_back(found->second, factor);
  Range reduced{-(-(range.min - varying.constant) >> varying.shift),
                (range.max - varying.constant) >> varying.shift};
  const auto width = static_cast<int>(varying.bits.size());
  if (reduced.min > reduced.max) reduced = full_range(width, varying.is_signed);
  if (!is_new) {
    Range& known = variables_[static_cast<std::size_t>(found->second)].range;
    known = {std::max(known.min, reduced.min), std::min(known.max, reduced.max)};
    if (known.min > known.max) known = reduced;
    return g;
  }
  Variable v{static_cast<int>(words_.size()), static_cast<int>(e), type, reduced};
  v.type.bits = width;
  v.type.is_signed = varying.is_signed;
  variables_.push_back(v);
  variable_bits_.push_back(varying.bits);
  return g;
}

GraphElement Prover::uncarried(const Rational& low, const Rational& high) {
  GraphElement g;
  g.kind = GraphElement::Kind::kAffine;
  g.form.constant = std::min(low, high);
  if (low == high) return g;
  g.form.terms.emplace_back(static_cast<int>(variables_.size()), abs(Rational(high - low)));
  variables_.push_back({-1, 0, {}, {0, 1}});
  variable_bits_.emplace_back();
  return g;
}

void Prover::check_carried(const GraphElement& g) const {
  if (g.monotone) return;
  for (const int variable : variables_of(g)) {
    if (variables_[static_cast<std::size_t>(variable)].word < 0) {
      throw Fault{"not provable: a function that is not monotone of a value that no word carries"};
    }
  }
}

void Prover::cut(const ProvenWord& word, const std::vector<Range>& ranges,
                 const std::vector<char>& stays) {
  GraphElements elements;
  for (std::size_t e = 0; e < word.word->elements.size(); ++e) {
    // What the word does not carry stays what the graph computes.
    const bool is_new = word.word->elements[e].live && (stays.empty() || stays[e] == 0);
    elements.push_back(is_new ? variable_element(word, e, ranges[e])
                              : segment_.elements(word.tensor)[e]);
  }
  words_.push_back(word);
  segment_.cut(word.tensor, std::move(elements));
}

void Prover::add_inputs() {
  for (const PortWord& port : manifest_.inputs) {
    ProvenWord word;
    word.name = "input " + port.name;
    word.word = &port.word;
    word.tensor = tensor_of(graph_, port.word, word.name);
    word.bits = net_bits(netlist_.ports, port.port, port.word.width, word.name);
    std::vector<Range> ranges;
    for (const Element& e : port.word.elements) ranges.push_back(e.range);
    cut(word, ranges);
  }
}

void Prover::set_cut_bits(const std::set<int>* only) {
  // Words may share nets. Alone, a net stands for the variable that was made last; a repeated sign
  // bit for its first place.
  LinearView::Places places;
  for (std::size_t v = variable_bits_.size(); v-- > 0;) {
    if (only != nullptr && only->count(static_cast<int>(v)) == 0) continue;
    const Bits& bits = variable_bits_[v];
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (bits[i] < 2) continue;
      places[bits[i]].emplace_back(static_cast<int>(v), static_cast<int>(i));
    }
  }
  view_.cut(std::move(places));
}

void Prover::check_valid() {
  const auto port = [&](const std::string& name) {
    return net_bits(netlist_.ports, name, 1, "the valid pipeline")[0];
  };
  const Bit start = port(manifest_.inputs[0].valid);
  Bit bit = port(manifest_.outputs[0].valid);
  const bool has_reset =
      !manifest_.reset.empty() && (!manifest_.axis || netlist_.ports.count(manifest_.reset) != 0);
  const Bit reset = has_reset ? port(manifest_.reset) : kBitX;
  int registers = 0;
  while (bit != start && registers <= kMaxLatency) {
    const Driver driver = netlist_.driver(bit);
    if (driver.cell < 0) break;
    const Cell& cell = netlist_.cells[static_cast<std::size_t>(driver.cell)];
    const auto i = static_cast<std::size_t>(driver.index);
    const auto initial = netlist_.initial.find(bit);
    Bit next = kBitX;
    if (cell.kind == CellKind::kDff) {
      next = has_reset ? behind_reset(netlist_, cell.a[i], reset) : cell.a[i];
    } else if (cell.kind == CellKind::kSdff && cell.reset == reset && cell.reset_rising &&
               cell.b.at(i) == kBit0) {
      next = cell.a[i];
    }
    if (next == kBitX) break;
    if (initial == netlist_.initial.end() || initial->second) {
      return failure(fmt::format("valid pipeline: register {} does not start at 0", cell.source));
    }
    bit = next;
    ++registers;
  }
  if (bit != start) {
    failure("valid pipeline: out_valid is not in_valid behind registers alone");
  } else if (registers != manifest_.latency) {
    failure(fmt::format("valid pipeline: {} registers, the manifest says {}", registers,
                        manifest_.latency));
  }
}

void Prover::check_depths(const ProvenWord& word) {
  std::set<Bit> stop;
  for (const ProvenWord& before : words_) stop.insert(before.bits.begin(), before.bits.end());
  for (std::size_t e = 0; e < word.word->elements.size(); ++e) {
    const Bits bits = element_bits(word, e);
    std::string wrong;
    for (std::size_t i = 0; i < bits.size() && wrong.empty(); ++i) {
      const int depth = depths_.of(bits[i]);
      if (depth == kAnyDepth || depth == word.stage) continue;
      wrong = depth < 0
                  ? fmt::format("bit {} is not driven", i)
                  : fmt::format("bit {} stands behind {} registers, not {}", i, depth, word.stage);
    }
    if (!depths_.faults().empty()) {
      for (const int cell : cone(netlist_, bits, stop)) {
        const auto fault = depths_.faults().find(cell);
        if (fault != depths_.faults().end()) wrong = fault->second;
      }
    }
    if (!wrong.empty()) failure(neuron(word, e) + ": registers: " + wrong);
  }
}

std::unique_ptr<Prover::Task> Prover::make_largest_task(const ProvenWord& word, std::size_t e,
                                                        const GraphElement& g) {
  try {
    return make_max_task(word, e, g);
  } catch (const Fault&) {
    return make_exhaustive_task(word, e, g);  // narrow words are no selections any more
  }
}

std::unique_ptr<Prover::Task> Prover::prove_element(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g, Range& range) {
  switch (g.kind) {
    case GraphElement::Kind::kArgMax:
      range = prove_argmax(word, e, g);
      return nullptr;
    case GraphElement::Kind::kRank:
      range = prove_rank(word, e, g);
      return nullptr;
    case GraphElement::Kind::kMax:
      return make_largest_task(word, e, g);
    default:
      if (prove_linear(word, e, g, range) || prove_limited(word, e, g, range)) return nullptr;
      return make_task(word, e, g);
  }
}

std::unique_ptr<Prover::Task> Prover::prove_through(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g, Range& range) {
  try {
    return prove_element(word, e, g, range);
  } catch (const Fault&) {
    // Where two layers compute the same, Yosys leaves one, whose word stands in the other's place:
    // seen through, as all words that the graph does not read here.
    const std::set<int> read = variables_of(g);
    set_cut_bits(&read);
    std::unique_ptr<Task> task;
    bool holds = true;
    try {
      task = prove_element(word, e, g, range);
    } catch (const Fault&) {
      holds = false;
    } catch (...) {
      set_cut_bits();
      throw;
    }
    set_cut_bits();
    if (!holds) throw;
    return task;
  }
}

void Prover::prove(const ProvenWord& word) {
  const GraphElements& graph = segment_.elements(word.tensor);
  set_cut_bits();
  std::vector<Range> ranges(word.word->elements.size());
  std::vector<std::unique_ptr<Task>> tasks;
  // A variable once more, delayed or scaled: the same registers beside each other are one then.
  std::vector<char> stays(ranges.size(), 0);
  for (std::size_t e = 0; e < ranges.size(); ++e) {
    ranges[e] = word.word->elements[e].range;
    if (!word.word->elements[e].live) continue;  // not built; whoever depends on it is not proven
    ++report_.neurons;
    try {
      if (auto task = prove_through(word, e, graph[e], ranges[e])) {
        tasks.push_back(std::move(task));
      } else if (graph[e].kind == GraphElement::Kind::kAffine) {
        stays[e] = graph[e].form.terms.size() == 1 ? 1 : 0;
      }
    } catch (const Fault& fault) {
      failure(neuron(word, e) + ": " + fault.text + narrow_text());
    } catch (const Error& error) {
      failure(fmt::format("{}: not provable ({}: {})", neuron(word, e), to_string(error.code()),
                          error.detail()));
    }
  }
  std::vector<std::thread> workers;
  const auto work = [&](std::size_t first) {
    for (std::size_t t = first; t < tasks.size(); t += static_cast<std::size_t>(threads_)) {
      tasks[t]->enumerate();
    }
  };
  for (int i = 1; i < threads_; ++i) workers.emplace_back(work, static_cast<std::size_t>(i));
  work(0);
  for (std::thread& worker : workers) worker.join();
  ask_golden(word, tasks);
  for (const auto& task : tasks) {
    report_.points += task->points;
    if (!task->error.empty())
      failure(neuron(word, task->element) + ": " + task->error + task->narrow);
    if (!task->runs.empty()) ranges[task->element] = task->image();
  }
  for (std::size_t e = 0; e < ranges.size(); ++e) {
    const Range stated = word.word->elements[e].range;
    if (word.word->elements[e].live && !stated.contains(ranges[e])) {
      failure(fmt::format("{}: codes {} leave the manifest's {}", neuron(word, e),
                          to_string(ranges[e]), to_string(stated)));
      ranges[e] = stated;
    }
  }
  cut(word, ranges, stays);
}

ProofReport Prover::run() {
  add_inputs();
  check_valid();
  std::vector<ProvenWord> words;
  for (const LayerProbe& layer : manifest_.layers) {
    if (layer.net.empty()) continue;
    ProvenWord word;
    word.name = "layer " + layer.name;
    word.word = &layer.word;
    word.tensor = tensor_of(graph_, layer.word, word.name);
    word.bits = net_bits(netlist_.nets, layer.net, layer.word.width, word.name);
    word.stage = layer.stage;
    words.push_back(std::move(word));
  }
  for (const PortWord& port : manifest_.outputs) {
    ProvenWord word;
    word.name = "output " + port.name;
    word.word = &port.word;
    word.tensor = tensor_of(graph_, port.word, word.name);
    word.bits = net_bits(netlist_.ports, port.port, port.word.width, word.name);
    word.stage = manifest_.latency;
    words.push_back(std::move(word));
  }
  for (const ProvenWord& word : words) {
    check_depths(word);
    prove(word);
  }
  return report_;
}

}  // namespace nib::sim
