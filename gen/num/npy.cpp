// Reading and writing NumPy .npy files.
#include "nib/num/npy.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib {
namespace {

constexpr std::size_t kMaxRank = 8;
constexpr std::string_view kMagic("\x93NUMPY", 6);

[[noreturn]] void fail_npy(std::string detail) { fail(ErrorCode::E104, std::move(detail)); }

/// What the header says of the array.
struct Header {
  char kind = 0;  ///< b, i, u, f, or S (text)
  int bytes = 0;  ///< of one element
  bool big_endian = false;
  bool fortran = false;
  Shape shape;
};

/// The header is a Python dictionary literal of three entries; this reads just that.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Header parse() {
    Header header;
    bool have_descr = false, have_order = false, have_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !have_descr) {
        read_descr(header);
        have_descr = true;
      } else if (key == "fortran_order" && !have_order) {
        header.fortran = boolean();
        have_order = true;
      } else if (key == "shape" && !have_shape) {
        header.shape = shape();
        have_shape = true;
      } else {
        fail_npy(fmt::format("an unexpected entry in the header, at byte {}", at_));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail_npy("text after the header's dictionary");
    if (!have_descr || !have_order || !have_shape) fail_npy("the header is not complete");
    return header;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail_npy(fmt::format("the header lacks a '{}' at byte {}", c, at_));
  }
  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail_npy("a text in the header does not end");
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + 1;
    return inside;
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true},
                                      std::pair<std::string_view, bool>{"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail_npy("fortran_order is neither True nor False");
  }
  std::int64_t length() {
    skip_space();
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) {
      fail_npy(fmt::format("an axis length in the header is not usable, at byte {}", at_));
    }
    at_ += static_cast<std::size_t>(stop - begin);
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote long integers so
    return value;
  }
  Shape shape() {
    Shape lengths;
    expect('(');
    while (!accept(')')) {
      lengths.push_back(length());
      if (lengths.size() > kMaxRank) {
        fail_npy(fmt::format("the array has more than {} axes", kMaxRank));
      }
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return lengths;
  }
  void read_descr(Header& header) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail_npy("an array of records");
    const std::string_view type = quoted();
    if (read_text(type, header)) return;
    const std::string_view name = type.substr(type.empty() ? 0 : 1);
    const char order = type.empty() ? 0 : type[0];
    static constexpr std::array<std::string_view, 12> kTypes = {"b1", "i1", "i2", "i4", "i8", "u1",
                                                                "u2", "u4", "u8", "f2", "f4", "f8"};
    bool known = order == '<' || order == '>' || order == '|' || order == '=';
    bool listed = false;
    for (const std::string_view candidate : kTypes) listed = listed || candidate == name;
    if (name.size() == 2 && order == '|') known = name[1] == '1';
    if (!known || !listed) {
      std::string shown;
      for (const char c : type.substr(0, 16)) shown += (c >= ' ' && c <= '~') ? c : '?';
      fail_npy(fmt::format("element type \"{}\": neither real nor integer", shown));
    }
    header.kind = name[0];
    header.bytes = name[1] - '0';
    header.big_endian = order == '>';
  }
  /// '|S12': text of 12 bytes an element. False where the type is another one.
  bool read_text(std::string_view type, Header& header) const {
    if (!type.starts_with("|S") || type.size() > 6) return false;
    const char* end = type.data() + type.size();
    const auto [stop, error] = std::from_chars(type.data() + 2, end, header.bytes);
    if (error != std::errc() || stop != end || header.bytes < 1) return false;
    header.kind = 'S';
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::uint64_t load(const char* bytes, int count, bool big_endian) {
  std::uint64_t word = 0;
  for (int i = 0; i < count; ++i) {
    const int from = big_endian ? i : count - 1 - i;
    word = word << 8 | static_cast<unsigned char>(bytes[from]);
  }
  return word;
}

double half_to_double(std::uint64_t bits) {
  const bool negative = (bits >> 15) != 0;
  const auto exponent = static_cast<int>(bits >> 10 & 31);
  const auto fraction = static_cast<double>(bits & 1023);
  double magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  }
  return negative ? -magnitude : magnitude;
}

double to_real(std::uint64_t word, int bytes) {
  if (bytes == 2) return half_to_double(word);
  if (bytes == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(word));
  return std::bit_cast<double>(word);
}

std::int64_t to_whole(std::uint64_t word, const Header& header, std::size_t index) {
  if (header.kind == 'b') return word != 0 ? 1 : 0;
  if (header.kind == 'i') {
    const int shift = 64 - 8 * header.bytes;
    return static_cast<std::int64_t>(word << shift) >> shift;
  }
  if (word > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail_npy(fmt::format("element {} is {}: beyond 63 bits", index, word));
  }
  return static_cast<std::int64_t>(word);
}

/// The header's text; `bytes` is left at the array's elements.
std::string_view take_header(std::string_view& bytes) {
  if (!bytes.starts_with(kMagic)) fail_npy("it does not begin with \\x93NUMPY");
  if (bytes.size() < 10) fail_npy("the file ends within its header");
  const auto major = static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3 || bytes[7] != 0) {
    fail_npy(fmt::format("format version {}.{}", major, static_cast<unsigned char>(bytes[7])));
  }
  const int length_bytes = major == 1 ? 2 : 4;
  const std::size_t start = 8 + static_cast<std::size_t>(length_bytes);
  if (bytes.size() < start) fail_npy("the file ends within its header");
  const std::uint64_t length = load(bytes.data() + 8, length_bytes, false);
  if (length > bytes.size() - start) fail_npy("the file ends within its header");
  const std::string_view header = bytes.substr(start, length);
  bytes.remove_prefix(start + length);
  return header;
}

/// Elements of the shape, checked against the bytes that are there.
std::size_t checked_count(const Header& header, std::size_t available) {
  std::uint64_t count = 1, needed = 0;
  bool overflow = false;
  for (const std::int64_t length : header.shape) {
    overflow = overflow ||
               __builtin_mul_overflow(count, static_cast<std::uint64_t>(length), &count) ||
               count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  }
  overflow =
      overflow || __builtin_mul_overflow(count, static_cast<std::uint64_t>(header.bytes), &needed);
  if (overflow || needed > available) {
    fail_npy(fmt::format("the file holds {} bytes of elements, too few for shape {}", available,
                         to_string(header.shape)));
  }
  if (needed < available) {
    fail_npy(fmt::format("{} bytes follow the array", available - needed));
  }
  return count;
}

std::string with_header(std::string_view descr, const Shape& shape) {
  std::string lengths;
  for (const std::int64_t length : shape) lengths += fmt::format("{}, ", length);
  if (shape.size() > 1) lengths.resize(lengths.size() - 2);
  if (shape.size() == 1) lengths.resize(lengths.size() - 1);
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, lengths);
  // The elements begin at a multiple of 64 bytes: 10 of them stand before the text.
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string bytes(kMagic);
  bytes +=
      {'\x01', '\x00', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return bytes + text;
}

void append_word(std::string& bytes, std::uint64_t word) {
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(word >> (8 * i) & 255);
}

/// Elements that come with the first index fastest, put in C order.
template <class T>
void to_c_order(Tensor<T>& array) {
  const Shape& shape = array.shape;
  if (shape.size() < 2 || array.data.empty()) return;
  std::vector<T> sorted(array.data.size());
  std::vector<std::int64_t> index(shape.size(), 0);
  for (const T& element : array.data) {
    std::int64_t place = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      place = place * shape[axis] + index[axis];
    sorted[static_cast<std::size_t>(place)] = element;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  array.data = std::move(sorted);
}

}  // namespace

NpyArray parse_npy(std::string_view bytes) {
  const Header header = HeaderParser(take_header(bytes)).parse();
  if (header.kind == 'S') fail_npy("an array of text: neither real nor integer");
  const std::size_t count = checked_count(header, bytes.size());
  NpyArray array;
  array.is_integer = header.kind != 'f';
  if (array.is_integer) {
    array.integers.data.reserve(count);
  } else {
    array.reals.data.reserve(count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const char* at = bytes.data() + i * static_cast<std::size_t>(header.bytes);
    const std::uint64_t word = load(at, header.bytes, header.big_endian);
    if (array.is_integer) {
      array.integers.data.push_back(to_whole(word, header, i));
    } else {
      array.reals.data.push_back(to_real(word, header.bytes));
    }
  }
  (array.is_integer ? array.integers.shape : array.reals.shape) = header.shape;
  if (header.fortran) {
    to_c_order(array.integers);
    to_c_order(array.reals);
  }
  return array;
}

NpyArray read_npy(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  return with_file(path.string(), [&] { return parse_npy(bytes); });
}

Tensor<double> to_reals(const NpyArray& array) {
  if (!array.is_integer) {
    for (std::int64_t i = 0; i < array.reals.size(); ++i) {
      if (!std::isfinite(array.reals[i])) {
        fail(ErrorCode::E106, fmt::format("element {} is {}", i, array.reals[i]));
      }
    }
    return array.reals;
  }
  Tensor<double> reals(array.integers.shape);
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  for (std::int64_t i = 0; i < reals.size(); ++i) {
    const std::int64_t x = array.integers[i];
    if (x < -kLargest || x > kLargest) {
      fail_npy(fmt::format("element {} is {}: beyond 2^53, so not exact as a real", i, x));
    }
    reals[i] = static_cast<double>(x);
  }
  return reals;
}

Tensor<std::int64_t> to_integers(const NpyArray& array) {
  if (array.is_integer) return array.integers;
  Tensor<std::int64_t> integers(array.reals.shape);
  for (std::int64_t i = 0; i < integers.size(); ++i) {
    const double x = array.reals[i];
    if (!std::isfinite(x) || x != std::floor(x) || std::abs(x) >= 0x1p63) {
      fail(ErrorCode::E104, fmt::format("element {} is {}: no whole number of 64 bits", i, x), {},
           "codes and labels are whole numbers: np.save(path, array.astype(np.int64))");
    }
    integers[i] = static_cast<std::int64_t>(x);
  }
  return integers;
}

std::string npy_bytes(const Tensor<double>& array) {
  std::string bytes = with_header("<f8", array.shape);
  for (const double x : array.data) append_word(bytes, std::bit_cast<std::uint64_t>(x));
  return bytes;
}

std::string npy_bytes(const Tensor<std::int64_t>& array) {
  std::string bytes = with_header("<i8", array.shape);
  for (const std::int64_t x : array.data) append_word(bytes, static_cast<std::uint64_t>(x));
  return bytes;
}

std::string npy_bytes(const Tensor<BigInt>& array, int bits) {
  if (bits <= 64) {
    return npy_bytes(Tensor<std::int64_t>(array.shape, {array.data.begin(), array.data.end()}));
  }
  const std::size_t size = to_string(-power_of_two(bits)).size();
  std::string bytes = with_header(fmt::format("|S{}", size), array.shape);
  for (const BigInt& x : array.data) {
    const std::string text = to_string(x);
    NIB_CHECK(text.size() <= size, "an integer of the stated width");
    bytes += text + std::string(size - text.size(), '\0');
  }
  return bytes;
}

Tensor<BigInt> parse_npy_integers(std::string_view bytes) {
  std::string_view rest = bytes;
  const Header header = HeaderParser(take_header(rest)).parse();
  if (header.kind != 'S') {
    const Tensor<std::int64_t> narrow = to_integers(parse_npy(bytes));
    return {narrow.shape, {narrow.data.begin(), narrow.data.end()}};
  }
  const std::size_t count = checked_count(header, rest.size());
  const auto size = static_cast<std::size_t>(header.bytes);
  Tensor<BigInt> array;
  array.shape = header.shape;
  array.data.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = rest.substr(i * size, size);
    const auto value = parse_big_int(text.substr(0, text.find('\0')));
    if (!value) fail_npy(fmt::format("element {} is no decimal integer", i));
    array.data.push_back(*value);
  }
  return array;
}

}  // namespace nib
