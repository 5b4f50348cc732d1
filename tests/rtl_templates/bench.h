// What the tests of the library share: ports of any width, the clock, the corners of a test top.
#pragma once

#include <verilated.h>

#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "nib/sim/stream_stalls.h"

namespace nib::test {

/// Bits of data that a test top has for each of its corners.
inline constexpr int kSlot = 160;

/// 32 bits of a port, from bit 32 * `word` on.
template <class Port>
[[nodiscard]] std::uint32_t word_of(const Port& port, std::size_t word) {
  if constexpr (std::is_integral_v<Port>) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> (32 * word));
  } else {
    return port[word];
  }
}

template <class Port>
[[nodiscard]] bool bit_of(const Port& port, std::size_t bit) {
  return (word_of(port, bit / 32) >> (bit % 32) & 1) != 0;
}

template <class Port>
void set_bit(Port& port, std::size_t bit, bool value) {
  if constexpr (std::is_integral_v<Port>) {
    const auto mask = static_cast<Port>(static_cast<std::uint64_t>(1) << bit);
    port = static_cast<Port>(value ? port | mask : port & static_cast<Port>(~mask));
  } else {
    const std::uint32_t mask = std::uint32_t{1} << (bit % 32);
    port[bit / 32] = value ? port[bit / 32] | mask : port[bit / 32] & ~mask;
  }
}

/// Field `field` of 16 bits of a packed table, counted from the least significant.
template <class Port>
[[nodiscard]] int field_of(const Port& port, std::size_t field) {
  return static_cast<int>(word_of(port, field / 2) >> (16 * (field % 2)) & 0xffff);
}

/// The data of a slot; bits from the corner's width on are 0.
using Word = std::array<std::uint32_t, kSlot / 32>;

/// The word with number `serial` of the stream `stream`, `width` bits.
[[nodiscard]] inline Word word_of_serial(std::uint64_t stream, std::uint64_t serial, int width) {
  Word word{};
  for (std::size_t i = 0; i < word.size(); ++i) {
    const int bits = width - 32 * static_cast<int>(i);
    const auto full = static_cast<std::uint32_t>(sim::mix(stream, serial * word.size() + i));
    word[i] = bits >= 32 ? full : bits > 0 ? full & ((std::uint32_t{1} << bits) - 1) : 0;
  }
  return word;
}

template <class Port>
void set_slot(Port& port, std::size_t slot, const Word& word) {
  for (std::size_t i = 0; i < word.size(); ++i) port[slot * word.size() + i] = word[i];
}

template <class Port>
[[nodiscard]] Word slot_of(const Port& port, std::size_t slot) {
  Word word{};
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = port[slot * word.size() + i];
  return word;
}

/// Resets of 1 to 4 cycles, in the middle of the traffic.
class Resets {
 public:
  explicit Resets(std::uint64_t seed) : seed_(~seed) {}

  bool next() {
    const std::uint64_t draw = sim::mix(seed_, count_++);
    if (left_ > 0) {
      --left_;
    } else if (draw % 97 == 0) {
      left_ = static_cast<int>(1 + (draw >> 16) % 4);
    }
    return left_ > 0;
  }

 private:
  std::uint64_t seed_, count_ = 0;
  int left_ = 0;
};

/// A Verilated top with its own context: registers without an initial value start at random.
template <class Top>
class Dut {
 public:
  explicit Dut(int seed) {
    context_.randReset(2);
    context_.randSeed(seed);
    context_.fatalOnError(false);
    top_ = std::make_unique<Top>(&context_);
    // Inputs start at random too: the clock and a reset must not.
    top_->clk_i = 0;
    if constexpr (requires { top_->rst_i; }) top_->rst_i = 0;
    settle();
  }
  ~Dut() { top_->final(); }
  Dut(const Dut&) = delete;
  Dut& operator=(const Dut&) = delete;

  Top* operator->() { return top_.get(); }
  Top& operator*() { return *top_; }
  /// Settles the outputs of the present cycle.
  void settle() { top_->eval(); }
  /// Ends the cycle with a rising edge.
  void tick() {
    top_->clk_i = 1;
    top_->eval();
    context_.timeInc(1);
    top_->clk_i = 0;
    top_->eval();
    context_.timeInc(1);
  }
  /// An assertion of the RTL has failed.
  [[nodiscard]] bool failed() const { return context_.gotError(); }

 private:
  VerilatedContext context_;
  std::unique_ptr<Top> top_;
};

}  // namespace nib::test
