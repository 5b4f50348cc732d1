// Proof of single neurons: linear forms, step functions.
#include "nib/sim/prove_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nib/golden/golden.h"

namespace nib::sim {
namespace {

/// Most values and intervals of a sum that are run through.
constexpr std::int64_t kMaxPoints = std::int64_t{1} << 24;
/// Most values at which golden is asked about a function that is not monotone.
constexpr std::int64_t kMaxQuestions = std::int64_t{1} << 16;
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

std::int64_t factor_of(const LinearForm& form, int variable) {
  for (const auto& [v, factor] : form.terms) {
    if (v == variable) return factor;
  }
  return 0;
}

/// The inverse of an odd number modulo 2^64 (Newton: each step doubles the bits that are right).
std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;  // right to 3 bits
  for (int i = 0; i < 5; ++i) x *= 2 - odd * x;
  return x;
}

/// The factor with form = factor * primitive + constant modulo 2^width; nullopt where they are not
/// parallel. Coefficients of `primitive` are coprime, so one of them is odd and gives the factor.
std::optional<std::int64_t> parallel(const LinearForm& form, const LinearForm& primitive,
                                     int width) {
  const auto odd = std::find_if(primitive.terms.begin(), primitive.terms.end(),
                                [](const auto& term) { return term.second % 2 != 0; });
  std::uint64_t factor = 0;
  if (odd != primitive.terms.end()) {
    factor = static_cast<std::uint64_t>(factor_of(form, odd->first)) *
             inverse(static_cast<std::uint64_t>(odd->second));
  }
  const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  for (const LinearForm* terms : {&form, &primitive}) {
    for (const auto& [variable, unused] : terms->terms) {
      const auto wanted = factor * static_cast<std::uint64_t>(factor_of(primitive, variable));
      const auto got = static_cast<std::uint64_t>(factor_of(form, variable));
      if (((wanted - got) & mask) != 0) return std::nullopt;
    }
  }
  // The factor of smallest size: intervals of its multiples are shortest.
  factor &= mask;
  if (width < 64 && (factor >> (width - 1) & 1U) != 0) factor |= ~mask;
  return static_cast<std::int64_t>(factor);
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

/// Throws Fault where the form depends on what no word carries, which no circuit can show.
void check_words(const std::vector<std::pair<int, Rational>>& terms,
                 const std::vector<Variable>& variables) {
  for (const auto& [variable, factor] : terms) {
    if (variables[static_cast<std::size_t>(variable)].word < 0) {
      throw Fault{"not provable: the graph adds a value here that no word carries"};
    }
  }
}

}  // namespace

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

std::int64_t Prover::Task::code_of(std::uint64_t bits) const {
  if (type.is_signed && type.bits > 0 && (bits >> (type.bits - 1) & 1U) != 0) {
    bits |= ~((std::uint64_t{1} << type.bits) - 1);
  }
  return static_cast<std::int64_t>(bits);
}

bool Prover::Task::add_run(std::int64_t first, std::uint64_t bits) {
  const std::int64_t code = code_of(bits);
  if (!runs.empty() && runs.back().code == code) return true;
  if (runs.size() == kMaxRuns) {
    error = "not provable: the step logic has too many steps to compare";
    return false;
  }
  runs.push_back({first, code});
  return true;
}

bool Prover::Task::run_at(std::int64_t p) {
  std::vector<std::int64_t> values(leaf.size());
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    // Modulo 2^64 is enough: leaves are read modulo their width.
    values[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(leaf[i].first) *
                                              static_cast<std::uint64_t>(p) +
                                          static_cast<std::uint64_t>(leaf[i].second));
  }
  std::uint64_t bits = 0;
  if (program->run(values, bits)) return add_run(p, bits);
  error = fmt::format("the logic reads an undefined bit where the sum is {}", p);
  return false;
}

std::optional<std::uint64_t> Prover::Task::bits_over(Range range) {
  const std::uint64_t length =
      static_cast<std::uint64_t>(range.max) - static_cast<std::uint64_t>(range.min);
  std::vector<CyclicInterval> values(leaf.size());
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    const auto [factor, constant] = leaf[i];
    const auto from = static_cast<std::uint64_t>(factor >= 0 ? range.min : range.max);
    const std::uint64_t size =
        factor >= 0 ? static_cast<std::uint64_t>(factor) : -static_cast<std::uint64_t>(factor);
    values[i].start =
        static_cast<std::uint64_t>(factor) * from + static_cast<std::uint64_t>(constant);
    if (__builtin_mul_overflow(size, length, &values[i].length)) {
      values[i] = {0, ~std::uint64_t{0}};
    }
  }
  return program->run_over(values);
}

void Prover::Task::enumerate() {
  if (!reached.empty()) return;
  std::vector<Range> open{primitive.form.range};  // the last one is next, in ascending order
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    if (++points > kMaxPoints) {
      error = fmt::format("not provable: {} values and intervals of the sum were run through",
                          kMaxPoints);
      return;
    }
    if (range.is_constant()) {
      if (!run_at(range.min)) return;
      continue;
    }
    if (const auto bits = bits_over(range)) {
      if (!add_run(range.min, *bits)) return;
      continue;
    }
    const auto half = static_cast<std::int64_t>(
        (static_cast<std::uint64_t>(range.max) - static_cast<std::uint64_t>(range.min)) / 2);
    open.push_back({range.min + half + 1, range.max});
    open.push_back({range.min, range.min + half});
  }
}

std::vector<std::pair<std::int64_t, std::int64_t>> Prover::Task::questions() const {
  if (!reached.empty()) return reached;
  std::vector<std::pair<std::int64_t, std::int64_t>> points_and_codes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::int64_t last =
        i + 1 < runs.size() ? runs[i + 1].first - 1 : primitive.form.range.max;
    const bool ends = graph.monotone;
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
  const auto circuit_form = view_.value(element_bits(word, e), Extension::kNone);
  if (!circuit_form) return false;
  const LinearForm circuit = folded(*circuit_form);
  const RationalForm wanted = folded(g.form);
  // The word's codes, as the graph has them: integers, or the word cannot carry them.
  LinearForm codes;
  const auto integer = [&](const Rational& x, const std::string& what) {
    const auto value = x.get_den() == 1 ? to_int64(x.get_num()) : std::nullopt;
    if (!value) throw Fault{fmt::format("{} is {}, no integer of 64 bits", what, to_string(x))};
    return *value;
  };
  for (const auto& [variable, factor] : wanted.terms) {
    codes.terms.emplace_back(
        variable, integer(factor / type.scale, "the factor of " + variable_name(variable)));
  }
  codes.constant = integer((wanted.constant - type.offset) / type.scale, "the constant");
  const auto exact = combine(codes, 1, LinearForm{}, 0, 0, variables_);
  if (!exact) throw Fault{"the graph's linear form leaves 64 bits"};
  // Modulo the word's size they are the circuit's; and they fit, so that they are equal.
  const std::uint64_t mask =
      type.bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << type.bits) - 1;
  const auto differ = [&](std::int64_t a, std::int64_t b) {
    return ((static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b)) & mask) != 0;
  };
  std::vector<int> all;
  for (const auto& [variable, factor] : circuit.terms) all.push_back(variable);
  for (const auto& [variable, factor] : wanted.terms) all.push_back(variable);
  std::sort(all.begin(), all.end());
  for (const int variable : all) {
    const std::int64_t got = factor_of(circuit, variable), expected = factor_of(*exact, variable);
    if (!differ(got, expected)) continue;
    check_words(wanted.terms, variables_);
    throw Fault{fmt::format("the factor of {} is {}, the graph has {}", variable_name(variable),
                            got, expected)};
  }
  if (differ(circuit.constant, exact->constant)) {
    throw Fault{
        fmt::format("the constant is {}, the graph has {}", circuit.constant, exact->constant)};
  }
  if (!full_range(type.bits, type.is_signed).contains(exact->range)) {
    throw Fault{fmt::format("the sum takes {}, the word has {} {} bits", to_string(exact->range),
                            type.bits, type.is_signed ? "signed" : "unsigned")};
  }
  range = exact->range;
  ++report_.linear;
  return true;
}

std::unique_ptr<Prover::Task> Prover::make_task(const ProvenWord& word, std::size_t e,
                                                const GraphElement& g) {
  if (g.kind == GraphElement::Kind::kOther) {
    throw Fault{"not provable: the graph computes more than one step function of one sum here"};
  }
  check_carried(g);
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
    const auto factor = parallel(form, primitive, leaf.width);
    if (factor) {
      task->leaf.emplace_back(*factor, form.constant);
      continue;
    }
    check_words(folded(g.form).terms, variables_);
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
  if (g.kind == GraphElement::Kind::kStep && !g.monotone &&
      length >= static_cast<std::uint64_t>(kMaxQuestions)) {
    throw Fault{fmt::format(
        "not provable: a function that is not monotone, of a sum that takes {} values", length)};
  }
  return task;
}

}  // namespace nib::sim
