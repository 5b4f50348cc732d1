// Affine words on intervals.
#include "nib/sim/interval_view.h"

#include <algorithm>
#include <utility>

#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

bool is_constant(const AffineWord& x) { return x.factor == 0; }

AffineWord truth(bool value) {
  const BigInt bit = value ? 1 : 0;
  return {0, bit, {bit, bit}};
}

}  // namespace

AffineWord IntervalView::affine(const BigInt& factor, const BigInt& constant) const {
  return {factor, constant, interval_ * factor + Range{constant, constant}};
}

int IntervalView::width_of(const Source& source) const {
  const auto id = static_cast<std::size_t>(source.id);
  return source.kind == Source::Kind::kCell ? static_cast<int>(view_.netlist().cells[id].y.size())
                                            : view_.variables()[id].type.bits;
}

std::optional<std::pair<BigInt, BigInt>> IntervalView::line(const Source& source) {
  const auto [found, is_new] =
      lines_.try_emplace({source.kind == Source::Kind::kCell, source.id}, std::nullopt);
  const LinearForm* form = is_new ? view_.form(source) : nullptr;
  if (form == nullptr) return found->second;
  LinearForm varying;
  varying.constant = form->constant;
  for (const auto& [variable, factor] : form->terms) {
    const Range& range = view_.variables()[static_cast<std::size_t>(variable)].range;
    if (range.is_constant()) {
      varying.constant += factor * range.min;
    } else {
      varying.terms.emplace_back(variable, factor);
    }
  }
  if (const auto factor = parallel(varying, primitive_, width_of(source))) {
    found->second = {*factor, varying.constant};
  }
  return found->second;
}

std::optional<AffineWord> IntervalView::signal(const Source& source) {
  const std::pair<bool, int> key{source.kind == Source::Kind::kCell, source.id};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  known_[key] = std::nullopt;  // ends a combinational loop
  std::optional<AffineWord> result;
  if (const auto own = line(source)) {
    result = affine(own->first, own->second);
  } else if (key.first && view_.form(source) == nullptr) {
    result = cell(view_.netlist().cells[static_cast<std::size_t>(source.id)]);
  }
  return known_[key] = std::move(result);
}

/// Bits first.index .. first.index + length - 1 of a signal, modulo 2^length.
std::optional<AffineWord> IntervalView::run(const Source& first, int length) {
  const auto whole = signal(first);
  if (!whole || first.index == 0) return whole;
  // Where the number stays between two multiples of 2^index, the bits above do not move.
  const Range high = whole->range >> first.index;
  if (!high.is_constant()) return std::nullopt;
  return affine(0, high.min.wrapped(length, false));
}

std::optional<AffineWord> IntervalView::word(const Bits& bits) {
  const std::vector<Source> sources = view_.sources(bits);
  AffineWord sum = affine(0, 0);
  for (std::size_t i = 0; i < sources.size();) {
    const Source& first = sources[i];
    const BigInt weight = power_of_two(static_cast<int>(i));
    if (first.kind == Source::Kind::kConstant) {
      if (first.value) sum = affine(sum.factor, sum.constant + weight);
      ++i;
      continue;
    }
    if (first.kind == Source::Kind::kOpen) return std::nullopt;
    int length = 1;
    const auto next = [&](std::size_t at) {
      return at < sources.size() && sources[at].kind == first.kind && sources[at].id == first.id &&
             sources[at].index == first.index + length;
    };
    while (next(i + static_cast<std::size_t>(length))) ++length;
    auto part = run(first, length);
    if (!part) return std::nullopt;
    const bool top = i + static_cast<std::size_t>(length) == sources.size();
    if (!top) {  // no carry into the bits above: the exact number
      const BigInt turns = part->range.min >> length;
      if ((part->range.max >> length) != turns) return std::nullopt;
      part = affine(part->factor, part->constant - (turns << length));
    }
    sum = affine(sum.factor + part->factor * weight, sum.constant + part->constant * weight);
    i += static_cast<std::size_t>(length);
  }
  return sum;
}

std::optional<AffineWord> IntervalView::number(const Bits& bits, bool is_signed) {
  // A sign that is repeated says no more than once.
  Bits content = bits;
  while (is_signed && content.size() > 1 &&
         view_.source(content.back()) == view_.source(content[content.size() - 2])) {
    content.pop_back();
  }
  const auto width = static_cast<int>(content.size());
  const auto part = word(content);
  if (!part || width == 0) return part;
  const BigInt low = full_range(width, is_signed).min;
  const BigInt turns = (part->range.min - low) >> width;
  if (((part->range.max - low) >> width) != turns) return std::nullopt;
  return affine(part->factor, part->constant - (turns << width));
}

std::optional<bool> IntervalView::is_nonzero(const Bits& bits) {
  const auto x = number(bits, false);
  if (!x) return std::nullopt;
  if (x->range.min > 0) return true;
  if (x->range.max == 0) return false;
  return std::nullopt;
}

std::optional<AffineWord> IntervalView::compared(const Cell& cell) {
  const bool is_signed = cell.a_signed && cell.b_signed;
  const auto a = number(cell.a, is_signed), b = number(cell.b, is_signed);
  if (!a || !b) return std::nullopt;
  const Range d = affine(a->factor - b->factor, a->constant - b->constant).range;
  const auto decided = [](bool yes, bool no) -> std::optional<AffineWord> {
    if (!yes && !no) return std::nullopt;
    return truth(yes);
  };
  switch (cell.kind) {
    case CellKind::kLt:
      return decided(d.max < 0, d.min >= 0);
    case CellKind::kLe:
      return decided(d.max <= 0, d.min > 0);
    case CellKind::kGt:
      return decided(d.min > 0, d.max <= 0);
    case CellKind::kGe:
      return decided(d.min >= 0, d.max < 0);
    case CellKind::kEq:
      return decided(d == Range{0, 0}, !d.contains(0));
    default:
      return decided(!d.contains(0), d == Range{0, 0});
  }
}

std::optional<AffineWord> IntervalView::operand(const Bits& bits, int size, bool is_signed) {
  if (static_cast<int>(bits.size()) < size) return number(bits, is_signed);
  return word(Bits(bits.begin(), bits.begin() + size));
}

/// To the right by a constant: the bits that are left, where they do not move.
std::optional<AffineWord> IntervalView::shifted(const Cell& cell) {
  const auto a = number(cell.a, cell.a_signed), by = number(cell.b, false);
  const bool arithmetic = cell.kind == CellKind::kSshr || !cell.a_signed;
  if (!a || !by || !is_constant(*by) || by->constant > kMaxWordBits || !arithmetic) {
    return std::nullopt;
  }
  const Range high = a->range >> static_cast<int>(static_cast<std::int64_t>(by->constant));
  if (!high.is_constant()) return std::nullopt;
  return affine(0, high.min);
}

/// Of two constants; or of all ones (zeros) with anything.
std::optional<AffineWord> IntervalView::bitwise(const Cell& cell) {
  const auto size = cell.y.size();
  const bool is_signed = cell.a_signed && cell.b_signed;
  const auto a = operand(cell.a, static_cast<int>(size), is_signed);
  const auto b = operand(cell.b, static_cast<int>(size), is_signed);
  if (!a || !b) return std::nullopt;
  const bool both = is_constant(*a) && is_constant(*b);
  const Integer x = a->constant.integer(), y = b->constant.integer();
  if (both && cell.kind == CellKind::kXor) return affine(0, BigInt(Integer(x ^ y)));
  if (both) return affine(0, BigInt(cell.kind == CellKind::kAnd ? Integer(x & y) : Integer(x | y)));
  const BigInt neutral = cell.kind == CellKind::kAnd ? -1 : 0;
  const auto is_neutral = [&](const AffineWord& w) {
    return is_constant(w) && (w.constant - neutral).wrapped(static_cast<int>(size), false) == 0;
  };
  if (is_neutral(*a)) return b;
  if (is_neutral(*b)) return a;
  return std::nullopt;
}

std::optional<AffineWord> IntervalView::cell(const Cell& cell) {
  const auto size = static_cast<int>(cell.y.size());
  const auto bit = [](std::optional<bool> value) -> std::optional<AffineWord> {
    if (!value) return std::nullopt;
    return truth(*value);
  };
  switch (cell.kind) {
    case CellKind::kMux: {
      const auto select = word(cell.s);
      if (!select || !is_constant(*select)) return std::nullopt;
      return word(select->constant.bit(0) ? cell.b : cell.a);
    }
    case CellKind::kLt:
    case CellKind::kLe:
    case CellKind::kGt:
    case CellKind::kGe:
    case CellKind::kEq:
    case CellKind::kNe:
      return compared(cell);
    case CellKind::kNot: {
      const auto a = word(cell.a);
      if (!a || static_cast<int>(cell.a.size()) < size) return std::nullopt;
      return affine(-a->factor, -a->constant - 1);
    }
    case CellKind::kAnd:
    case CellKind::kOr:
    case CellKind::kXor:
      return bitwise(cell);
    case CellKind::kShr:
    case CellKind::kSshr:
      return shifted(cell);
    case CellKind::kPos:
      return operand(cell.a, size, cell.a_signed);
    case CellKind::kNeg: {
      const auto a = operand(cell.a, size, cell.a_signed);
      if (!a) return std::nullopt;
      return affine(-a->factor, -a->constant);
    }
    case CellKind::kAdd:
    case CellKind::kSub: {
      const bool both = cell.a_signed && cell.b_signed;
      const auto a = operand(cell.a, size, both), b = operand(cell.b, size, both);
      if (!a || !b) return std::nullopt;
      return cell.kind == CellKind::kAdd ? affine(a->factor + b->factor, a->constant + b->constant)
                                         : affine(a->factor - b->factor, a->constant - b->constant);
    }
    case CellKind::kReduceOr:
    case CellKind::kReduceBool:
      return bit(is_nonzero(cell.a));
    case CellKind::kReduceAnd: {
      const auto a = number(cell.a, true);
      if (!a || (a->range.contains(-1) && a->range != Range{-1, -1})) return std::nullopt;
      return truth(a->range.min == -1 && a->range.max == -1);
    }
    case CellKind::kLogicNot: {
      const auto a = is_nonzero(cell.a);
      return bit(a ? std::optional(!*a) : std::nullopt);
    }
    case CellKind::kLogicAnd:
    case CellKind::kLogicOr: {
      const bool decides = cell.kind == CellKind::kLogicOr;
      const auto a = is_nonzero(cell.a), b = is_nonzero(cell.b);
      if (a == decides || b == decides) return truth(decides);
      return bit(a && b ? std::optional(!decides) : std::nullopt);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace nib::sim
