// Flat hash table of counts.
#include "nib/arith/pair_table.h"

#include <bit>
#include <utility>

namespace nib::arith {

PairTable::PairTable(std::size_t expected)
    : slots_(std::bit_ceil(expected < 32 ? std::size_t{64} : expected * 2)) {}

std::size_t PairTable::find(std::uint64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  std::uint64_t hash = key * 0x9e3779b97f4a7c15ull;  // golden-ratio multiplier
  hash ^= hash >> 32;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
  return at;
}

std::int32_t PairTable::add(std::uint64_t key, std::int32_t delta) {
  std::size_t at = find(key);
  if (slots_[at].key == 0) {
    if (2 * (used_ + 1) > slots_.size()) {
      grow();
      at = find(key);
    }
    slots_[at].key = key;
    ++used_;
  }
  return slots_[at].count += delta;
}

std::int32_t PairTable::count(std::uint64_t key) const {
  const Slot& slot = slots_[find(key)];
  return slot.key == key ? slot.count : 0;
}

void PairTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.key != 0) slots_[find(slot.key)] = slot;
  }
}

}  // namespace nib::arith
