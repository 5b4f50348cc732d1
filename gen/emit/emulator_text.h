// Inside emit: pieces of C++ text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/num/range.h"

namespace nib::emit {

/// "a/b, c" as a C++ identifier part.
[[nodiscard]] std::string identifier(std::string_view text);
/// Text for a comment line: no line ends, no backslash at the end, not too long.
[[nodiscard]] std::string comment(std::string_view text);
/// The narrowest signed type of the range, "std::int8_t" at the least; over 64 bits a
/// "detail::Wide<3>".
[[nodiscard]] std::string type_for(const Range& range);
/// True where that is a detail::Wide, of over 64 bits.
[[nodiscard]] bool is_wide(const Range& range);
/// An integer literal of any value.
[[nodiscard]] std::string literal(std::int64_t x);
/// The same as a number of type_for(range).
[[nodiscard]] std::string literal(const BigInt& x, const Range& range);
/// `inline constexpr TYPE NAME[] = {...};`, of the narrowest signed type that holds all.
[[nodiscard]] std::string integers(const std::string& name, const std::vector<std::int64_t>& items);
[[nodiscard]] std::string integers(const std::string& name, const std::vector<BigInt>& items);
[[nodiscard]] std::string unsigned_32(const std::string& name,
                                      const std::vector<std::uint32_t>& items);
/// Of std::uint64_t, in hexadecimal.
[[nodiscard]] std::string words(const std::string& name, const std::vector<std::uint64_t>& items);
/// The index of an element's group, as an expression in `e`.
[[nodiscard]] std::string group_expression(const lower::Grouping& g, std::int64_t elements);
/// The range of the items and 0.
[[nodiscard]] Range range_of(const std::vector<std::int64_t>& items);
[[nodiscard]] Range range_of(const std::vector<BigInt>& items);

}  // namespace nib::emit
