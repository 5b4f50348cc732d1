// Counts by 64-bit key: open addressing, linear probing.
#pragma once

#include <cstdint>
#include <vector>

namespace nib::arith {

/// A flat hash table from non-zero keys to counts. Keys whose count has fallen below 2 are
/// forgotten when the table grows. Only look-ups depend on the hash, never an order.
class PairTable {
 public:
  explicit PairTable(std::size_t expected);

  /// Adds `delta` to the key's count, from 0 where it is absent, and returns the new count.
  std::int32_t add(std::uint64_t key, std::int32_t delta);
  /// Takes 1 from each key that is present.
  void decrement(const std::vector<std::uint64_t>& keys);
  /// The key's count, 0 if absent.
  [[nodiscard]] std::int32_t count(std::uint64_t key) const;
  /// The key's count, 0 if it was refused at this count or a higher one.
  [[nodiscard]] std::int32_t wanted(std::uint64_t key) const;
  /// Makes wanted() 0 until the count rises.
  void refuse(std::uint64_t key);

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t count = 0;
    std::int32_t refused = 0;
  };

  [[nodiscard]] std::size_t home(std::uint64_t key) const;
  [[nodiscard]] std::size_t find(std::uint64_t key) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace nib::arith
