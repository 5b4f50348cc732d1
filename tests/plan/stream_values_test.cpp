// Untimed values of streaming units on small cases counted by hand.
#include "nib/plan/stream_values.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

namespace nib::plan::stream {
namespace {

Lanes one(const Spec& spec, const Lanes& in) { return values(spec, {in})[0]; }

TEST_CASE("a matrix that fills no word to the end counts with zeros") {
  Mvu u;
  u.format = {2, 4, Kind::kSigned};
  u.columns = 3;
  u.rows = 3;
  u.pe = 2;
  u.weights = {1, 2, 3, 0, -1, 4, 5, 0, 0};
  // The fourth lane of the input is rubbish.
  CHECK(one(u, {1, 2, 3, 7}) == Lanes{14, 10, 5, 0});
}

TEST_CASE("a wired-in matrix takes a digit of whole vectors in a step") {
  ConstMvu u;
  u.format = {3, 5, Kind::kSigned};
  u.rows = 2;
  u.weights = {1, -2, 3, 0, 7, -1};
  u.latency = 4;
  CHECK(one(u, {1, 2, 3, -16, 15, 0}) == Lanes{6, 11, -46, 105});
  for (const auto& [digit, digits, lat] :
       {std::array{1, 5, 6}, {2, 3, 6}, {3, 2, 6}, {4, 2, 6}, {5, 1, 5}, {9, 1, 5}}) {
    u.digit = digit;
    CHECK(u.digits() == digits);
    const Contract c = contract(u);
    CHECK(steps(c.program) == digits);
    CHECK(unroll(c.program).front().takes == 1);
    CHECK(unroll(c.program).back().makes == 1);
    CHECK(c.outputs[0].lat == lat);
  }
  // Five bits in digits of two are six bits: elements are 32 too great, the first digits 2.
  u.digit = 2;
  u.acc_bits = 9;
  const ModuleUse use = module_use(u);
  const auto start = std::find_if(use.parameters.begin(), use.parameters.end(),
                                  [](const Parameter& p) { return p.name == "Start"; });
  REQUIRE(start != use.parameters.end());
  CHECK(start->table.literal() == "18'h3e9fc");  // -2 * 6 over -2 * 2
}

TEST_CASE("width converters ignore the rest of a frame's last word and send zeros") {
  CHECK(one(Width{{3, 4}, 2, 4, {}}, {1, 2, 3, 4, 9, 9, 5, 6, 7, 8, 9, 9}) ==
        Lanes{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(one(Width{{2, 4}, 3, 4, {}}, {1, 2, 3, 4}) == Lanes{1, 2, 3, 4, 0, 0});
}

TEST_CASE("windows, pools, upsampling") {
  const Format f{1, 4, Kind::kUnsigned};
  const Window w{{2, 2, 2, 1, 1, 1}, {2, 2, 2, 1, 1, 1}, 1, false, false};
  CHECK(one(WindowUnit{f, w, 9, 9, {}}, {1, 2, 3, 4}) ==
        Lanes{9, 9, 9, 1, 9, 9, 2, 9, 9, 3, 9, 9, 4, 9, 9, 9});
  CHECK(one(Pool{f, false, 4, 2, 3, 1, 2, 2, {}}, {1, 7, 9, 3, 4, 9}) == Lanes{7});
  CHECK(one(Pool{f, true, 6, 2, 2, 1, 2, 2, {}}, {1, 7, 3, 4}) == Lanes{15});
  CHECK(one(Upsample{f, 2, 1, 2, 2, {}}, {1, 2}) == Lanes{1, 1, 2, 2, 1, 1, 2, 2});
}

TEST_CASE("requantisers: thresholds by channel; floor and clamp") {
  Threshold t;
  t.format = {1, 4, Kind::kSigned};
  t.fold = 2;
  t.levels = 2;
  t.table = {0, 3, -2, -1};
  t.offset = -1;
  t.bits = 2;
  CHECK(one(t, {0, -2, 3, -1, -1, -3}) == Lanes{0, 0, 1, 1, -1, -1});
  t.levels = t.bits = 1;
  t.table = {0, 3};
  t.offset = 0;
  t.bipolar = true;
  CHECK(one(t, {0, 0, -1, 3}) == Lanes{1, -1, -1, 1});
  Scale s;
  s.format = {1, 6, Kind::kSigned};
  s.factors = {3};
  s.biases = {1};
  s.shift = 2;
  s.bits = 3;
  CHECK(one(s, {-1, 1, 31, -32, 3}) == Lanes{-1, 1, 3, -4, 2});
  s.kind = Kind::kUnsigned;
  CHECK(one(s, {-1, 1, 31, 8}) == Lanes{0, 1, 7, 6});
  Table f;
  f.format = {1, 2, Kind::kSigned};
  f.codes = {5, 6, 7, -8};
  f.bits = 4;
  CHECK(one(f, {0, 1, -2, -1}) == Lanes{5, 6, 7, -8});
}

TEST_CASE("joins and the greatest value") {
  const Format f{1, 4, Kind::kUnsigned};
  CHECK(values(Add{f, f, 8, Kind::kSigned, 2, -1, 5, {}}, {{1, 2}, {3, 9}})[0] == Lanes{4, 0});
  CHECK(values(Concat{f, 1, 2, {}}, {{1, 2}, {5, 6, 7, 8}})[0] == Lanes{1, 5, 6, 2, 7, 8});
  CHECK(one(Argmax{{2, 4}, 3, {}}, {3, 5, 5, 9, 1, 1, 1, 9}) == Lanes{1, 0});
}

}  // namespace
}  // namespace nib::plan::stream
