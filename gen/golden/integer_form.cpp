// Integer forms of constant matrices.
#include "nib/golden/integer_form.h"

#include <algorithm>
#include <cmath>

namespace nib::golden {

std::optional<IntegerForm> integer_form(const std::vector<Multiple>& x, std::int64_t n,
                                        const std::vector<double>& weights) {
  IntegerForm form;
  for (const Multiple& m : x) form.x_unit.push_back(m.unit);
  const auto columns = static_cast<std::size_t>(n);
  form.column.assign(columns, Multiple{});
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t j = 0; j < columns; ++j) {
      const auto unit = product(x[k].unit, unit_of(weights[k * columns + j]));
      if (!unit) return std::nullopt;
      form.column[j].unit = common(form.column[j].unit, *unit);
    }
  }
  form.matrix.resize(weights.size());
  double largest = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double w = weights[k * columns + j];
      if (w == 0 || x[k].unit.is_zero() || x[k].bound == 0) continue;
      const double multiple = ratio(*product(x[k].unit, unit_of(w)), form.column[j].unit);
      form.matrix[k * columns + j] = w < 0 ? -multiple : multiple;
      form.column[j].bound += multiple * x[k].bound;
    }
    largest = std::max(largest, x[k].bound);
  }
  for (const Multiple& m : form.column) largest = std::max(largest, m.bound);
  // The bounds carry a relative slack of 2^-30 at most; half of the range is ample.
  if (!(largest <= 0x1p52)) return std::nullopt;
  form.fits_float = largest <= 0x1p23;
  return form;
}

ToMultiple::ToMultiple(const Unit& unit)
    : divisor(unit.is_zero() ? 1.0 : to_double(unit)),
      inverse(unit.odd == 1 ? std::ldexp(1.0, -unit.exponent) : 0.0) {}

}  // namespace nib::golden
