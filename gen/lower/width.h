// The limit of words.
#pragma once

#include <string>

#include "nib/num/range.h"

namespace nib::lower {

/// Errors E0503: `range`, of `what` ("an accumulator"), takes more than kMaxWordBits.
void check_width(const Range& range, const std::string& what, const std::string& node);

}  // namespace nib::lower
