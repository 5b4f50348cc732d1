// Inside emit: what the manifests of all kinds of builds have in common, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nib/arith/target.h"
#include "nib/emit/emit.h"
#include "nib/plan/plan.h"

namespace nib::emit {

using Json = nlohmann::ordered_json;

/// What a build is called and made from.
struct Identity {
  const std::string &name, &source_file, &sha256;
  const arith::Target& target;
  double clock_mhz;
};

/// Three decimals: plenty for a delay model; fewer digits, fewer spurious differences.
[[nodiscard]] double rounded(double value);
/// What every manifest begins with, up to "style".
[[nodiscard]] Json head_json(const Identity& what, const std::string& top,
                             const std::string& config_json, const char* style);
/// A number, or decimal text where it has over 64 bits.
[[nodiscard]] Json integer_json(const BigInt& x);
[[nodiscard]] Json element_json(const plan::Element& e, bool with_range);
/// Bits of the widest element: over 64, arrays of codes hold decimal text.
[[nodiscard]] int widest(const plan::Word& word);
[[nodiscard]] Json cost_json(const plan::Cost& cost);
[[nodiscard]] Json input_types_json(
    const std::vector<std::pair<std::string, graph::InputType>>& types);
/// Names are bytes of the file: what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string text_of(const Json& j);

}  // namespace nib::emit
