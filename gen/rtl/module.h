// Modules of the SystemVerilog model: ports, items, statements. Plain values; check() judges them,
// print() writes them down.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nib/rtl/expr.h"

namespace nib::rtl {

enum class Direction { kInput, kOutput };

struct Port {
  Direction direction = Direction::kInput;
  std::string name;
  Type type;
  std::string comment;  ///< behind the port
};

/// A paragraph of comment lines; long lines are wrapped.
struct Comment {
  std::string text;
};
/// A blank line, then the title as a comment.
struct Section {
  std::string title;
};
/// localparam int unsigned (width 0) or a packed vector; `value` has its type.
struct Localparam {
  std::string name;
  Type type;
  Expr value;
  std::string comment;
};
/// One or more nets of one type.
struct Net {
  std::vector<std::string> names;
  Type type;
  std::string comment;
  bool initial_zero = false;  ///< a register that wakes up at 0
};
/// Continuous assignment to a name or a slice of one.
struct Assign {
  Expr target;
  Expr value;
  std::string comment;
};
/// Registers of one clock edge; with `reset`, all of them are set to 0 by it.
struct AlwaysFf {
  std::string clock;
  std::string reset;  ///< empty: none
  std::vector<std::pair<Expr, Expr>> registers;
  std::string comment;
};
/// if (condition) `then` else `otherwise`; without a condition: the value of the function.
struct Statement {
  std::vector<Expr> condition;  ///< none or one
  std::vector<Statement> then, otherwise;
  std::vector<Expr> value;  ///< exactly one where there is no condition
};
/// unique case over the argument, as a function body.
struct Case {
  std::vector<std::pair<Expr, Expr>> arms;
  Expr fallback;
};
struct Function {
  std::string name;
  Type type;
  std::string argument;
  Type argument_type;
  std::variant<Statement, Case> body;
  std::string comment;
};
struct Connection {
  std::string port;
  Expr value;
  bool is_output = false;
};
struct Instance {
  std::string module;
  std::string name;
  std::vector<std::pair<std::string, Expr>> parameters;
  std::vector<Connection> connections;
  std::string comment;
};
/// antecedent |-> consequent at every rising edge, outside synthesis.
struct Assertion {
  std::string name;
  std::string clock;
  Expr antecedent, consequent;
  std::string comment;
};

using Item = std::variant<Comment, Section, Localparam, Net, Assign, AlwaysFf, Function, Instance,
                          Assertion>;

struct Module {
  std::string header;      ///< comment lines above the module
  std::string attributes;  ///< text inside (* *), may be empty
  std::string name;
  std::vector<Localparam> header_parameters;  ///< localparams of the #( ) list
  std::vector<Port> ports;
  std::vector<Item> items;
};

// Short forms of frequent items.
[[nodiscard]] inline Net net(std::string name, Type type, std::string comment = {}) {
  return Net{{std::move(name)}, type, std::move(comment), false};
}
[[nodiscard]] inline Statement value_of(Expr value) {
  Statement s;
  s.value.push_back(std::move(value));
  return s;
}
[[nodiscard]] inline Statement branch(Expr condition, Statement then, Statement otherwise) {
  Statement s;
  s.condition.push_back(std::move(condition));
  s.then.push_back(std::move(then));
  s.otherwise.push_back(std::move(otherwise));
  return s;
}

}  // namespace nib::rtl
