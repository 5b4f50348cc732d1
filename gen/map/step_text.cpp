// Clips, comparator trees and tables.
#include "nib/map/step_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>
#include <variant>

#include "nib/base/check.h"

namespace nib::map {
namespace {

using Kind = plan::Operation::Kind;

constexpr std::int64_t kMaxTableBits = 4096;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Sign, shift and clip that BitDrop and MultiplyShift have in common.
struct Tail {
  std::int64_t multiplier = 1;
  BigInt add = 0;
  int shift = 0;
  BigInt low = 0, high = 0;
  bool negate = false;
  std::int64_t base = 0;
  bool half_even = false;
};

std::optional<Tail> tail_of(const arith::StepForm& form) {
  if (const auto* f = std::get_if<arith::BitDrop>(&form)) {
    return Tail{1, f->add, f->shift, f->low, f->high, f->negate, f->base, f->half_even};
  }
  if (const auto* f = std::get_if<arith::MultiplyShift>(&form)) {
    return Tail{f->multiplier, f->add, f->shift, f->low, f->high, f->negate, f->base, false};
  }
  return std::nullopt;
}

rtl::Expr shift_right(rtl::Expr x, int amount) {
  if (amount == 0) return x;
  const rtl::Type type = x.type;
  rtl::Expr e;
  e.node = rtl::Shift{false, amount};
  e.args.push_back(std::move(x));
  e.type = type;
  return e;
}

// k where x == 2^k; -1 otherwise.
int log2_of(const BigInt& x) {
  if (x.sign() <= 0) return -1;
  const int k = x.trailing_zeros();
  return x.magnitude_bits() == k + 1 ? k : -1;
}

rtl::Expr bits_of(const rtl::Expr& v, int high, int low) {
  return rtl::slice(v, low, high - low + 1);
}

// Below this value of v >> shift the result is `low`. A tie at an odd `low` must not go to low - 1.
BigInt lowest(const ClipKey& key) {
  return key.half_even && key.low.bit(0) ? key.low + 1 : key.low;
}

// v >> shift < low, by the sign and the overflow bits where that says it; `whole`: by a comparison,
// which reads every bit.
rtl::Expr is_below(const rtl::Expr& v, const ClipKey& key, bool whole) {
  const int top = key.width - 1;
  const BigInt low = lowest(key);
  if (!whole && low == 0 && key.is_signed) return bits_of(v, top, top);
  const int k = log2_of(-low);
  if (!whole && key.is_signed && k >= 0 && key.shift + k < top) {
    rtl::Expr same = bits_of(v, top - 1, key.shift + k);
    if (same.type.width > 1) same = rtl::unary(rtl::UnaryOp::kReduceAnd, std::move(same));
    return rtl::binary(rtl::BinaryOp::kLogicalAnd, bits_of(v, top, top),
                       rtl::unary(rtl::UnaryOp::kLogicalNot, std::move(same)));
  }
  return rtl::binary(rtl::BinaryOp::kLt, shift_right(v, key.shift), rtl::literal(low, v.type));
}

// v >> shift > high; `non_negative`: the sign is known to be 0 here.
rtl::Expr is_above(const rtl::Expr& v, const ClipKey& key, bool non_negative, bool whole) {
  const int top = key.width - 1;
  const int k = key.high >= 0 ? log2_of(key.high + 1) : -1;
  const int over = key.is_signed ? top - 1 : top;
  if (!whole && k >= 0 && key.shift + k <= over) {
    rtl::Expr any = bits_of(v, over, key.shift + k);
    if (any.type.width > 1) any = rtl::unary(rtl::UnaryOp::kReduceOr, std::move(any));
    if (!key.is_signed || non_negative) return any;
    return rtl::binary(rtl::BinaryOp::kLogicalAnd,
                       rtl::unary(rtl::UnaryOp::kLogicalNot, bits_of(v, top, top)), std::move(any));
  }
  return rtl::binary(rtl::BinaryOp::kGt, shift_right(v, key.shift), rtl::literal(key.high, v.type));
}

// Marks the bits of v that an expression reads.
void mark_bits(const rtl::Expr& e, std::vector<bool>& bits) {
  if (const auto* s = std::get_if<rtl::Slice>(&e.node)) {
    std::fill_n(bits.begin() + s->lsb, e.type.width, true);
  } else if (std::holds_alternative<rtl::Ref>(e.node)) {
    bits.assign(bits.size(), true);
  } else if (std::holds_alternative<rtl::Cast>(e.node) &&
             std::holds_alternative<rtl::Ref>(e.args[0].node)) {
    std::fill_n(bits.begin(), std::min(e.type.width, e.args[0].type.width), true);
  } else {
    for (const rtl::Expr& arg : e.args) mark_bits(arg, bits);
  }
}

std::string clip_text(const ClipKey& key, bool clips) {
  std::string text = key.shift == 0 ? "v" : fmt::format("v >> {}", key.shift);
  if (key.half_even) text = fmt::format("even({})", text);
  if (clips) {
    text = fmt::format("clamp({}, {}, {})", text, to_string(key.low), to_string(key.high));
  }
  if (key.negate) return fmt::format("y = {} - {}", to_string(key.base), text);
  return key.base == 0 ? fmt::format("y = {}", text)
                       : fmt::format("y = {} + {}", text, to_string(key.base));
}

// A balanced tree of comparisons.
rtl::Statement levels_tree(const arith::Steps& s, const rtl::Expr& v, rtl::Type out,
                           std::size_t first, std::size_t last) {
  if (first == last) return rtl::value_of(rtl::literal(s.levels[first], out));
  const std::size_t middle = (first + last) / 2;
  return rtl::branch(rtl::binary(rtl::BinaryOp::kLt, v, rtl::literal(s.thresholds[middle], v.type)),
                     levels_tree(s, v, out, first, middle),
                     levels_tree(s, v, out, middle + 1, last));
}

}  // namespace

StepText::StepText(const LayerSignals& signals, const std::vector<std::int32_t>& operations)
    : signals_(signals), names_(signals.names()) {
  for (const std::int32_t i : operations) note(i);
  name_clips();
  for (const auto& [key, clip] : clips_) declare_clip(key, clip);
}

bool StepText::leaves_below(const ClipUse& use) {
  return (use.range.min >> use.key.shift) < lowest(use.key);
}

bool StepText::leaves_above(const ClipUse& use) {
  return (use.range.max >> use.key.shift) > use.key.high;
}

std::optional<StepText::ClipUse> StepText::clip_of(std::int32_t i) const {
  const plan::Operation& op = signals_.op(i);
  const Range x = signals_.op(op.a.node).range;
  Tail tail;
  if (op.kind == Kind::kClamp) {
    tail.low = op.limits.min;
    tail.high = op.limits.max;
  } else {
    const auto found = tail_of(signals_.layer().steps[at(op.step)].form);
    if (!found) return std::nullopt;
    tail = *found;
  }
  const Range range = x * tail.multiplier + Range{tail.add, tail.add};
  rtl::Type in = type_of(range);
  const rtl::Type out = type_of(op);
  ClipUse use{{tail.shift, tail.low, tail.high, tail.negate, tail.base, in.width, out.width,
               in.is_signed, out.is_signed, tail.half_even},
              range,
              in};
  // Where nothing is clipped, bits above the result's are not read.
  const bool clips = leaves_below(use) || leaves_above(use);
  const int read = tail.shift + out.width;
  if (!clips && read < in.width) {
    use.type = rtl::Type{read, false};
    use.key.width = read;
    use.key.is_signed = false;
  }
  return use;
}

int StepText::operand_bits(std::int32_t i) const {
  const Kind kind = signals_.op(i).kind;
  if (kind != Kind::kStep && kind != Kind::kClamp) return kAllBits;
  const auto use = clip_of(i);
  return use ? use->key.width : kAllBits;
}

void StepText::note(std::int32_t i) {
  const plan::Operation& op = signals_.op(i);
  if (op.kind != Kind::kStep && op.kind != Kind::kClamp) return;
  if (const auto use = clip_of(i)) {
    Clip& clip = clips_[use->key];
    clip.below = clip.below || leaves_below(*use);
    clip.above = clip.above || leaves_above(*use);
    clip.is_clamp = clip.is_clamp || op.kind == Kind::kClamp;
    if (op.kind == Kind::kStep) {
      const arith::StepForm& form = signals_.layer().steps[at(op.step)].form;
      if (std::holds_alternative<arith::MultiplyShift>(form)) {
        products_[i] = names_.claim(fmt::format("prod{}", op.output));
      }
    }
    return;
  }
  const arith::StepCircuit& circuit = signals_.layer().steps[at(op.step)];
  const rtl::Type argument = type_of(signals_.op(op.a.node));
  if (named_steps_.contains(op.step) || tables_.contains(op.step)) return;
  if (std::holds_alternative<arith::Table>(circuit.form)) {
    declare_table(op.step, op, argument);
  } else if (circuit.steps.thresholds.size() > 1) {
    declare_levels(op.step, op, argument);
  }
}

void StepText::name_clips() {
  for (auto& [key, clip] : clips_) {
    const std::string base = clip.is_clamp ? "clamp" : "requant";
    const std::string wanted = clips_.size() == 1 ? base : fmt::format("{}_{}b", base, key.width);
    clip.name = names_.claim(wanted);
  }
}

void StepText::declare_clip(const ClipKey& key, const Clip& clip) {
  const rtl::Type in{key.width, key.is_signed};
  const rtl::Type out{key.out_width, key.out_signed};
  const rtl::Expr v = rtl::ref("v", in);
  const auto mapped = [&](const BigInt& level) {
    return rtl::literal(key.negate ? key.base - level : level + key.base, out);
  };
  rtl::Expr middle = key.out_width > key.width
                         ? shift_right(rtl::cast(v, key.out_width), key.shift)
                         : rtl::cast(shift_right(v, key.shift), key.out_width);
  if (key.half_even) {
    rtl::Expr dropped = rtl::slice(v, 0, std::min(key.shift, key.width));
    // The lowest bit stays only where a dropped one is set.
    rtl::Expr mask = rtl::unary(rtl::UnaryOp::kReduceOr, std::move(dropped));
    if (key.out_width > 1) {
      const int upper = key.out_width - 1;
      mask = rtl::concat({rtl::unary(rtl::UnaryOp::kNot, rtl::literal(0, rtl::Type{upper, false})),
                          std::move(mask)});
    }
    // A concatenation is unsigned, and would make the shift beside it a logical one.
    if (middle.type.is_signed) mask = rtl::as_signed(std::move(mask));
    middle = rtl::binary(rtl::BinaryOp::kAnd, std::move(middle), std::move(mask));
  }
  if (key.negate) {
    middle = key.base == 0
                 ? rtl::unary(rtl::UnaryOp::kNegate, std::move(middle))
                 : rtl::binary(rtl::BinaryOp::kSub, rtl::literal(key.base, out), std::move(middle));
  } else if (key.base != 0) {
    const auto op = key.base > 0 ? rtl::BinaryOp::kAdd : rtl::BinaryOp::kSub;
    middle = rtl::binary(op, std::move(middle), rtl::literal(abs(key.base), out));
  }
  // Bit tests leave the bits between them and the result unread where the range makes them
  // redundant; a comparison reads all.
  const bool sign_known = clip.below && lowest(key) == 0;
  std::vector<bool> bits(static_cast<std::size_t>(key.width), false);
  mark_bits(middle, bits);
  if (clip.above) mark_bits(is_above(v, key, sign_known, false), bits);
  if (clip.below) mark_bits(is_below(v, key, false), bits);
  const bool whole = std::find(bits.begin(), bits.end(), false) != bits.end();
  rtl::Statement body = rtl::value_of(std::move(middle));
  if (clip.above) {
    body = rtl::branch(is_above(v, key, sign_known, whole && !clip.below),
                       rtl::value_of(mapped(key.high)), std::move(body));
  }
  if (clip.below) {
    body = rtl::branch(is_below(v, key, whole), rtl::value_of(mapped(key.low)), std::move(body));
  }
  declarations_.push_back(rtl::Section{});
  std::string text = clip_text(key, clip.below || clip.above);
  if (key.half_even) {
    text += fmt::format("\nwhere a tie (the low {} bits are 0) goes to the even value", key.shift);
  }
  declarations_.push_back(rtl::Function{clip.name, out, "v", in, std::move(body), std::move(text)});
}

void StepText::declare_levels(std::int32_t step, const plan::Operation& op, rtl::Type argument) {
  const arith::Steps& steps = signals_.layer().steps[at(step)].steps;
  const std::string name = names_.claim(fmt::format("levels{}", op.output));
  named_steps_[step] = name;
  const rtl::Type out = type_of(op);
  declarations_.push_back(rtl::Section{});
  declarations_.push_back(rtl::Function{
      name, out, "v", argument,
      levels_tree(steps, rtl::ref("v", argument), out, 0, steps.levels.size() - 1),
      fmt::format("y = the level of v between {} thresholds.", steps.thresholds.size())});
}

void StepText::declare_table(std::int32_t step, const plan::Operation& op, rtl::Type argument) {
  const arith::StepCircuit& circuit = signals_.layer().steps[at(step)];
  const Range domain = circuit.steps.domain;
  const rtl::Type out = type_of(op);
  declarations_.push_back(rtl::Section{});
  const bool flat =
      argument.width < 13 && (std::int64_t{out.width} << argument.width) <= kMaxTableBits;
  if (!flat) {
    rtl::Case body;
    for (std::int64_t x = domain.min; x < domain.max; ++x) {
      body.arms.emplace_back(rtl::literal(x, argument),
                             rtl::literal(arith::evaluate(circuit, x), out));
    }
    body.fallback = rtl::literal(arith::evaluate(circuit, domain.max), out);
    const std::string name = names_.claim(fmt::format("table{}", op.output));
    named_steps_[step] = name;
    declarations_.push_back(rtl::Function{name, out, "v", argument, std::move(body),
                                          fmt::format("y = table of v in {}.", to_string(domain))});
    return;
  }
  // Indexed by the word itself; what is out of the domain holds the nearest level.
  const std::int64_t count = std::int64_t{1} << argument.width;
  std::vector<rtl::Expr> entries;
  for (std::int64_t pattern = count - 1; pattern >= 0; --pattern) {
    const std::int64_t x = argument.is_signed && pattern >= count / 2 ? pattern - count : pattern;
    const std::int64_t level =
        arith::evaluate(circuit, std::clamp(BigInt(x), domain.min, domain.max));
    rtl::Type entry{out.width, false};
    const std::int64_t mask = (std::int64_t{1} << out.width) - 1;
    entries.push_back(rtl::literal(level & mask, entry));
  }
  const rtl::Type type{static_cast<int>(count) * out.width, false};
  tables_[step] = names_.claim(fmt::format("Table{}", op.output));
  declarations_.push_back(rtl::Localparam{tables_[step], type, rtl::concat(std::move(entries)),
                                          fmt::format("Levels of {} words, the word {} first.",
                                                      count, argument.is_signed ? -1 : count - 1)});
}

rtl::Expr StepText::clipped_word(std::int32_t i, std::vector<rtl::Item>& items) const {
  const plan::Operation& op = signals_.op(i);
  const rtl::Expr x = signals_.at_stage(op.a.node, op.stage);
  if (op.kind == Kind::kClamp) return rtl::cast(x, clip_of(i)->type.width);
  const Tail tail = *tail_of(signals_.layer().steps[at(op.step)].form);
  const rtl::Type type = clip_of(i)->type;
  const auto product = products_.find(i);
  std::optional<rtl::Expr> sum;
  const auto add = [&](rtl::Expr term, bool negative) {
    if (sum) {
      sum = rtl::binary(negative ? rtl::BinaryOp::kSub : rtl::BinaryOp::kAdd, std::move(*sum),
                        std::move(term));
    } else {
      sum = negative ? rtl::unary(rtl::UnaryOp::kNegate, std::move(term)) : std::move(term);
    }
  };
  auto digits = arith::csd(tail.multiplier);
  std::reverse(digits.begin(), digits.end());
  std::stable_partition(digits.begin(), digits.end(), [](const auto& d) { return !d.second; });
  for (const auto& [shift, negative] : digits) {
    add(rtl::shift_left(rtl::cast(x, type.width), shift), negative);
  }
  const rtl::Expr constant = modular_literal(abs(tail.add), type);
  if (std::get<rtl::Literal>(constant.node).value != 0) add(constant, tail.add < 0);
  if (product == products_.end()) return std::move(*sum);
  items.push_back(rtl::net(product->second, type,
                           fmt::format("{}*{} {} {}, in {}", tail.multiplier,
                                       signals_.base(op.a.node), tail.add < 0 ? "-" : "+",
                                       to_string(abs(tail.add)), to_string(clip_of(i)->range))));
  items.push_back(rtl::Assign{rtl::ref(product->second, type), std::move(*sum), {}});
  return rtl::ref(product->second, type);
}

rtl::Expr StepText::value(std::int32_t i, std::vector<rtl::Item>& items) const {
  const plan::Operation& op = signals_.op(i);
  const rtl::Type out = type_of(op);
  if (const auto use = clip_of(i)) {
    rtl::Expr word = clipped_word(i, items);
    // A name keeps its type, also where adding a multiple of 2^width changed its sign alone.
    const rtl::Type wanted = use->type;
    if (std::holds_alternative<rtl::Ref>(word.node) && word.type.width == wanted.width) {
      if (word.type.is_signed && !wanted.is_signed) word = rtl::call("$unsigned", {word}, wanted);
      if (wanted.is_signed) word = rtl::as_signed(std::move(word));
    } else {
      word.type = wanted;
    }
    return rtl::call(clips_.at(use->key).name, {std::move(word)}, out);
  }
  const rtl::Expr x = signals_.at_stage(op.a.node, op.stage);
  if (const auto f = named_steps_.find(op.step); f != named_steps_.end()) {
    return rtl::call(f->second, {x}, out);
  }
  if (const auto t = tables_.find(op.step); t != tables_.end()) {
    const int count = 1 << x.type.width;
    rtl::Expr index =
        x.type.is_signed ? rtl::call("$unsigned", {x}, rtl::Type{x.type.width, false}) : x;
    return rtl::lookup(rtl::ref(t->second, rtl::Type{count * out.width, false}), std::move(index),
                       out.width);
  }
  const arith::Steps& steps = signals_.layer().steps[at(op.step)].steps;
  NIB_CHECK(steps.thresholds.size() == 1, "one comparison");
  rtl::Expr reached = rtl::binary(rtl::BinaryOp::kGe, x, rtl::literal(steps.thresholds[0], x.type));
  if (out == rtl::Type{1, false}) {
    if (steps.levels[1] == 1) return reached;
    return rtl::binary(rtl::BinaryOp::kLt, x, rtl::literal(steps.thresholds[0], x.type));
  }
  return rtl::ternary(std::move(reached), rtl::literal(steps.levels[1], out),
                      rtl::literal(steps.levels[0], out));
}

}  // namespace nib::map
