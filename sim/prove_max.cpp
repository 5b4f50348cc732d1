// The largest of several sums: every selection is shown to take the larger of the two words that
// it chooses between, and all candidates to be among those.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

/// A word that carries the largest of some candidates.
struct Largest {
  std::set<std::size_t> of;
  Range range;  ///< of the word
};

class Selections {
 public:
  Selections(LinearView& view, const std::vector<RationalForm>& candidates)
      : view_(view), candidates_(candidates) {}

  /// What a signal carries, read in the sign that its values fit.
  std::optional<Largest> signal(const Source& source) {
    if (source.kind == Source::Kind::kVariable) {
      const LinearForm* form = view_.form(source);
      return form == nullptr ? std::nullopt : candidate(*form);
    }
    if (source.kind != Source::Kind::kCell) return std::nullopt;
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(source.id)];
    for (const Extension extension : {Extension::kSigned, Extension::kUnsigned}) {
      if (auto largest = read(cell.y, extension)) return largest;
    }
    return std::nullopt;
  }
  /// The real value of a word that was found: unit * word + rest.
  [[nodiscard]] const Rational& unit() const { return unit_; }
  [[nodiscard]] const Rational& rest() const { return rest_; }

 private:
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

  /// Equal candidates are one; all of them are on one grid, of positive unit.
  std::optional<Largest> candidate(const LinearForm& form) {
    if (form.terms.empty()) return std::nullopt;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const RationalForm& c = candidates_[i];
      if (c.terms.size() != form.terms.size()) continue;
      const Rational unit = c.terms[0].second / to_rational(form.terms[0].second);
      bool same = unit > 0;
      for (std::size_t t = 0; t < c.terms.size() && same; ++t) {
        same = c.terms[t].first == form.terms[t].first &&
               c.terms[t].second == unit * to_rational(form.terms[t].second);
      }
      if (!same) continue;
      const Rational rest = c.constant - unit * to_rational(form.constant);
      if (!known_) {
        known_ = true;
        unit_ = unit;
        rest_ = rest;
      }
      if (unit != unit_ || rest != rest_) return std::nullopt;
      return Largest{{i}, form.range};
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
  const std::vector<RationalForm>& candidates_;
  bool known_ = false;
  Rational unit_ = 1, rest_ = 0;
};

}  // namespace

std::pair<Rational, Rational> Prover::bounds(const RationalForm& form) const {
  Rational low = form.constant, high = form.constant;
  for (const auto& [variable, factor] : form.terms) {
    const Range range = variables_[static_cast<std::size_t>(variable)].range;
    const Rational a = factor * to_rational(range.min), b = factor * to_rational(range.max);
    low += std::min(a, b);
    high += std::max(a, b);
  }
  return {low, high};
}

std::pair<Rational, Rational> Prover::root_bounds(const GraphElement& g) const {
  if (g.kind != GraphElement::Kind::kMax) return bounds(g.form);
  std::optional<Rational> low = g.floor, high = g.floor;
  for (const RationalForm& candidate : g.candidates) {
    const auto [least, most] = bounds(candidate);
    low = low ? std::max(*low, least) : least;
    high = high ? std::max(*high, most) : most;
  }
  if (g.negated) return {-high.value_or(0), -low.value_or(0)};
  return {low.value_or(0), high.value_or(0)};
}

std::unique_ptr<Prover::Task> Prover::make_max_task(const ProvenWord& word, std::size_t e,
                                                    const GraphElement& g) {
  Selections selections(view_, g.candidates);
  const auto is_leaf = [&](const Source& s) {
    return s.kind == Source::Kind::kCell &&
           netlist_.cells[static_cast<std::size_t>(s.id)].kind == CellKind::kMux &&
           selections.signal(s).has_value();
  };
  check_carried(g);
  auto task = std::make_unique<Task>();
  task->element = e;
  task->type = word.word->elements[e];
  task->graph = g;
  const bool stepped = g.root.first != graph::kNone;
  task->graph.kind = stepped ? GraphElement::Kind::kStep : GraphElement::Kind::kAffine;
  task->program.emplace(view_, element_bits(word, e), is_leaf);
  task->narrow = narrow_text();
  // What is compared reaches at least `least`.
  std::set<std::size_t> compared;
  std::optional<Rational> least = g.floor;
  const auto& leaves = task->program->leaves();
  if (leaves.size() > 1) throw Fault{"not provable: no single word is the largest candidate"};
  if (leaves.empty()) {
    task->primitive.unit = 0;
    task->primitive.rest = g.floor.value_or(0);
  } else {
    const auto largest = selections.signal(leaves[0].signal);
    if (!largest) throw Fault{"not provable: no tree of selections of the larger one"};
    compared = largest->of;
    task->primitive.form.range = largest->range;
    task->primitive.unit = selections.unit();
    task->primitive.rest = selections.rest();
    task->leaf.emplace_back(1, 0);
    const Rational low = selections.unit() * to_rational(largest->range.min) + selections.rest();
    least = least ? std::max(*least, low) : low;
  }
  for (std::size_t i = 0; i < g.candidates.size(); ++i) {
    const bool equal = std::any_of(compared.begin(), compared.end(), [&](std::size_t k) {
      return g.candidates[k].terms == g.candidates[i].terms &&
             g.candidates[k].constant == g.candidates[i].constant;
    });
    if (equal || (least && bounds(g.candidates[i]).second <= *least)) continue;
    throw Fault{fmt::format("candidate {} of {} can be the largest, but is not compared", i,
                            g.candidates.size())};
  }
  return task;
}

}  // namespace nib::sim
