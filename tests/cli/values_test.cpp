// Option values as the library reads them.
#include "nib/cli/values.h"

#include <doctest/doctest.h>

#include "nib/base/error.h"

namespace nib::cli {

TEST_CASE("whole numbers") {
  CHECK(parse_whole("--n", "12", 0, 12) == 12);
  CHECK(parse_whole("--n", "-3", -3, 12) == -3);
  for (const char* bad :
       {"", " 1", "1 ", "+1", "1.0", "0x1", "13", "-4", "1e1", "--1", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)parse_whole("--n", bad, -3, 12), Error);
  }
}

TEST_CASE("real numbers") {
  CHECK(parse_real("--f", "2.5", 0, 10) == 2.5);
  CHECK(parse_real("--f", "1e1", 0, 10) == 10);
  for (const char* bad : {"", "inf", "nan", "-nan", "1e400", "2,5", "0x2", "11", "-1", "2.5MHz"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)parse_real("--f", bad, 0, 10), Error);
  }
}

TEST_CASE("input types with and without a name") {
  const auto [none, type] = parse_input_type("s16.10");
  CHECK(none == "");
  CHECK(type.type == PortType{true, 16, Rational(1, 1024)});
  const auto [name, other] = parse_input_type("serving:in:0:u8@1/255");
  CHECK(name == "serving:in:0");
  CHECK(other.type == PortType{false, 8, Rational(1, 255)});
}

TEST_CASE("files with and without a name") {
  CHECK(parse_named_file("--input", "a/b.npy") ==
        std::pair<std::string, std::string>{"", "a/b.npy"});
  CHECK(parse_named_file("--input", "x:0=b=c.npy") ==
        std::pair<std::string, std::string>{"x:0", "b=c.npy"});
}

TEST_CASE("names of designs") {
  for (const char* good : {"jets", "a", "n2_net_3", "top"})
    CHECK_NOTHROW(check_name("--name", good));
  for (const char* bad : {"", "A", "1a", "_a", "a_", "a__b", "a-b", "a b", "wire", "caf\xc3\xa9"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(check_name("--name", bad), Error);
  }
}

}  // namespace nib::cli
