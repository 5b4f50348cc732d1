// NIB_CHECK: a broken invariant is our own fault and ends as InternalError, never as a wrong
// result.
#pragma once

#include <stdexcept>
#include <string>

namespace nib {

/// Nib's own fault (exit code 3).
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition,
                                      const std::string& text) {
  throw InternalError(std::string("internal error at ") + file + ":" + std::to_string(line) + ": " +
                      condition + (text.empty() ? "" : ": ") + text);
}

}  // namespace nib

/// Checks an invariant in every build type; `text` says what it means.
#define NIB_CHECK(condition, text)                                                    \
  do {                                                                                \
    if (!(condition)) ::nib::check_failed(__FILE_NAME__, __LINE__, #condition, text); \
  } while (false)
