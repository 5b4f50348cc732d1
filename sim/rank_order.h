// What is known of the order of some numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace nib::sim {

/// What is known of the order of some numbers: i >= j, i > j; closed under transitivity.
class Order {
 public:
  explicit Order(std::size_t n) : n_(n), known_(n * n, kUnknown) {
    for (std::size_t i = 0; i < n; ++i) at(i, i) = kAtLeast;
  }

  [[nodiscard]] bool at_least(std::size_t i, std::size_t j) const { return get(i, j) >= kAtLeast; }
  [[nodiscard]] bool above(std::size_t i, std::size_t j) const { return get(i, j) == kAbove; }

  /// Adds i >= j, or i > j.
  void add(std::size_t i, std::size_t j, bool strict) {
    for (std::size_t a = 0; a < n_; ++a) {
      if (!at_least(a, i)) continue;
      for (std::size_t b = 0; b < n_; ++b) {
        if (!at_least(j, b)) continue;
        const bool above_all = strict || above(a, i) || above(j, b);
        at(a, b) = std::max(at(a, b), above_all ? kAbove : kAtLeast);
      }
    }
  }
  /// i stands before j: it is larger, or equal with the lower index. nullopt: not known.
  [[nodiscard]] std::optional<bool> before(std::size_t i, std::size_t j) const {
    if (i < j ? at_least(i, j) : above(i, j)) return true;
    if (i < j ? above(j, i) : at_least(j, i)) return false;
    return std::nullopt;
  }

 private:
  static constexpr char kUnknown = 0, kAtLeast = 1, kAbove = 2;
  [[nodiscard]] char get(std::size_t i, std::size_t j) const { return known_[i * n_ + j]; }
  char& at(std::size_t i, std::size_t j) { return known_[i * n_ + j]; }

  std::size_t n_;
  std::vector<char> known_;
};

}  // namespace nib::sim
