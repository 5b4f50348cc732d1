// Integers beyond int64.
#include "nib/num/big_int.h"

#include <fmt/format.h>

#include <bit>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib {
namespace {

constexpr int kLimbBits = 64;

Integer from_unsigned(std::uint64_t x) {
  static_assert(sizeof(unsigned long) == sizeof(x));
  return Integer(static_cast<unsigned long>(x));
}

}  // namespace

BigInt::BigInt(const Integer& x) {
  if (x.fits_slong_p()) {
    small_ = x.get_si();
  } else {
    big_ = std::make_unique<Integer>(x);
  }
}

void BigInt::set_unsigned(std::uint64_t x) {
  small_ = 0;
  big_ = std::make_unique<Integer>(from_unsigned(x));
}

void BigInt::refuse() const {
  fail(ErrorCode::E503,
       fmt::format("an integer of {} bits, where 64 are the most", magnitude_bits() + 1));
}

int BigInt::magnitude_bits() const {
  if (!big_) {
    return static_cast<int>(
        std::bit_width(static_cast<std::uint64_t>(small_ < 0 ? ~small_ : small_)));
  }
  const Integer folded = sgn(*big_) < 0 ? Integer(~*big_) : *big_;
  return static_cast<int>(mpz_sizeinbase(folded.get_mpz_t(), 2));
}

int BigInt::trailing_zeros() const {
  NIB_CHECK(sign() != 0, "a bit that is set");
  if (!big_) return std::countr_zero(static_cast<std::uint64_t>(small_));
  return static_cast<int>(mpz_scan1(big_->get_mpz_t(), 0));
}

bool BigInt::bit(int i) const {
  if (!big_) return (small_ >> (i < kLimbBits ? i : kLimbBits - 1) & 1) != 0;
  return mpz_tstbit(big_->get_mpz_t(), static_cast<mp_bitcnt_t>(i)) != 0;
}

std::uint64_t BigInt::limb(int i) const {
  if (!big_) return static_cast<std::uint64_t>(i == 0 ? small_ : small_ >> (kLimbBits - 1));
  Integer low;
  mpz_fdiv_q_2exp(low.get_mpz_t(), big_->get_mpz_t(), static_cast<mp_bitcnt_t>(i) * kLimbBits);
  mpz_fdiv_r_2exp(low.get_mpz_t(), low.get_mpz_t(), kLimbBits);
  return low.get_ui();
}

BigInt BigInt::from_limbs(const std::uint64_t* limbs, std::size_t count) {
  if (count == 0) return {};
  if (count == 1) return static_cast<std::int64_t>(limbs[0]);
  Integer x;
  mpz_import(x.get_mpz_t(), count, -1, sizeof(limbs[0]), 0, 0, limbs);
  if (limbs[count - 1] >> (kLimbBits - 1) != 0) x -= Integer(1) << (count * kLimbBits);
  return BigInt(x);
}

BigInt BigInt::wrapped(int bits, bool is_signed) const {
  NIB_CHECK(bits >= 0, "a width");
  if (bits == 0) return 0;
  if (!big_ && bits < kLimbBits) {
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    std::uint64_t word = static_cast<std::uint64_t>(small_) & mask;
    if (is_signed && (word >> (bits - 1) & 1U) != 0) word |= ~mask;
    return static_cast<std::int64_t>(word);
  }
  Integer rest;
  const Integer whole = integer();
  mpz_fdiv_r_2exp(rest.get_mpz_t(), whole.get_mpz_t(), static_cast<mp_bitcnt_t>(bits));
  if (is_signed && mpz_tstbit(rest.get_mpz_t(), static_cast<mp_bitcnt_t>(bits - 1)) != 0) {
    rest -= Integer(1) << bits;
  }
  return BigInt(rest);
}

BigInt BigInt::shifted_up(int shift) const {
  NIB_CHECK(shift >= 0, fmt::format("shift by {}", shift));
  if (!big_ && magnitude_bits() + shift < kLimbBits) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(small_) << shift);
  }
  return BigInt(Integer(integer() << shift));
}

BigInt BigInt::shifted_down(int shift) const {
  NIB_CHECK(shift >= 0, fmt::format("shift by {}", shift));
  Integer result;
  mpz_fdiv_q_2exp(result.get_mpz_t(), big_->get_mpz_t(), static_cast<mp_bitcnt_t>(shift));
  return BigInt(result);
}

BigInt BigInt::add_big(const BigInt& a, const BigInt& b) {
  return BigInt(Integer(a.integer() + b.integer()));
}

BigInt BigInt::multiply_big(const BigInt& a, const BigInt& b) {
  return BigInt(Integer(a.integer() * b.integer()));
}

std::strong_ordering BigInt::compare_big(const BigInt& a, const BigInt& b) {
  return cmp(a.integer(), b.integer()) <=> 0;
}

BigInt power_of_two(int k) { return BigInt(1) << k; }

std::string to_string(const BigInt& x) {
  return x.fits_int64() ? fmt::format("{}", static_cast<std::int64_t>(x)) : x.integer().get_str();
}

std::optional<BigInt> parse_big_int(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return BigInt(Integer(std::string(text), 10));
}

}  // namespace nib
