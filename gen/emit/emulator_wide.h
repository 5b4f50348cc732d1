// Inside emit: integers over 64 bits, for the emulator headers of networks that have them.
#pragma once

#include <string_view>

namespace nib::emit {

/// In front of kEmulatorKernels, where a code, bias or threshold takes more than 64 bits.
inline constexpr std::string_view kWideKernels = R"(namespace detail {

// A two's-complement integer of 64 * Limbs bits, the lowest limb first. Arithmetic wraps.
template <std::size_t Limbs>
struct Wide {
  std::uint64_t limb[Limbs] = {};

  constexpr Wide() = default;
  constexpr Wide(std::int64_t x) {
    limb[0] = static_cast<std::uint64_t>(x);
    for (std::size_t i = 1; i < Limbs; ++i) limb[i] = fill(x < 0);
  }
  constexpr explicit Wide(const std::uint64_t (&limbs)[Limbs]) {
    for (std::size_t i = 0; i < Limbs; ++i) limb[i] = limbs[i];
  }
  template <std::size_t Other>
  constexpr explicit Wide(const Wide<Other>& x) {
    for (std::size_t i = 0; i < Limbs; ++i) limb[i] = i < Other ? x.limb[i] : fill(x.negative());
  }
  // The low bits; the number where the type holds it.
  template <class Integer>
  constexpr explicit operator Integer() const {
    return static_cast<Integer>(limb[0]);
  }
  constexpr bool negative() const { return limb[Limbs - 1] >> 63 != 0; }

  constexpr Wide& operator+=(const Wide& b) {
    bool carry = false;
    for (std::size_t i = 0; i < Limbs; ++i) {
      const std::uint64_t sum = limb[i] + b.limb[i];
      const std::uint64_t all = sum + (carry ? 1U : 0U);
      carry = sum < limb[i] || all < sum;
      limb[i] = all;
    }
    return *this;
  }
  friend constexpr Wide operator+(Wide a, const Wide& b) { return a += b; }
  friend constexpr Wide operator*(const Wide& a, const Wide& b) {
    // By halves of limbs: a product and two summands of 32 bits fit 64.
    Wide result;
    for (std::size_t i = 0; i < 2 * Limbs; ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; i + j < 2 * Limbs; ++j) {
        const std::uint64_t now = a.half(i) * b.half(j) + result.half(i + j) + carry;
        result.set_half(i + j, now & 0xffffffffU);
        carry = now >> 32;
      }
    }
    return result;
  }
  friend constexpr bool operator==(const Wide& a, const Wide& b) {
    for (std::size_t i = 0; i < Limbs; ++i) {
      if (a.limb[i] != b.limb[i]) return false;
    }
    return true;
  }
  friend constexpr bool operator<(const Wide& a, const Wide& b) {
    if (a.negative() != b.negative()) return a.negative();
    for (std::size_t i = Limbs; i-- > 0;) {
      if (a.limb[i] != b.limb[i]) return a.limb[i] < b.limb[i];
    }
    return false;
  }
  friend constexpr bool operator>(const Wide& a, const Wide& b) { return b < a; }
  friend constexpr bool operator!=(const Wide& a, const Wide& b) { return !(a == b); }

 private:
  static constexpr std::uint64_t fill(bool ones) { return ones ? ~std::uint64_t{0} : 0; }
  constexpr std::uint64_t half(std::size_t i) const {
    return limb[i / 2] >> (i % 2 * 32) & 0xffffffffU;
  }
  constexpr void set_half(std::size_t i, std::uint64_t x) {
    const std::size_t shift = i % 2 * 32;
    limb[i / 2] = (limb[i / 2] & ~(std::uint64_t{0xffffffff} << shift)) | x << shift;
  }
};

}  // namespace detail

)";

}  // namespace nib::emit
