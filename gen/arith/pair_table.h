// Counts by 64-bit key: open addressing, linear probing, no deletion (a count may fall to 0).
#pragma once

#include <cstdint>
#include <vector>

namespace nib::arith {

/// A flat hash table from non-zero keys to counts. Only look-ups depend on the hash, never an
/// order.
class PairTable {
 public:
  explicit PairTable(std::size_t expected);

  /// Adds `delta` to the key's count and returns the new count.
  std::int32_t add(std::uint64_t key, std::int32_t delta);
  /// The key's count, 0 if absent.
  [[nodiscard]] std::int32_t count(std::uint64_t key) const;
  /// Calls f(key, count) for every key, in the order of the table (not an order to rely on).
  template <class F>
  void for_each(F&& f) const {
    for (const Slot& slot : slots_) {
      if (slot.key != 0) f(slot.key, slot.count);
    }
  }
  [[nodiscard]] std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t count = 0;
  };

  [[nodiscard]] std::size_t find(std::uint64_t key) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace nib::arith
