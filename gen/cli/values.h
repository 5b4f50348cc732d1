// Option values: text to numbers, types and names, with numbered errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/num/port_type.h"

namespace nib::cli {

/// The whole decimal number `text`, in low .. high. E0802 names the option and the limits.
[[nodiscard]] std::int64_t parse_whole(std::string_view option, std::string_view text,
                                       std::int64_t low, std::int64_t high);
/// The finite decimal number `text`, in low .. high. E0802.
[[nodiscard]] double parse_real(std::string_view option, std::string_view text, double low,
                                double high);
/// "s16.10". E0802.
[[nodiscard]] PortType parse_type(std::string_view option, std::string_view text);
/// "s16.10" or "in:s16.10": name (may be empty) and type. A name may hold colons itself. E0802.
[[nodiscard]] std::pair<std::string, graph::InputType> parse_input_type(std::string_view text);
/// All of them; E0803 where one input has two.
[[nodiscard]] std::vector<std::pair<std::string, graph::InputType>> parse_input_types(
    const std::vector<std::string>& texts);
/// "X.npy" or "NAME=X.npy": name (may be empty) and file. E0802 where the file is missing.
[[nodiscard]] std::pair<std::string, std::string> parse_named_file(std::string_view option,
                                                                   std::string_view text);
/// Errors E0103: `file` lies in the folder that is to be replaced as a whole.
void check_apart(const std::string& folder, const std::string& file);
/// Errors E0803: two of `results` are one file, or one is one of `sources`. Empty names are none.
void check_distinct(const std::vector<std::string>& results,
                    const std::vector<std::string>& sources);
/// A module prefix: lower-case letters, digits and single underscores, a letter first. E0802.
void check_name(std::string_view option, std::string_view text);

}  // namespace nib::cli
