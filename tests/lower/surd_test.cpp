// Exact reals with square roots: arithmetic, signs, floors.
#include "nib/lower/surd.h"

#include <doctest/doctest.h>

#include "nib/lower/grouping.h"
#include "nib/lower/rational_gcd.h"

using nib::Integer;
using nib::Rational;
using nib::lower::Surd;

namespace {
Surd root(long n, long d = 1) { return Surd::sqrt_of(Rational(n, d)); }
Surd number(long n, long d = 1) { return Rational(n, d); }
}  // namespace

TEST_CASE("roots of squares are rational") {
  CHECK(root(9, 4).is_rational());
  CHECK(root(9, 4).rational() == Rational(3, 2));
  CHECK(root(0).sign() == 0);
  CHECK_FALSE(root(2).is_rational());
}

TEST_CASE("roots of one class join") {
  // sqrt(8) - 2 sqrt(2) = 0; sqrt(1/2) sqrt(8) = 2
  CHECK((root(8) - number(2) * root(2)).sign() == 0);
  CHECK(root(8) == number(2) * root(2));
  const Surd product = root(1, 2) * root(8);
  REQUIRE(product.is_rational());
  CHECK(product.rational() == 2);
}

TEST_CASE("signs of close numbers") {
  // 665857/470832 is a convergent of sqrt(2) from above, 275807/195025 one from below.
  CHECK((root(2) - number(665857, 470832)).sign() == -1);
  CHECK((root(2) - number(275807, 195025)).sign() == 1);
  CHECK((number(665857, 470832) - root(2)).sign() == 1);
  // sqrt(2) + sqrt(3) against its decimals
  const Surd sum = root(2) + root(3);
  CHECK((sum - Surd(*nib::parse_rational("3.146264369941972342329135065"))).sign() == 1);
  CHECK((sum - Surd(*nib::parse_rational("3.146264369941972342329135066"))).sign() == -1);
}

TEST_CASE("floor and ceil, also below zero and on integers") {
  CHECK(root(2).floor() == 1);
  CHECK(root(2).ceil() == 2);
  CHECK((-root(2)).floor() == -2);
  CHECK((-root(2)).ceil() == -1);
  CHECK(number(5).floor() == 5);
  CHECK(number(5).ceil() == 5);
  CHECK((root(2) * number(1000000)).floor() == 1414213);
  CHECK((root(2) + root(3) - number(3)).floor() == 0);
}

TEST_CASE("inverses of monomials") {
  const Surd x = number(3, 7) * root(5);
  CHECK(x * x.inverse() == number(1));
  CHECK(number(-3, 7).inverse() == number(-7, 3));
  CHECK_FALSE((number(1) + root(2)).is_monomial());
}

TEST_CASE("estimates bound the number") {
  double error = 0;
  const Surd x = number(1, 3) + number(2, 7) * root(11);
  const double value = x.estimate(error);
  CHECK(error < 1e-14);
  CHECK((x - Surd(nib::exact(value + error))).sign() <= 0);
  CHECK((x - Surd(nib::exact(value - error))).sign() >= 0);
  CHECK(Surd().estimate(error) == 0);
  CHECK(error == 0);
}

TEST_CASE("gcd of rationals") {
  using nib::lower::gcd_of;
  CHECK(gcd_of(Rational(3, 4), Rational(5, 6)) == Rational(1, 12));
  CHECK(gcd_of(0, Rational(-5, 6)) == Rational(5, 6));
  CHECK(gcd_of(Rational(1, 1024), Rational(3, 256)) == Rational(1, 1024));
}

TEST_CASE("groupings join and follow broadcasting") {
  using namespace nib::lower;
  CHECK(join(kPerTensor, {4, 3}, 24) == Grouping{4, 3});
  CHECK(join({4, 3}, {4, 3}, 24) == Grouping{4, 3});
  CHECK(join({1, 4}, {4, 3}, 24) == Grouping{1, 12});
  const auto channel = broadcast_groups({3, 1, 1}, {1, 3, 2, 2});
  CHECK(channel.grouping == Grouping{4, 3});
  CHECK(channel.entry == std::vector<std::int64_t>{0, 1, 2});
  const auto scalar = broadcast_groups({1}, {1, 3});
  CHECK(scalar.grouping == kPerTensor);
  const auto both = broadcast_groups({2, 3}, {1, 2, 3});
  CHECK(both.grouping == Grouping{1, 6});
}
