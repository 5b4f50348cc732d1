// Bits of packed words.
#include "nib/sim/words.h"

#include <algorithm>

namespace nib::sim {

void put_code(std::span<std::uint32_t> word, const Element& element, std::int64_t code) {
  std::uint64_t bits = static_cast<std::uint64_t>(code);
  int lsb = element.lsb;
  for (int left = element.bits; left > 0;) {
    const int at = lsb % 32;
    const int take = std::min(left, 32 - at);
    const std::uint64_t mask = (std::uint64_t{1} << take) - 1;
    word[static_cast<std::size_t>(lsb / 32)] |= static_cast<std::uint32_t>((bits & mask) << at);
    bits >>= take;
    lsb += take;
    left -= take;
  }
}

std::int64_t get_code(std::span<const std::uint32_t> word, const Element& element) {
  std::uint64_t bits = 0;
  for (int done = 0; done < element.bits;) {
    const int lsb = element.lsb + done;
    const int at = lsb % 32;
    const int take = std::min(element.bits - done, 32 - at);
    const std::uint64_t mask = (std::uint64_t{1} << take) - 1;
    bits |= ((word[static_cast<std::size_t>(lsb / 32)] >> at) & mask) << done;
    done += take;
  }
  if (element.is_signed && element.bits > 0 && ((bits >> (element.bits - 1)) & 1) != 0) {
    bits |= ~((std::uint64_t{1} << element.bits) - 1);
  }
  return static_cast<std::int64_t>(bits);
}

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

std::int64_t Random::in(Range range) {
  const std::uint64_t span =
      static_cast<std::uint64_t>(range.max) - static_cast<std::uint64_t>(range.min);
  if (span == UINT64_MAX) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(range.min) + next() % (span + 1));
}

}  // namespace nib::sim
