// Proof of single neurons: linear forms, step functions.
#include "nib/sim/prove_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nib/golden/golden.h"
#include "nib/sim/interval_view.h"

namespace nib::sim {
namespace {

/// Most values and intervals of a sum that are run through.
constexpr std::int64_t kMaxPoints = std::int64_t{1} << 24;
/// Most intervals of a sum of over 64 bits.
constexpr std::int64_t kMaxWidePoints = std::int64_t{1} << 17;
/// Most values at which golden is asked about a function that is not monotone.
constexpr std::int64_t kMaxQuestions = std::int64_t{1} << 16;
/// Most runs of one function; beyond, every code is a run and memory would go.
constexpr std::size_t kMaxRuns = std::size_t{1} << 20;

std::optional<LinearForm> integer_form(const std::vector<std::pair<int, Integer>>& terms,
                                       const std::vector<Variable>& variables) {
  LinearForm form;
  for (const auto& [variable, factor] : terms) {
    form.terms.emplace_back(variable, BigInt(factor));
  }
  return combine(form, 1, LinearForm{}, 0, 0, variables);
}

BigInt factor_of(const LinearForm& form, int variable) {
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

// Coefficients of `primitive` are coprime, so one of them is odd and gives the factor.
std::optional<BigInt> parallel(const LinearForm& form, const LinearForm& primitive, int width) {
  const auto odd = std::find_if(primitive.terms.begin(), primitive.terms.end(),
                                [](const auto& term) { return term.second.bit(0); });
  BigInt factor = 0;
  if (odd != primitive.terms.end()) {
    const Integer modulus = Integer(1) << width;
    Integer inverse;
    mpz_invert(inverse.get_mpz_t(), odd->second.integer().get_mpz_t(), modulus.get_mpz_t());
    factor = factor_of(form, odd->first) * BigInt(inverse);
  }
  factor = factor.wrapped(width, true);  // intervals of its multiples are shortest
  for (const LinearForm* terms : {&form, &primitive}) {
    for (const auto& [variable, unused] : terms->terms) {
      const BigInt wanted = factor * factor_of(primitive, variable);
      if ((wanted - factor_of(form, variable)).wrapped(width, false) != 0) return std::nullopt;
    }
  }
  return factor;
}

void Prover::Task::check_questions() const {
  const BigInt length = primitive.form.range.max - primitive.form.range.min;
  if (graph.kind != GraphElement::Kind::kStep || graph.monotone || length < kMaxQuestions) return;
  throw Fault{
      fmt::format("not provable: a function that is not monotone, of a sum that takes {} values",
                  to_string(length))};
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
  if (!integers) throw Fault{"not provable: the graph's linear form is too wide"};
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

bool Prover::Task::add_run(const BigInt& first, std::uint64_t bits) {
  const std::int64_t code = code_of(bits);
  if (!runs.empty() && runs.back().code == code) return true;
  if (runs.size() == kMaxRuns) {
    error = "not provable: the step logic has too many steps to compare";
    return false;
  }
  runs.push_back({first, code});
  return true;
}

bool Prover::Task::run_at(const BigInt& p) {
  std::vector<std::int64_t> values(leaf.size());
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    // Modulo 2^64 is enough: leaves are read modulo their width.
    values[i] =
        static_cast<std::int64_t>(leaf[i].first.limb(0) * p.limb(0) + leaf[i].second.limb(0));
  }
  std::uint64_t bits = 0;
  if (program->run(values, bits)) return add_run(p, bits);
  error = "the logic reads an undefined bit where the sum is " + to_string(p);
  return false;
}

std::optional<std::uint64_t> Prover::Task::bits_over(const Range& range) {
  const BigInt length = range.max - range.min;
  std::vector<CyclicInterval> values(leaf.size());
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    const auto& [factor, constant] = leaf[i];
    const BigInt& from = factor.sign() >= 0 ? range.min : range.max;
    const BigInt reach = abs(factor) * length;
    values[i] = {factor.limb(0) * from.limb(0) + constant.limb(0), reach.limb(0)};
    if (reach.magnitude_bits() > 64) values[i] = {0, ~std::uint64_t{0}};
  }
  return program->run_over(values);
}

void Prover::Task::enumerate_wide(LinearView& view, const Bits& word) {
  IntervalView intervals(view, primitive.form);
  std::vector<Range> open{primitive.form.range};
  while (!open.empty() && error.empty()) {
    const Range range = open.back();
    open.pop_back();
    if (++points > kMaxWidePoints) {
      error =
          fmt::format("not provable: {} intervals of a wide sum were looked at", kMaxWidePoints);
      return;
    }
    intervals.set_interval(range);
    const auto code = intervals.word(word);
    if (code && code->factor == 0) {
      add_run(range.min, code->constant.wrapped(type.bits, false).limb(0));
    } else if (range.is_constant()) {
      error = "not provable: logic on wide words that the prover does not follow";
    } else {
      const BigInt middle = range.min + ((range.max - range.min) >> 1);
      open.push_back({middle + 1, range.max});
      open.push_back({range.min, middle});
    }
  }
}

void Prover::Task::enumerate() {
  if (!reached.empty() || !program) return;
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
    const BigInt middle = range.min + ((range.max - range.min) >> 1);
    open.push_back({middle + 1, range.max});
    open.push_back({range.min, middle});
  }
}

std::vector<std::pair<BigInt, std::int64_t>> Prover::Task::questions() const {
  if (!reached.empty()) return reached;
  std::vector<std::pair<BigInt, std::int64_t>> points_and_codes;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const BigInt last = i + 1 < runs.size() ? runs[i + 1].first - 1 : primitive.form.range.max;
    const bool ends = graph.monotone;
    if (ends) {
      points_and_codes.emplace_back(runs[i].first, runs[i].code);
      if (last != runs[i].first) points_and_codes.emplace_back(last, runs[i].code);
      continue;
    }
    for (BigInt p = runs[i].first; p <= last; ++p) {
      points_and_codes.emplace_back(p, runs[i].code);
    }
  }
  return points_and_codes;
}

Range Prover::Task::image() const {
  Range range{runs[0].code, runs[0].code};
  for (const RunOfCodes& run : runs) {
    range = hull(range, {run.code, run.code});
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
    if (x.get_den() != 1) throw Fault{fmt::format("{} is {}, no integer", what, to_string(x))};
    return BigInt(x.get_num());
  };
  for (const auto& [variable, factor] : wanted.terms) {
    codes.terms.emplace_back(
        variable, integer(factor / type.scale, "the factor of " + variable_name(variable)));
  }
  codes.constant = integer((wanted.constant - type.offset) / type.scale, "the constant");
  const auto exact = combine(codes, 1, LinearForm{}, 0, 0, variables_);
  if (!exact) throw Fault{"not provable: the graph's linear form is too wide"};
  // Modulo the word's size they are the circuit's; and they fit, so that they are equal.
  const auto differ = [&](const BigInt& a, const BigInt& b) {
    return (a - b).wrapped(type.bits, false) != 0;
  };
  std::vector<int> all;
  for (const auto& [variable, factor] : circuit.terms) all.push_back(variable);
  for (const auto& [variable, factor] : wanted.terms) all.push_back(variable);
  std::sort(all.begin(), all.end());
  for (const int variable : all) {
    const BigInt got = factor_of(circuit, variable), expected = factor_of(*exact, variable);
    if (!differ(got, expected)) continue;
    check_words(wanted.terms, variables_);
    throw Fault{fmt::format("the factor of {} is {}, the graph has {}", variable_name(variable),
                            to_string(got), to_string(expected))};
  }
  if (differ(circuit.constant, exact->constant)) {
    throw Fault{fmt::format("the constant is {}, the graph has {}", to_string(circuit.constant),
                            to_string(exact->constant))};
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
  const Bits bits = element_bits(word, e);
  try {
    task->program.emplace(view_, bits);
  } catch (const Fault&) {  // words of over 64 bits, perhaps
    check_words(folded(g.form).terms, variables_);
    task->check_questions();
    task->enumerate_wide(view_, bits);
    if (!task->error.empty()) throw;
    return task;
  }
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
      const BigInt got = factor_of(form, variable);
      if (to_rational(got) == expected) continue;
      throw Fault{fmt::format("the sum is another: the factor of {} is {}, the graph has {}",
                              variable_name(variable), to_string(got), to_string(expected))};
    }
    throw Fault{"the sum is another"};
  }
  task->check_questions();
  return task;
}

}  // namespace nib::sim
