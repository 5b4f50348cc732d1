// Builders of expressions: each computes its type.
#include "nib/rtl/expr.h"

#include <algorithm>
#include <utility>

#include "nib/base/check.h"

namespace nib::rtl {
namespace {

Expr make(decltype(Expr::node) node, std::vector<Expr> args, Type type) {
  return Expr{std::move(node), std::move(args), type};
}

}  // namespace

Expr ref(std::string name, Type type) { return make(Ref{std::move(name)}, {}, type); }

Expr literal(BigInt value, Type type) { return make(Literal{std::move(value)}, {}, type); }

Expr digits(std::string hex, int width) {
  NIB_CHECK(hex.size() == static_cast<std::size_t>((width + 3) / 4), "a digit for every four bits");
  return make(Digits{std::move(hex)}, {}, Type{width, false});
}

Expr text(std::string text) { return make(Text{std::move(text)}, {}, Type{0, false}); }

Expr fill(bool ones, Type type) { return make(Fill{ones}, {}, type); }

Expr unary(UnaryOp op, Expr x) {
  const bool keeps = op == UnaryOp::kNegate || op == UnaryOp::kNot;
  const Type type = keeps ? x.type : Type{1, false};
  std::vector<Expr> args;
  args.push_back(std::move(x));
  return make(Unary{op}, std::move(args), type);
}

namespace {

/// True where `e` shifts a sign to the right in the context of what it stands in.
bool shifts_a_sign(const Expr& e) {
  const auto* shift = std::get_if<Shift>(&e.node);
  if (shift != nullptr && !shift->left && e.type.is_signed) return true;
  const bool passes_context = shift != nullptr || std::holds_alternative<Binary>(e.node) ||
                              std::holds_alternative<Unary>(e.node) ||
                              std::holds_alternative<Ternary>(e.node);
  return passes_context && std::any_of(e.args.begin(), e.args.end(), shifts_a_sign);
}

}  // namespace

Expr binary(BinaryOp op, Expr a, Expr b) {
  NIB_CHECK(a.type.width == b.type.width, "operands of one width");
  const bool both_signed = a.type.is_signed && b.type.is_signed;
  NIB_CHECK(both_signed || (!shifts_a_sign(a) && !shifts_a_sign(b)),
            "no arithmetic shift beside an unsigned operand: it would shift zeros in");
  const bool keeps =
      op == BinaryOp::kAdd || op == BinaryOp::kSub || op == BinaryOp::kAnd || op == BinaryOp::kOr;
  const Type type =
      keeps ? Type{a.type.width, a.type.is_signed && b.type.is_signed} : Type{1, false};
  std::vector<Expr> args;
  args.push_back(std::move(a));
  args.push_back(std::move(b));
  return make(Binary{op}, std::move(args), type);
}

Expr shift_left(Expr x, int amount) {
  if (amount == 0) return x;
  const Type type = x.type;
  std::vector<Expr> args;
  args.push_back(std::move(x));
  return make(Shift{true, amount}, std::move(args), type);
}

Expr slice(Expr name, int lsb, int width) {
  NIB_CHECK(std::holds_alternative<Ref>(name.node), "only a name can be sliced");
  NIB_CHECK(lsb >= 0 && width > 0 && lsb + width <= name.type.width, "slice inside the word");
  if (name.type.width == 1) return name;
  std::vector<Expr> args;
  args.push_back(std::move(name));
  return make(Slice{lsb}, std::move(args), Type{width, false});
}

Expr lookup(Expr table, Expr index, int width) {
  std::vector<Expr> args;
  args.push_back(std::move(table));
  args.push_back(std::move(index));
  return make(Lookup{}, std::move(args), Type{width, false});
}

Expr concat(std::vector<Expr> parts) {
  NIB_CHECK(!parts.empty(), "a concatenation of something");
  if (parts.size() == 1) return std::move(parts.front());
  int width = 0;
  for (const Expr& part : parts) width += part.type.width;
  return make(Concat{}, std::move(parts), Type{width, false});
}

Expr ternary(Expr condition, Expr a, Expr b) {
  NIB_CHECK(condition.type.width == 1, "a condition is one bit");
  NIB_CHECK(a.type.width == b.type.width, "arms of one width");
  const Type type{a.type.width, a.type.is_signed && b.type.is_signed};
  std::vector<Expr> args;
  args.push_back(std::move(condition));
  args.push_back(std::move(a));
  args.push_back(std::move(b));
  return make(Ternary{}, std::move(args), type);
}

Expr cast(Expr x, int width) {
  if (x.type.width == width) return x;
  const Type type{width, x.type.is_signed};
  if (auto* constant = std::get_if<Literal>(&x.node)) return literal(constant->value, type);
  std::vector<Expr> args;
  args.push_back(std::move(x));
  return make(Cast{}, std::move(args), type);
}

Expr as_signed(Expr x) {
  if (x.type.is_signed) return x;
  const Type type{x.type.width, true};
  std::vector<Expr> args;
  args.push_back(std::move(x));
  return make(Signed{}, std::move(args), type);
}

Expr call(std::string function, std::vector<Expr> args, Type type) {
  return make(Call{std::move(function)}, std::move(args), type);
}

}  // namespace nib::rtl
