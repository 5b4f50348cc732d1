// Exact rationals, ranges, shapes and port types.
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "nib/num/port_type.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib {
namespace {

constexpr Rounding kModes[] = {Rounding::kHalfEven, Rounding::kHalfUp, Rounding::kHalfDown,
                               Rounding::kCeil,     Rounding::kFloor,  Rounding::kUp,
                               Rounding::kDown,     Rounding::kDpu};

TEST_CASE("rounding: doubles and rationals agree, and with the table of the specification") {
  const double x[] = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5};
  const std::vector<std::vector<double>> expected = {
      {-2, -2, 0, 0, 2, 2},  {-3, -2, -1, 1, 2, 3}, {-2, -1, 0, 0, 1, 2}, {-2, -1, 0, 1, 2, 3},
      {-3, -2, -1, 0, 1, 2}, {-3, -2, -1, 1, 2, 3}, {-2, -1, 0, 0, 1, 2}, {-2, -1, 0, 0, 2, 2}};
  for (std::size_t m = 0; m < expected.size(); ++m) {
    for (std::size_t i = 0; i < 6; ++i) CHECK(round(x[i], kModes[m]) == expected[m][i]);
    for (int k = -400; k <= 400; ++k) {
      CHECK(round(k / 64.0, kModes[m]) == round(Rational(k, 64), kModes[m]).get_d());
    }
    CHECK(round(Rational(1, 3), kModes[m]) ==
          (kModes[m] == Rounding::kCeil || kModes[m] == Rounding::kUp));
  }
  // Not float32's artefacts: 0.49999997 stays below, large odd integers stay.
  CHECK(round(0.49999997, Rounding::kHalfUp) == 0);
  CHECK(round(8388609.0, Rounding::kHalfDown) == 8388609);
}

TEST_CASE("names of rounding modes") {
  for (const Rounding mode : kModes) CHECK(rounding_from(to_string(mode)) == mode);
  CHECK(rounding_from("round") == Rounding::kHalfEven);
  CHECK(rounding_from("Round_To_Zero") == Rounding::kDown);
  CHECK_FALSE(rounding_from("STOCHASTIC_ROUND").has_value());
}

TEST_CASE("nearest double, ties to even") {
  const Rational one(1), ulp = scale2(one, -52);
  CHECK(to_double(one + ulp / 2) == 1.0);
  CHECK(to_double(one + ulp * 3 / 2) == 1.0 + 2 * 0x1p-52);
  CHECK(to_double(one + ulp / 2 + scale2(one, -200)) == 1.0 + 0x1p-52);
  CHECK(to_double(Rational(-1, 3)) == -1.0 / 3);
  for (const double x : {0.1, -7e300, 3e-200, 0.0}) CHECK(to_double(exact(x)) == x);
}

TEST_CASE("powers of two and sizes") {
  CHECK(log2_exact(Rational(1, 8)) == -3);
  CHECK(log2_exact(Rational(64)) == 6);
  CHECK_FALSE(log2_exact(Rational(3)).has_value());
  CHECK_FALSE(log2_exact(Rational(-2)).has_value());
  CHECK(is_dyadic(Rational(3, 16)));
  CHECK_FALSE(is_dyadic(Rational(1, 10)));
  CHECK(size_bits(Rational(5, 1024)) == 11);
  CHECK_FALSE(to_int64(Integer("9223372036854775808")).has_value());
  CHECK(to_int64(to_integer(std::numeric_limits<std::int64_t>::min())) ==
        std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("rationals as text") {
  CHECK(parse_rational("6/4") == Rational(3, 2));
  CHECK(parse_rational("-0.25") == Rational(-1, 4));
  CHECK(parse_rational("12") == Rational(12));
  for (const char* bad : {"", "1/0", "a", "1/", "/2", "0.", ".5", "1e3", "--1", "1 "}) {
    CHECK_FALSE(parse_rational(bad).has_value());
  }
  CHECK(to_string(Rational(-3, 2)) == "-3/2");
}

TEST_CASE("ranges and widths") {
  CHECK(bits_for({0, 0}) == 0);
  CHECK(bits_for({0, 1}) == 1);
  CHECK(bits_for({-1, 0}) == 1);
  CHECK(bits_for({-8, 7}) == 4);
  CHECK(bits_for({-9, 7}) == 5);
  CHECK(bits_for({-1, 8}) == 5);
  CHECK(full_range(4, true) == Range{-8, 7});
  CHECK(full_range(63, false) == Range{0, std::numeric_limits<std::int64_t>::max()});
  CHECK(Range{-3, 2} * -2 == Range{-4, 6});
  CHECK((Range{-3, 2} >> 1) == Range{-2, 1});
  CHECK((Range{-3, 2} - Range{0, 5}) == Range{-8, 2});
  CHECK(hull({1, 2}, {5, 6}) == Range{1, 6});
  CHECK_THROWS_AS((void)checked_add(std::numeric_limits<std::int64_t>::max(), 1), InternalError);
}

TEST_CASE("shapes and broadcasting") {
  Shape out;
  CHECK(broadcast({3, 1}, {4}, out));
  CHECK(out == Shape{3, 4});
  CHECK_FALSE(broadcast({3}, {4}, out));
  CHECK(broadcast_index({2, 1}, {2, 2}) == std::vector<std::int64_t>{0, 0, 1, 1});
  CHECK(strides_of({2, 3, 4}) == std::vector<std::int64_t>{12, 4, 1});
  CHECK(to_string(Shape{}) == "scalar");
  CHECK_THROWS_AS((void)element_count({std::int64_t{1} << 40, std::int64_t{1} << 40}),
                  InternalError);
  CHECK_THROWS_AS(Tensor<double>(Shape{2}, std::vector<double>{1.0}), InternalError);
}

TEST_CASE("port types") {
  const auto type = parse_port_type("s16.10");
  REQUIRE(type.has_value());
  CHECK(type->range() == Range{-32768, 32767});
  CHECK(type->scale == Rational(1, 1024));
  for (const char* text : {"s16.10", "u8.0", "u8.-2", "s4.6", "u8@1/255"}) {
    REQUIRE(parse_port_type(text).has_value());
    CHECK(to_string(*parse_port_type(text)) == text);
  }
  for (const char* bad : {"", "s", "x8.0", "s0.1", "s33.0", "u8@0", "u8@-1/2", "u8.", "s8.999"}) {
    CHECK_FALSE(parse_port_type(bad).has_value());
  }
}

}  // namespace
}  // namespace nib
