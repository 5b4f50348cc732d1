// Integers of any size that cost what an int64 costs where they are one.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nib/num/rational.h"

namespace nib {

/// Most bits of a word that is built; wider ones are refused (E0503).
inline constexpr int kMaxWordBits = 1024;

/// An integer: inline where int64 holds it, else by GMP. Codes, ranges, biases and thresholds are
/// of this type; weights and counts stay int64.
class BigInt {
 public:
  BigInt() = default;
  template <std::integral T>
  BigInt(T x) : small_(static_cast<std::int64_t>(x)) {  // NOLINT: an int64 is a BigInt
    if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
      if (small_ < 0) set_unsigned(x);
    }
  }
  explicit BigInt(const Integer& x);
  BigInt(const BigInt& other) : small_(other.small_) {
    if (other.big_) big_ = std::make_unique<Integer>(*other.big_);
  }
  BigInt(BigInt&&) noexcept = default;
  BigInt& operator=(const BigInt& other) {
    if (other.big_) {
      *this = BigInt(other);
    } else {
      big_.reset();
      small_ = other.small_;
    }
    return *this;
  }
  BigInt& operator=(BigInt&&) noexcept = default;
  ~BigInt() = default;

  [[nodiscard]] bool fits_int64() const { return !big_; }
  /// The integer as an int64. Errors: E0503 where it has more bits: what computes in 64 bits
  /// refuses it.
  operator std::int64_t() const {  // NOLINT: checked
    if (big_) refuse();
    return small_;
  }
  /// The nearest double towards zero.
  explicit operator double() const { return big_ ? big_->get_d() : static_cast<double>(small_); }
  [[nodiscard]] Integer integer() const { return big_ ? *big_ : Integer(small_long()); }
  /// -1, 0 or 1.
  [[nodiscard]] int sign() const {
    return big_ ? sgn(*big_) : small_ < 0 ? -1 : small_ > 0 ? 1 : 0;
  }
  /// Bits without the sign: those of x, or of ~x where x is negative.
  [[nodiscard]] int magnitude_bits() const;
  /// Zeros at the low end; of a number that is not 0.
  [[nodiscard]] int trailing_zeros() const;
  /// Bit `i` of the two's-complement number.
  [[nodiscard]] bool bit(int i) const;
  /// Bits 64 i .. 64 i + 63 of the two's-complement number.
  [[nodiscard]] std::uint64_t limb(int i) const;
  /// The number of these limbs, least first; the top bit of the last is the sign.
  [[nodiscard]] static BigInt from_limbs(const std::uint64_t* limbs, std::size_t count);
  /// x modulo 2^bits, read as a two's-complement or unsigned number.
  [[nodiscard]] BigInt wrapped(int bits, bool is_signed) const;

  BigInt& operator+=(const BigInt& b) { return *this = *this + b; }
  BigInt& operator-=(const BigInt& b) { return *this = *this - b; }
  BigInt& operator*=(const BigInt& b) { return *this = *this * b; }
  BigInt& operator++() { return *this += BigInt(1); }
  BigInt& operator--() { return *this -= BigInt(1); }
  friend BigInt operator-(const BigInt& a) {
    std::int64_t result = 0;
    if (!a.big_ && !__builtin_sub_overflow(std::int64_t{0}, a.small_, &result)) return result;
    return BigInt(Integer(-a.integer()));
  }
  friend BigInt operator+(const BigInt& a, const BigInt& b) {
    std::int64_t sum = 0;
    if (!a.big_ && !b.big_ && !__builtin_add_overflow(a.small_, b.small_, &sum)) return sum;
    return add_big(a, b);
  }
  friend BigInt operator-(const BigInt& a, const BigInt& b) {
    std::int64_t difference = 0;
    if (!a.big_ && !b.big_ && !__builtin_sub_overflow(a.small_, b.small_, &difference)) {
      return difference;
    }
    return add_big(a, -b);
  }
  friend BigInt operator*(const BigInt& a, const BigInt& b) {
    std::int64_t product = 0;
    if (!a.big_ && !b.big_ && !__builtin_mul_overflow(a.small_, b.small_, &product)) {
      return product;
    }
    return multiply_big(a, b);
  }
  friend BigInt operator<<(const BigInt& a, std::integral auto shift) {
    return a.shifted_up(static_cast<int>(shift));
  }
  /// Floor of a / 2^shift.
  friend BigInt operator>>(const BigInt& a, std::integral auto shift) {
    if (!a.big_) return a.small_ >> (shift < 63 ? static_cast<int>(shift) : 63);
    return a.shifted_down(static_cast<int>(shift));
  }
  friend bool operator==(const BigInt& a, const BigInt& b) {
    return a.small_ == b.small_ && (!a.big_ ? !b.big_ : b.big_ && *a.big_ == *b.big_);
  }
  friend std::strong_ordering operator<=>(const BigInt& a, const BigInt& b) {
    if (!a.big_ && !b.big_) return a.small_ <=> b.small_;
    return compare_big(a, b);
  }
  template <std::integral T>
  friend bool operator==(const BigInt& a, T b) {
    return a == BigInt(b);
  }
  template <std::integral T>
  friend std::strong_ordering operator<=>(const BigInt& a, T b) {
    return a <=> BigInt(b);
  }

 private:
  static_assert(sizeof(long) == 8);
  [[nodiscard]] long small_long() const { return static_cast<long>(small_); }
  [[noreturn]] void refuse() const;
  void set_unsigned(std::uint64_t x);
  [[nodiscard]] BigInt shifted_up(int shift) const;
  [[nodiscard]] BigInt shifted_down(int shift) const;
  [[nodiscard]] static BigInt add_big(const BigInt& a, const BigInt& b);
  [[nodiscard]] static BigInt multiply_big(const BigInt& a, const BigInt& b);
  [[nodiscard]] static std::strong_ordering compare_big(const BigInt& a, const BigInt& b);

  std::int64_t small_ = 0;        ///< 0 where big_ is there
  std::unique_ptr<Integer> big_;  ///< just where int64 does not hold it
};

/// One BigInt and one built-in integer.
template <class A, class B>
concept MixedIntegers = (std::same_as<A, BigInt> && std::integral<B>) ||
                        (std::integral<A> && std::same_as<B, BigInt>);
template <class A, class B>
requires MixedIntegers<A, B>
[[nodiscard]] BigInt operator+(const A& a, const B& b) { return BigInt(a) + BigInt(b); }
template <class A, class B>
requires MixedIntegers<A, B>
[[nodiscard]] BigInt operator-(const A& a, const B& b) { return BigInt(a) - BigInt(b); }
template <class A, class B>
requires MixedIntegers<A, B>
[[nodiscard]] BigInt operator*(const A& a, const B& b) { return BigInt(a) * BigInt(b); }

[[nodiscard]] inline BigInt abs(const BigInt& x) { return x.sign() < 0 ? -x : x; }
/// 2^k.
[[nodiscard]] BigInt power_of_two(int k);

/// Decimal digits.
[[nodiscard]] std::string to_string(const BigInt& x);
/// Reads decimal digits behind an optional minus; nullopt where it is none.
[[nodiscard]] std::optional<BigInt> parse_big_int(std::string_view text);

[[nodiscard]] inline Integer to_integer(const BigInt& x) { return x.integer(); }
[[nodiscard]] inline Rational to_rational(const BigInt& x) { return Rational(x.integer()); }
/// The integer as int64; nullopt where it does not fit.
[[nodiscard]] inline std::optional<std::int64_t> to_int64(const BigInt& x) {
  if (!x.fits_int64()) return std::nullopt;
  return static_cast<std::int64_t>(x);
}

}  // namespace nib
