// The largest of several sums: every selection is shown to take the larger of the two words that
// it chooses between, and all candidates to be among those.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "nib/sim/prover.h"

namespace nib::sim {
namespace {

/// A word that carries the largest of some candidates.
struct Largest {
  std::set<std::size_t> of;  ///< distinct candidates
  Range range;               ///< of the word
};

class Selections {
 public:
  /// `wanted`: distinct candidates, as integer forms are on the scale of the word.
  Selections(LinearView& view, std::vector<LinearForm> wanted)
      : view_(view), wanted_(std::move(wanted)) {}

  std::optional<Largest> read(const Bits& bits, Extension extension) {
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

 private:
  std::optional<Largest> candidate(const LinearForm& form) const {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (form.terms == wanted_[i].terms && form.constant == wanted_[i].constant) {
        return Largest{{i}, form.range};
      }
    }
    return std::nullopt;
  }

  std::optional<Largest> selection(const Cell& cell, std::size_t width, Extension extension) {
    if (cell.kind != CellKind::kMux || width > cell.a.size()) return std::nullopt;
    const auto part = [&](const Bits& bits) {
      return read(Bits(bits.begin(), bits.begin() + static_cast<long>(width)), extension);
    };
    const auto low = part(cell.a), high = part(cell.b);  // for 0 and for 1
    if (!low || !high) return std::nullopt;
    const Range both{std::max(low->range.min, high->range.min),
                     std::max(low->range.max, high->range.max)};
    // A word of fewer bits than its values need would be a residue.
    const bool is_signed = extension == Extension::kSigned;
    if (!full_range(static_cast<int>(width), is_signed).contains(hull(low->range, high->range))) {
      return std::nullopt;
    }
    if (!chooses_larger(cell.s[0], low->of, high->of)) return std::nullopt;
    Largest result{low->of, both};
    result.of.insert(high->of.begin(), high->of.end());
    return result;
  }

  /// True where `select` is 1 exactly where `high` is larger; equal values may go either way.
  bool chooses_larger(Bit bit, const std::set<std::size_t>& low,
                      const std::set<std::size_t>& high) {
    bool inverted = false;
    Source select = view_.source(bit);
    while (select.kind == Source::Kind::kCell) {
      const Cell& driver = view_.netlist().cells[static_cast<std::size_t>(select.id)];
      if (driver.kind != CellKind::kNot && driver.kind != CellKind::kLogicNot) break;
      if (driver.a.size() != 1) return false;
      inverted = !inverted;
      select = view_.source(driver.a[0]);
    }
    if (select.kind != Source::Kind::kCell) return false;
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(select.id)];
    const bool less = cell.kind == CellKind::kLt || cell.kind == CellKind::kLe;
    if (!less && cell.kind != CellKind::kGe && cell.kind != CellKind::kGt) return false;
    const Extension extension =
        cell.a_signed && cell.b_signed ? Extension::kSigned : Extension::kUnsigned;
    const auto a = read(cell.a, extension), b = read(cell.b, extension);
    if (!a || !b) return false;
    // 1 says that b is larger (less) or that a is; inverted, the other one.
    const bool b_larger_at_one = less != inverted;
    return b_larger_at_one ? a->of == low && b->of == high : a->of == high && b->of == low;
  }

  LinearView& view_;
  std::vector<LinearForm> wanted_;
};

}  // namespace

Range Prover::prove_max(const ProvenWord& word, std::size_t e, const GraphElement& g) {
  const Element& type = word.word->elements[e];
  std::vector<LinearForm> wanted;
  for (const RationalForm& candidate : g.candidates) {
    LinearForm form;
    const auto whole = [&](const Rational& x) {
      const auto value = x.get_den() == 1 ? to_int64(Integer(x.get_num())) : std::nullopt;
      if (!value) throw Fault{"not provable: a candidate is not on the grid of the result"};
      return *value;
    };
    if (type.scale < 0) throw Fault{"not provable: a negative scale turns the order around"};
    for (const auto& [variable, factor] : candidate.terms) {
      form.terms.emplace_back(variable, whole(factor / type.scale));
    }
    form.constant = whole((candidate.constant - type.offset) / type.scale);
    const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const LinearForm& other) {
      return other.terms == form.terms && other.constant == form.constant;
    });
    if (known) continue;
    const auto bounded = combine(form, 1, LinearForm{}, 0, 0, variables_);
    if (!bounded) throw Fault{"the graph's linear form leaves 64 bits"};
    wanted.push_back(*bounded);
  }
  Selections selections(view_, wanted);
  const auto largest = selections.read(element_bits(word, e),
                                       type.is_signed ? Extension::kSigned : Extension::kUnsigned);
  if (!largest) throw Fault{"not provable: no tree of selections of the larger one"};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (largest->of.count(i) != 0 || wanted[i].range.max <= largest->range.min) continue;
    throw Fault{fmt::format("candidate {} of {} can be the largest, but is not compared", i,
                            wanted.size())};
  }
  return largest->range;
}

}  // namespace nib::sim
