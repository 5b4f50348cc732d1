// The r-th best of several sums, or its index: the netlist is followed from the output through its
// selections, one order of the candidates at a time. A comparison that the order known so far does
// not decide splits it into two; where an output is reached, the order must say that it is the
// r-th.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nib/sim/prover.h"
#include "nib/sim/rank_order.h"

namespace nib::sim {
namespace {

/// Most orders that are told apart.
constexpr std::int64_t kMaxOrders = std::int64_t{1} << 16;

bool is_comparison(CellKind kind) {
  return kind == CellKind::kLt || kind == CellKind::kLe || kind == CellKind::kGe ||
         kind == CellKind::kGt;
}

/// A comparison that the order does not decide: is a >= b?
struct Undecided {
  std::size_t a = 0, b = 0;
};

/// What is known on the way to one output: an order, and the comparisons that it has decided.
struct Way {
  Order order;
  std::map<int, bool> decided;  ///< by cell: the comparison's bit
};

/// Follows words to candidates, on one way.
class Follower {
 public:
  using Fold = std::function<LinearForm(const LinearForm&)>;
  /// `fold` puts constants for the variables that are constant, as the codes have it.
  Follower(LinearView& view, std::vector<LinearForm> codes, Fold fold)
      : view_(view), codes_(std::move(codes)), fold_(std::move(fold)) {}

  void set_way(Way* way) { way_ = way; }

  /// The candidates whose codes `bits` carry modulo 2^size.
  std::vector<std::size_t> residues(const Bits& bits) {
    const std::vector<std::size_t>& result = linear_residues(bits);
    if (!result.empty()) return result;
    const Source first = view_.source(bits.front());
    if (first.kind != Source::Kind::kCell || !is_start(bits, first)) throw unreadable();
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(first.id)];
    if (cell.kind != CellKind::kMux) throw unreadable();
    const Bits& branch = bit(cell.s[0]) ? cell.b : cell.a;
    return residues(Bits(branch.begin(), branch.begin() + static_cast<long>(bits.size())));
  }

  /// The candidate whose code `bits` are, read as a number of that extension.
  std::size_t number(Bits bits, Extension extension) {
    while (bits.size() > 1 && bits.back() == kBit0) {
      bits.pop_back();
      extension = Extension::kUnsigned;
    }
    while (extension == Extension::kSigned && bits.size() > 1 &&
           view_.source(bits.back()) == view_.source(bits[bits.size() - 2])) {
      bits.pop_back();
    }
    const Range word = full_range(static_cast<int>(bits.size()), extension == Extension::kSigned);
    for (const std::size_t i : residues(bits)) {
      if (word.contains(range_of(i))) return i;
    }
    throw Fault{"a word of the selections is narrower than the candidate that it carries"};
  }

  /// A constant that `bits` are once all selections are followed.
  std::uint64_t constant(const Bits& bits) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (constant_bit(bits[i])) value |= std::uint64_t{1} << i;
    }
    return value;
  }

  /// The values that candidate i takes where the order holds.
  [[nodiscard]] Range range_of(std::size_t i) const {
    Range range = codes_[i].range;
    for (std::size_t j = 0; j < codes_.size(); ++j) {
      if (way_->order.at_least(i, j)) range.min = std::max(range.min, codes_[j].range.min);
      if (way_->order.at_least(j, i)) range.max = std::min(range.max, codes_[j].range.max);
    }
    return range;
  }

 private:
  /// Of a linear word; none where it is not linear.
  const std::vector<std::size_t>& linear_residues(const Bits& bits) {
    const auto [known, is_new] = linear_.try_emplace(bits);
    if (!is_new) return known->second;
    if (const auto read = view_.value(bits, Extension::kNone)) {
      const LinearForm form = fold_(*read);
      for (std::size_t i = 0; i < codes_.size(); ++i) {
        if (congruent(form, codes_[i], static_cast<int>(bits.size()))) known->second.push_back(i);
      }
    }
    return known->second;
  }

  static Fault unreadable() {
    return Fault{"not provable: the output depends on more than selections of candidates"};
  }

  [[nodiscard]] bool is_start(const Bits& bits, const Source& first) const {
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const Source expected{first.kind, false, first.id, static_cast<int>(i)};
      if (view_.source(bits[i]) != expected) return false;
    }
    return true;
  }

  /// A bit of an index: a constant, a comparison, or a bit of what a selection selects.
  bool constant_bit(Bit net) {
    const Source source = view_.source(net);
    if (source.kind == Source::Kind::kConstant) return source.value;
    if (source.kind != Source::Kind::kCell) throw unreadable();
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(source.id)];
    if (cell.kind != CellKind::kMux) return bit(net);
    return constant_bit((bit(cell.s[0]) ? cell.b : cell.a)[static_cast<std::size_t>(source.index)]);
  }

  /// What a comparison, or the inverse of one, says. Throws Undecided.
  bool bit(Bit net) {
    bool inverted = false;
    Source source = view_.source(net);
    while (source.kind == Source::Kind::kCell) {
      const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(source.id)];
      if ((cell.kind != CellKind::kNot && cell.kind != CellKind::kLogicNot) || cell.a.size() != 1) {
        break;
      }
      inverted = !inverted;
      source = view_.source(cell.a[0]);
    }
    if (source.kind == Source::Kind::kConstant) return source.value != inverted;
    if (source.kind != Source::Kind::kCell || source.index != 0) throw unreadable();
    const auto known = way_->decided.find(source.id);
    if (known != way_->decided.end()) return known->second != inverted;
    const bool decided = compare(view_.netlist().cells[static_cast<std::size_t>(source.id)]);
    way_->decided.emplace(source.id, decided);
    return decided != inverted;
  }

  /// Throws Undecided.
  bool compare(const Cell& cell) {
    if (!is_comparison(cell.kind)) throw unreadable();
    const Extension extension =
        cell.a_signed && cell.b_signed ? Extension::kSigned : Extension::kUnsigned;
    const std::size_t a = number(cell.a, extension), b = number(cell.b, extension);
    if (cell.kind == CellKind::kGe) return at_least(a, b);
    if (cell.kind == CellKind::kLe) return at_least(b, a);
    if (cell.kind == CellKind::kLt) return !at_least(a, b);
    return !at_least(b, a);
  }

  [[nodiscard]] bool at_least(std::size_t a, std::size_t b) const {
    if (way_->order.at_least(a, b)) return true;
    if (way_->order.above(b, a)) return false;
    throw Undecided{a, b};
  }

  LinearView& view_;
  std::vector<LinearForm> codes_;
  Fold fold_;
  Way* way_ = nullptr;
  std::map<Bits, std::vector<std::size_t>> linear_;
};

/// The grid of the words that hold candidates: value = unit * word + rest, unit > 0.
struct Grid {
  Rational unit, rest;
};

/// The grids on which the word would be one of the candidates.
std::vector<Grid> grids_of(const LinearForm& word, const std::vector<RationalForm>& candidates) {
  std::vector<Grid> grids;
  if (word.terms.empty()) return grids;
  for (const RationalForm& c : candidates) {
    if (c.terms.size() != word.terms.size()) continue;
    const Rational unit = c.terms[0].second / to_rational(word.terms[0].second);
    bool same = unit > 0;
    for (std::size_t t = 0; t < c.terms.size() && same; ++t) {
      same = c.terms[t].first == word.terms[t].first &&
             c.terms[t].second == unit * to_rational(word.terms[t].second);
    }
    if (same) grids.push_back({unit, Rational(c.constant - unit * to_rational(word.constant))});
  }
  return grids;
}

/// The linear words that comparisons in the cone of `output` compare.
std::vector<LinearForm> compared_words(LinearView& view, const Bits& output) {
  std::vector<LinearForm> words;
  std::set<int> seen;
  std::vector<Bit> open(output.begin(), output.end());
  while (!open.empty()) {
    const Source source = view.source(open.back());
    open.pop_back();
    if (source.kind != Source::Kind::kCell || !seen.insert(source.id).second) continue;
    const Cell& cell = view.netlist().cells[static_cast<std::size_t>(source.id)];
    if (is_comparison(cell.kind)) {
      const Extension extension =
          cell.a_signed && cell.b_signed ? Extension::kSigned : Extension::kUnsigned;
      for (const Bits* side : {&cell.a, &cell.b}) {
        if (auto form = view.value(*side, extension)) words.push_back(std::move(*form));
      }
    }
    for (const auto* pins : {&cell.a, &cell.b, &cell.s}) {
      open.insert(open.end(), pins->begin(), pins->end());
    }
  }
  return words;
}

/// The candidates as words on the grid; nullopt where one is not on it.
std::optional<std::vector<LinearForm>> codes_on(const Grid& grid,
                                                const std::vector<RationalForm>& candidates,
                                                const std::vector<Variable>& variables) {
  std::vector<LinearForm> codes;
  for (const RationalForm& c : candidates) {
    LinearForm form;
    std::vector<std::pair<int, Rational>> parts = c.terms;
    for (auto& [variable, factor] : parts) factor /= grid.unit;
    parts.emplace_back(-1, Rational((c.constant - grid.rest) / grid.unit));
    for (const auto& [variable, part] : parts) {
      if (part.get_den() != 1) return std::nullopt;
      if (variable >= 0) form.terms.emplace_back(variable, BigInt(part.get_num()));
      if (variable < 0) form.constant = BigInt(part.get_num());
    }
    auto exact = combine(form, 1, LinearForm{}, 0, 0, variables);
    if (!exact) return std::nullopt;
    codes.push_back(std::move(*exact));
  }
  return codes;
}

/// A grid that all candidates are on.
Grid finest_grid(const std::vector<RationalForm>& candidates) {
  Integer denominator = 1;
  for (const RationalForm& c : candidates) {
    denominator = lcm(denominator, Integer(c.constant.get_den()));
    for (const auto& [variable, factor] : c.terms) {
      denominator = lcm(denominator, Integer(factor.get_den()));
    }
  }
  return {Rational(Integer(1), denominator), 0};
}

/// The grid on which all words that are compared are candidates, or the given one where there are
/// none.
std::optional<Grid> common_grid(const std::vector<LinearForm>& words,
                                const std::vector<RationalForm>& candidates,
                                const std::vector<Variable>& variables, const Grid& otherwise) {
  const auto varies = [](const LinearForm& word) { return !word.terms.empty(); };
  const auto first = std::find_if(words.begin(), words.end(), varies);
  if (first == words.end()) return otherwise;
  for (const Grid& grid : grids_of(*first, candidates)) {
    const auto codes = codes_on(grid, candidates, variables);
    if (!codes) continue;
    const bool all = std::all_of(words.begin(), words.end(), [&](const LinearForm& word) {
      return std::any_of(codes->begin(), codes->end(), [&](const LinearForm& code) {
        return code.terms == word.terms && code.constant == word.constant;
      });
    });
    if (all) return grid;
  }
  return std::nullopt;
}

/// What the ranges and equal forms say of the order by themselves.
Order order_of(const std::vector<LinearForm>& codes) {
  Order order(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    for (std::size_t j = 0; j < codes.size(); ++j) {
      if (i == j) continue;
      const bool equal = codes[i].terms == codes[j].terms;
      const Range a = codes[i].range, b = codes[j].range;
      if (a.min > b.max || (equal && codes[i].constant > codes[j].constant)) {
        order.add(i, j, true);
      } else if (a.min >= b.max || (equal && codes[i].constant == codes[j].constant)) {
        order.add(i, j, false);
      }
    }
  }
  return order;
}

/// Throws Fault unless candidate i is the one of that rank (0: the best).
void check_rank(const Order& order, std::size_t i, std::size_t n, std::size_t rank) {
  std::size_t before = 0;
  for (std::size_t j = 0; j < n; ++j) {
    if (j == i) continue;
    const auto known = order.before(j, i);
    if (!known) {
      throw Fault{fmt::format("candidates {} and {} are not compared where {} is taken", j, i, i)};
    }
    before += *known ? 1 : 0;
  }
  if (before != rank) {
    throw Fault{
        fmt::format("candidate {} is taken where {} are before it, not {}", i, before, rank)};
  }
}

/// Candidate i, or one that equals it and is known to be the one of that rank: any has the value.
std::size_t equal_of_rank(const Order& order, std::size_t i, std::size_t n, std::size_t rank) {
  for (std::size_t k = 0; k < n; ++k) {
    if (!order.at_least(i, k) || !order.at_least(k, i)) continue;
    std::size_t before = 0;
    bool known = true;
    for (std::size_t j = 0; j < n; ++j) {
      const std::optional<bool> first = j == k ? std::optional(false) : order.before(j, k);
      known = known && first.has_value();
      before += first.value_or(false) ? 1 : 0;
    }
    if (known && before == rank) return k;
  }
  return i;
}

}  // namespace

Range Prover::prove_rank(const ProvenWord& word, std::size_t e, const GraphElement& g) {
  std::vector<RationalForm> candidates;
  for (const RationalForm& form : g.candidates) candidates.push_back(folded(form));
  const Element& type = word.word->elements[e];
  const Bits output = element_bits(word, e);
  // The words hold what is ranked; a value that was negated for that is negated behind them.
  const Rational sign = g.negated ? -1 : 1;
  std::vector<LinearForm> words = compared_words(view_, output);
  for (LinearForm& compared : words) compared = folded(compared);
  const Grid of_output =
      g.values ? Grid{sign * type.scale, sign * type.offset} : finest_grid(candidates);
  const std::optional<Grid> grid = common_grid(words, candidates, variables_, of_output);
  const auto placed = grid ? codes_on(*grid, candidates, variables_) : std::nullopt;
  if (!placed) throw Fault{"what is compared is no candidate, or on another grid than others"};
  const std::vector<LinearForm>& codes = *placed;
  const bool on_grid = sign * type.scale == grid->unit && sign * type.offset == grid->rest;
  if (g.values && !on_grid) throw Fault{"not provable: a selection on another grid than its words"};
  Follower follower(view_, codes, [this](const LinearForm& form) { return folded(form); });
  std::optional<Range> range;
  const auto visit = [&](const Order& order) {
    std::size_t taken = 0;
    if (g.values) {
      taken = follower.number(output, type.is_signed ? Extension::kSigned : Extension::kUnsigned);
      const Range own = follower.range_of(taken);
      range = range ? hull(*range, own) : own;
      taken = equal_of_rank(order, taken, codes.size(), g.rank);
    } else {
      const auto code = static_cast<std::int64_t>(follower.constant(output));
      const Rational index = type.scale * to_rational(code) + type.offset;
      if (index.get_den() != 1 || index < 0 || index >= static_cast<long>(codes.size())) {
        throw Fault{fmt::format("the index may be {}", to_string(index))};
      }
      taken = static_cast<std::size_t>(index.get_num().get_ui());
      range = range ? hull(*range, {code, code}) : Range{code, code};
    }
    check_rank(order, taken, codes.size(), g.rank);
  };
  std::vector<Way> open{{order_of(codes), {}}};
  std::int64_t ways = 0;
  while (!open.empty()) {
    Way way = std::move(open.back());
    open.pop_back();
    follower.set_way(&way);
    if (++ways > kMaxOrders) {
      throw Fault{fmt::format("not provable: more than {} orders of the candidates", kMaxOrders)};
    }
    try {
      visit(way.order);
      ++report_.points;
    } catch (const Undecided& split) {
      open.push_back(way);
      open.back().order.add(split.a, split.b, false);
      way.order.add(split.b, split.a, true);
      open.push_back(std::move(way));
    }
  }
  return range.value();
}

}  // namespace nib::sim
