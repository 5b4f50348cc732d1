// .npy files: what is read, what is refused, what is written.
#include "nib/num/npy.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib {
namespace {

/// A file of format `major` with that dictionary and those elements.
std::string file_of(const std::string& dictionary, const std::string& elements, int major = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(major);
  bytes += '\0';
  const std::size_t length = dictionary.size();
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) bytes += static_cast<char>(length >> 8 * i & 255);
  return bytes + dictionary + elements;
}

std::string dictionary_of(const std::string& descr, const std::string& shape,
                          const std::string& order = "False") {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, order,
                     shape);
}

template <class T>
std::string bytes_of(const std::vector<T>& values, bool swap = false) {
  std::string bytes;
  for (const T value : values) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes += swap ? std::string(std::rbegin(raw), std::rend(raw)) : std::string(raw, sizeof(T));
  }
  return bytes;
}

std::string refused(const std::string& bytes) {
  try {
    (void)parse_npy(bytes);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E104);
    return error.detail();
  }
  return "accepted";
}

bool says(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

template <class T>
void check_integers(const std::string& name, const std::vector<T>& values) {
  const std::vector<std::int64_t> expected(values.begin(), values.end());
  const std::string shape = fmt::format("({},)", values.size());
  for (const bool big : {false, true}) {
    const std::string descr = (sizeof(T) == 1 ? "|" : big ? ">" : "<") + name;
    const NpyArray array = parse_npy(file_of(dictionary_of(descr, shape), bytes_of(values, big)));
    CHECK(array.is_integer);
    CHECK(array.shape() == Shape{static_cast<std::int64_t>(values.size())});
    CHECK(array.integers.data == expected);
  }
}

TEST_CASE("integers of every width") {
  check_integers<std::int8_t>("i1", {-128, -1, 0, 127});
  check_integers<std::uint8_t>("u1", {0, 200, 255});
  check_integers<std::int16_t>("i2", {-32768, -2, 32767});
  check_integers<std::uint16_t>("u2", {0, 65535});
  check_integers<std::int32_t>("i4", {std::numeric_limits<std::int32_t>::min(), 7});
  check_integers<std::uint32_t>("u4", {0, 4294967295U});
  check_integers<std::int64_t>("i8", {std::numeric_limits<std::int64_t>::min(), -1,
                                      std::numeric_limits<std::int64_t>::max()});
  check_integers<std::uint64_t>("u8", {0, 9223372036854775807U});
  check_integers<std::uint8_t>("b1", {0, 1});
}

TEST_CASE("floats of every width") {
  const std::vector<double> expected = {-1.5, 0.25, 65504};
  for (const bool big : {false, true}) {
    const std::string order = big ? ">" : "<";
    const auto parsed = [&](const std::string& name, const std::string& bytes) {
      const NpyArray array = parse_npy(file_of(dictionary_of(order + name, "(3,)"), bytes));
      CHECK_FALSE(array.is_integer);
      return array.reals.data;
    };
    CHECK(parsed("f8", bytes_of(expected, big)) == expected);
    CHECK(parsed("f4", bytes_of<float>({-1.5F, 0.25F, 65504.0F}, big)) == expected);
    CHECK(parsed("f2", bytes_of<std::uint16_t>({0xBE00, 0x3400, 0x7BFF}, big)) == expected);
  }
  const auto half = [](std::uint16_t bits) {
    return parse_npy(file_of(dictionary_of("<f2", "()"), bytes_of<std::uint16_t>({bits}))).reals[0];
  };
  CHECK(half(0x0001) == std::ldexp(1.0, -24));
  CHECK(half(0x03FF) == std::ldexp(1023.0, -24));
  CHECK(half(0xFC00) == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(half(0x7E00)));
  CHECK(std::signbit(half(0x8000)));
}

TEST_CASE("format versions, shapes and spacing") {
  const std::string five = bytes_of<std::int16_t>({1, 2, 3, 4, 5, 6});
  for (const int major : {1, 2, 3}) {
    const auto array = parse_npy(file_of(dictionary_of("<i2", "(2, 3)"), five, major));
    CHECK(array.shape() == Shape{2, 3});
  }
  CHECK(
      parse_npy(file_of("{\"shape\":(6L,) , 'fortran_order':True,'descr':'<i2'}", five)).shape() ==
      Shape{6});
  CHECK(parse_npy(file_of(dictionary_of("<i2", "()"), five.substr(0, 2))).shape().empty());
  CHECK(parse_npy(file_of(dictionary_of("<i2", "(0, 5)"), "")).shape() == Shape{0, 5});
}

TEST_CASE("arrays in Fortran order come in C order") {
  const std::string bytes = bytes_of<std::int16_t>({1, 2, 3, 4, 5, 6});
  const NpyArray array = parse_npy(file_of(dictionary_of("<i2", "(2, 3)", "True"), bytes));
  CHECK(array.shape() == Shape{2, 3});
  CHECK(array.integers.data == std::vector<std::int64_t>{1, 3, 5, 2, 4, 6});
  const NpyArray cube = parse_npy(file_of(dictionary_of("<i2", "(1, 3, 2)", "True"), bytes));
  CHECK(cube.integers.data == std::vector<std::int64_t>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("damaged and foreign files are refused") {
  const std::string good = file_of(dictionary_of("<f8", "(2,)"), bytes_of<double>({1, 2}));
  CHECK(refused(good) == "accepted");
  for (std::size_t length = 0; length < good.size(); ++length) {
    CHECK(refused(good.substr(0, length)) != "accepted");
  }
  CHECK(says(refused(good + "x"), "1 bytes follow"));
  CHECK(says(refused("PK" + good), "NUMPY"));
  CHECK(says(refused(file_of(dictionary_of("<f8", "(2,)"), "", 4)), "version 4.0"));
  CHECK(says(refused(file_of("not a dictionary", "")), "'{'"));
  CHECK(says(refused(file_of("{'descr': '<f8', 'shape': (1,)}", "12345678")), "not complete"));
  CHECK(says(refused(file_of("{'descr': '<f8', 'descr': '<f8'}", "")), "unexpected entry"));
  CHECK(says(refused(file_of(dictionary_of("<f8", "(1,)") + "}", "12345678")), "after the"));
  CHECK(says(refused(file_of(dictionary_of("<f8", "(1,)", "Perhaps"), "12345678")),
             "neither True nor False"));
}

TEST_CASE("hostile shapes and types are refused") {
  const auto shape = [](const std::string& text) {
    return refused(file_of(dictionary_of("<f8", text), bytes_of<double>({1, 2})));
  };
  CHECK(says(shape("(-1,)"), "axis length"));
  CHECK(says(shape("(99999999999999999999,)"), "axis length"));
  CHECK(says(shape("(4611686018427387904, 4611686018427387904)"), "too few"));
  CHECK(says(shape("(4611686018427387904, 4611686018427387904, 0)"), "too few"));
  CHECK(says(shape("(9223372036854775807,)"), "too few"));
  CHECK(says(shape("(1, 1, 1, 1, 1, 1, 1, 1, 2)"), "more than 8 axes"));
  CHECK(says(shape("(2, 'x')"), "axis length"));
  CHECK(says(shape("(2"), "axis length"));
  const auto type = [](const std::string& descr) {
    return refused(file_of(dictionary_of(descr, "(1,)"), std::string(16, '\0')));
  };
  CHECK(says(type("|O"), "\"|O\""));
  CHECK(says(type("<c16"), "neither real nor integer"));
  CHECK(says(type("<U4"), "neither real nor integer"));
  CHECK(says(type("<M8[ns]"), "neither real nor integer"));
  CHECK(says(type("|i4"), "neither real nor integer"));
  CHECK(says(type("<f16"), "neither real nor integer"));
  CHECK(says(type(""), "neither real nor integer"));
  CHECK(says(refused(file_of("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}",
                             "12345678")),
             "records"));
  CHECK(says(refused(file_of(dictionary_of("<u8", "(1,)"), std::string(8, '\xff'))),
             "beyond 63 bits"));
}

TEST_CASE("conversions") {
  NpyArray reals;
  reals.reals = Tensor<double>(Shape{3}, {1, -2, 0x1p62});
  CHECK(to_integers(reals).data == std::vector<std::int64_t>{1, -2, std::int64_t{1} << 62});
  for (const double bad : {0.5, 0x1p63, std::nan("")}) {
    reals.reals[1] = bad;
    CHECK_THROWS_AS((void)to_integers(reals), Error);
  }
  try {
    (void)to_reals(reals);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E106);
    CHECK(says(error.detail(), "element 1"));
  }
  NpyArray integers;
  integers.is_integer = true;
  integers.integers = Tensor<std::int64_t>(Shape{1}, std::int64_t{1} << 53);
  CHECK(to_reals(integers)[0] == 0x1p53);
  integers.integers[0] += 1;
  CHECK_THROWS_AS((void)to_reals(integers), Error);
}

TEST_CASE("what is written is read again") {
  for (const Shape& shape : {Shape{}, Shape{4}, Shape{2, 2}, Shape{0, 3}, Shape{1, 2, 2}}) {
    Tensor<double> reals(shape, 0.1);
    Tensor<std::int64_t> integers(shape, -3);
    const std::string bytes = npy_bytes(reals);
    CHECK((bytes.size() - reals.data.size() * 8) % 64 == 0);
    CHECK(parse_npy(bytes).reals == reals);
    CHECK(parse_npy(npy_bytes(integers)).integers == integers);
  }
  CHECK(npy_bytes(Tensor<double>(Shape{3}))
            .substr(10)
            .starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"));
}

TEST_CASE("files") {
  const auto path = std::filesystem::temp_directory_path() / "nib_npy_test.npy";
  write_file(path, "nonsense");
  try {
    (void)read_npy(path);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::E104);
    CHECK(error.file() == path.string());
  }
  std::filesystem::remove(path);
  CHECK_THROWS_AS((void)read_npy(path), Error);
}

}  // namespace
}  // namespace nib
