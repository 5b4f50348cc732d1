// Integers of any size: against GMP at and around the edges of int64 and of limbs.
#include "nib/num/big_int.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "nib/base/error.h"
#include "nib/num/npy.h"
#include "nib/num/range.h"

namespace nib {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// Numbers at which a representation could change.
std::vector<BigInt> edges() {
  std::vector<BigInt> all{0, 1, -1, 5, -7, kMax, kMin};
  for (const int bits : {31, 62, 63, 64, 65, 127, 128, 129, 200, 1023}) {
    for (const int by : {-1, 0, 1}) {
      all.push_back(power_of_two(bits) + by);
      all.push_back(-power_of_two(bits) + by);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("sums, products, shifts and order are GMP's, and int64 wherever that fits") {
  for (const BigInt& a : edges()) {
    CHECK(a.fits_int64() == a.integer().fits_slong_p());
    CHECK(BigInt(a.integer()) == a);
    CHECK(parse_big_int(to_string(a)) == a);
    CHECK((-a).integer() == Integer(-a.integer()));
    CHECK(abs(a).integer() == Integer(::abs(a.integer())));
    for (const int shift : {0, 1, 63, 64, 100}) {
      CHECK((a << shift).integer() == Integer(a.integer() << shift));
      CHECK((a >> shift).integer() == nib::floor(Rational(a.integer(), Integer(1) << shift)));
    }
    if (a.sign() != 0) {
      CHECK((a >> a.trailing_zeros()).bit(0));
      CHECK(((a >> a.trailing_zeros()) << a.trailing_zeros()) == a);
    }
    for (const BigInt& b : edges()) {
      CHECK((a + b).integer() == Integer(a.integer() + b.integer()));
      CHECK((a - b).integer() == Integer(a.integer() - b.integer()));
      CHECK((a * b).integer() == Integer(a.integer() * b.integer()));
      CHECK((a + b).fits_int64() == (a + b).integer().fits_slong_p());
      CHECK((a < b) == (a.integer() < b.integer()));
      CHECK((a == b) == (a.integer() == b.integer()));
    }
  }
}

TEST_CASE("bits, limbs and wrapped words") {
  for (const BigInt& a : edges()) {
    std::vector<std::uint64_t> limbs;
    for (int i = 0; i < 17; ++i) limbs.push_back(a.limb(i));
    CHECK(BigInt::from_limbs(limbs.data(), limbs.size()) == a);
    for (const int i : {0, 1, 62, 63, 64, 127, 128, 1000}) {
      CHECK(a.bit(i) == ((limbs[static_cast<std::size_t>(i / 64)] >> (i % 64) & 1U) != 0));
    }
    for (const int bits : {1, 8, 63, 64, 65, 128, 300}) {
      for (const bool is_signed : {false, true}) {
        const BigInt word = a.wrapped(bits, is_signed);
        CHECK(full_range(bits, is_signed).contains(word));
        CHECK((a - word).wrapped(bits, false) == 0);
      }
    }
    CHECK(full_range(a.magnitude_bits() + 1, true).contains(a));
    if (a.magnitude_bits() > 0) CHECK_FALSE(full_range(a.magnitude_bits(), true).contains(a));
  }
  CHECK(BigInt(std::uint64_t{1} << 63) == power_of_two(63));
}

TEST_CASE("what computes in 64 bits refuses more") {
  const std::int64_t fits = BigInt(kMin);
  CHECK(fits == kMin);
  const auto narrow = [](const BigInt& x) { return static_cast<std::int64_t>(x); };
  CHECK_THROWS_WITH_AS((void)narrow(power_of_two(63)), doctest::Contains("E0503"), Error);
  CHECK_FALSE(to_int64(-power_of_two(64)).has_value());
  CHECK_FALSE(parse_big_int("12a").has_value());
  CHECK_FALSE(parse_big_int("-").has_value());
}

TEST_CASE("wide ranges: widths, products, hulls") {
  const Range x{-power_of_two(99), power_of_two(99) - 1};
  CHECK(bits_for(x) == 100);
  CHECK(full_range(100, true) == x);
  CHECK(bits_for(x * -8) == 104);
  CHECK(x * -8 == Range{-(power_of_two(99) - 1) * 8, power_of_two(102)});
  CHECK(((x << 30) >> 30) == x);
  CHECK(hull(x, {power_of_two(120), power_of_two(120)}).max == power_of_two(120));
  Range sum{1, 1};
  add_product(sum, -3, x);
  CHECK(sum == x * -3 + Range{1, 1});
}

TEST_CASE("arrays of wide integers are decimal text, and come back") {
  const Tensor<BigInt> array({1, 3}, {BigInt(7), -power_of_two(100), power_of_two(99) - 1});
  const std::string bytes = npy_bytes(array, 101);
  CHECK(bytes.find("'|S32'") != std::string::npos);  // "-2535301200456458802993406410752"
  CHECK(parse_npy_integers(bytes) == array);
  CHECK_THROWS_WITH_AS((void)parse_npy(bytes), doctest::Contains("an array of text"), Error);
  const Tensor<BigInt> narrow({2}, {BigInt(kMin), BigInt(kMax)});
  CHECK(npy_bytes(narrow, 64) == npy_bytes(Tensor<std::int64_t>({2}, {kMin, kMax})));
  CHECK(parse_npy_integers(npy_bytes(narrow, 64)) == narrow);
  std::string damaged = bytes;
  damaged[damaged.size() - 32] = 'x';
  CHECK_THROWS_WITH_AS((void)parse_npy_integers(damaged), doctest::Contains("no decimal integer"),
                       Error);
}

}  // namespace nib
