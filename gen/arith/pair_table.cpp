// Flat hash table of counts.
#include "nib/arith/pair_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nib::arith {

PairTable::PairTable(std::size_t expected)
    : slots_(std::bit_ceil(std::max<std::size_t>(64, expected * 2))) {}

std::size_t PairTable::home(std::uint64_t key) const {
  std::uint64_t hash = key * 0x9e3779b97f4a7c15ull;  // golden-ratio multiplier
  hash ^= hash >> 32;
  return static_cast<std::size_t>(hash) & (slots_.size() - 1);
}

std::size_t PairTable::find(std::uint64_t key) const {
  std::size_t at = home(key);
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
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

void PairTable::decrement(const std::vector<std::uint64_t>& keys) {
  // Most look-ups miss the caches: ask for a slot a few keys ahead.
  constexpr std::size_t kAhead = 12;
  for (std::size_t i = 0; i < std::min(kAhead, keys.size()); ++i) {
    __builtin_prefetch(&slots_[home(keys[i])]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) __builtin_prefetch(&slots_[home(keys[i + kAhead])]);
    Slot& slot = slots_[find(keys[i])];
    if (slot.key != 0) --slot.count;
  }
}

std::int32_t PairTable::count(std::uint64_t key) const {
  const Slot& slot = slots_[find(key)];
  return slot.key == key ? slot.count : 0;
}

std::int32_t PairTable::wanted(std::uint64_t key) const {
  const Slot& slot = slots_[find(key)];
  return slot.key == key && slot.count > slot.refused ? slot.count : 0;
}

void PairTable::refuse(std::uint64_t key) {
  Slot& slot = slots_[find(key)];
  if (slot.key == key) slot.refused = slot.count;
}

void PairTable::grow() {
  const auto live = static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.count >= 2; }));
  std::vector<Slot> old(4 * (live + 1) > slots_.size() ? slots_.size() * 2 : slots_.size());
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.count >= 2) slots_[find(slot.key)] = slot;
  }
  used_ = live;
}

}  // namespace nib::arith
