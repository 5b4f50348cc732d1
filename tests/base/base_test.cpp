// Errors, invariants, files, hashes, embedded texts.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib {
namespace {

namespace fs = std::filesystem;

TEST_CASE("the text of an error names number, file, node and hint") {
  Error error(ErrorCode::E302, "domain \"x\"", "conv1");
  error.set_file("net.onnx");
  error.set_file("other.onnx");  // the first name stays
  const std::string text = error.what();
  CHECK(text.starts_with("error E0302: "));
  for (const char* part : {"domain \"x\"", "conv1", "net.onnx", "nib knows"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find("other.onnx") == std::string::npos);
  CHECK(Error(ErrorCode::E302, "d", "n", "try this").hint() == "try this");
  CHECK_THROWS_AS(fail(ErrorCode::E101, "gone"), Error);
}

TEST_CASE("every error of the registry has its own number and a title") {
  std::set<int> numbers;
#define NIB_ERROR(number, text, hint)   \
  CHECK(numbers.insert(number).second); \
  CHECK_FALSE(title(ErrorCode::E##number).empty());
#include "nib/base/errors.def"
#undef NIB_ERROR
  CHECK(numbers.size() > 40);
  CHECK(to_string(ErrorCode::E101) == "E0101");
}

TEST_CASE("a broken invariant is an internal error that says where") {
  try {
    NIB_CHECK(1 == 2, "arithmetic");
    CHECK(false);
  } catch (const InternalError& error) {
    const std::string text = error.what();
    CHECK(text.find("base_test.cpp") != std::string::npos);
    CHECK(text.find("arithmetic") != std::string::npos);
  }
}

TEST_CASE("files") {
  const fs::path folder = fs::temp_directory_path() / "nib_base_test";
  fs::remove_all(folder);
  const fs::path file = folder / "deep" / "x.bin";
  const std::string bytes("a\0b\n", 4);
  write_file(file, bytes);
  CHECK(read_file(file) == bytes);
  CHECK_THROWS_AS((void)read_file(file, 3), Error);
  CHECK_THROWS_AS((void)read_file(folder), Error);
  CHECK_THROWS_AS((void)read_file(folder / "none"), Error);
  CHECK_THROWS_AS(write_file(file / "below", "x"), Error);
  fs::remove_all(folder);
}

TEST_CASE("hashes and embedded texts") {
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_FALSE(has_resource("no/such/file"));
  CHECK_THROWS_AS((void)resource("no/such/file"), InternalError);
}

}  // namespace
}  // namespace nib
