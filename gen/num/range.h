// Integer intervals and the widths that hold them.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include "nib/num/big_int.h"

namespace nib {

/// A closed integer interval; min <= max.
struct Range {
  BigInt min = 0;
  BigInt max = 0;

  friend bool operator==(const Range&, const Range&) = default;
  [[nodiscard]] bool contains(const BigInt& x) const { return min <= x && x <= max; }
  [[nodiscard]] bool contains(std::integral auto x) const { return min <= x && max >= x; }
  [[nodiscard]] bool contains(const Range& r) const { return min <= r.min && r.max <= max; }
  [[nodiscard]] bool is_constant() const { return min == max; }
};

/// Smallest width, in bits, that holds every value of `r`: two's complement where r.min < 0, else
/// unsigned. The constant 0 needs 0 bits.
[[nodiscard]] int bits_for(const Range& r);
/// True where the representation of bits_for has a sign bit.
[[nodiscard]] inline bool is_signed(const Range& r) { return r.min.sign() < 0; }
/// True where `bits` bits of two's complement hold every value.
[[nodiscard]] bool fits_signed(const Range& r, int bits);
/// All values of a two's-complement (or unsigned) word of `bits` >= 0 bits.
[[nodiscard]] Range full_range(int bits, bool is_signed);

/// Exact interval arithmetic.
[[nodiscard]] Range operator+(const Range& a, const Range& b);
[[nodiscard]] Range operator-(const Range& a, const Range& b);
[[nodiscard]] Range operator-(const Range& a);
[[nodiscard]] Range operator*(const Range& a, const BigInt& k);
[[nodiscard]] Range operator<<(const Range& a, int shift);
/// Floor division by 2^shift.
[[nodiscard]] Range operator>>(const Range& a, int shift);
/// The smallest interval that holds both.
[[nodiscard]] Range hull(const Range& a, const Range& b);
/// Adds w * x, x in `range`, to the bounds of a sum.
void add_product(Range& sum, std::int64_t w, const Range& range);

/// Checked int64 arithmetic: an overflow is an internal error.
[[nodiscard]] std::int64_t checked_add(std::int64_t a, std::int64_t b);
[[nodiscard]] std::int64_t checked_mul(std::int64_t a, std::int64_t b);

/// "[-8, 7]".
[[nodiscard]] std::string to_string(const Range& r);

}  // namespace nib
