// Linear forms of word-level cells. A signal of width W carries its form modulo 2^W, so wrapping
// inside a sum is harmless; where a word is continued (sign or zero bits) its value must fit.
#include "nib/sim/linear.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::sim {

/// Neighbouring bits of one signal, or of constants.
struct LinearView::Run {
  Source first;
  int length = 0;
  int position = 0;        ///< in the operand
  std::uint64_t bits = 0;  ///< of constants
};

namespace {

bool constant_form(const BigInt& value, LinearForm& form) {
  form = LinearForm{{}, value, {value, value}};
  return true;
}

std::optional<LinearForm> scaled(const LinearForm& x, const BigInt& a,
                                 const std::vector<Variable>& variables) {
  return combine(x, a, LinearForm{}, 0, 0, variables);
}

/// floor(form / 2^shift) where that is linear: all coefficients are divisible.
std::optional<LinearForm> shifted_down(const LinearForm& x, int shift,
                                       const std::vector<Variable>& variables) {
  if (shift == 0) return x;
  LinearForm y;
  for (const auto& [variable, factor] : x.terms) {
    if (factor.trailing_zeros() < shift) return std::nullopt;
    y.terms.emplace_back(variable, factor >> shift);
  }
  y.constant = x.constant >> shift;
  return scaled(y, 1, variables);
}

bool fits(const Range& range, int bits, bool is_signed) {
  if (bits == 0) return range == Range{0, 0};
  return full_range(bits, is_signed).contains(range);
}

/// The form modulo 2^bits whose values all fit into a word of that size: then it is the word's
/// exact value. Coefficients of least size are tried, then those that are not negative (of a
/// variable of one bit, -15 x is 241 x in an unsigned word of 8).
std::optional<LinearForm> congruent(const LinearForm& x, int bits, bool is_signed,
                                    const std::vector<Variable>& variables) {
  if (bits < 1) return std::nullopt;
  for (const bool least_size : {true, false}) {
    LinearForm y;
    for (const auto& [variable, factor] : x.terms) {
      const BigInt reduced = factor.wrapped(bits, least_size);
      if (reduced != 0) y.terms.emplace_back(variable, reduced);
    }
    y.constant = x.constant.wrapped(bits, false);
    auto result = scaled(y, 1, variables);
    if (!result) continue;
    // The constant that puts the least value into the 2^bits from the word's least one on.
    const BigInt low = full_range(bits, is_signed).min;
    const BigInt turns = (result->range.min - low) >> bits;
    result = combine(*result, 1, LinearForm{}, 0, -(turns << bits), variables);
    if (result && fits(result->range, bits, is_signed)) return result;
  }
  return std::nullopt;
}

}  // namespace

std::optional<LinearForm> combine(const LinearForm& x, const BigInt& a, const LinearForm& y,
                                  const BigInt& b, const BigInt& c,
                                  const std::vector<Variable>& variables) {
  LinearForm sum;
  std::size_t i = 0, j = 0;
  while (i < x.terms.size() || j < y.terms.size()) {
    const int vx = i < x.terms.size() ? x.terms[i].first : INT32_MAX;
    const int vy = j < y.terms.size() ? y.terms[j].first : INT32_MAX;
    BigInt factor = 0;
    if (vx <= vy) factor = a * x.terms[i++].second;
    if (vy <= vx) factor += b * y.terms[j++].second;
    if (factor != 0) sum.terms.emplace_back(std::min(vx, vy), std::move(factor));
  }
  sum.constant = a * x.constant + b * y.constant + c;
  sum.range = {sum.constant, sum.constant};
  for (const auto& [variable, factor] : sum.terms) {
    const Range& r = variables[static_cast<std::size_t>(variable)].range;
    sum.range.min += factor * (factor.sign() > 0 ? r.min : r.max);
    sum.range.max += factor * (factor.sign() > 0 ? r.max : r.min);
  }
  if (!fits_signed(sum.range, static_cast<int>(kMaxExactBits))) return std::nullopt;
  return sum;
}

bool congruent(const LinearForm& x, const LinearForm& y, int bits) {
  std::map<int, BigInt> difference;
  for (const auto& [variable, factor] : x.terms) difference[variable] += factor;
  for (const auto& [variable, factor] : y.terms) difference[variable] -= factor;
  difference[-1] = x.constant - y.constant;
  return std::all_of(difference.begin(), difference.end(),
                     [&](const auto& term) { return term.second.wrapped(bits, false) == 0; });
}

void LinearView::cut(Places places) {
  places_ = std::move(places);
  forms_.clear();
  narrow_.clear();
}

Bit LinearView::behind_registers(Bit bit) const {
  for (std::size_t hops = 0; hops <= netlist_.drivers.size(); ++hops) {  // ends at a register loop
    if (bit < 2 || places_.count(bit) != 0) return bit;
    const Driver driver = netlist_.driver(bit);
    if (driver.cell < 0) return bit;
    const Cell& cell = netlist_.cells[static_cast<std::size_t>(driver.cell)];
    if (cell.kind != CellKind::kDff) return bit;
    bit = cell.a[static_cast<std::size_t>(driver.index)];
  }
  return kBitX;
}

Source LinearView::source(Bit bit) const {
  bit = behind_registers(bit);
  if (bit == kBit0 || bit == kBit1) return {Source::Kind::kConstant, bit == kBit1, 0, 0};
  if (bit < 0) return {};
  const auto found = places_.find(bit);
  if (found != places_.end()) {
    const auto [variable, index] = found->second.front();
    return {Source::Kind::kVariable, false, variable, index};
  }
  const Driver driver = netlist_.driver(bit);
  return driver.cell < 0 ? Source{} : Source{Source::Kind::kCell, false, driver.cell, driver.index};
}

std::vector<Source> LinearView::sources(const Bits& bits) const {
  std::vector<Source> result;
  Bits nets;
  for (const Bit bit : bits) nets.push_back(behind_registers(bit));
  // How many of the nets from `at` on are the variable's bits from `index` on.
  const auto length = [&](std::size_t at, int variable, int index) {
    std::size_t count = 0;
    for (; at + count < nets.size(); ++count, ++index) {
      const auto found = places_.find(nets[at + count]);
      if (found == places_.end()) break;
      const auto& all = found->second;
      if (std::find(all.begin(), all.end(), std::pair{variable, index}) == all.end()) break;
    }
    return count;
  };
  while (result.size() < bits.size()) {
    const std::size_t at = result.size();
    const auto found = places_.find(nets[at]);
    if (found == places_.end() || found->second.size() == 1) {
      result.push_back(source(nets[at]));
      continue;
    }
    std::pair<int, int> best = found->second.front();
    std::size_t longest = 0;
    for (const auto& place : found->second) {
      const std::size_t own = length(at, place.first, place.second);
      if (own <= longest) continue;
      longest = own;
      best = place;
    }
    for (std::size_t i = 0; i < longest; ++i) {
      const int index = best.second + static_cast<int>(i);
      result.push_back({Source::Kind::kVariable, false, best.first, index});
    }
  }
  return result;
}

std::vector<LinearView::Run> LinearView::runs(const Bits& bits) const {
  std::vector<Run> result;
  const std::vector<Source> all = sources(bits);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Source& s = all[i];
    if (!result.empty()) {
      Run& last = result.back();
      const bool constants =
          s.kind == Source::Kind::kConstant && last.first.kind == s.kind && last.length < 62;
      const bool next = s.kind != Source::Kind::kConstant && last.first.kind == s.kind &&
                        last.first.id == s.id && s.index == last.first.index + last.length;
      if (constants && s.value) last.bits |= std::uint64_t{1} << last.length;
      if (constants || next) {
        ++last.length;
        continue;
      }
    }
    result.push_back({s, 1, static_cast<int>(i), s.value ? 1U : 0U});
  }
  return result;
}

const LinearForm* LinearView::form(const Source& signal) {
  if (signal.kind != Source::Kind::kCell && signal.kind != Source::Kind::kVariable) return nullptr;
  const bool is_cell = signal.kind == Source::Kind::kCell;
  const std::pair<bool, int> key{is_cell, signal.id};
  auto found = forms_.find(key);
  if (found == forms_.end()) {
    forms_[key] = std::nullopt;  // ends a combinational loop
    std::optional<LinearForm> result;
    if (is_cell) {
      result = cell_form(netlist_.cells[static_cast<std::size_t>(signal.id)]);
    } else {
      result = scaled(LinearForm{{{signal.id, 1}}, 0, {}}, 1, variables_);
    }
    found = forms_.insert_or_assign(key, std::move(result)).first;
  }
  return found->second ? &*found->second : nullptr;
}

std::optional<LinearForm> LinearView::run_value(const Run& run, bool top, Extension extension) {
  if (run.first.kind == Source::Kind::kConstant) {
    BigInt value = run.bits;
    if (top && extension == Extension::kSigned && (run.bits >> (run.length - 1) & 1U) != 0) {
      value -= power_of_two(run.length);
    }
    LinearForm constant;
    constant_form(value, constant);
    return constant;
  }
  const LinearForm* whole = form(run.first);
  if (whole == nullptr) return std::nullopt;
  auto part = shifted_down(*whole, run.first.index, variables_);
  if (!part || (top && extension == Extension::kNone)) return part;
  const bool is_signed = top && extension == Extension::kSigned;
  if (fits(part->range, run.length, is_signed)) return part;
  const auto wrapped = congruent(*part, run.length, is_signed, variables_);
  if (wrapped) return wrapped;
  if (run.first.kind == Source::Kind::kCell) {
    const Cell& cell = netlist_.cells[static_cast<std::size_t>(run.first.id)];
    narrow_.push_back(fmt::format("{} ({}) needs {} but is read as {} {} bits", cell.source,
                                  cell.type, to_string(part->range), run.length,
                                  is_signed ? "signed" : "unsigned"));
  }
  return std::nullopt;
}

std::optional<LinearForm> LinearView::value(const Bits& bits, Extension extension) {
  Bits content = bits;
  if (!content.empty()) {
    // Explicit continuation: the top bit repeated, or zeros above.
    const Source top = source(content.back());
    if (top.kind == Source::Kind::kConstant) {
      if (!top.value) {
        while (!content.empty() && source(content.back()) == top) content.pop_back();
        extension = Extension::kUnsigned;
      }
    } else if (extension != Extension::kUnsigned) {
      while (content.size() > 1 && source(content[content.size() - 2]) == top) {
        content.pop_back();
        extension = Extension::kSigned;
      }
    } else {
      // A signed word that is continued, then read as an unsigned one.
      const auto size = static_cast<int>(content.size());
      while (content.size() > 1 && source(content[content.size() - 2]) == top) content.pop_back();
      if (static_cast<int>(content.size()) < size) {
        const auto number = value(content, Extension::kSigned);
        if (!number) return std::nullopt;
        return number->range.min >= 0 ? number : congruent(*number, size, false, variables_);
      }
    }
  }
  LinearForm sum;
  const std::vector<Run> parts = runs(content);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = run_value(parts[i], i + 1 == parts.size(), extension);
    if (!part) return std::nullopt;
    const auto next = combine(sum, 1, *part, power_of_two(parts[i].position), 0, variables_);
    if (!next) return std::nullopt;
    sum = *next;
  }
  return sum;
}

std::optional<LinearForm> LinearView::operand(const Bits& bits, int width, bool is_signed) {
  const auto size = static_cast<std::size_t>(width);
  if (bits.size() >= size) {
    return value(Bits(bits.begin(), bits.begin() + width), Extension::kNone);
  }
  return value(bits, is_signed ? Extension::kSigned : Extension::kUnsigned);
}

std::optional<LinearForm> LinearView::cell_form(const Cell& cell) {
  const int width = static_cast<int>(cell.y.size());
  const bool both = cell.a_signed && cell.b_signed;
  const auto unary = [&](const BigInt& factor,
                         const BigInt& constant) -> std::optional<LinearForm> {
    const auto a = operand(cell.a, width, cell.a_signed);
    if (!a) return std::nullopt;
    return combine(*a, factor, LinearForm{}, 0, constant, variables_);
  };
  switch (cell.kind) {
    case CellKind::kPos:
      return unary(1, 0);
    case CellKind::kNeg:
      return unary(-1, 0);
    case CellKind::kNot:
      return unary(-1, -1);
    case CellKind::kAdd:
    case CellKind::kSub: {
      const auto a = operand(cell.a, width, both), b = operand(cell.b, width, both);
      if (!a || !b) return std::nullopt;
      return combine(*a, 1, *b, cell.kind == CellKind::kAdd ? 1 : -1, 0, variables_);
    }
    case CellKind::kMul: {
      const auto a = operand(cell.a, width, both), b = operand(cell.b, width, both);
      if (!a || !b || (!a->terms.empty() && !b->terms.empty())) return std::nullopt;
      return a->terms.empty() ? scaled(*b, a->constant, variables_)
                              : scaled(*a, b->constant, variables_);
    }
    case CellKind::kShl:
    case CellKind::kSshl: {
      const auto a = operand(cell.a, width, cell.a_signed);
      const auto b = value(cell.b, Extension::kUnsigned);
      if (!a || !b || !b->terms.empty() || b->constant > kMaxWordBits) return std::nullopt;
      return scaled(*a, power_of_two(static_cast<int>(b->constant)), variables_);
    }
    case CellKind::kAnd:
    case CellKind::kOr:
    case CellKind::kXor:
    case CellKind::kXnor:
    case CellKind::kShr:
    case CellKind::kSshr:
    case CellKind::kShift:
    case CellKind::kShiftx:
    case CellKind::kLt:
    case CellKind::kLe:
    case CellKind::kEq:
    case CellKind::kNe:
    case CellKind::kGe:
    case CellKind::kGt:
    case CellKind::kReduceAnd:
    case CellKind::kReduceOr:
    case CellKind::kReduceXor:
    case CellKind::kReduceXnor:
    case CellKind::kReduceBool:
    case CellKind::kLogicNot:
    case CellKind::kLogicAnd:
    case CellKind::kLogicOr:
    case CellKind::kMux:
    case CellKind::kPmux:
    case CellKind::kDff:
    case CellKind::kSdff:
    case CellKind::kMemoryRead:
    case CellKind::kUnknown:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace nib::sim
