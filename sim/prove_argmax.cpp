// ArgMax as a tournament: every comparison is shown to be between the largest of two groups of
// candidates, the earlier one winning where they are equal; then the index logic is shown to follow
// the winner. Candidates that can never win may stand outside.
#include <fmt/format.h>

#include <algorithm>

#include "nib/sim/prover.h"

namespace nib::sim {
namespace {

bool is_comparison(CellKind kind) {
  return kind == CellKind::kLt || kind == CellKind::kLe || kind == CellKind::kGe ||
         kind == CellKind::kGt;
}

/// The largest of some entries: one, or what comparison `cell` chooses.
struct Group {
  std::vector<int> entries;  ///< in the order in which they win where they are equal
  int cell = -1;
};

/// A comparison of two groups, told by its bit.
struct Comparison {
  Group low, high;               ///< `low` wins where they are equal
  bool high_wins_at_one = true;  ///< the bit is 1 where `high` is chosen
};

/// Reads the comparisons and choices of the netlist. Entries are the linear forms that it compares.
class Tournament {
 public:
  explicit Tournament(LinearView& view) : view_(view) {}

  [[nodiscard]] const std::vector<LinearForm>& entries() const { return entries_; }

  /// The group whose largest `bits` carry: exactly, as a number of that extension, or modulo their
  /// size (kNone); nullopt where they carry nothing of the kind.
  std::optional<Group> group(const Bits& bits, Extension extension) {
    if (auto form = view_.value(bits, extension)) return entry(std::move(*form));
    // Not linear: a choice between two groups, perhaps continued.
    Bits content = bits;
    while (!content.empty() && content.back() == kBit0) {
      content.pop_back();
      extension = Extension::kUnsigned;
    }
    if (content.empty()) return std::nullopt;
    while (extension != Extension::kUnsigned && content.size() > 1 &&
           view_.source(content.back()) == view_.source(content[content.size() - 2])) {
      content.pop_back();
      extension = Extension::kSigned;
    }
    const Source first = view_.source(content.front());
    if (first.kind != Source::Kind::kCell) return std::nullopt;
    for (std::size_t i = 0; i < content.size(); ++i) {
      const Source expected{first.kind, false, first.id, static_cast<int>(i)};
      if (view_.source(content[i]) != expected) return std::nullopt;
    }
    auto chosen =
        selection(view_.netlist().cells[static_cast<std::size_t>(first.id)], content.size());
    if (!chosen || extension == Extension::kNone) return chosen;
    const Range word =
        full_range(static_cast<int>(content.size()), extension == Extension::kSigned);
    return word.contains(largest(*chosen)) ? chosen : std::nullopt;
  }

  /// What a comparison cell compares.
  std::optional<Comparison> comparison(int id) {
    const auto known = comparisons_.find(id);
    if (known != comparisons_.end()) return known->second;
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(id)];
    if (!is_comparison(cell.kind)) return std::nullopt;
    const Extension extension =
        cell.a_signed && cell.b_signed ? Extension::kSigned : Extension::kUnsigned;
    auto a = group(cell.a, extension), b = group(cell.b, extension);
    if (!a || !b) return comparisons_[id] = std::nullopt;
    // a < b and a <= b are 1 where b may win; a < b and a >= b give equal values to a.
    const bool one_is_b = cell.kind == CellKind::kLt || cell.kind == CellKind::kLe;
    const bool a_at_tie = cell.kind == CellKind::kLt || cell.kind == CellKind::kGe;
    Comparison c{std::move(a_at_tie ? *a : *b), std::move(a_at_tie ? *b : *a),
                 one_is_b == a_at_tie};
    return comparisons_[id] = std::move(c);
  }

 private:
  Group entry(LinearForm form) {
    entries_.push_back(std::move(form));
    return {{static_cast<int>(entries_.size()) - 1}, -1};
  }

  /// Of the largest of the entries.
  Range largest(const Group& group) const {
    Range range = entries_[static_cast<std::size_t>(group.entries[0])].range;
    for (const int entry : group.entries) {
      const Range own = entries_[static_cast<std::size_t>(entry)].range;
      range = {std::max(range.min, own.min), std::max(range.max, own.max)};
    }
    return range;
  }

  /// A choice by a comparison of its branches, modulo 2^width.
  std::optional<Group> selection(const Cell& cell, std::size_t width) {
    if (cell.kind != CellKind::kMux) return std::nullopt;
    bool inverted = false;
    Source select = view_.source(cell.s[0]);
    while (select.kind == Source::Kind::kCell) {
      const Cell& driver = view_.netlist().cells[static_cast<std::size_t>(select.id)];
      if (driver.kind != CellKind::kNot && driver.kind != CellKind::kLogicNot) break;
      if (driver.a.size() != 1) return std::nullopt;
      inverted = !inverted;
      select = view_.source(driver.a[0]);
    }
    if (select.kind != Source::Kind::kCell) return std::nullopt;
    const auto c = comparison(select.id);
    if (!c) return std::nullopt;
    const bool b_is_high = c->high_wins_at_one != inverted;
    const auto carries = [&](const Bits& bits, const Group& wanted) {
      return is_group(Bits(bits.begin(), bits.begin() + static_cast<long>(width)), wanted);
    };
    if (!carries(cell.b, b_is_high ? c->high : c->low) ||
        !carries(cell.a, b_is_high ? c->low : c->high)) {
      return std::nullopt;
    }
    Group both = c->low;
    both.entries.insert(both.entries.end(), c->high.entries.begin(), c->high.entries.end());
    both.cell = select.id;
    return both;
  }

  /// True where `bits` carry the largest of `wanted` modulo their size.
  bool is_group(const Bits& bits, const Group& wanted) {
    const std::size_t before = entries_.size();
    const auto found = group(bits, Extension::kNone);
    bool same = found && found->cell == wanted.cell;
    if (same && wanted.cell < 0) {
      same = congruent(entries_[static_cast<std::size_t>(found->entries[0])],
                       entries_[static_cast<std::size_t>(wanted.entries[0])],
                       static_cast<int>(bits.size()));
    }
    entries_.resize(before);  // they were looked at, no more
    return same;
  }

  LinearView& view_;
  std::vector<LinearForm> entries_;
  std::map<int, std::optional<Comparison>> comparisons_;
};

/// Smallest and largest value of a form.
std::pair<Rational, Rational> limits_of(const RationalForm& form,
                                        const std::vector<Variable>& variables) {
  std::pair<Rational, Rational> result{form.constant, form.constant};
  for (const auto& [variable, factor] : form.terms) {
    const Range range = variables[static_cast<std::size_t>(variable)].range;
    const Rational a = factor * to_rational(range.min), b = factor * to_rational(range.max);
    result.first += std::min(a, b);
    result.second += std::max(a, b);
  }
  return result;
}

bool equal(const RationalForm& c, const LinearForm& form, const Rational& scale,
           const Rational& offset) {
  if (c.terms.size() != form.terms.size()) return false;
  for (std::size_t t = 0; t < c.terms.size(); ++t) {
    if (c.terms[t].first != form.terms[t].first ||
        c.terms[t].second != scale * to_rational(form.terms[t].second)) {
      return false;
    }
  }
  return c.constant == scale * to_rational(form.constant) + offset;
}

/// Throws Fault unless entry i is candidate indices[i], all on one scale > 0, and the indices
/// ascend.
void check_entries(const std::vector<LinearForm>& entries, const std::vector<int>& indices,
                   const std::vector<RationalForm>& candidates) {
  Rational scale = 1, offset = 0;
  const auto wrong = [](int index) {
    return Fault{fmt::format("what wins as candidate {} is another sum", index)};
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const RationalForm& c = candidates[static_cast<std::size_t>(indices[i])];
    if (entries[i].terms.empty()) continue;
    if (c.terms.empty()) throw wrong(indices[i]);
    scale = c.terms[0].second / to_rational(entries[i].terms[0].second);
    offset = c.constant - scale * to_rational(entries[i].constant);
    break;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const RationalForm& c = candidates[static_cast<std::size_t>(indices[i])];
    if (scale <= 0 || !equal(c, entries[i], scale, offset)) throw wrong(indices[i]);
    if (i > 0 && indices[i] <= indices[i - 1]) {
      throw Fault{fmt::format("candidates {} and {}, where equal, are taken in the wrong order",
                              indices[i], indices[i - 1])};
    }
  }
}

/// Throws Fault where a candidate outside of `inside` may win against all of them.
void check_outsiders(const std::vector<int>& inside, const std::vector<RationalForm>& candidates,
                     const std::vector<Variable>& variables) {
  for (int j = 0; j < static_cast<int>(candidates.size()); ++j) {
    if (std::find(inside.begin(), inside.end(), j) != inside.end()) continue;
    const Rational most = limits_of(candidates[static_cast<std::size_t>(j)], variables).second;
    const bool beaten = std::any_of(inside.begin(), inside.end(), [&](int i) {
      const RationalForm& rival = candidates[static_cast<std::size_t>(i)];
      const RationalForm& own = candidates[static_cast<std::size_t>(j)];
      const bool same = i < j && rival.terms == own.terms && rival.constant == own.constant;
      const Rational least = limits_of(rival, variables).first;
      return same || least > most || (least == most && i < j);
    });
    if (!beaten) throw Fault{fmt::format("candidate {} may win, but is not compared", j)};
  }
}

/// Bits of the comparisons on the way to the winning entry; those of others stay open.
void way_to(int entry, const Group& group, const std::map<int, Comparison>& comparisons,
            std::map<int, bool>& bits) {
  if (group.cell < 0) return;
  const Comparison& c = comparisons.at(group.cell);
  const auto& high = c.high.entries;
  const bool is_high = std::find(high.begin(), high.end(), entry) != high.end();
  bits[group.cell] = is_high == c.high_wins_at_one;
  way_to(entry, is_high ? c.high : c.low, comparisons, bits);
}

}  // namespace

Range Prover::prove_argmax(const ProvenWord& word, std::size_t e, const GraphElement& g) {
  std::vector<RationalForm> candidates;
  for (const RationalForm& form : g.candidates) candidates.push_back(folded(form));
  Tournament tournament(view_);
  const auto is_leaf = [&](const Source& s) {
    return s.kind == Source::Kind::kCell &&
           is_comparison(netlist_.cells[static_cast<std::size_t>(s.id)].kind);
  };
  Program program(view_, element_bits(word, e), is_leaf);
  std::map<int, Comparison> comparisons;
  Group all;
  for (const ProgramLeaf& leaf : program.leaves()) {
    const auto c = is_leaf(leaf.signal) ? tournament.comparison(leaf.signal.id) : std::nullopt;
    if (!c) throw Fault{"not provable: the index depends on more than a tournament's comparisons"};
    comparisons[leaf.signal.id] = *c;
    if (c->low.entries.size() + c->high.entries.size() <= all.entries.size()) continue;
    all = c->low;
    all.entries.insert(all.entries.end(), c->high.entries.begin(), c->high.entries.end());
    all.cell = leaf.signal.id;
  }
  for (const auto& [id, c] : comparisons) {
    for (const Group* part : {&c.low, &c.high}) {
      if (part->cell >= 0 && comparisons.count(part->cell) == 0) {
        throw Fault{"the index does not follow one of the comparisons"};
      }
    }
  }
  if (comparisons.size() + 1 != std::max<std::size_t>(all.entries.size(), 1)) {
    throw Fault{"no comparison covers all candidates"};
  }
  if (comparisons.empty()) all.entries = {0};
  const Element& type = word.word->elements[e];
  std::optional<Range> range;
  std::vector<int> inside;  // the candidate that each of `all` is taken for
  for (const int entry : all.entries) {
    std::map<int, bool> bits;
    way_to(entry, all, comparisons, bits);
    std::vector<CyclicInterval> leaves;
    for (const ProgramLeaf& leaf : program.leaves()) {
      const auto bit = bits.find(leaf.signal.id);
      leaves.push_back(bit == bits.end() ? CyclicInterval{0, 1}
                                         : CyclicInterval{bit->second ? 1U : 0U, 0});
    }
    const auto code = program.run_over(leaves);
    ++report_.points;
    if (!code) throw Fault{"where one of the candidates wins, the index is not settled"};
    const auto index = static_cast<std::int64_t>(*code);
    const Rational value =
        (type.scale * to_rational(index) + type.offset - g.index_offset) / g.index_scale;
    if (value.get_den() != 1 || value < 0 || value >= static_cast<long>(candidates.size())) {
      throw Fault{fmt::format("the index may be {}", to_string(value))};
    }
    inside.push_back(static_cast<int>(value.get_num().get_si()));
    range = range ? hull(*range, {index, index}) : Range{index, index};
  }
  if (!comparisons.empty()) {
    std::vector<LinearForm> forms;
    for (const int entry : all.entries) {
      forms.push_back(folded(tournament.entries()[static_cast<std::size_t>(entry)]));
    }
    check_entries(forms, inside, candidates);
  }
  check_outsiders(inside, candidates, variables_);
  return range.value();
}

}  // namespace nib::sim
