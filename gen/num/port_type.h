// Fixed-point types as users write them: s16.10, u8.0, u8@1/255.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nib/num/range.h"
#include "nib/num/rational.h"

namespace nib {

/// A word of `bits` bits whose value is code * scale. `sW.F` and `uW.F` mean scale 2^-F (F may be
/// negative or exceed W); `sW@A/B` and `uW@A/B` state the scale itself.
struct PortType {
  bool is_signed = true;
  int bits = 0;
  Rational scale = 1;

  [[nodiscard]] Range range() const { return full_range(bits, is_signed); }
  friend bool operator==(const PortType&, const PortType&) = default;
};

/// Reads the text; nullopt where it is not a type of 1 to 32 bits with a positive scale.
[[nodiscard]] std::optional<PortType> parse_port_type(std::string_view text);
/// The same text back.
[[nodiscard]] std::string to_string(const PortType& type);

}  // namespace nib
