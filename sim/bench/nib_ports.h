// Ports of a Verilated model as 32-bit pieces, whatever type Verilator gave them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace nib_bench {

/// The `width` low bits of a word of one or two pieces: Verilator wants nothing above them.
inline std::uint64_t narrow(const std::uint32_t* pieces, int width) {
  std::uint64_t value = pieces[0];
  if (width > 32) value |= static_cast<std::uint64_t>(pieces[1]) << 32;
  return width < 64 ? value & ((std::uint64_t{1} << width) - 1) : value;
}

/// Sets a port of `width` bits from 32-bit pieces, least significant first.
template <class Port>
void load(Port& port, const std::uint32_t* pieces, int width) {
  const int count = (width + 31) / 32;
  if constexpr (std::is_integral_v<Port>) {
    port = static_cast<Port>(narrow(pieces, width));
  } else {
    for (int i = 0; i < count; ++i) port[static_cast<std::size_t>(i)] = pieces[i];
    if (width % 32 != 0) port[static_cast<std::size_t>(count - 1)] &= (1U << width % 32) - 1;
  }
}

/// Reads a port into `count` pieces.
template <class Port>
void store(const Port& port, std::uint32_t* pieces, int count) {
  if constexpr (std::is_integral_v<Port>) {
    const std::uint64_t value = port;
    pieces[0] = static_cast<std::uint32_t>(value);
    if (count > 1) pieces[1] = static_cast<std::uint32_t>(value >> 32);
  } else {
    for (int i = 0; i < count; ++i) pieces[i] = port[static_cast<std::size_t>(i)];
  }
}

}  // namespace nib_bench
