// Boards that this version knows: none yet.
#include "nib/cli/boards.h"

#include "nib/base/error.h"

namespace nib::cli {

void refuse_board(const std::string& name) {
  fail(ErrorCode::E805, "\"" + name + "\"; this version has no boards yet");
}

}  // namespace nib::cli
