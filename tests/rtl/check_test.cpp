// The judge: sound modules pass, every kind of fault is named.
#include "nib/rtl/check.h"

#include <doctest/doctest.h>

#include "nib/base/check.h"

namespace nib::rtl {
namespace {

const Type kS8{8, true}, kU4{4, false}, kBit{1, false};

// y_o = x_i + 1, sound.
Module sound() {
  Module m;
  m.header = "Sound.";
  m.name = "sound";
  m.ports = {Port{Direction::kInput, "x_i", kU4, ""}, Port{Direction::kOutput, "y_o", kU4, ""}};
  m.items = {Assign{ref("y_o", kU4), binary(BinaryOp::kAdd, ref("x_i", kU4), literal(1, kU4)), ""}};
  return m;
}

// The sound module with one more item; true if exactly that complaint comes.
bool complains(const Item& item, const std::string& about) {
  Module m = sound();
  m.items.push_back(item);
  const std::vector<std::string> faults = check(m);
  for (const std::string& f : faults) {
    if (f.find(about) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("a sound module") {
  CHECK(check(sound()).empty());
  CHECK_NOTHROW(verify(sound()));
}

TEST_CASE("names") {
  CHECK(complains(net("x_i", kU4), "declared twice"));
  CHECK(complains(net("X_I", kU4), "declared twice"));
  CHECK(complains(net("logic", kU4), "not legal"));
  CHECK(complains(net("a b", kU4), "not legal"));
  CHECK(complains(Assign{ref("z", kU4), literal(1, kU4), ""}, "before it is declared"));
}

TEST_CASE("drivers and uses, bit by bit") {
  CHECK(complains(net("z", kU4), "not driven in all its bits"));
  CHECK(complains(net("z", kU4), "not used in all its bits"));
  CHECK(complains(Assign{ref("y_o", kU4), literal(1, kU4), ""}, "driven twice"));
  CHECK(complains(Assign{ref("x_i", kU4), literal(1, kU4), ""}, "cannot be driven"));
  Module m = sound();
  m.items.push_back(net("z", kU4));
  m.items.push_back(Assign{slice(ref("z", kU4), 0, 3), literal(1, {3, false}), ""});
  m.items.push_back(net("unused_z", kBit));
  m.items.push_back(Assign{ref("unused_z", kBit), slice(ref("z", kU4), 0, 1), ""});
  CHECK(check(m).size() == 2);  // z[3] without driver, z[3:1] without use
  m.items.push_back(Assign{slice(ref("z", kU4), 3, 1), literal(1, kBit), ""});
  CHECK(check(m).size() == 1);
}

TEST_CASE("widths, signs, constants") {
  CHECK(complains(Assign{ref("y_o", kU4), literal(1, {5, false}), ""}, "widths differ"));
  CHECK(complains(Assign{ref("y_o", kU4), ref("x_i", kS8), ""}, "another type"));
  CHECK(complains(Assign{ref("y_o", kU4),
                         ternary(binary(BinaryOp::kGe, ref("x_i", kU4), literal(1, {4, true})),
                                 literal(1, kU4), literal(2, kU4)),
                         ""},
                  "signs differ"));
  CHECK(complains(Assign{ref("y_o", kU4), literal(16, kU4), ""}, "does not fit"));
  CHECK(complains(Localparam{"P", kU4, literal(1, {5, false}), ""}, "widths differ"));
  CHECK(complains(Localparam{"P", kU4, literal(1, kU4), ""}, "not used"));
}

TEST_CASE("functions") {
  const Function f{"f", kU4, "v", kU4, value_of(ref("v", kU4)), ""};
  CHECK(complains(f, "function 'f' is not used"));
  CHECK(complains(Assign{ref("y_o", kU4), call("g", {ref("x_i", kU4)}, kU4), ""},
                  "before it is declared"));
  Function hides = f;
  hides.argument = "x_i";
  CHECK(complains(hides, "not legal"));
  Function narrow = f;
  narrow.body = value_of(literal(1, kBit));
  CHECK(complains(narrow, "widths differ"));
  CHECK(complains(narrow, "argument of function 'f' is not used"));
  Module m = sound();
  m.items.insert(m.items.begin(), f);
  m.items.back() = Assign{ref("y_o", kU4), call("f", {ref("x_i", kU4)}, kU4), ""};
  CHECK(check(m).empty());
}

TEST_CASE("instances of known modules") {
  const Module child = sound();
  Module m = sound();
  m.name = "parent";
  Instance u{"sound", "u_child", {}, {Connection{"x_i", ref("x_i", kU4), false}}, ""};
  m.items = {u};
  CHECK(check(m, {&child}).size() >= 2);  // y_o of the child open, y_o of the parent undriven
  u.connections.push_back(Connection{"y_o", ref("y_o", kU4), true});
  m.items = {u};
  CHECK(check(m, {&child}).empty());
  u.connections.push_back(Connection{"z_i", ref("x_i", kU4), false});
  m.items = {u};
  CHECK(check(m, {&child}).size() == 1);
  u.connections.back() = Connection{"y_o", ref("x_i", kU4), false};
  m.items = {u};
  CHECK(!check(m, {&child}).empty());
}

TEST_CASE("verify throws our own fault") {
  Module m = sound();
  m.items.clear();
  CHECK_THROWS_AS(verify(m), InternalError);
}

TEST_CASE("an arithmetic shift stands beside signed operands only") {
  // Yosys, Verilator and the standard agree: -2 >>> 1 & 2'b11 is 2'b01.
  const Type s2{2, true}, u2{2, false};
  const auto shifted = [&] {
    Expr e;
    e.node = Shift{false, 1};
    e.args = {ref("v", s2)};
    e.type = s2;
    return e;
  };
  CHECK_THROWS_AS((void)binary(BinaryOp::kAnd, shifted(), ref("m", u2)), InternalError);
  CHECK_THROWS_AS((void)binary(BinaryOp::kGe, ref("m", u2), unary(UnaryOp::kNegate, shifted())),
                  InternalError);
  CHECK_NOTHROW((void)binary(BinaryOp::kAnd, shifted(), as_signed(ref("m", u2))));
  CHECK_NOTHROW((void)binary(BinaryOp::kAnd, cast(shifted(), 3), ref("m", Type{3, false})));
}

}  // namespace
}  // namespace nib::rtl
