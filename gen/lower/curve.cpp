// Decisions on curves, and the step functions that bisection makes of them.
#include "nib/lower/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/error.h"

namespace nib::lower {
namespace {

constexpr int kFirstBits = 64;

/// decide(bits) until it gives an answer.
template <class Decide>
auto refined(Decide decide) {
  for (int bits = kFirstBits; bits <= static_cast<int>(kMaxExactBits); bits *= 4) {
    if (const auto answer = decide(bits)) return *answer;
  }
  fail(ErrorCode::E407, "a function value that is too close to a threshold");
}

/// The thresholds of one monotone stretch, in order.
class Search {
 public:
  Search(const RealFunction& function, const Quantiser& quantiser, const std::string& node,
         StepFunction& steps)
      : function_(function), quantiser_(quantiser), node_(node), steps_(steps) {}

  void stretch(const BigInt& first, const BigInt& last) {
    const std::int64_t from = code_at(function_, quantiser_, first);
    enter(first, from);
    if (first == last) return;
    const std::int64_t to = code_at(function_, quantiser_, last);
    between(first, from, last, to);
  }

 private:
  /// Enters all codes after `low`, up to and including that of `high`.
  void between(const BigInt& low, std::int64_t code_low, const BigInt& high,
               std::int64_t code_high) {
    if (code_low == code_high) return;
    if (high - low == 1) {
      enter(high, code_high);
      return;
    }
    const BigInt middle = low + ((high - low) >> 1);
    const std::int64_t code = code_at(function_, quantiser_, middle);
    between(low, code_low, middle, code);
    between(middle, code, high, code_high);
  }

  void enter(const BigInt& x, std::int64_t code) {
    if (steps_.levels.empty()) {
      steps_.levels.push_back(code);
      return;
    }
    if (steps_.levels.back() == code) return;
    if (static_cast<std::int64_t>(steps_.thresholds.size()) >= kMaxThresholds) {
      fail(ErrorCode::E505, fmt::format("a quantiser that uses more than {} codes", kMaxThresholds),
           node_);
    }
    steps_.thresholds.push_back(x);
    steps_.levels.push_back(code);
  }

  const RealFunction& function_;
  const Quantiser& quantiser_;
  const std::string& node_;
  StepFunction& steps_;
};

}  // namespace

int compare_at(const RealFunction& function, std::size_t ops, const BigInt& x,
               const Rational& target) {
  RealFunction prefix = function;
  prefix.ops.resize(ops);
  if (const auto value = evaluate(prefix, x)) return (*value - Surd(target)).sign();
  return refined([&](int bits) -> std::optional<int> {
    const int side = enclose(function, ops, x, bits).compare(target);
    return side == 2 ? std::nullopt : std::optional(side);
  });
}

std::int64_t code_at(const RealFunction& function, const Quantiser& quantiser, const BigInt& x) {
  const auto exact_value = evaluate(function, x);
  std::optional<Surd> t;
  if (exact_value) t = *exact_value * Surd(quantiser.unit) + Surd(quantiser.shift);
  return refined([&](int bits) -> std::optional<std::int64_t> {
    std::optional<Enclosure> bounds;
    if (!t) {
      bounds = enclose(function, function.ops.size(), x, bits)
                   .times(Surd(quantiser.unit))
                   .plus(Enclosure(Surd(quantiser.shift), bits));
    }
    std::int64_t low = quantiser.codes.min, high = quantiser.codes.max;
    while (low < high) {  // the largest code whose entry is reached
      const std::int64_t middle = high - (high - low) / 2;
      const Entry entry = quantiser.entry(middle);
      const int side = t ? (*t - Surd(entry.at)).sign() : bounds->compare(entry.at);
      if (side == 2) return std::nullopt;
      if (side > 0 || (side == 0 && entry.closed)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  });
}

std::vector<BigInt> stretches_of(const RealFunction& function) {
  std::vector<BigInt> starts{function.domain.min};
  for (std::size_t i = 0; i < function.ops.size(); ++i) {
    const std::optional<Rational> turn = turn_of(function.ops[i]);
    if (!turn) continue;
    std::vector<BigInt> next;
    for (std::size_t s = 0; s < starts.size(); ++s) {
      const BigInt last = s + 1 < starts.size() ? starts[s + 1] - 1 : function.domain.max;
      next.push_back(starts[s]);
      // What goes into the operator is monotone here: it passes the turn once at most.
      const auto below = [&](const BigInt& x) { return compare_at(function, i, x, *turn) < 0; };
      const bool first_below = below(starts[s]);
      if (below(last) == first_below) continue;
      BigInt low = starts[s], high = last;
      while (high - low > 1) {
        const BigInt middle = low + ((high - low) >> 1);
        (below(middle) == first_below ? low : high) = middle;
      }
      next.push_back(high);
    }
    starts = std::move(next);
  }
  return starts;
}

StepFunction steps_of_curve(const RealFunction& function, const Quantiser& quantiser,
                            const std::string& node) {
  StepFunction steps;
  steps.domain = function.domain;
  Search search(function, quantiser, node, steps);
  const std::vector<BigInt> starts = stretches_of(function);
  for (std::size_t s = 0; s < starts.size(); ++s) {
    search.stretch(starts[s], s + 1 < starts.size() ? starts[s + 1] - 1 : function.domain.max);
  }
  return steps;
}

}  // namespace nib::lower
