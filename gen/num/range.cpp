// Integer intervals.
#include "nib/num/range.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"

namespace nib {

int bits_for(const Range& r) {
  // ~x folds the negative half onto the positive one: -8 and 7 both need 3 magnitude bits.
  const int magnitude = std::max(r.min.magnitude_bits(), r.max.magnitude_bits());
  return is_signed(r) ? magnitude + 1 : magnitude;
}

bool fits_signed(const Range& r, int bits) {
  return std::max(r.min.magnitude_bits(), r.max.magnitude_bits()) < bits;
}

Range full_range(int bits, bool is_signed) {
  NIB_CHECK(bits >= 0, fmt::format("{} bits", bits));
  if (bits == 0) return {0, 0};
  if (!is_signed) return {0, power_of_two(bits) - 1};
  const BigInt half = power_of_two(bits - 1);
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

Range operator+(const Range& a, const Range& b) { return {a.min + b.min, a.max + b.max}; }

Range operator-(const Range& a) { return {-a.max, -a.min}; }

Range operator-(const Range& a, const Range& b) { return {a.min - b.max, a.max - b.min}; }

Range operator*(const Range& a, const BigInt& k) {
  return k.sign() < 0 ? Range{a.max * k, a.min * k} : Range{a.min * k, a.max * k};
}

Range operator<<(const Range& a, int shift) { return {a.min << shift, a.max << shift}; }

Range operator>>(const Range& a, int shift) { return {a.min >> shift, a.max >> shift}; }

Range hull(const Range& a, const Range& b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

void add_product(Range& sum, std::int64_t w, const Range& range) {
  if (w == 0) return;
  sum.min += w * (w > 0 ? range.min : range.max);
  sum.max += w * (w > 0 ? range.max : range.min);
}

std::string to_string(const Range& r) {
  return fmt::format("[{}, {}]", to_string(r.min), to_string(r.max));
}

}  // namespace nib
