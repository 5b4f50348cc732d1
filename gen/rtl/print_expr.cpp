// Expressions as text. A line end inside the text marks a place where a long line may be wrapped.
#include <fmt/format.h>

#include <cstdint>

#include "nib/rtl/print_text.h"

namespace nib::rtl {
namespace {

// IEEE 1800-2012 table 11-2, tightest first.
enum Precedence {
  kPrimary = 0,
  kUnary,
  kSum,
  kShift,
  kCompare,
  kEqual,
  kBitAnd,
  kBitOr,
  kAnd,
  kOr,
  kConditional
};

int precedence(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return kSum;
    case BinaryOp::kLt:
    case BinaryOp::kLe:
    case BinaryOp::kGt:
    case BinaryOp::kGe:
      return kCompare;
    case BinaryOp::kEq:
      return kEqual;
    case BinaryOp::kAnd:
      return kBitAnd;
    case BinaryOp::kOr:
      return kBitOr;
    case BinaryOp::kLogicalAnd:
      return kAnd;
    case BinaryOp::kLogicalOr:
      return kOr;
  }
  return kConditional;
}

const char* symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kLt:
      return "<";
    case BinaryOp::kLe:
      return "<=";
    case BinaryOp::kGt:
      return ">";
    case BinaryOp::kGe:
      return ">=";
    case BinaryOp::kEq:
      return "==";
    case BinaryOp::kAnd:
      return "&";
    case BinaryOp::kOr:
      return "|";
    case BinaryOp::kLogicalAnd:
      return "&&";
    case BinaryOp::kLogicalOr:
      return "||";
  }
  return "?";
}

const char* symbol(UnaryOp op) {
  switch (op) {
    case UnaryOp::kNegate:
      return "-";
    case UnaryOp::kNot:
      return "~";
    case UnaryOp::kLogicalNot:
      return "!";
    case UnaryOp::kReduceOr:
      return "|";
    case UnaryOp::kReduceAnd:
      return "&";
    case UnaryOp::kReduceXor:
      return "^";
  }
  return "?";
}

int precedence(const Expr& e) {
  if (const auto* b = std::get_if<Binary>(&e.node)) return precedence(b->op);
  if (std::holds_alternative<Shift>(e.node)) return kShift;
  if (std::holds_alternative<Ternary>(e.node)) return kConditional;
  if (std::holds_alternative<Unary>(e.node)) return kUnary;
  if (const auto* l = std::get_if<Literal>(&e.node)) return l->value < 0 ? kUnary : kPrimary;
  return kPrimary;
}

std::string literal_text(const Literal& l, Type type) {
  const int width = type.width;
  if (width == 0) return to_string(l.value);
  if (width == 1 && !type.is_signed) return l.value.bit(0) ? "1'b1" : "1'b0";
  if (type.is_signed && l.value < 0) return fmt::format("-{}'sd{}", width, to_string(-l.value));
  const BigInt bits = l.value.wrapped(width, false);
  const bool fits = !bits.bit(width - 1);
  return fmt::format("{}'{}d{}", width, type.is_signed && fits ? "s" : "", to_string(bits));
}

class ExprText {
 public:
  std::string operator()(const Expr& e) const { return text(e, kConditional); }

 private:
  // The text of `e` where operators that bind tighter than or as `loosest` need no parentheses.
  std::string text(const Expr& e, int loosest) const {
    std::string result = std::visit([&](const auto& node) { return show(node, e); }, e.node);
    return precedence(e) > loosest ? fmt::format("({})", result) : result;
  }
  std::string list(const std::vector<Expr>& args) const {
    std::string result;
    for (const Expr& arg : args) {
      if (!result.empty()) result += ",\n";
      result += text(arg, kConditional);
    }
    return result;
  }

  std::string show(const Literal& l, const Expr& e) const { return literal_text(l, e.type); }
  std::string show(const Digits& d, const Expr& e) const {
    return fmt::format("{}'h{}", e.type.width, d.hex);
  }
  std::string show(const Text& t, const Expr&) const { return fmt::format("\"{}\"", t.text); }
  std::string show(const Ref& r, const Expr&) const { return r.name; }
  std::string show(const Fill& f, const Expr&) const { return f.ones ? "'1" : "'0"; }
  std::string show(const Unary& u, const Expr& e) const {
    const std::string operand = text(e.args[0], kPrimary);
    // Yosys 0.23 reads -5'(x) as a cast to -5 bits.
    const bool cast = std::holds_alternative<Cast>(e.args[0].node);
    return symbol(u.op) + (cast ? fmt::format("({})", operand) : operand);
  }
  std::string show(const Binary& b, const Expr& e) const {
    // Sums lean left; all other mixtures are parenthesised for the reader.
    const int own = precedence(b.op);
    const bool mixes = own >= kBitAnd && own <= kBitOr;
    const auto* left = std::get_if<Binary>(&e.args[0].node);
    const bool same = left != nullptr && left->op == b.op;
    const int left_limit = own == kSum || same ? own : (mixes ? kUnary : own - 1);
    return text(e.args[0], left_limit) + "\n" + symbol(b.op) + " " +
           text(e.args[1], own == kAnd || own == kOr ? own - 1 : (mixes ? kUnary : own - 1));
  }
  std::string show(const Shift& s, const Expr& e) const {
    return text(e.args[0], kUnary) + (s.left ? " <<< " : " >>> ") + std::to_string(s.amount);
  }
  std::string show(const Slice& s, const Expr& e) const {
    const std::string name = text(e.args[0], kPrimary);
    if (e.type.width == 1) return fmt::format("{}[{}]", name, s.lsb);
    return fmt::format("{}[{}:{}]", name, s.lsb + e.type.width - 1, s.lsb);
  }
  std::string show(const Lookup&, const Expr& e) const {
    const std::string name = text(e.args[0], kPrimary);
    const std::string index = text(e.args[1], kUnary);
    if (e.type.width == 1) return fmt::format("{}[{}]", name, index);
    return fmt::format("{}[{} * {} +: {}]", name, index, e.type.width, e.type.width);
  }
  std::string show(const Concat&, const Expr& e) const {
    return fmt::format("{{{}}}", list(e.args));
  }
  std::string show(const Ternary&, const Expr& e) const {
    return text(e.args[0], kOr) + "\n? " + text(e.args[1], kOr) +
           "\n: " + text(e.args[2], kConditional);
  }
  std::string show(const Cast&, const Expr& e) const {
    return fmt::format("{}'({})", e.type.width, text(e.args[0], kConditional));
  }
  std::string show(const Signed&, const Expr& e) const {
    return fmt::format("$signed({})", text(e.args[0], kConditional));
  }
  std::string show(const Call& c, const Expr& e) const {
    return c.function + "(" + list(e.args) + ")";
  }
};

}  // namespace

std::string breakable(const Expr& expr) { return ExprText{}(expr); }

std::string print(const Expr& expr) {
  std::string text = breakable(expr);
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

}  // namespace nib::rtl
