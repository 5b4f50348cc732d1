// Static proof that doubles are exact: every value of a tensor is a whole multiple of a known unit,
// and the multiple is bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace nib::golden {

/// odd * 2^exponent with an odd (or zero) integer of 64 bits.
struct Unit {
  std::uint64_t odd = 0;
  int exponent = 0;

  [[nodiscard]] bool is_zero() const { return odd == 0; }
};

/// |x| of a finite double.
[[nodiscard]] Unit unit_of(double x);
/// nullopt where the odd part needs more than 64 bits.
[[nodiscard]] std::optional<Unit> product(const Unit& a, const Unit& b);
/// The largest unit that both are multiples of.
[[nodiscard]] Unit common(const Unit& a, const Unit& b);
/// a / b for a multiple a of b; infinite where it is beyond a double.
[[nodiscard]] double ratio(const Unit& a, const Unit& b);
/// Nearest double.
[[nodiscard]] double to_double(const Unit& unit);

/// What is known of one element: a multiple of `unit` of at most `bound` units either way.
struct Multiple {
  Unit unit;
  double bound = 0;

  /// True where every such value is a double, and sums and products that yield it are exact.
  [[nodiscard]] bool is_double() const;
};

/// Of each element of a tensor, without batch.
using Lattice = std::vector<Multiple>;

[[nodiscard]] bool all_doubles(const Lattice& lattice);
[[nodiscard]] Multiple multiple_of(double x);
[[nodiscard]] Multiple sum(const Multiple& a, const Multiple& b);
[[nodiscard]] Multiple hull(const Multiple& a, const Multiple& b);
[[nodiscard]] std::optional<Multiple> product(const Multiple& a, const Multiple& b);

}  // namespace nib::golden
