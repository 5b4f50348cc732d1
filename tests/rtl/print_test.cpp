// The printer: operators, wrapping, every kind of item.
#include "nib/rtl/print.h"

#include <doctest/doctest.h>

#include <string>

namespace nib::rtl {
namespace {

const Type kS8{8, true}, kU4{4, false}, kBit{1, false};

TEST_CASE("expressions carry just the parentheses they need") {
  const Expr a = ref("a", kS8), b = ref("b", kS8);
  CHECK(print(binary(BinaryOp::kAdd, shift_left(a, 2), b)) == "(a <<< 2) + b");
  CHECK(print(binary(BinaryOp::kSub, a, binary(BinaryOp::kSub, b, a))) == "a - (b - a)");
  CHECK(print(binary(BinaryOp::kSub, binary(BinaryOp::kSub, a, b), a)) == "a - b - a");
  CHECK(print(cast(a, 8)) == "a");
  CHECK(print(cast(a, 10)) == "10'(a)");
  CHECK(print(cast(literal(3, kU4), 6)) == "6'd3");
  CHECK(print(slice(a, 2, 3)) == "a[4:2]");
  CHECK(print(slice(a, 7, 1)) == "a[7]");
  CHECK(print(slice(ref("v", kBit), 0, 1)) == "v");
  CHECK(print(unary(UnaryOp::kReduceOr, slice(a, 2, 3))) == "|a[4:2]");
  CHECK(print(ternary(slice(a, 0, 1), a, b)) == "a[0] ? a : b");
  CHECK(print(concat({a, b})) == "{a, b}");
  CHECK(print(as_signed(ref("u", kU4))) == "$signed(u)");
  CHECK(print(lookup(ref("T", Type{64, false}), ref("u", kU4), 4)) == "T[u * 4 +: 4]");
  CHECK(print(binary(BinaryOp::kLogicalAnd, slice(a, 0, 1),
                     unary(UnaryOp::kLogicalNot, slice(b, 1, 1)))) == "a[0] && !b[1]");
}

TEST_CASE("literals are sized") {
  CHECK(print(literal(5, kS8)) == "8'sd5");
  CHECK(print(literal(-5, kS8)) == "-8'sd5");
  CHECK(print(literal(200, kS8)) == "8'd200");
  CHECK(print(literal(9, kU4)) == "4'd9");
  CHECK(print(literal(1, kBit)) == "1'b1");
  CHECK(print(literal(12, Type{0, false})) == "12");
  CHECK(print(fill(true, kU4)) == "'1");
}

Module all_items() {
  Module m;
  m.header = "A module of everything.";
  m.attributes = "keep";
  m.name = "everything";
  m.header_parameters = {Localparam{"Depth", {0, false}, literal(3, {0, false}), "words"}};
  m.ports = {Port{Direction::kInput, "clk_i", kBit, ""}, Port{Direction::kInput, "rst_i", kBit, ""},
             Port{Direction::kInput, "x_i", {8, false}, "{b, a}"},
             Port{Direction::kOutput, "y_o", {4, false}, ""}};
  const Expr x = ref("x_i", {8, false}), a = ref("a", kU4), q = ref("q", kU4);
  const Expr v = ref("v", kU4);
  m.items = {
      Section{"Inputs."},
      net("a", kU4, "in [0, 15]"),
      Assign{a, slice(x, 0, 4), ""},
      Localparam{"Limit", kU4, literal(9, kU4), "of a"},
      Function{"limit", kU4, "v", kU4,
               branch(binary(BinaryOp::kGt, v, ref("Limit", kU4)), value_of(ref("Limit", kU4)),
                      value_of(v)),
               "y = min(v, 9)"},
      Function{"pick", kU4, "v", kU4, Case{{{literal(0, kU4), literal(7, kU4)}}, literal(1, kU4)},
               ""},
      Section{},
      Net{{"q"}, kU4, "", true},
      AlwaysFf{"clk_i", "rst_i", {{q, call("limit", {a}, kU4)}}, "One register."},
      Section{},
      Instance{"child",
               "u_child",
               {{"Depth", ref("Depth", {0, false})}},
               {Connection{"clk_i", ref("clk_i", kBit), false},
                Connection{"x_i", call("pick", {q}, kU4), false},
                Connection{"y_o", ref("y_o", kU4), true}},
               ""},
      Comment{"The end."},
      Assertion{"Same_A", "clk_i", slice(x, 4, 1), call("$past", {slice(x, 4, 1)}, kBit), ""}};
  return m;
}

TEST_CASE("a module of every item, golden") {
  CHECK(print(all_items()) == R"(// A module of everything.

(* keep *)
module everything #(
  localparam int unsigned Depth = 3  // words
) (
  input  logic       clk_i,
  input  logic       rst_i,
  input  logic [7:0] x_i,    // {b, a}
  output logic [3:0] y_o
);

  // Inputs.
  logic [3:0] a;  // in [0, 15]
  assign a = x_i[3:0];
  localparam logic [3:0] Limit = 4'd9;  // of a
  // y = min(v, 9)
  function automatic logic [3:0] limit(input logic [3:0] v);
    if (v > Limit) limit = Limit;
    else limit = v;
  endfunction
  function automatic logic [3:0] pick(input logic [3:0] v);
    unique case (v)
      4'd0: pick = 4'd7;
      default: pick = 4'd1;
    endcase
  endfunction

  logic [3:0] q = '0;
  // One register.
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      q <= '0;
    end else begin
      q <= limit(a);
    end
  end

  child #(
    .Depth(Depth)
  ) u_child (
    .clk_i,
    .x_i(pick(q)),
    .y_o
  );
  // The end.
`ifndef SYNTHESIS
  Same_A: assert property (@(posedge clk_i) x_i[4] |-> $past(x_i[4]));
`endif

endmodule : everything
)");
}

TEST_CASE("long lines are wrapped at operators, comments at words") {
  Module m;
  m.header = std::string("synthesis translate_off\n") + "word " + std::string(200, 'w');
  m.name = "wide";
  Expr sum = ref("operand_of_some_length_0", kS8);
  for (int i = 1; i < 12; ++i) {
    sum = binary(BinaryOp::kAdd, std::move(sum),
                 ref("operand_of_some_length_" + std::to_string(i), kS8));
  }
  m.items = {Assign{ref("y", kS8), std::move(sum), ""}};
  const std::string text = print(m);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    CHECK(end - begin <= 100);
    begin = end + 1;
  }
  CHECK(text.find("\n      + operand_of_some_length_") != std::string::npos);
  CHECK(text.find("// synthesis") == std::string::npos);
}

}  // namespace
}  // namespace nib::rtl
