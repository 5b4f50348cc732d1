// Proof of single neurons: linear forms, step functions.
#include "nib/sim/prove_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nib/golden/golden.h"

namespace nib::sim {
namespace {

/// Longest interval that is run through.
constexpr std::int64_t kMaxPoints = std::int64_t{1} << 26;
/// Most runs of one function; beyond, every code is a run and memory would go.
constexpr std::size_t kMaxRuns = std::size_t{1} << 20;

std::optional<LinearForm> integer_form(const std::vector<std::pair<int, Integer>>& terms,
                                       const std::vector<Variable>& variables) {
  LinearForm form;
  for (const auto& [variable, factor] : terms) {
    const auto value = to_int64(factor);
    if (!value) return std::nullopt;
    form.terms.emplace_back(variable, *value);
  }
  return combine(form, 1, LinearForm{}, 0, 0, variables);
}

PrimitiveForm primitive_of(const RationalForm& form, const std::vector<Variable>& variables) {
  Integer denominator = 1, divisor = 0;
  for (const auto& [variable, factor] : form.terms) {
    denominator = lcm(denominator, Integer(factor.get_den()));
  }
  std::vector<std::pair<int, Integer>> terms;
  for (const auto& [variable, factor] : form.terms) {
    const Rational scaled = factor * denominator;
    terms.emplace_back(variable, Integer(scaled.get_num()));
    divisor = gcd(divisor, terms.back().second);
  }
  PrimitiveForm result;
  result.rest = form.constant;
  if (terms.empty()) return result;
  for (auto& [variable, factor] : terms) factor /= divisor;
  const auto integers = integer_form(terms, variables);
  if (!integers) throw Fault{"the graph's linear form leaves 64 bits"};
  result.form = *integers;
  result.unit = Rational(divisor, denominator);
  result.unit.canonicalize();
  return result;
}

/// The factor with form = factor * primitive + constant; nullopt where they are not parallel.
std::optional<std::int64_t> parallel(const LinearForm& form, const LinearForm& primitive) {
  if (form.terms.empty()) return 0;
  if (form.terms.size() != primitive.terms.size()) return std::nullopt;
  const std::int64_t factor = form.terms[0].second / primitive.terms[0].second;
  for (std::size_t i = 0; i < form.terms.size(); ++i) {
    std::int64_t product = 0;
    if (form.terms[i].first != primitive.terms[i].first ||
        __builtin_mul_overflow(factor, primitive.terms[i].second, &product) ||
        product != form.terms[i].second) {
      return std::nullopt;
    }
  }
  return factor;
}

std::int64_t factor_of(const LinearForm& form, int variable) {
  for (const auto& [v, factor] : form.terms) {
    if (v == variable) return factor;
  }
  return 0;
}

/// The most frequent ratio of the coefficients: what the form would be but for a few of them.
Rational common_ratio(const LinearForm& form, const LinearForm& primitive) {
  std::map<std::string, int> votes;
  std::string best = "1";
  for (const auto& [variable, factor] : primitive.terms) {
    Rational ratio(to_integer(factor_of(form, variable)), to_integer(factor));
    ratio.canonicalize();
    if (ratio != 0 && ++votes[to_string(ratio)] > votes[best]) best = to_string(ratio);
  }
  return *parse_rational(best);
}

}  // namespace

void Prover::Task::enumerate() {
  const Range range = primitive.form.range;
  std::vector<std::int64_t> values(leaf.size());
  for (std::int64_t p = range.min; p <= range.max; ++p) {
    for (std::size_t i = 0; i < leaf.size(); ++i) {
      // Modulo 2^64 is enough: leaves are read modulo their width.
      values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(leaf[i].first) *
                                                static_cast<std::uint64_t>(p) +
                                            static_cast<std::uint64_t>(leaf[i].second));
    }
    std::uint64_t bits = 0;
    ++points;
    if (!program->run(values, bits)) {
      error = fmt::format("the logic reads an undefined bit where the sum is {}", p);
      return;
    }
    std::int64_t code = static_cast<std::int64_t>(bits);
    if (type.is_signed && type.bits > 0 && (bits >> (type.bits - 1) & 1U) != 0) {
      code = static_cast<std::int64_t>(bits | ~((std::uint64_t{1} << type.bits) - 1));
    }
    if (runs.empty() || runs.back().code != code) {
      if (runs.size() == kMaxRuns) {
        error = "the step logic has too many steps to compare";
        return;
      }
      runs.push_back({p, code});
    }
  }
}

std::vector<std::pair<std::int64_t, std::int64_t>> Prover::Task::questions() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> points_and_codes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::int64_t last =
        i + 1 < runs.size() ? runs[i + 1].first - 1 : primitive.form.range.max;
    const bool ends = graph.kind == GraphElement::Kind::kStep && graph.monotone;
    if (ends) {
      points_and_codes.emplace_back(runs[i].first, runs[i].code);
      if (last != runs[i].first) points_and_codes.emplace_back(last, runs[i].code);
      continue;
    }
    for (std::int64_t p = runs[i].first; p <= last; ++p) {
      points_and_codes.emplace_back(p, runs[i].code);
    }
  }
  return points_and_codes;
}

Range Prover::Task::image() const {
  Range range{runs[0].code, runs[0].code};
  for (const RunOfCodes& run : runs) {
    range = {std::min(range.min, run.code), std::max(range.max, run.code)};
  }
  return range;
}

bool Prover::prove_linear(const ProvenWord& word, std::size_t e, const GraphElement& g,
                          Range& range) {
  const Element& type = word.word->elements[e];
  if (g.kind != GraphElement::Kind::kAffine || type.bits == 0) return false;
  const auto value = view_.value(element_bits(word, e),
                                 type.is_signed ? Extension::kSigned : Extension::kUnsigned);
  if (!value) return false;
  const LinearForm circuit = folded(*value);
  const RationalForm wanted = folded(g.form);
  std::vector<int> all;
  for (const auto& [variable, factor] : circuit.terms) all.push_back(variable);
  for (const auto& [variable, factor] : wanted.terms) all.push_back(variable);
  std::sort(all.begin(), all.end());
  for (const int variable : all) {
    Rational expected = 0;
    for (const auto& [v, factor] : wanted.terms) {
      if (v == variable) expected = factor / type.scale;
    }
    const Rational got = to_rational(factor_of(circuit, variable));
    if (got == expected) continue;
    throw Fault{fmt::format("the factor of {} is {}, the graph has {}", variable_name(variable),
                            to_string(got), to_string(expected))};
  }
  const Rational constant = (wanted.constant - type.offset) / type.scale;
  if (constant != to_rational(circuit.constant)) {
    throw Fault{
        fmt::format("the constant is {}, the graph has {}", circuit.constant, to_string(constant))};
  }
  range = value->range;
  ++report_.linear;
  return true;
}

std::unique_ptr<Prover::Task> Prover::make_task(const ProvenWord& word, std::size_t e,
                                                const GraphElement& g) {
  if (g.kind == GraphElement::Kind::kOther) {
    throw Fault{"not provable: the graph computes more than one step function of one sum here"};
  }
  auto task = std::make_unique<Task>();
  task->element = e;
  task->type = word.word->elements[e];
  task->graph = g;
  task->primitive = primitive_of(folded(g.form), variables_);
  task->program.emplace(view_, element_bits(word, e));
  task->narrow = narrow_text();
  const LinearForm& primitive = task->primitive.form;
  for (const ProgramLeaf& leaf : task->program->leaves()) {
    const LinearForm form = folded(leaf.form);
    const auto factor = parallel(form, primitive);
    if (factor) {
      task->leaf.emplace_back(*factor, form.constant);
      continue;
    }
    const Rational ratio = common_ratio(form, primitive);
    std::vector<int> all;
    for (const auto& [variable, unused] : form.terms) all.push_back(variable);
    for (const auto& [variable, unused] : primitive.terms) all.push_back(variable);
    std::sort(all.begin(), all.end());
    for (const int variable : all) {
      const Rational expected = ratio * to_rational(factor_of(primitive, variable));
      const std::int64_t got = factor_of(form, variable);
      if (to_rational(got) == expected) continue;
      throw Fault{fmt::format("the sum is another: the factor of {} is {}, the graph has {}",
                              variable_name(variable), got, to_string(expected))};
    }
    throw Fault{"the sum is another"};
  }
  const Range range = primitive.range;
  const std::uint64_t length =
      static_cast<std::uint64_t>(range.max) - static_cast<std::uint64_t>(range.min);
  if (length >= static_cast<std::uint64_t>(kMaxPoints)) {
    throw Fault{
        fmt::format("not provable: the sum takes {} values, more than are run through", length)};
  }
  return task;
}

}  // namespace nib::sim
