// Expressions of the SystemVerilog model: values with a width and a sign.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nib/num/big_int.h"

namespace nib::rtl {

/// A packed vector of `width` bits.
struct Type {
  int width = 1;
  bool is_signed = false;
  friend bool operator==(const Type&, const Type&) = default;
};

enum class UnaryOp { kNegate, kNot, kLogicalNot, kReduceOr, kReduceAnd, kReduceXor };
enum class BinaryOp { kAdd, kSub, kAnd, kOr, kLogicalAnd, kLogicalOr, kEq, kLt, kLe, kGt, kGe };

/// A name: net, port, register, parameter, function argument.
struct Ref {
  std::string name;
};
/// A constant, sized by the expression's type. A value at or above the type's signed maximum is
/// taken modulo 2^width, so that 8'd200 may stand in a sum of 8 bits.
struct Literal {
  BigInt value = 0;
};
/// A constant of any width: hexadecimal digits, most significant first, ceil(width / 4) of them.
struct Digits {
  std::string hex;
};
/// A string constant, for parameters that name files.
struct Text {
  std::string text;
};
/// '0 or '1, sized by the context.
struct Fill {
  bool ones = false;
};
struct Unary {
  UnaryOp op = UnaryOp::kNot;
};
struct Binary {
  BinaryOp op = BinaryOp::kAdd;
};
/// x <<< amount or x >>> amount by a constant.
struct Shift {
  bool left = true;
  int amount = 0;
};
/// x[lsb + width - 1 : lsb] of a name.
struct Slice {
  int lsb = 0;
};
/// table[index * width +: width] of a name.
struct Lookup {};
/// {first, ..., last}: the first is the most significant.
struct Concat {};
/// condition ? a : b.
struct Ternary {};
/// width'(x): sign or zero extension by the sign of x.
struct Cast {};
/// $signed(x).
struct Signed {};
/// name(args): a function of the module, or a system function.
struct Call {
  std::string function;
};

/// A node with its operands in `args`; `type` is what the language gives it.
struct Expr {
  std::variant<Literal, Digits, Text, Ref, Fill, Unary, Binary, Shift, Slice, Lookup, Concat,
               Ternary, Cast, Signed, Call>
      node;
  std::vector<Expr> args;
  Type type;
};

// Builders. They compute the type and add nothing silently.
[[nodiscard]] Expr ref(std::string name, Type type);
[[nodiscard]] Expr literal(BigInt value, Type type);
[[nodiscard]] Expr digits(std::string hex, int width);
[[nodiscard]] Expr text(std::string text);
[[nodiscard]] Expr fill(bool ones, Type type);
[[nodiscard]] Expr unary(UnaryOp op, Expr x);
/// Both operands have one width, except for the logical operators, which take single bits.
[[nodiscard]] Expr binary(BinaryOp op, Expr a, Expr b);
[[nodiscard]] Expr shift_left(Expr x, int amount);
[[nodiscard]] Expr slice(Expr name, int lsb, int width);
[[nodiscard]] Expr lookup(Expr table, Expr index, int width);
[[nodiscard]] Expr concat(std::vector<Expr> parts);
[[nodiscard]] Expr ternary(Expr condition, Expr a, Expr b);
/// x itself where it has that width already.
[[nodiscard]] Expr cast(Expr x, int width);
/// x itself where it is signed already.
[[nodiscard]] Expr as_signed(Expr x);
[[nodiscard]] Expr call(std::string function, std::vector<Expr> args, Type type);

}  // namespace nib::rtl
