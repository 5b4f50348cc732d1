// Cones of Yosys cells on intervals of words: sound, not always tight. What is not known becomes
// "any word"; who asks then halves the interval.
#include <algorithm>
#include <optional>

#include "nib/sim/program.h"

namespace nib::sim {
namespace {

// The compiler's own type: 64-bit interval ends need one bit more.
__extension__ using Wide = __int128;

constexpr int kMaxBits = 64;

std::uint64_t mask_of(int width) {
  return width >= kMaxBits ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

CyclicInterval any(int width) { return {0, mask_of(width)}; }
CyclicInterval bit(std::optional<bool> value) {
  return value ? CyclicInterval{*value ? 1U : 0U, 0} : CyclicInterval{0, 1};
}
bool is_constant(CyclicInterval x) { return x.length == 0; }
bool contains(CyclicInterval x, std::uint64_t word, int width) {
  return ((word - x.start) & mask_of(width)) <= x.length;
}

CyclicInterval low_bits(CyclicInterval x, int width) {
  if (x.length >= mask_of(width)) return any(width);
  return {x.start & mask_of(width), x.length};
}

/// Bits from `shift` on of a word of `width` bits.
CyclicInterval high_bits(CyclicInterval x, int width, int shift) {
  if (shift == 0) return x;
  if (x.length >= mask_of(width)) return any(width - shift);
  const std::uint64_t first = x.start >> shift;
  const auto last = static_cast<std::uint64_t>(
      (static_cast<Wide>(x.start) + static_cast<Wide>(x.length)) >> shift);
  return last - first > mask_of(width - shift) ? any(width - shift)
                                               : CyclicInterval{first, last - first};
}

/// A word of `width` bits continued to 64. The ends do not wrap: all words are in start ..
/// start + length, as signed numbers (is_signed) or as unsigned ones.
CyclicInterval continued(CyclicInterval x, int width, bool is_signed) {
  if (width == 0) return {0, 0};
  const std::uint64_t mask = mask_of(width);
  if (!is_signed) return x.start > mask - std::min(x.length, mask) ? any(width) : x;
  const std::uint64_t sign = std::uint64_t{1} << (width - 1);
  // In offset binary, signed order is unsigned order.
  const CyclicInterval offset{(x.start + sign) & mask, x.length};
  const CyclicInterval whole = continued(offset, width, false);
  return {whole.start - sign, whole.length};
}

CyclicInterval sum(CyclicInterval a, CyclicInterval b) {
  std::uint64_t length = 0;
  if (__builtin_add_overflow(a.length, b.length, &length)) return any(kMaxBits);
  return {a.start + b.start, length};
}
CyclicInterval negated(CyclicInterval x) { return {-(x.start + x.length), x.length}; }
CyclicInterval product(CyclicInterval x, std::uint64_t factor) {
  const bool negative = static_cast<std::int64_t>(factor) < 0;
  std::uint64_t length = 0;
  if (__builtin_mul_overflow(x.length, negative ? -factor : factor, &length)) return any(kMaxBits);
  return {(negative ? x.start + x.length : x.start) * factor, length};
}

/// The smallest interval around both.
CyclicInterval hull(CyclicInterval a, CyclicInterval b, int width) {
  const auto around = [&](CyclicInterval x, CyclicInterval y) {
    const Wide end =
        static_cast<Wide>((y.start - x.start) & mask_of(width)) + static_cast<Wide>(y.length);
    const Wide length = std::max(static_cast<Wide>(x.length), end);
    return length >= static_cast<Wide>(mask_of(width))
               ? any(width)
               : CyclicInterval{x.start, static_cast<std::uint64_t>(length)};
  };
  const CyclicInterval from_a = around(a, b), from_b = around(b, a);
  return from_a.length <= from_b.length ? from_a : from_b;
}

/// a < b of words continued to 64 bits.
std::optional<bool> less(CyclicInterval a, CyclicInterval b, bool is_signed) {
  const auto low = [&](CyclicInterval x) {
    return is_signed ? static_cast<Wide>(static_cast<std::int64_t>(x.start))
                     : static_cast<Wide>(x.start);
  };
  const auto high = [&](CyclicInterval x) { return low(x) + static_cast<Wide>(x.length); };
  if (high(a) < low(b)) return true;
  if (low(a) >= high(b)) return false;
  return std::nullopt;
}

std::optional<bool> compared(CellKind kind, CyclicInterval a, CyclicInterval b, bool is_signed) {
  const auto inverted = [](std::optional<bool> x) { return x ? std::optional<bool>(!*x) : x; };
  if (kind == CellKind::kLt) return less(a, b, is_signed);
  if (kind == CellKind::kGt) return less(b, a, is_signed);
  if (kind == CellKind::kLe) return inverted(less(b, a, is_signed));
  if (kind == CellKind::kGe) return inverted(less(a, b, is_signed));
  std::optional<bool> equal;
  if (is_constant(a) && is_constant(b)) {
    equal = a.start == b.start;
  } else if (less(a, b, is_signed) == true || less(b, a, is_signed) == true) {
    equal = false;
  }
  return kind == CellKind::kEq ? equal : inverted(equal);
}

std::optional<bool> is_nonzero(CyclicInterval x, int width) {
  if (!contains(x, 0, width)) return true;
  if (is_constant(x)) return false;
  return std::nullopt;
}

/// Of a constant with anything: nullopt where nothing is known.
std::optional<CyclicInterval> masked(CellKind kind, std::uint64_t constant, CyclicInterval x,
                                     int width) {
  const std::uint64_t mask = mask_of(width);
  constant &= mask;
  if (kind == CellKind::kAnd && constant == 0) return CyclicInterval{0, 0};
  if (kind == CellKind::kOr && constant == mask) return CyclicInterval{mask, 0};
  if (kind == CellKind::kAnd && (constant & (constant + 1)) == 0) {
    return low_bits(x, 64 - __builtin_clzll(constant));
  }
  if ((kind == CellKind::kOr || kind == CellKind::kXor) && constant == 0) return low_bits(x, width);
  return std::nullopt;
}

}  // namespace

CyclicInterval Program::gather_over(const Operand& operand) const {
  CyclicInterval all{operand.constant, 0};
  for (std::size_t i = 0; i < operand.pieces.size(); ++i) {
    const Piece& p = operand.pieces[i];
    const auto slot = static_cast<std::size_t>(p.slot);
    CyclicInterval x = low_bits(high_bits(intervals_[slot], widths_[slot], p.lsb), p.length);
    int length = p.length;
    // A sign continued by hand: the top bit once more, and once more.
    const auto repeats_top = [&](const Piece& next) {
      return next.slot == p.slot && next.length == 1 && next.lsb == p.lsb + p.length - 1 &&
             next.position == p.position + length;
    };
    while (i + 1 < operand.pieces.size() && repeats_top(operand.pieces[i + 1])) ++i, ++length;
    if (length > p.length) x = low_bits(continued(x, p.length, true), length);
    const bool top = p.position + length == operand.width;
    if (!top) x = continued(x, length, false);  // no carry into the pieces above
    if (x.length > mask_of(kMaxBits - p.position)) return any(operand.width);
    all = sum(all, {x.start << p.position, x.length << p.position});
  }
  return low_bits(all, operand.width);
}

CyclicInterval Program::chosen_over(const Step& step, CyclicInterval select, bool& defined) const {
  const auto choice = [&](const Operand& operand) {
    if (operand.undefined) defined = false;
    return gather_over(operand);
  };
  if (step.cell->kind == CellKind::kMux) {
    if (is_constant(select)) return choice(select.start != 0 ? step.b : step.a);
    return hull(choice(step.a), choice(step.b), step.width);
  }
  if (!is_constant(select)) {
    defined = false;  // two choices at once are not excluded
    return any(step.width);
  }
  const std::uint64_t s = select.start;
  if (s == 0) return choice(step.a);
  if ((s & (s - 1)) != 0) defined = false;
  return choice(step.choices[static_cast<std::size_t>(__builtin_ctzll(s))]);
}

CyclicInterval Program::evaluate_over(const Step& step, bool& defined) {
  const Cell& cell = *step.cell;
  const CyclicInterval select = gather_over(step.s);
  if (step.s.undefined) defined = false;
  if (cell.kind == CellKind::kMux || cell.kind == CellKind::kPmux) {
    return chosen_over(step, select, defined);
  }
  if (step.a.undefined || step.b.undefined) defined = false;
  const CyclicInterval a = gather_over(step.a), b = gather_over(step.b);
  if (is_constant(a) && is_constant(b) && is_constant(select)) {
    return {evaluate(step, defined) & mask_of(step.width), 0};  // values_ holds all constants
  }
  const bool both = cell.a_signed && cell.b_signed;
  const CyclicInterval ea = continued(a, step.a.width, both), eb = continued(b, step.b.width, both);
  const CyclicInterval ua = continued(a, step.a.width, cell.a_signed);
  const auto word = [&](CyclicInterval x) { return low_bits(x, step.width); };
  switch (cell.kind) {
    case CellKind::kAdd:
      return word(sum(ea, eb));
    case CellKind::kSub:
      return word(sum(ea, negated(eb)));
    case CellKind::kMul:
      if (is_constant(eb)) return word(product(ea, eb.start));
      return is_constant(ea) ? word(product(eb, ea.start)) : any(step.width);
    case CellKind::kNeg:
      return word(negated(ua));
    case CellKind::kPos:
      return word(ua);
    case CellKind::kNot:
      return word(sum(negated(ua), {~std::uint64_t{0}, 0}));
    case CellKind::kAnd:
    case CellKind::kOr:
    case CellKind::kXor:
    case CellKind::kXnor: {
      std::optional<CyclicInterval> known;
      if (is_constant(eb)) known = masked(cell.kind, eb.start, ea, step.width);
      if (is_constant(ea)) known = masked(cell.kind, ea.start, eb, step.width);
      return known.value_or(any(step.width));
    }
    case CellKind::kShl:
    case CellKind::kSshl:
      if (!is_constant(b) || b.start >= kMaxBits) return any(step.width);
      return word(product(ua, std::uint64_t{1} << b.start));
    case CellKind::kShr:
    case CellKind::kSshr: {
      if (!is_constant(b) || b.start >= kMaxBits || step.a.pieces.empty()) return any(step.width);
      const auto by = static_cast<int>(b.start);
      if (cell.kind == CellKind::kSshr && cell.a_signed) {
        const auto first = static_cast<std::int64_t>(ua.start) >> by;
        const auto last =
            static_cast<std::int64_t>((static_cast<Wide>(static_cast<std::int64_t>(ua.start)) +
                                       static_cast<Wide>(ua.length)) >>
                                      by);
        return word({static_cast<std::uint64_t>(first),
                     static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)});
      }
      if (cell.a_signed) return any(step.width);
      return word(high_bits(ua, kMaxBits, by));
    }
    case CellKind::kLt:
    case CellKind::kLe:
    case CellKind::kEq:
    case CellKind::kNe:
    case CellKind::kGe:
    case CellKind::kGt:
      return bit(compared(cell.kind, ea, eb, both));
    case CellKind::kReduceAnd:
      return bit(contains(a, mask_of(step.a.width), step.a.width) ? std::nullopt
                                                                  : std::optional(false));
    case CellKind::kReduceOr:
    case CellKind::kReduceBool:
      return bit(is_nonzero(a, step.a.width));
    case CellKind::kLogicNot: {
      const auto nonzero = is_nonzero(a, step.a.width);
      return bit(nonzero ? std::optional(!*nonzero) : std::nullopt);
    }
    case CellKind::kLogicAnd:
    case CellKind::kLogicOr: {
      const bool decides = cell.kind == CellKind::kLogicOr;
      const auto x = is_nonzero(a, step.a.width), y = is_nonzero(b, step.b.width);
      if (x == decides || y == decides) return bit(decides);
      return bit(x && y ? std::optional(!decides) : std::nullopt);
    }
    case CellKind::kShift:
    case CellKind::kShiftx:
    case CellKind::kMemoryRead:
      defined = false;  // beyond the table's end is not excluded
      return any(step.width);
    case CellKind::kReduceXor:
    case CellKind::kReduceXnor:
    case CellKind::kMux:
    case CellKind::kPmux:
    case CellKind::kDff:
    case CellKind::kSdff:
    case CellKind::kUnknown:
      break;
  }
  return any(step.width);
}

std::optional<std::uint64_t> Program::run_over(const std::vector<CyclicInterval>& leaves) {
  const auto set = [&](int slot, CyclicInterval x) {
    intervals_[static_cast<std::size_t>(slot)] = x;
    values_[static_cast<std::size_t>(slot)] = x.start;
  };
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    set(leaf_slots_[i], low_bits(leaves[i], leaves_[i].width));
  }
  bool defined = !output_.undefined;
  for (const Step& step : steps_) {
    set(step.slot, low_bits(evaluate_over(step, defined), step.width));
  }
  const CyclicInterval output = gather_over(output_);
  if (!defined || !is_constant(output)) return std::nullopt;
  return output.start;
}

}  // namespace nib::sim
