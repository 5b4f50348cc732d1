// Inside sim: fields of manifest.json, checked as they are read.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "nib/sim/manifest.h"

namespace nib::sim {

using Json = nlohmann::json;

inline constexpr int kMaxWordBits = 1 << 20;

/// E0902: the file is not what a manifest looks like.
[[noreturn]] void damaged(const std::string& text);
/// E0903: its parts do not agree.
[[noreturn]] void contradictory(const std::string& text);

/// A field that must be there; `where` names the object in errors.
[[nodiscard]] const Json& field(const Json& object, const char* key, const std::string& where);
/// Null where it is missing or null.
[[nodiscard]] const Json* optional_field(const Json& object, const char* key);
[[nodiscard]] std::string text_of(const Json& object, const char* key, const std::string& where);
[[nodiscard]] std::int64_t whole(const Json& value, std::int64_t low, std::int64_t high,
                                 const std::string& what);
[[nodiscard]] int whole_of(const Json& object, const char* key, std::int64_t low, std::int64_t high,
                           const std::string& where);
[[nodiscard]] bool flag_of(const Json& object, const char* key, const std::string& where);
/// Identifiers reach generated SystemVerilog and C++; with `dots` a net may be a path of them.
[[nodiscard]] std::string identifier(std::string text, const std::string& where, bool dots = false);
[[nodiscard]] Rational rational_of(const Json& object, const char* key, const std::string& where);
[[nodiscard]] Element element_of(const Json& json, const std::string& where);
/// E0903 where two elements share a bit.
void check_overlap(const Word& word, const std::string& where);
/// "shape", of so many elements.
[[nodiscard]] Shape shape_of(const Json& json, std::size_t elements, const std::string& where);

/// "source" and "model".
void read_model(const Json& root, Manifest& m);
/// What a streaming build's manifest holds beside what all have.
void read_streaming(const Json& root, Manifest& m);

}  // namespace nib::sim
