// User errors: texts and composition.
#include "nib/base/error.h"

#include <fmt/format.h>

#include <utility>

#include "nib/base/check.h"

namespace nib {
namespace {

struct Row {
  int number;
  std::string_view title;
  std::string_view hint;
};

constexpr Row kRows[] = {
#define NIB_ERROR(number, title, hint) {number, title, hint},
#include "nib/base/errors.def"
#undef NIB_ERROR
};

const Row& row_of(ErrorCode code) {
  for (const Row& row : kRows) {
    if (row.number == static_cast<int>(code)) return row;
  }
  NIB_CHECK(false, "unregistered error code");
}

/// Keeps a hostile name from spoiling a terminal or a log: control characters become '?', and
/// names of more than 200 bytes are cut.
std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 2000;
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) c = '?';
  }
  if (text.size() > kLongest) out += "...";
  return out;
}

}  // namespace

Error::Error(ErrorCode code, std::string detail, std::string node, std::string hint)
    : code_(code),
      detail_(printable(detail)),
      node_(printable(node)),
      hint_(hint.empty() ? std::string(row_of(code).hint) : std::move(hint)) {
  compose();
}

void Error::set_file(std::string_view file) {
  if (!file_.empty()) return;
  file_ = printable(file);
  compose();
}

void Error::compose() {
  text_ = fmt::format("error {}: {}", to_string(code_), row_of(code_).title);
  if (!detail_.empty()) text_ += ": " + detail_;
  if (!file_.empty()) text_ += "\n  file: " + file_;
  if (!node_.empty()) text_ += "\n  node: " + node_;
  if (!hint_.empty()) text_ += "\n  hint: " + hint_;
}

void fail(ErrorCode code, std::string detail, std::string node, std::string hint) {
  throw Error(code, std::move(detail), std::move(node), std::move(hint));
}

std::string to_string(ErrorCode code) { return fmt::format("E{:04}", static_cast<int>(code)); }

std::string_view title(ErrorCode code) { return row_of(code).title; }

}  // namespace nib
