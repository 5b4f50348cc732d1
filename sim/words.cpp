// Bits of packed words.
#include "nib/sim/words.h"

#include <algorithm>
#include <array>

namespace nib::sim {

namespace {

constexpr int kLimbBits = 64;

/// Writes the low `bits` <= 64 bits of `value` from bit `lsb` on.
void put_bits(std::span<std::uint32_t> word, int lsb, int bits, std::uint64_t value) {
  for (int left = bits; left > 0;) {
    const int at = lsb % 32;
    const int take = std::min(left, 32 - at);
    const std::uint64_t mask = (std::uint64_t{1} << take) - 1;
    word[static_cast<std::size_t>(lsb / 32)] |= static_cast<std::uint32_t>((value & mask) << at);
    value >>= take;
    lsb += take;
    left -= take;
  }
}

/// The `bits` <= 64 bits from bit `lsb` on.
std::uint64_t get_bits(std::span<const std::uint32_t> word, int lsb, int bits) {
  std::uint64_t value = 0;
  for (int done = 0; done < bits;) {
    const int at = (lsb + done) % 32;
    const int take = std::min(bits - done, 32 - at);
    const std::uint64_t mask = (std::uint64_t{1} << take) - 1;
    value |= ((word[static_cast<std::size_t>((lsb + done) / 32)] >> at) & mask) << done;
    done += take;
  }
  return value;
}

}  // namespace

void put_code(std::span<std::uint32_t> word, const Element& element, const BigInt& code) {
  for (int done = 0; done < element.bits; done += kLimbBits) {
    const int bits = std::min(element.bits - done, kLimbBits);
    put_bits(word, element.lsb + done, bits, code.limb(done / kLimbBits));
  }
}

BigInt get_code(std::span<const std::uint32_t> word, const Element& element) {
  if (element.bits == 0) return 0;
  std::array<std::uint64_t, kMaxWordBits / kLimbBits + 2> limbs{};
  std::size_t count = 0;
  for (int done = 0; done < element.bits; done += kLimbBits, ++count) {
    const int bits = std::min(element.bits - done, kLimbBits);
    limbs.at(count) = get_bits(word, element.lsb + done, bits);
  }
  const int top = (element.bits - 1) % kLimbBits;
  std::uint64_t& last = limbs.at(count - 1);
  if (element.is_signed && (last >> top & 1U) != 0) {
    last |= ~std::uint64_t{0} << top;
  } else if (top == kLimbBits - 1) {
    ++count;  // room for a sign of 0
  }
  return BigInt::from_limbs(limbs.data(), count);
}

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

std::int64_t Random::in(const Range& range) {
  const std::int64_t low = range.min, high = range.max;
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (span == UINT64_MAX) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + next() % (span + 1));
}

}  // namespace nib::sim
