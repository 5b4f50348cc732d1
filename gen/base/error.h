// User errors: numbered, with file, node and hint. One registry: errors.def.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace nib {

/// Number of a user error; the texts stand in errors.def.
enum class ErrorCode : int {
#define NIB_ERROR(number, title, hint) E##number = number,
#include "nib/base/errors.def"
#undef NIB_ERROR
};

/// The user's fault: what is wrong, where, and what to try. Thrown by fail().
class Error : public std::exception {
 public:
  /// `detail` says what was found; `node` names the graph node (may be empty); `hint` replaces the
  /// registry's hint where a better one is known.
  Error(ErrorCode code, std::string detail, std::string node = {}, std::string hint = {});

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  [[nodiscard]] const std::string& node() const { return node_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }
  /// Names the file, unless one is named already; for outer layers, which know it.
  void set_file(std::string_view file);

  /// "error E0203: title: detail", then one indented line each for file, node and hint.
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  ErrorCode code_;
  std::string detail_, node_, hint_, file_, text_;
};

/// Throws Error.
[[noreturn]] void fail(ErrorCode code, std::string detail, std::string node = {},
                       std::string hint = {});

/// What `work` returns; an Error that leaves it names `file`, unless it names one already.
template <typename Work>
auto with_file(std::string_view file, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    error.set_file(file);
    throw;
  }
}

/// "E0203".
[[nodiscard]] std::string to_string(ErrorCode code);
/// The registry's title, e.g. "cannot read the file".
[[nodiscard]] std::string_view title(ErrorCode code);

}  // namespace nib
