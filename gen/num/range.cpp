// Integer intervals.
#include "nib/num/range.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "nib/base/check.h"

namespace nib {

int bits_for(Range r) {
  // ~x folds the negative half onto the positive one: -8 and 7 both need 3 magnitude bits.
  const auto fold = [](std::int64_t x) { return static_cast<std::uint64_t>(x < 0 ? ~x : x); };
  const auto magnitude = static_cast<int>(std::bit_width(std::max(fold(r.min), fold(r.max))));
  return r.min < 0 ? magnitude + 1 : magnitude;
}

Range full_range(int bits, bool is_signed) {
  NIB_CHECK(bits >= 0 && bits <= 63, fmt::format("{} bits", bits));
  if (bits == 0) return {0, 0};
  if (!is_signed) return {0, static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1)};
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return {-half, half - 1};
}

std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  NIB_CHECK(!__builtin_add_overflow(a, b, &sum), fmt::format("{} + {}", a, b));
  return sum;
}

std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  NIB_CHECK(!__builtin_mul_overflow(a, b, &product), fmt::format("{} * {}", a, b));
  return product;
}

Range operator+(Range a, Range b) { return {checked_add(a.min, b.min), checked_add(a.max, b.max)}; }

Range operator-(Range a) { return {checked_mul(a.max, -1), checked_mul(a.min, -1)}; }

Range operator-(Range a, Range b) { return a + (-b); }

Range operator*(Range a, std::int64_t k) {
  const std::int64_t x = checked_mul(a.min, k), y = checked_mul(a.max, k);
  return {std::min(x, y), std::max(x, y)};
}

Range operator<<(Range a, int shift) {
  NIB_CHECK(shift >= 0 && shift < 63, fmt::format("shift by {}", shift));
  return a * (std::int64_t{1} << shift);
}

Range operator>>(Range a, int shift) {
  NIB_CHECK(shift >= 0 && shift < 64, fmt::format("shift by {}", shift));
  return {a.min >> shift, a.max >> shift};
}

Range hull(Range a, Range b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }

std::string to_string(Range r) { return fmt::format("[{}, {}]", r.min, r.max); }

}  // namespace nib
