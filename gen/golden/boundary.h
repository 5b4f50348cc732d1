// Where a quantiser's decisions change: the distance of a value to the nearest such place.
#pragma once

#include <cmath>
#include <limits>

#include "nib/num/rational.h"

namespace nib::golden {

/// The place nearest to t (in units of codes) where the code changes, given the limits of the codes
/// as doubles; false where there is only one code. For the nearest modes these are the ties between
/// two codes, for the directed ones the integers where the next code begins.
[[nodiscard]] inline bool nearest_boundary(Rounding mode, double low, double high, double t,
                                           double& boundary) {
  if (!(low < high)) return false;
  const auto within = [](double first, double last, double at) {
    return at < first ? first : at > last ? last : at;
  };
  switch (mode) {
    case Rounding::kHalfEven:
    case Rounding::kHalfUp:
    case Rounding::kHalfDown:
    case Rounding::kDpu:
      boundary = within(low, high - 1, std::floor(t)) + 0.5;
      return true;
    case Rounding::kFloor:
      boundary = within(low + 1, high, std::nearbyint(t));
      return true;
    case Rounding::kCeil:
      boundary = within(low, high - 1, std::nearbyint(t));
      return true;
    case Rounding::kUp:
      // Negative codes begin right below an integer, positive ones right above.
      boundary = within(low < 0 ? low + 1 : 0, high > 0 ? high - 1 : 0, std::nearbyint(t));
      return true;
    case Rounding::kDown:
      boundary = std::nearbyint(t);
      if (boundary == 0) boundary = t < 0 ? -1 : 1;  // -1 < t < 1 is code 0
      if (boundary > 0 && high <= 0) boundary = -1;
      if (boundary < 0 && low >= 0) boundary = 1;
      boundary = within(low < 0 ? low : 1, high > 0 ? high : -1, boundary);
      return true;
  }
  return false;
}

}  // namespace nib::golden
