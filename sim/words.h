// Packed words: codes to bits of a port and back, 32 bits a piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nib/sim/manifest.h"

namespace nib::sim {

/// What a check found wrong; verify() turns it into a failed check.
struct Fault {
  std::string text;
};

/// 32-bit pieces of a word of `bits` bits.
[[nodiscard]] constexpr int pieces_of(int bits) { return (bits + 31) / 32; }

/// One packed word per row, row after row.
struct PackedRows {
  int pieces = 0;  ///< of a row
  std::vector<std::uint32_t> data;

  [[nodiscard]] std::span<const std::uint32_t> row(std::int64_t i) const {
    return {data.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(pieces),
            static_cast<std::size_t>(pieces)};
  }
  [[nodiscard]] std::span<std::uint32_t> row(std::int64_t i) {
    return {data.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(pieces),
            static_cast<std::size_t>(pieces)};
  }
};

/// Writes the low `element.bits` bits of `code` at element.lsb; the place must be 0 before.
void put_code(std::span<std::uint32_t> word, const Element& element, const BigInt& code);
/// The code at element.lsb, sign-extended where the element is signed.
[[nodiscard]] BigInt get_code(std::span<const std::uint32_t> word, const Element& element);

/// Small deterministic generator (splitmix64, public domain by S. Vigna).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next();
  /// Uniform in min .. max (both ends), which are int64.
  [[nodiscard]] std::int64_t in(const Range& range);
  [[nodiscard]] bool chance(unsigned percent) { return next() % 100 < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace nib::sim
