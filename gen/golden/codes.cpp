// Reals as integer codes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "nib/base/check.h"
#include "nib/golden/approx.h"
#include "nib/golden/golden.h"
#include "nib/golden/number.h"

namespace nib::golden {
namespace {

/// One grid: value = scale * code + offset.
struct Grid {
  Approx scale, offset;
  Rational exact_scale, exact_offset;
};

Grid grid_of(const Rational& scale, const Rational& offset) {
  Grid grid;
  grid.exact_scale = scale;
  grid.exact_offset = offset;
  grid.scale.value = Number(scale).approximate(grid.scale.error);
  grid.offset.value = Number(offset).approximate(grid.offset.error);
  return grid;
}

/// The code of an exact value; false where it is off the grid.
bool code_of(const Grid& grid, const Rational& x, BigInt& code) {
  const Rational exact_code = (x - grid.exact_offset) / grid.exact_scale;
  if (exact_code.get_den() != 1) return false;
  code = BigInt(exact_code.get_num());
  return true;
}

/// The one code within the bound of x; false where there is none, or more than one.
bool code_of(const Grid& grid, Approx x, BigInt& code) {
  const Approx t = (x - grid.offset) / grid.scale;
  if (!(std::abs(t.value) < 0x1p62) || !(t.error < 0.25)) {
    return x.error == 0 && code_of(grid, exact(x.value), code);
  }
  const double nearest = std::nearbyint(t.value);
  const double distance = std::abs(t.value - nearest);
  if (distance > t.error * (1 + 0x1p-40)) return false;
  code = static_cast<std::int64_t>(nearest);
  if (x.error != 0 || t.error == 0) return true;
  // The value is exact, only the quotient is not: compare exactly.
  return exact(x.value) == grid.exact_scale * to_rational(code) + grid.exact_offset;
}

}  // namespace

double least_spacing(std::span<const Rational> scale, std::span<const Rational> offset) {
  double least = std::numeric_limits<double>::infinity();
  for (const Rational& one : scale) {
    const double size = std::abs(to_double(one));
    // Doubles do not reach so far: all codes come from exact numbers.
    if (!std::isnormal(size)) return std::numeric_limits<double>::denorm_min();
    least = std::min(least, size);
  }
  for (const Rational& one : offset) {
    if (std::abs(to_double(one)) > 0x1p50 * least) return std::numeric_limits<double>::min();
  }
  return std::isfinite(least) ? least : 0;
}

std::optional<std::vector<BigInt>> codes_of(const Reals& reals, std::span<const Rational> scale,
                                            std::span<const Rational> offset, std::int64_t& bad) {
  NIB_CHECK(!scale.empty() && !offset.empty(), "a grid");
  const std::size_t period = std::max(scale.size(), offset.size());
  NIB_CHECK((scale.size() == 1 || scale.size() == period) &&
                (offset.size() == 1 || offset.size() == period),
            "scales and offsets of one row");
  std::vector<Grid> grids;
  for (std::size_t e = 0; e < period; ++e) {
    const Rational& own = scale[scale.size() == 1 ? 0 : e];
    NIB_CHECK(sgn(own) != 0, "a scale that is not zero");
    grids.push_back(grid_of(own, offset[offset.size() == 1 ? 0 : e]));
  }
  std::vector<BigInt> codes(reals.value.data.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto known = reals.exact.find(static_cast<std::int64_t>(i));
    if (known != reals.exact.end()) {
      if (code_of(grids[i % period], known->second, codes[i])) continue;
      bad = static_cast<std::int64_t>(i);
      return std::nullopt;
    }
    const Approx x{reals.value.data[i], reals.error.empty() ? 0.0 : reals.error[i]};
    if (!code_of(grids[i % period], x, codes[i])) {
      bad = static_cast<std::int64_t>(i);
      return std::nullopt;
    }
  }
  return codes;
}

}  // namespace nib::golden
