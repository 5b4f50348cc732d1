// The limit of words.
#include "nib/lower/width.h"

#include <fmt/format.h>

#include "nib/base/error.h"

namespace nib::lower {

void check_width(const Range& range, const std::string& what, const std::string& node) {
  if (fits_signed(range, kMaxWordBits)) return;
  fail(ErrorCode::E503, fmt::format("{} of over {} bits", what, kMaxWordBits), node);
}

}  // namespace nib::lower
