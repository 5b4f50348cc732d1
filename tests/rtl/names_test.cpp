// The legaliser: whatever a graph calls its nodes, the names are legal, readable and stable.
#include "nib/rtl/names.h"

#include <doctest/doctest.h>

#include <string>

namespace nib::rtl {
namespace {

TEST_CASE("names: readable where they can be, legal always") {
  CHECK(legal_name("MatMul_3") == "matmul_3");
  CHECK(legal_name("model/dense (1):0") == "model_dense_1_0");
  CHECK(legal_name("3layer") == "n3layer");
  CHECK(legal_name("") == "node");
  CHECK(legal_name("***", "layer") == "layer");
  CHECK(legal_name("module") == "module_n");
  CHECK(legal_name("Output") == "output_n");
  CHECK(legal_name("\xc3\xa9tage") == "tage");
  for (const char* evil : {"a; endmodule", "x\ny", "`define", "a\\b", "a\"b", "--", "9", "_"}) {
    CHECK(is_identifier(legal_name(evil)));
  }
}

TEST_CASE("long names are cut, and stay apart") {
  const std::string a = std::string(300, 'a') + "1", b = std::string(300, 'a') + "2";
  CHECK(legal_name(a).size() <= 48);
  CHECK(legal_name(a) != legal_name(b));
  CHECK(legal_name(a) == legal_name(a));
}

TEST_CASE("keywords in any case") {
  for (const char* word : {"accept_on", "logic", "always_ff", "xor", "TABLE", "Signed", "wor",
                           "endchecker", "unique0", "s_until_with", "pulsestyle_onevent"}) {
    CHECK_MESSAGE(is_keyword(word), word);
  }
  CHECK(!is_keyword("data"));
  CHECK(!is_identifier("logic"));
  CHECK(!is_identifier("1a"));
  CHECK(is_identifier("_a1"));
}

TEST_CASE("clashes are settled in order, without regard to case") {
  NameTable names;
  CHECK(names.claim("fc") == "fc");
  CHECK(names.claim("FC") == "FC_2");
  CHECK(names.claim("fc") == "fc_3");
  CHECK(names.claim("fc_4") == "fc_4");
  CHECK(names.claim("fc") == "fc_5");
  CHECK(names.contains("Fc_2"));
}

TEST_CASE("comments stay on their line") {
  CHECK(comment_text("a\nb\t\xff`x`\\") ==
        "a?b?"
        "?'x'/");
}

}  // namespace
}  // namespace nib::rtl
