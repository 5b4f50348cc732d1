// Inside map: fields of packed words as expressions.
#pragma once

#include <string>
#include <vector>

#include "nib/plan/plan.h"
#include "nib/rtl/expr.h"

namespace nib::map {

/// `bits` bits of a word from `lsb` on.
struct Field {
  rtl::Expr word;  ///< a name
  int lsb = 0, bits = 0;
};

/// The concatenation of the fields, the first one lowest; neighbours of one word become one slice,
/// and a whole word its name.
[[nodiscard]] rtl::Expr gather(const std::vector<Field>& fields);

/// Words of one shape and type in a sentence: "x, 16 elements of 7 bits, signed, scale 1/16".
[[nodiscard]] std::string describe(const plan::Word& word);

}  // namespace nib::map
