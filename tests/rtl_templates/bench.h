// Access to the Verilated library bench: clock, lanes of packed ports, constant corner parameters.
#pragma once

#include <verilated.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "Vlibrary.h"

namespace bench {

inline constexpr int kBenchWidth = 136;

/// A word of up to 136 bits.
struct Word {
  std::uint64_t part[3] = {};
  friend bool operator==(const Word&, const Word&) = default;
};

/// Bits of a packed port, whatever type Verilator gave it.
template <class Port>
std::uint64_t get_bits(const Port& port, int lsb, int bits) {
  std::uint64_t value = 0;
  for (int b = 0; b < bits; ++b) {
    std::uint64_t bit = 0;
    if constexpr (std::is_integral_v<Port>) {
      bit = (static_cast<std::uint64_t>(port) >> (lsb + b)) & 1;
    } else {
      bit = (port[static_cast<std::size_t>((lsb + b) / 32)] >> ((lsb + b) % 32)) & 1;
    }
    value |= bit << b;
  }
  return value;
}

template <class Port>
void set_bits(Port& port, int lsb, int bits, std::uint64_t value) {
  for (int b = 0; b < bits; ++b) {
    const std::uint64_t bit = (value >> b) & 1;
    if constexpr (std::is_integral_v<Port>) {
      const auto mask = static_cast<Port>(Port{1} << (lsb + b));
      port = static_cast<Port>(bit ? port | mask : port & static_cast<Port>(~mask));
    } else {
      auto& word = port[static_cast<std::size_t>((lsb + b) / 32)];
      const std::uint32_t mask = 1u << ((lsb + b) % 32);
      word = bit ? word | mask : word & ~mask;
    }
  }
}

template <class Port>
Word get_word(const Port& port, int lane) {
  Word word;
  for (int p = 0; p < 3; ++p) {
    const int bits = p < 2 ? 64 : kBenchWidth - 128;
    word.part[p] = get_bits(port, lane * kBenchWidth + 64 * p, bits);
  }
  return word;
}

template <class Port>
void set_word(Port& port, int lane, const Word& word) {
  for (int p = 0; p < 3; ++p) {
    const int bits = p < 2 ? 64 : kBenchWidth - 128;
    set_bits(port, lane * kBenchWidth + 64 * p, bits, word.part[p]);
  }
}

/// The low `bits` bits.
inline Word cut(Word word, int bits) {
  for (int p = 0; p < 3; ++p) {
    const int keep = bits - 64 * p;
    if (keep <= 0) {
      word.part[p] = 0;
    } else if (keep < 64) {
      word.part[p] &= (std::uint64_t{1} << keep) - 1;
    }
  }
  return word;
}

inline Word random_word(std::mt19937_64& rng) { return cut({{rng(), rng(), rng()}}, kBenchWidth); }

/// The model with random power-up state, ready for the first cycle.
class Bench {
 public:
  explicit Bench(std::uint64_t seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed & 0x7fffffff));
    top_ = std::make_unique<Vlibrary>(&context_);
    top_->clk_i = 0;
    top_->eval();
  }
  ~Bench() { top_->final(); }

  Vlibrary& top() { return *top_; }
  /// Lets the inputs of this cycle settle.
  void settle() { top_->eval(); }
  /// The clock edge that ends this cycle.
  void edge() {
    context_.timeInc(1);
    top_->clk_i = 1;
    top_->eval();
    context_.timeInc(1);
    top_->clk_i = 0;
    top_->eval();
  }

 private:
  VerilatedContext context_;
  std::unique_ptr<Vlibrary> top_;
};

/// Parameters of one corner, as the bench's constant outputs tell them.
struct Corner {
  int width = 0, depth = 0, latency = 0, storage = 0;
};

template <class Port>
Corner corner(const Port& port, int lane) {
  const auto field = [&](int index) {
    return static_cast<int>(get_bits(port, lane * 64 + 16 * index, 16));
  };
  return {field(3), field(2), field(1), field(0)};
}

/// Chances, in 1/16, of valid and ready; each phase of a run draws new ones.
struct Pattern {
  unsigned valid = 16, ready = 16;
};

inline Pattern draw_pattern(std::mt19937_64& rng) {
  constexpr unsigned kChances[] = {0, 2, 8, 14, 16, 16};
  return {kChances[rng() % 6], kChances[rng() % 6]};
}

}  // namespace bench
