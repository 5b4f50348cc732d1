// Whole-file input and output.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace nib {

/// The bytes of a regular file of at most `limit` bytes. Errors: E0101.
[[nodiscard]] std::string read_file(const std::filesystem::path& path,
                                    std::uintmax_t limit = std::uintmax_t{1} << 30);

/// Writes the bytes, creating the folder above; a failed or short write is E0102.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// A text file that is built into nib, by its path in the checkout ("rtl_templates/nib_outq.sv").
/// An unknown name is an internal error.
[[nodiscard]] std::string_view resource(std::string_view name);
/// True where resource(name) exists.
[[nodiscard]] bool has_resource(std::string_view name);

}  // namespace nib
