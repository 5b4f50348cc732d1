// Cones of Yosys cells on numbers, by the semantics of Yosys' cell library.
#include "nib/sim/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/sim/words.h"

namespace nib::sim {
namespace {

constexpr int kMaxBits = 64;

std::uint64_t mask_of(int width) {
  return width >= kMaxBits ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

/// `value` of `width` bits, continued to 64.
std::uint64_t extended(std::uint64_t value, int width, bool is_signed) {
  if (is_signed && width > 0 && (value >> (width - 1) & 1U) != 0) return value | ~mask_of(width);
  return value;
}

bool compare(CellKind kind, std::uint64_t a, std::uint64_t b, bool is_signed) {
  const auto less = [&](std::uint64_t x, std::uint64_t y) {
    return is_signed ? static_cast<std::int64_t>(x) < static_cast<std::int64_t>(y) : x < y;
  };
  if (kind == CellKind::kLt) return less(a, b);
  if (kind == CellKind::kLe) return !less(b, a);
  if (kind == CellKind::kGe) return !less(a, b);
  if (kind == CellKind::kGt) return less(b, a);
  return (a == b) == (kind == CellKind::kEq);
}

bool is_shift(CellKind kind) {
  return kind == CellKind::kShl || kind == CellKind::kSshl || kind == CellKind::kShr ||
         kind == CellKind::kSshr || kind == CellKind::kShift || kind == CellKind::kShiftx;
}

bool all_constant(const Bits& bits) {
  return std::all_of(bits.begin(), bits.end(), [](Bit bit) { return bit < 2; });
}

/// `count` bits of a constant table from `lsb` on; undefined where it ends.
std::uint64_t table_bits(const Bits& table, std::int64_t lsb, int count, bool& defined) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const std::int64_t at = lsb + i;
    if (at < 0 || at >= static_cast<std::int64_t>(table.size()) ||
        table[static_cast<std::size_t>(at)] == kBitX) {
      defined = false;
      return 0;
    }
    if (table[static_cast<std::size_t>(at)] == kBit1) value |= std::uint64_t{1} << i;
  }
  return value;
}

}  // namespace

Program::Program(LinearView& view, const Bits& output, const IsLeaf& is_leaf)
    : view_(view), is_leaf_(is_leaf) {
  output_ = operand(output);
  values_.resize(slots_.size());
  intervals_.resize(slots_.size());
  widths_.resize(slots_.size());
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    widths_[static_cast<std::size_t>(leaf_slots_[i])] = leaves_[i].width;
  }
  for (const Step& step : steps_) widths_[static_cast<std::size_t>(step.slot)] = step.width;
}

int Program::slot_of(const Source& source) {
  const bool is_cell = source.kind == Source::Kind::kCell;
  const std::pair<bool, int> key{is_cell, source.id};
  const auto found = slots_.find(key);
  if (found != slots_.end()) {
    if (found->second < 0) throw Fault{"a combinational loop"};
    return found->second;
  }
  slots_[key] = -1;
  const LinearForm* form = view_.form(source);
  const bool leaf = !is_cell || form != nullptr || (is_leaf_ && is_leaf_(source));
  if (!leaf) {
    const Cell& cell = view_.netlist().cells[static_cast<std::size_t>(source.id)];
    Step step = step_of(cell);
    step.slot = static_cast<int>(leaves_.size() + steps_.size());
    steps_.push_back(std::move(step));
    cells_.push_back(source.id);
    return slots_[key] = steps_.back().slot;
  }
  const int slot = static_cast<int>(leaves_.size() + steps_.size());
  const int width =
      is_cell
          ? static_cast<int>(view_.netlist().cells[static_cast<std::size_t>(source.id)].y.size())
          : view_.variables()[static_cast<std::size_t>(source.id)].type.bits;
  if (width > kMaxBits)
    throw Fault{fmt::format("not provable: a word of {} bits in step logic", width)};
  leaves_.push_back({source, form != nullptr ? *form : LinearForm{}, width});
  leaf_slots_.push_back(slot);
  return slots_[key] = slot;
}

Program::Operand Program::operand(const Bits& bits) {
  Operand result;
  result.width = static_cast<int>(bits.size());
  if (bits.size() > kMaxBits) {
    throw Fault{fmt::format("not provable: an operand of {} bits in step logic", bits.size())};
  }
  const std::vector<Source> sources = view_.sources(bits);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Source& s = sources[i];
    const int position = static_cast<int>(i);
    if (s.kind == Source::Kind::kConstant) {
      if (s.value) result.constant |= std::uint64_t{1} << i;
      continue;
    }
    if (s.kind == Source::Kind::kOpen) {
      if (bits[i] != kBitX) throw Fault{"logic reads a net that nothing drives, or a loop"};
      result.undefined = true;
      continue;
    }
    const int slot = slot_of(s);
    if (!result.pieces.empty()) {
      Piece& last = result.pieces.back();
      if (last.slot == slot && last.lsb + last.length == s.index &&
          last.position + last.length == position) {
        ++last.length;
        continue;
      }
    }
    result.pieces.push_back({slot, s.index, 1, position});
  }
  return result;
}

Program::Step Program::step_of(const Cell& cell) {
  Step step;
  step.cell = &cell;
  step.width = static_cast<int>(cell.y.size());
  const std::string place = cell.source + " (" + cell.type + ")";
  if (cell.kind == CellKind::kUnknown || cell.kind == CellKind::kSdff) {
    throw Fault{place + " is a cell that the prover does not know"};
  }
  if (step.width > kMaxBits) {
    throw Fault{fmt::format("not provable: {} is {} bits wide", place, step.width)};
  }
  const bool table = is_shift(cell.kind) && all_constant(cell.a);
  if (!table) step.a = operand(cell.a);
  step.s = operand(cell.s);
  if (cell.kind != CellKind::kPmux) {
    step.b = operand(cell.b);
    return step;
  }
  for (std::size_t at = 0; at < cell.b.size(); at += cell.y.size()) {
    const auto begin = cell.b.begin() + static_cast<long>(at);
    step.choices.push_back(operand(Bits(begin, begin + step.width)));
  }
  return step;
}

std::uint64_t Program::gather(const Operand& operand) const {
  std::uint64_t value = operand.constant;
  for (const Piece& p : operand.pieces) {
    const std::uint64_t bits = values_[static_cast<std::size_t>(p.slot)] >> p.lsb;
    value |= (bits & mask_of(p.length)) << p.position;
  }
  return value;
}

std::uint64_t Program::shifted(const Step& step, bool& defined) const {
  const Cell& cell = *step.cell;
  std::int64_t by = static_cast<std::int64_t>(gather(step.b));
  const bool any = cell.kind == CellKind::kShift || cell.kind == CellKind::kShiftx;
  if (any) by = static_cast<std::int64_t>(extended(gather(step.b), step.b.width, cell.b_signed));
  if (cell.kind == CellKind::kShl || cell.kind == CellKind::kSshl) by = -by;
  if (all_constant(cell.a)) {
    if (cell.kind == CellKind::kShiftx) return table_bits(cell.a, by, step.width, defined);
    Bits padded = cell.a;
    const bool high = cell.a_signed && cell.kind == CellKind::kSshr && padded.back() == kBit1;
    if (by < 0 || static_cast<std::size_t>(by) > padded.size()) {
      if (by < 0 && by > -kMaxBits) {
        bool ok = true;
        const int count = std::min(step.width, static_cast<int>(padded.size()));
        return table_bits(padded, 0, count, ok) << -by;
      }
      return high ? mask_of(step.width) : 0;
    }
    padded.resize(padded.size() + kMaxBits, high ? kBit1 : kBit0);
    return table_bits(padded, by, step.width, defined);
  }
  const std::uint64_t a = gather(step.a);
  const bool is_signed = cell.a_signed;
  if (cell.kind == CellKind::kShiftx && (by < 0 || by + step.width > step.a.width)) defined = false;
  const std::uint64_t wide = step.width > step.a.width ? extended(a, step.a.width, is_signed) : a;
  if (by <= -kMaxBits) return 0;
  if (by < 0) return wide << -by;
  const bool arithmetic = is_signed && cell.kind == CellKind::kSshr;
  if (by >= kMaxBits) return arithmetic && extended(a, step.a.width, true) >> 63 != 0 ? ~0ULL : 0;
  if (arithmetic) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(extended(a, step.a.width, true)) >>
                                      by);
  }
  return (wide & mask_of(std::max(step.width, step.a.width))) >> by;
}

std::uint64_t Program::evaluate(const Step& step, bool& defined) const {
  const Cell& cell = *step.cell;
  const bool both = cell.a_signed && cell.b_signed;
  const std::uint64_t a = gather(step.a), b = gather(step.b), s = gather(step.s);
  const std::uint64_t ea = extended(a, step.a.width, both), eb = extended(b, step.b.width, both);
  const std::uint64_t ua = extended(a, step.a.width, cell.a_signed);
  switch (cell.kind) {
    case CellKind::kAdd:
      return ea + eb;
    case CellKind::kSub:
      return ea - eb;
    case CellKind::kMul:
      return ea * eb;
    case CellKind::kNeg:
      return -ua;
    case CellKind::kPos:
      return ua;
    case CellKind::kNot:
      return ~ua;
    case CellKind::kAnd:
      return ea & eb;
    case CellKind::kOr:
      return ea | eb;
    case CellKind::kXor:
      return ea ^ eb;
    case CellKind::kXnor:
      return ~(ea ^ eb);
    case CellKind::kShl:
    case CellKind::kSshl:
    case CellKind::kShr:
    case CellKind::kSshr:
    case CellKind::kShift:
    case CellKind::kShiftx:
      return shifted(step, defined);
    case CellKind::kLt:
    case CellKind::kLe:
    case CellKind::kEq:
    case CellKind::kNe:
    case CellKind::kGe:
    case CellKind::kGt:
      return compare(cell.kind, ea, eb, both) ? 1 : 0;
    case CellKind::kReduceAnd:
      return a == mask_of(step.a.width) ? 1 : 0;
    case CellKind::kReduceOr:
    case CellKind::kReduceBool:
      return a != 0 ? 1 : 0;
    case CellKind::kReduceXor:
      return static_cast<unsigned>(__builtin_popcountll(a)) & 1U;
    case CellKind::kReduceXnor:
      return ~static_cast<unsigned>(__builtin_popcountll(a)) & 1U;
    case CellKind::kLogicNot:
      return a == 0 ? 1 : 0;
    case CellKind::kLogicAnd:
      return a != 0 && b != 0 ? 1 : 0;
    case CellKind::kLogicOr:
      return a != 0 || b != 0 ? 1 : 0;
    case CellKind::kMux: {
      if ((s != 0 ? step.b : step.a).undefined) defined = false;
      return s != 0 ? b : a;
    }
    case CellKind::kPmux: {
      if (s == 0) {
        if (step.a.undefined) defined = false;
        return a;
      }
      if ((s & (s - 1)) != 0) defined = false;
      const auto& choice = step.choices[static_cast<std::size_t>(__builtin_ctzll(s))];
      if (choice.undefined) defined = false;
      return gather(choice);
    }
    case CellKind::kMemoryRead:
      if (a >= cell.memory.size()) {
        defined = false;
        return 0;
      }
      return table_bits(cell.memory[a], 0, step.width, defined);
    case CellKind::kDff:
    case CellKind::kSdff:
    case CellKind::kUnknown:
      break;
  }
  defined = false;
  return 0;
}

bool Program::run(const std::vector<std::int64_t>& leaves, std::uint64_t& output) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    values_[static_cast<std::size_t>(leaf_slots_[i])] =
        static_cast<std::uint64_t>(leaves[i]) & mask_of(leaves_[i].width);
  }
  bool defined = !output_.undefined;
  for (const Step& step : steps_) {
    const bool chooses = step.cell->kind == CellKind::kMux || step.cell->kind == CellKind::kPmux;
    if (step.s.undefined || (!chooses && (step.a.undefined || step.b.undefined))) defined = false;
    values_[static_cast<std::size_t>(step.slot)] = evaluate(step, defined) & mask_of(step.width);
  }
  output = gather(output_);
  return defined;
}

}  // namespace nib::sim
