// ArgMax as a tournament: every comparison is shown to be between the largest of two neighbouring
// groups, then the index logic is run through all outcomes of the comparisons.
#include <fmt/format.h>

#include <algorithm>

#include "nib/sim/prover.h"

namespace nib::sim {
namespace {

constexpr std::size_t kMaxComparisons = 20;

bool is_comparison(CellKind kind) {
  return kind == CellKind::kLt || kind == CellKind::kLe || kind == CellKind::kGe ||
         kind == CellKind::kGt;
}

/// The largest of candidates first .. last: one candidate, or what comparison `cell` joins.
struct Group {
  int first = 0, last = 0;
  int cell = -1;
};

/// A comparison of two neighbouring groups; its bit tells whether the later one is larger.
struct Comparison {
  Group low, high;
  bool high_wins_at_one = true;  ///< the bit is 1 where the later group is chosen
  bool strict = true;            ///< the later group is chosen only where it is strictly larger
};

class Tournament {
 public:
  Tournament(LinearView& view, std::vector<RationalForm> candidates)
      : view_(view), candidates_(std::move(candidates)) {}

  /// The group whose maximum `bits` carry; nullopt where they carry nothing of the kind.
  std::optional<Group> group(const Bits& bits, Extension extension) {
    if (const auto form = view_.value(bits, extension)) return candidate(*form);
    Bits content = bits;
    while (!content.empty() && content.back() == kBit0) {
      content.pop_back();
      extension = Extension::kUnsigned;
    }
    if (content.empty()) return std::nullopt;
    const Source first = view_.source(content.front());
    while (extension == Extension::kSigned && content.size() > 1 &&
           view_.source(content.back()) == view_.source(content[content.size() - 2])) {
      content.pop_back();
    }
    if (first.kind != Source::Kind::kCell) return std::nullopt;
    for (std::size_t i = 0; i < content.size(); ++i) {
      const Source expected{first.kind, false, first.id, static_cast<int>(i)};
      if (view_.source(content[i]) != expected) return std::nullopt;
    }
    return selection(view_.netlist().cells[static_cast<std::size_t>(first.id)], content.size(),
                     extension);
  }

  /// What a comparison cell compares.
  std::optional<Comparison> comparison(int id) {
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(id)];
    if (!is_comparison(cell.kind)) return std::nullopt;
    const Extension extension =
        cell.a_signed && cell.b_signed ? Extension::kSigned : Extension::kUnsigned;
    const auto a = group(cell.a, extension), b = group(cell.b, extension);
    if (!a || !b) return std::nullopt;
    const bool ordered = a->last + 1 == b->first;
    if (!ordered && b->last + 1 != a->first) return std::nullopt;
    Comparison c{ordered ? *a : *b, ordered ? *b : *a, true, true};
    // a < b with a the earlier group: 1 where the later one is strictly larger.
    const bool less = cell.kind == CellKind::kLt || cell.kind == CellKind::kLe;
    const bool or_equal = cell.kind == CellKind::kLe || cell.kind == CellKind::kGe;
    c.high_wins_at_one = less == ordered;
    c.strict = c.high_wins_at_one != or_equal;
    return c;
  }

 private:
  std::optional<Group> selection(const Cell& cell, std::size_t width, Extension extension) {
    if (cell.kind != CellKind::kMux) return std::nullopt;
    const auto part = [&](const Bits& bits) {
      return group(Bits(bits.begin(), bits.begin() + static_cast<long>(width)), extension);
    };
    const auto a = part(cell.a), b = part(cell.b);
    if (!a || !b) return std::nullopt;
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
    const bool b_is_high = b->first == c->high.first && b->last == c->high.last &&
                           a->first == c->low.first && a->last == c->low.last;
    const bool a_is_high = a->first == c->high.first && a->last == c->high.last &&
                           b->first == c->low.first && b->last == c->low.last;
    if (!(b_is_high && c->high_wins_at_one != inverted) &&
        !(a_is_high && c->high_wins_at_one == inverted)) {
      return std::nullopt;
    }
    return Group{c->low.first, c->high.last, select.id};
  }

  /// The candidate that `form` is, on the scale that all share: scale * form + offset, scale > 0.
  std::optional<Group> candidate(const LinearForm& form) {
    if (form.terms.empty()) return std::nullopt;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const RationalForm& c = candidates_[i];
      if (c.terms.size() != form.terms.size()) continue;
      const Rational scale = c.terms[0].second / to_rational(form.terms[0].second);
      bool same = scale > 0;
      for (std::size_t t = 0; t < c.terms.size() && same; ++t) {
        same = c.terms[t].first == form.terms[t].first &&
               c.terms[t].second == scale * to_rational(form.terms[t].second);
      }
      if (!same) continue;
      const Rational offset = c.constant - scale * to_rational(form.constant);
      if (!known_) {
        known_ = true;
        scale_ = scale;
        offset_ = offset;
      }
      if (scale != scale_ || offset != offset_) return std::nullopt;
      return Group{static_cast<int>(i), static_cast<int>(i), -1};
    }
    return std::nullopt;
  }

  LinearView& view_;
  std::vector<RationalForm> candidates_;
  bool known_ = false;
  Rational scale_ = 1, offset_ = 0;
};

/// Outcomes of all comparisons, by cell.
struct Outcomes {
  std::map<int, Comparison> comparisons;
  std::map<int, bool> bit;

  [[nodiscard]] int winner(const Group& group) const {
    if (group.cell < 0) return group.first;
    const Comparison& c = comparisons.at(group.cell);
    return winner(bit.at(group.cell) == c.high_wins_at_one ? c.high : c.low);
  }
};

}  // namespace

Range Prover::prove_argmax(const ProvenWord& word, std::size_t e, const GraphElement& g) {
  Tournament tournament(view_, g.candidates);
  const auto is_leaf = [&](const Source& s) {
    return s.kind == Source::Kind::kCell &&
           is_comparison(netlist_.cells[static_cast<std::size_t>(s.id)].kind);
  };
  Program program(view_, element_bits(word, e), is_leaf);
  const int count = static_cast<int>(g.candidates.size());
  Outcomes outcomes;
  Group all{0, count - 1, count == 1 ? -1 : INT32_MAX};
  for (const ProgramLeaf& leaf : program.leaves()) {
    const auto c = is_leaf(leaf.signal) ? tournament.comparison(leaf.signal.id) : std::nullopt;
    if (!c) throw Fault{"not provable: the index depends on more than a tournament's comparisons"};
    if (!c->strict) throw Fault{"a comparison gives equal values to the later index"};
    outcomes.comparisons[leaf.signal.id] = *c;
    if (c->low.first == 0 && c->high.last == count - 1) all.cell = leaf.signal.id;
  }
  if (all.cell == INT32_MAX) throw Fault{"no comparison covers all candidates"};
  for (const auto& [id, c] : outcomes.comparisons) {
    for (const Group* part : {&c.low, &c.high}) {
      if (part->cell >= 0 && outcomes.comparisons.count(part->cell) == 0) {
        throw Fault{"the index does not follow one of the comparisons"};
      }
    }
  }
  const std::size_t n = program.leaves().size();
  if (n > kMaxComparisons) throw Fault{fmt::format("not provable: {} comparisons", n)};
  Range range{INT64_MAX, INT64_MIN};
  for (std::uint64_t mask = 0; mask < std::uint64_t{1} << n; ++mask) {
    std::vector<std::int64_t> bits(n);
    for (std::size_t i = 0; i < n; ++i) {
      bits[i] = static_cast<std::int64_t>(mask >> i & 1U);
      outcomes.bit[program.leaves()[i].signal.id] = bits[i] != 0;
    }
    std::uint64_t code = 0;
    const bool defined = program.run(bits, code);
    ++report_.points;
    const int winner = outcomes.winner(all);
    const Element& type = word.word->elements[e];
    const Rational value = type.scale * to_rational(static_cast<std::int64_t>(code)) + type.offset;
    if (!defined || value != winner) {
      throw Fault{fmt::format("where candidate {} wins, the index is {}", winner, code)};
    }
    range = {std::min(range.min, static_cast<std::int64_t>(code)),
             std::max(range.max, static_cast<std::int64_t>(code))};
  }
  return range;
}

}  // namespace nib::sim
