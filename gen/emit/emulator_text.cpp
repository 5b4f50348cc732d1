// Pieces of C++ text.
#include "nib/emit/emulator_text.h"

#include <fmt/format.h>

#include <cctype>
#include <limits>

namespace nib::emit {
namespace {

/// `inline constexpr TYPE NAME[] = {...};` wrapped at 100 columns; `text` makes a literal.
template <class T, class Text>
std::string array_of(std::string_view type, const std::string& name, const std::vector<T>& items,
                     Text text) {
  std::string result = fmt::format("inline constexpr {} {}[] = {{\n", type, name);
  std::string line = "   ";
  for (const T& item : items) {
    const std::string literal = text(item);
    if (line.size() + literal.size() + 2 > 100) {
      result += line + "\n";
      line = "   ";
    }
    line += ' ';
    line += literal;
    line += ',';
  }
  return result + line + "\n};\n";
}

int limbs_of(const Range& range) {
  int limbs = 1;
  while (!fits_signed(range, 64 * limbs)) ++limbs;
  return limbs;
}

}  // namespace

Range range_of(const std::vector<std::int64_t>& items) {
  Range range{0, 0};
  for (const std::int64_t item : items) range = hull(range, {item, item});
  return range;
}

std::string identifier(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (good) {
      result += c;
    } else if (!result.empty() && result.back() != '_') {
      result += '_';  // never two in a row: those names are reserved
    }
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  if (result.empty()) result = "net";
  return result;
}

std::string comment(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '\\';
    result += plain ? c : '?';
  }
  if (result.size() > 80) result = result.substr(0, 77) + "...";
  return result;
}

Range range_of(const std::vector<BigInt>& items) {
  Range range{0, 0};
  for (const BigInt& item : items) range = hull(range, {item, item});
  return range;
}

bool is_wide(const Range& range) { return !fits_signed(range, 64); }

std::string type_for(const Range& range) {
  const auto fits = [&](auto word) {
    using Word = decltype(word);
    return range.min >= std::numeric_limits<Word>::min() &&
           range.max <= std::numeric_limits<Word>::max();
  };
  if (fits(std::int8_t{})) return "std::int8_t";
  if (fits(std::int16_t{})) return "std::int16_t";
  if (fits(std::int32_t{})) return "std::int32_t";
  if (!is_wide(range)) return "std::int64_t";
  return fmt::format("detail::Wide<{}>", limbs_of(range));
}

std::string literal(std::int64_t x) {
  if (x == std::numeric_limits<std::int64_t>::min()) return "INT64_MIN";
  const bool wide = x > std::numeric_limits<std::int32_t>::max() ||
                    x < -std::int64_t{std::numeric_limits<std::int32_t>::max()};
  return wide ? fmt::format("INT64_C({})", x) : fmt::format("{}", x);
}

std::string literal(const BigInt& x, const Range& range) {
  if (!is_wide(range)) return literal(static_cast<std::int64_t>(x));
  std::string limbs;
  for (int i = 0; i < limbs_of(range); ++i) {
    limbs += fmt::format("{}0x{:x}U", i == 0 ? "" : ", ", x.limb(i));
  }
  return fmt::format("{}({{{}}})", type_for(range), limbs);
}

std::string integers(const std::string& name, const std::vector<BigInt>& items) {
  const Range range = range_of(items);
  return array_of(type_for(range), name, items, [&](const BigInt& x) { return literal(x, range); });
}
std::string integers(const std::string& name, const std::vector<std::int64_t>& items) {
  return array_of(type_for(range_of(items)), name, items,
                  [](std::int64_t x) { return literal(x); });
}
std::string unsigned_32(const std::string& name, const std::vector<std::uint32_t>& items) {
  return array_of("std::uint32_t", name, items,
                  [](std::uint32_t x) { return fmt::format("{}U", x); });
}
std::string words(const std::string& name, const std::vector<std::uint64_t>& items) {
  return array_of("std::uint64_t", name, items,
                  [](std::uint64_t x) { return fmt::format("0x{:x}U", x); });
}

std::string group_expression(const lower::Grouping& g, std::int64_t elements) {
  if (g.count == 1) return "0";
  std::string text = g.inner == 1 ? "e" : fmt::format("e / {}", g.inner);
  return g.inner * g.count >= elements ? text : fmt::format("{} % {}", text, g.count);
}

}  // namespace nib::emit
