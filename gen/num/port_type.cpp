// Fixed-point types as users write them.
#include "nib/num/port_type.h"

#include <fmt/format.h>

#include <charconv>

namespace nib {
namespace {

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

constexpr int kMaxBits = 32;
constexpr int kMaxFraction = 256;

}  // namespace

std::optional<PortType> parse_port_type(std::string_view text) {
  if (text.size() < 2 || (text[0] != 's' && text[0] != 'u')) return {};
  PortType type;
  type.is_signed = text[0] == 's';
  const auto split = text.find_first_of(".@");
  const auto bits = parse_int(text.substr(1, split == std::string_view::npos ? split : split - 1));
  if (!bits || *bits < 1 || *bits > kMaxBits) return {};
  type.bits = *bits;
  if (split == std::string_view::npos) return type;
  const std::string_view tail = text.substr(split + 1);
  if (text[split] == '.') {
    const auto fraction = parse_int(tail);
    if (!fraction || *fraction < -kMaxFraction || *fraction > kMaxFraction) return {};
    type.scale = scale2(Rational(1), -*fraction);
    return type;
  }
  const auto scale = parse_rational(tail);
  if (!scale || sgn(*scale) <= 0) return {};
  type.scale = *scale;
  return type;
}

std::string to_string(const PortType& type) {
  const char sign = type.is_signed ? 's' : 'u';
  if (const auto log = log2_exact(type.scale))
    return fmt::format("{}{}.{}", sign, type.bits, -*log);
  return fmt::format("{}{}@{}", sign, type.bits, to_string(type.scale));
}

}  // namespace nib
