// Fields, and what a word holds in words.
#include "nib/map/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "nib/base/check.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::map {

rtl::Expr gather(const std::vector<Field>& fields) {
  NIB_CHECK(!fields.empty(), "fields to gather");
  std::vector<Field> runs;
  for (const Field& f : fields) {
    const bool joins =
        !runs.empty() && runs.back().lsb + runs.back().bits == f.lsb &&
        std::get<rtl::Ref>(runs.back().word.node).name == std::get<rtl::Ref>(f.word.node).name;
    if (joins) {
      runs.back().bits += f.bits;
    } else {
      runs.push_back(f);
    }
  }
  std::vector<rtl::Expr> parts;
  for (const Field& f : runs) {
    const bool whole = f.lsb == 0 && f.bits == f.word.type.width;
    parts.push_back(whole ? f.word : rtl::slice(f.word, f.lsb, f.bits));
  }
  std::reverse(parts.begin(), parts.end());
  return rtl::concat(std::move(parts));
}

std::string describe(const plan::Word& word) {
  std::vector<const plan::Element*> present;
  for (const plan::Element& e : word.elements) {
    if (e.bits > 0) present.push_back(&e);
  }
  std::string text = fmt::format("shape {}", to_string(word.shape));
  if (present.empty()) return text + ", constant";
  const plan::Element& first = *present.front();
  const auto all = [&](auto same) {
    return std::all_of(present.begin(), present.end(),
                       [&](const plan::Element* e) { return same(*e); });
  };
  if (present.size() != word.elements.size()) text += fmt::format(", {} used", present.size());
  const bool one_sign = all([&](const plan::Element& e) { return e.is_signed == first.is_signed; });
  const char* sign = one_sign ? (first.is_signed ? "s" : "u") : "s/u";
  int low = first.bits, high = first.bits;
  for (const plan::Element* e : present) {
    low = std::min(low, e->bits);
    high = std::max(high, e->bits);
  }
  text +=
      low == high ? fmt::format(", {}{}", sign, low) : fmt::format(", {}{}..{}", sign, low, high);
  const bool one_scale = all(
      [&](const plan::Element& e) { return e.scale == first.scale && e.offset == first.offset; });
  if (!one_scale) return text + ", scales per element (manifest)";
  text += fmt::format(", scale {}", to_string(first.scale));
  if (first.offset != 0) text += fmt::format(", offset {}", to_string(first.offset));
  return text;
}

}  // namespace nib::map
