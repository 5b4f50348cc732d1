// Integer intervals and the widths that hold them.
#pragma once

#include <cstdint>
#include <string>

namespace nib {

/// A closed integer interval; min <= max.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;

  friend bool operator==(const Range&, const Range&) = default;
  [[nodiscard]] bool contains(std::int64_t x) const { return min <= x && x <= max; }
  [[nodiscard]] bool contains(const Range& r) const { return min <= r.min && r.max <= max; }
  [[nodiscard]] bool is_constant() const { return min == max; }
};

/// Smallest width, in bits, that holds every value of `r`: two's complement where r.min < 0, else
/// unsigned. The constant 0 needs 0 bits.
[[nodiscard]] int bits_for(Range r);
/// True where the representation of bits_for has a sign bit.
[[nodiscard]] inline bool is_signed(Range r) { return r.min < 0; }
/// All values of a two's-complement (or unsigned) word of `bits` bits, 0 <= bits <= 63.
[[nodiscard]] Range full_range(int bits, bool is_signed);

/// Exact interval arithmetic; an int64 overflow is an internal error (callers cap widths before).
[[nodiscard]] Range operator+(Range a, Range b);
[[nodiscard]] Range operator-(Range a, Range b);
[[nodiscard]] Range operator-(Range a);
[[nodiscard]] Range operator*(Range a, std::int64_t k);
[[nodiscard]] Range operator<<(Range a, int shift);
/// Floor division by 2^shift.
[[nodiscard]] Range operator>>(Range a, int shift);
/// The smallest interval that holds both.
[[nodiscard]] Range hull(Range a, Range b);

/// Checked int64 arithmetic: an overflow is an internal error.
[[nodiscard]] std::int64_t checked_add(std::int64_t a, std::int64_t b);
[[nodiscard]] std::int64_t checked_mul(std::int64_t a, std::int64_t b);

/// "[-8, 7]".
[[nodiscard]] std::string to_string(Range r);

}  // namespace nib
