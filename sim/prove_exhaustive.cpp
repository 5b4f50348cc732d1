// The largest of a few narrow words: the logic is run on every value that they take.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

constexpr std::uint64_t kMaxAssignments = std::uint64_t{1} << 18;

/// A linear form with int64 coefficients by place among `places`.
struct PlacedForm {
  std::vector<std::pair<std::size_t, std::int64_t>> terms;
  std::int64_t constant = 0;

  [[nodiscard]] std::int64_t at(const std::vector<std::int64_t>& values) const {
    std::int64_t sum = constant;
    for (const auto& [place, factor] : terms) sum += factor * values[place];
    return sum;
  }
};

std::int64_t whole(const Rational& x) {
  const auto value = to_int64(x.get_num());
  if (!value || std::abs(*value) > std::int64_t{1} << 40) {
    throw Fault{"not provable: the candidates have no common small grid"};
  }
  return *value;
}

}  // namespace

std::unique_ptr<Prover::Task> Prover::make_exhaustive_task(const ProvenWord& word, std::size_t e,
                                                           const GraphElement& g) {
  check_carried(g);
  auto task = std::make_unique<Task>();
  task->element = e;
  task->type = word.word->elements[e];
  task->graph = g;
  task->graph.kind =
      g.root.first != graph::kNone ? GraphElement::Kind::kStep : GraphElement::Kind::kAffine;
  Program program(view_, element_bits(word, e));
  task->narrow = narrow_text();
  // All that the candidates and the logic depend on, and how many values that has.
  std::map<int, std::size_t> places;
  std::vector<Range> ranges;
  std::uint64_t assignments = 1;
  const auto place = [&](int variable) {
    const auto [found, is_new] = places.try_emplace(variable, places.size());
    if (!is_new) return found->second;
    ranges.push_back(variables_[static_cast<std::size_t>(variable)].range);
    const BigInt count = ranges.back().max - ranges.back().min + 1;
    const std::uint64_t size =
        count.fits_int64() ? count.limb(0) : std::numeric_limits<std::uint64_t>::max();
    if (size > kMaxAssignments / assignments) {
      throw Fault{"not provable: no single word is the largest candidate"};
    }
    assignments *= size;
    return found->second;
  };
  std::vector<PlacedForm> leaves, candidates;
  for (const ProgramLeaf& leaf : program.leaves()) {
    const LinearForm form = folded(leaf.form);
    PlacedForm placed{{}, form.constant};
    for (const auto& [v, factor] : form.terms) placed.terms.emplace_back(place(v), factor);
    leaves.push_back(std::move(placed));
  }
  Integer denominator = g.floor ? Integer(g.floor->get_den()) : Integer(1);
  for (const RationalForm& c : g.candidates) {
    denominator = lcm(denominator, Integer(c.constant.get_den()));
    for (const auto& [v, factor] : c.terms)
      denominator = lcm(denominator, Integer(factor.get_den()));
  }
  for (const RationalForm& c : g.candidates) {
    PlacedForm placed{{}, whole(c.constant * denominator)};
    for (const auto& [v, factor] : c.terms) {
      placed.terms.emplace_back(place(v), whole(factor * denominator));
    }
    candidates.push_back(std::move(placed));
  }
  if (g.floor) candidates.push_back({{}, whole(*g.floor * denominator)});
  task->primitive.unit = Rational(Integer(1), denominator);

  std::map<std::int64_t, std::int64_t> reached;  // largest -> code
  std::vector<std::int64_t> values, numbers(leaves.size());
  for (const Range& range : ranges) values.push_back(range.min);
  for (std::uint64_t i = 0; i < assignments; ++i) {
    std::int64_t largest = candidates[0].at(values);
    for (const PlacedForm& c : candidates) largest = std::max(largest, c.at(values));
    for (std::size_t k = 0; k < leaves.size(); ++k) numbers[k] = leaves[k].at(values);
    std::uint64_t bits = 0;
    if (!program.run(numbers, bits)) throw Fault{"the logic reads an undefined bit"};
    const std::int64_t code = task->code_of(bits);
    const auto [found, is_new] = reached.try_emplace(largest, code);
    if (found->second != code) {
      throw Fault{fmt::format("where the largest is the same, the RTL gives codes {} and {}",
                              found->second, code)};
    }
    ++task->points;
    for (std::size_t v = 0; v < values.size(); ++v) {  // the next assignment
      if (++values[v] <= ranges[v].max) break;
      values[v] = ranges[v].min;
    }
  }
  task->reached.assign(reached.begin(), reached.end());
  for (const auto& [largest, code] : task->reached) task->runs.push_back({largest, code});
  return task;
}

}  // namespace nib::sim
