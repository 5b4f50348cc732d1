// Seeded patterns of activity for the two ends of a stream, the same on every machine.
#pragma once

#include <cstdint>

namespace nib::sim {

/// A small hash of two numbers, for test data that can be recomputed anywhere (SplitMix64's mixer).
[[nodiscard]] inline std::uint64_t mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// One end's wish to take part, cycle by cycle. It changes its habit every few dozen cycles:
/// always, never, mostly, rarely, a coin, or every other cycle.
class Stalls {
 public:
  explicit Stalls(std::uint64_t seed) : seed_(seed) {}

  /// The wish of the next cycle.
  bool next() {
    if (left_ == 0) {
      const std::uint64_t draw = random();
      habit_ = static_cast<int>(draw % 6);
      left_ = static_cast<int>(1 + (draw >> 8) % 60);
    }
    --left_;
    switch (habit_) {
      case 0:
        return true;
      case 1:
        return false;
      case 2:
        return random() % 8 != 0;
      case 3:
        return random() % 8 == 0;
      case 4:
        return random() % 2 == 0;
      default:
        return left_ % 2 == 0;
    }
  }

 private:
  std::uint64_t random() { return mix(seed_, count_++); }

  std::uint64_t seed_;
  std::uint64_t count_ = 0;
  int habit_ = 0;
  int left_ = 0;
};

}  // namespace nib::sim
