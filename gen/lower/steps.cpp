// Step functions: solving every threshold exactly, and proving the result by the definition.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/curve.h"
#include "nib/lower/int128.h"
#include "nib/lower/real_function.h"

namespace nib::lower {
namespace {

constexpr double kUlp = std::numeric_limits<double>::epsilon();

/// A real as a double with a proven bound: |value - real| <= error.
struct Approx {
  double value = 0, error = 0;
};
Approx approximate(const Surd& x) {
  Approx result;
  result.value = x.estimate(result.error);
  return result;
}
Approx affine(const Approx& a, const Approx& x, const Approx& b) {
  const double product = a.value * x.value, sum = product + b.value;
  const double size = std::abs(product) + std::abs(sum);
  if (a.error == 0 && x.error == 0 && b.error == 0 && size < 1e200 &&
      (product == 0 ? a.value == 0 || x.value == 0 : std::abs(product) > 1e-200) &&
      std::fma(a.value, x.value, -product) == 0) {
    const double part = sum - product;  // TwoSum: exact where no bit of either summand is lost
    if ((product - (sum - part)) + (b.value - part) == 0) return {sum, 0};
  }
  const double error = std::abs(a.value) * x.error + a.error * (std::abs(x.value) + x.error) +
                       b.error + 2 * kUlp * size;
  return {sum, error * (1 + 8 * kUlp) + 1e-280};
}

/// floor of a real, and whether the real is that integer.
struct Floor {
  BigInt at = 0;
  bool whole = false;
};
Floor floor_of(const Surd& x) {
  return {BigInt(x.floor()), x.is_rational() && x.rational().get_den() == 1};
}

/// t = a x + b for the integers x of one piece, and the quantiser that reads t.
class Segment {
 public:
  Segment(Surd a, Surd b, const Quantiser& quantiser)
      : a_(std::move(a)), b_(std::move(b)), quantiser_(quantiser), slope_(a_.sign()) {
    if (slope_ == 0) return;
    inverse_ = a_.inverse();
    near_a_ = approximate(a_);
    near_b_ = approximate(b_);
    if (quantiser.by_rounding() && a_.is_rational() && b_.is_rational()) {
      // (twice / 2 - b) / a = (twice * per_twice + constant) / below
      const Rational unit = inverse_.rational() / 2, start = -b_.rational() * inverse_.rational();
      const Integer below = lcm(unit.get_den(), start.get_den());
      per_twice_ = to_int64(Integer(unit.get_num() * (below / unit.get_den())));
      constant_ = to_int64(Integer(start.get_num() * (below / start.get_den())));
      below_ = to_int64(below);
    }
  }

  [[nodiscard]] int slope() const { return slope_; }

  [[nodiscard]] std::int64_t code_at(const BigInt& x) const {
    const Surd t = slope_ == 0 ? b_ : a_ * Surd(to_rational(x)) + b_;
    std::int64_t low = quantiser_.codes.min, high = quantiser_.codes.max;
    while (low < high) {  // the largest code whose entry is reached
      const std::int64_t middle = high - (high - low) / 2;
      const Entry entry = quantiser_.entry(middle);
      const int side = (t - Surd(entry.at)).sign();
      if (side > 0 || (side == 0 && entry.closed)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /// The integer x at which code k is entered (slope > 0) or left (slope < 0), within [low, high].
  [[nodiscard]] BigInt threshold(std::int64_t k, const BigInt& low, const BigInt& high) const {
    bool closed = true;
    const Floor z = crossing(k, closed);
    // Rising: reached from z on, or beyond it where open. Falling: left beyond z, or at z.
    const bool on_it = (slope_ > 0) == closed;
    const BigInt at = z.whole && on_it ? z.at : z.at + 1;
    return std::min(std::max(at, low), high);
  }

 private:
  /// Where a x + b meets the entry of k.
  [[nodiscard]] Floor crossing(std::int64_t k, bool& closed) const {
    if (quantiser_.by_rounding()) {
      const std::int64_t twice = quantiser_.twice_entry(k, closed);
      if (per_twice_ && constant_ && below_) {
        const Int128 above = static_cast<Int128>(twice) * *per_twice_ + *constant_;
        Int128 quotient = above / *below_, rest = above % *below_;
        if (rest < 0) quotient -= 1;
        constexpr Int128 kLimit = static_cast<Int128>(1) << 62;
        if (-kLimit < quotient && quotient < kLimit) {
          return {static_cast<std::int64_t>(quotient), rest == 0};
        }
      }
      const double half = static_cast<double>(twice) / 2;
      return solve(k, {half, std::abs(half) < 0x1p52 ? 0 : std::abs(half) * kUlp});
    }
    const Entry entry = quantiser_.entry(k);
    closed = entry.closed;
    return solve(k, approximate(Surd(entry.at)));
  }

  /// floor of (entry - b) / a: by doubles where their error cannot matter, else exactly.
  [[nodiscard]] Floor solve(std::int64_t k, const Approx& target) const {
    const double difference = target.value - near_b_.value;
    const double z = difference / near_a_.value;
    const double error =
        (target.error + near_b_.error + kUlp * std::abs(difference)) / std::abs(near_a_.value) * 2 +
        std::abs(z) * (2 * near_a_.error / std::abs(near_a_.value) + 4 * kUlp);
    if (std::abs(z) < 0x1p50 && error < 0.25) {
      const double down = std::floor(z);
      if (z - down > error && down + 1 - z > error) {
        return {static_cast<std::int64_t>(down), false};
      }
    }
    return floor_of((Surd(quantiser_.entry(k).at) - b_) * inverse_);
  }

  Surd a_, b_, inverse_;
  const Quantiser& quantiser_;
  int slope_ = 0;
  Approx near_a_, near_b_;
  std::optional<std::int64_t> per_twice_, constant_, below_;
};

/// Appends level from x on; x ascends from call to call.
void append(StepFunction& steps, const BigInt& x, std::int64_t level) {
  if (steps.levels.empty()) {
    steps.levels.push_back(level);
    return;
  }
  const BigInt& last = steps.thresholds.empty() ? steps.domain.min : steps.thresholds.back();
  if (x <= last) {  // the level before it held nowhere
    steps.levels.back() = level;
    const std::size_t n = steps.levels.size();
    if (n >= 2 && steps.levels[n - 2] == level) {
      steps.levels.pop_back();
      steps.thresholds.pop_back();
    }
  } else if (steps.levels.back() != level) {
    steps.thresholds.push_back(x);
    steps.levels.push_back(level);
  }
}

void append_segment(StepFunction& steps, const Segment& segment, const BigInt& first,
                    const BigInt& last, const std::string& node) {
  const std::int64_t from = segment.code_at(first);
  append(steps, first, from);
  if (segment.slope() == 0 || first == last) return;
  const std::int64_t to = segment.code_at(last);
  const auto room = [&](std::int64_t count) {
    if (count + static_cast<std::int64_t>(steps.thresholds.size()) > kMaxThresholds) {
      fail(ErrorCode::E505, fmt::format("a quantiser that uses more than {} codes", kMaxThresholds),
           node);
    }
  };
  const std::int64_t codes = std::abs(to - from);
  if (codes > last - first) {  // steeper than one code per value: value by value
    room(static_cast<std::int64_t>(last - first));
    for (BigInt x = first + 1; x <= last; ++x) append(steps, x, segment.code_at(x));
    return;
  }
  room(codes);
  for (std::int64_t k = from + 1; k <= to; ++k) {
    append(steps, segment.threshold(k, first, last), k);
  }
  for (std::int64_t k = from; k > to; --k) {
    append(steps, segment.threshold(k, first, last), k - 1);
  }
}

/// The definition, evaluated in doubles with bounds first and exactly where they do not decide.
class Definition {
 public:
  Definition(const RealFunction& function, const Quantiser& quantiser)
      : function_(function),
        quantiser_(quantiser),
        scale_(approximate(Surd(function.scale))),
        offset_(approximate(Surd(function.offset))),
        unit_(approximate(Surd(quantiser.unit))),
        shift_(approximate(Surd(quantiser.shift))) {
    for (const ScalarOp& op : function.ops) ops_.push_back({approximate(op.a), approximate(op.b)});
  }

  /// True where the quantiser gives code k at x.
  [[nodiscard]] bool gives(const BigInt& x, std::int64_t k) const {
    if (!quantiser_.codes.contains(k)) return false;
    const Approx t = approximate_at(x);
    std::optional<Surd> exact_t;
    const auto reached = [&](std::int64_t code) {
      const auto [at, closed] = near_entry(code);
      if (t.value - t.error > at.value + at.error) return true;
      if (t.value + t.error < at.value - at.error) return false;
      if (t.error == 0 && at.error == 0) return closed;  // both exact, and equal
      if (!exact_t) {
        exact_t = *evaluate(function_, x) * Surd(quantiser_.unit) + Surd(quantiser_.shift);
      }
      const int side = (*exact_t - Surd(quantiser_.entry(code).at)).sign();
      return side > 0 || (side == 0 && closed);
    };
    return (k == quantiser_.codes.min || reached(k)) &&
           (k == quantiser_.codes.max || !reached(k + 1));
  }

 private:
  struct Parameters {
    Approx a, b;
  };

  [[nodiscard]] std::pair<Approx, bool> near_entry(std::int64_t code) const {
    if (quantiser_.by_rounding()) {
      bool closed = true;
      const double twice = static_cast<double>(quantiser_.twice_entry(code, closed));
      return {{twice / 2, std::abs(twice) < 0x1p53 ? 0 : std::abs(twice) * kUlp}, closed};
    }
    const Entry entry = quantiser_.entry(code);
    return {approximate(Surd(entry.at)), entry.closed};
  }

  [[nodiscard]] Approx approximate_at(const BigInt& x) const {
    const double real = static_cast<double>(x);
    Approx value =
        affine(scale_, {real, std::abs(real) < 0x1p53 ? 0 : std::abs(real) * kUlp}, offset_);
    for (std::size_t i = 0; i < ops_.size(); ++i) value = step(function_.ops[i], ops_[i], value);
    return affine(unit_, value, shift_);
  }

  [[nodiscard]] static Approx step(const ScalarOp& op, const Parameters& near, const Approx& x) {
    switch (op.kind) {
      case ScalarOp::Kind::kAffine:
        return affine(near.a, x, near.b);
      case ScalarOp::Kind::kLeaky: {
        if (x.value - x.error > 0) return x;
        const Approx bent = affine(near.a, x, {});
        if (x.value + x.error < 0) return bent;
        // Undecided: both branches lie within this of 0.
        return {0, std::abs(x.value) + x.error + std::abs(bent.value) + bent.error};
      }
      case ScalarOp::Kind::kClip: {
        Approx y = x;  // max and min are monotone and move no point further than their arguments
        if (op.has_low) {
          y = {std::max(y.value, near.a.value), std::max(y.error, near.a.error)};
        }
        if (op.has_high) {
          y = {std::min(y.value, near.b.value), std::max(y.error, near.b.error)};
        }
        return y;
      }
      case ScalarOp::Kind::kPower:
      case ScalarOp::Kind::kUnary:
        break;
    }
    NIB_CHECK(false, "a scalar operator");
  }

  const RealFunction& function_;
  const Quantiser& quantiser_;
  Approx scale_, offset_, unit_, shift_;
  std::vector<Parameters> ops_;
};

}  // namespace

StepFunction steps_of(const RealFunction& function, const Quantiser& quantiser,
                      const std::string& node) {
  if (!is_piecewise_linear(function)) return steps_of_curve(function, quantiser, node);
  StepFunction steps;
  steps.domain = function.domain;
  const std::vector<Piece> pieces = pieces_of(function);
  const Surd unit(quantiser.unit), shift(quantiser.shift);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const BigInt last = i + 1 < pieces.size() ? pieces[i + 1].start - 1 : function.domain.max;
    const Segment segment(pieces[i].a * unit, pieces[i].b * unit + shift, quantiser);
    append_segment(steps, segment, pieces[i].start, last, node);
  }
  return steps;
}

void prove(const StepFunction& steps, const RealFunction& function, const Quantiser& quantiser,
           std::int64_t all_up_to) {
  const bool linear = is_piecewise_linear(function);
  const Definition definition(function, quantiser);
  const auto check = [&](const BigInt& x) {
    const bool good =
        linear ? definition.gives(x, steps(x)) : code_at(function, quantiser, x) == steps(x);
    NIB_CHECK(good, "a step function at " + to_string(x));
  };
  const auto& [min, max] = steps.domain;
  NIB_CHECK(steps.domain == function.domain, "the domain of a step function");
  if (max - min < all_up_to) {
    for (BigInt x = min; x <= max; ++x) check(x);
    return;
  }
  check(min);
  check(max);
  for (const BigInt& t : steps.thresholds) {
    check(t - 1);
    check(t);
  }
  std::vector<BigInt> starts;
  if (linear) {
    for (const Piece& piece : pieces_of(function)) starts.push_back(piece.start);
  } else {
    starts = stretches_of(function);
  }
  for (const BigInt& start : starts) {
    if (start > min) check(start - 1);
    check(start);
  }
}

}  // namespace nib::lower
