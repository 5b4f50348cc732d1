// Constant matrices for `nib make`.
#include "nib/cli/matrix.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/num/npy.h"

namespace nib::cli {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 24;
constexpr std::int64_t kMostMagnitude = std::int64_t{1} << 53;
constexpr std::uintmax_t kMaxTextBytes = std::uintmax_t{256} << 20;

[[noreturn]] void fail_matrix(const std::string& text) { fail(ErrorCode::E807, text); }

/// The whole numbers of a text, one after the other.
class Numbers {
 public:
  explicit Numbers(const std::string& text) : at_(text.data()), end_(at_ + text.size()) {}

  [[nodiscard]] bool at_end() {
    skip();
    return at_ == end_;
  }
  [[nodiscard]] std::int64_t next(const char* what) {
    skip();
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    const bool ends = stop == end_ || is_blank(*stop);
    if (error != std::errc() || !ends || value > kMostMagnitude || value < -kMostMagnitude) {
      fail_matrix(fmt::format("{} is not a whole number", what));
    }
    at_ = stop;
    return value;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  void skip() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  const char* at_;
  const char* end_;
};

Range checked_range(std::int64_t low, std::int64_t high, std::int64_t input) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  if (low > high || low < -kMost || high >= 2 * kMost || (low < 0 && high >= kMost)) {
    fail_matrix(fmt::format("the range [{}, {}] of input {} fits no port of 1 to 32 bits", low,
                            high, input));
  }
  return {low, high};
}

}  // namespace

Matrix parse_text_matrix(const std::string& text) {
  Numbers numbers(text);
  const std::int64_t rows = numbers.next("the number of rows");
  const std::int64_t columns = numbers.next("the number of columns");
  if (rows < 1 || columns < 1 || rows > kMostElements / columns) {
    fail_matrix(fmt::format("{} rows of {} columns", rows, columns));
  }
  Matrix matrix;
  matrix.weights = Tensor<double>(Shape{columns, rows});
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      matrix.weights[column * rows + row] = static_cast<double>(numbers.next("an element"));
    }
  }
  if (numbers.at_end()) return matrix;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t low = numbers.next("the minimum of an input");
    matrix.ranges.push_back(checked_range(low, numbers.next("the maximum of an input"), row));
  }
  if (!numbers.at_end()) fail_matrix("there is text behind the matrix and its ranges");
  return matrix;
}

Matrix read_matrix(const std::string& path) {
  const std::string bytes = read_file(path, kMaxTextBytes);
  if (!bytes.starts_with("\x93NUMPY")) return parse_text_matrix(bytes);
  Matrix matrix;
  matrix.weights = read_table(path, "weights (outputs x inputs)");
  return matrix;
}

std::vector<Range> read_ranges(const std::string& path, std::int64_t inputs) {
  const Tensor<std::int64_t> table = to_integers(read_npy(path));
  if (table.shape != Shape{inputs, 2}) {
    fail_matrix(fmt::format("the ranges have shape {}, not inputs x 2 = {}x2",
                            to_string(table.shape), inputs));
  }
  std::vector<Range> ranges;
  for (std::int64_t k = 0; k < inputs; ++k) {
    ranges.push_back(checked_range(table[2 * k], table[2 * k + 1], k));
  }
  return ranges;
}

Tensor<double> read_table(const std::string& path, const std::string& what) {
  Tensor<double> table = to_reals(read_npy(path));
  if (table.shape.size() != 2 || table.data.empty() || table.size() > kMostElements) {
    fail_matrix(fmt::format("{} of shape {}", what, to_string(table.shape)));
  }
  return table;
}

std::vector<double> read_bias(const std::string& path, std::int64_t outputs) {
  const Tensor<double> bias = to_reals(read_npy(path));
  if (bias.size() != outputs) {
    fail_matrix(fmt::format("{} biases for {} outputs", bias.size(), outputs));
  }
  return bias.data;
}

}  // namespace nib::cli
