// The renderer of constraints: holes, and what it refuses.
#include "nib/emit/text_template.h"

#include <doctest/doctest.h>

#include <limits>

#include "nib/base/check.h"

namespace nib::emit {

TEST_CASE("render replaces every hole and leaves other text alone") {
  CHECK(render("a @X@ b @LONG_2@@X@", {{"X", "1"}, {"LONG_2", "2"}}) == "a 1 b 21");
  CHECK(render("mail@host, @@, @lower@, 50 @", {}) == "mail@host, @@, @lower@, 50 @");
  CHECK(render("", {}) == "");
  CHECK(render("@@X@@", {{"X", "v"}}) == "@v@");
}

TEST_CASE("a value is not searched for holes") {
  CHECK(render("@A@@B@", {{"A", "@B@"}, {"B", "@A@"}}) == "@B@@A@");
}

TEST_CASE("an unknown name and an unused name are internal errors") {
  CHECK_THROWS_AS((void)render("@X@", {}), InternalError);
  CHECK_THROWS_AS((void)render("@X@", {{"X", "1"}, {"Y", "2"}}), InternalError);
  CHECK_THROWS_AS((void)render("X", {{"X", "1"}}), InternalError);
}

TEST_CASE("a Tcl word holds nothing that Tcl would act on") {
  CHECK(tcl_word("xcvu13p-fhga2104-2-i") == "xcvu13p-fhga2104-2-i");
  for (const char* bad : {"", "-force", "a b", "a;b", "[exit]", "$x", "a\nb", "{a", "a\\", "\"",
                          "a#b", "caf\xc3\xa9"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)tcl_word(bad), InternalError);
  }
}

TEST_CASE("text for a comment stays on its line") {
  CHECK(comment_text("jets.onnx") == "jets.onnx");
  CHECK(comment_text("a\nexec rm\r\tb\xff") == "a?exec rm??b?");
  CHECK(comment_text("ends in \\") == "ends in ?");
  CHECK(comment_text(std::string(500, 'x')).size() == 80);
  // The cut may expose a backslash.
  CHECK(comment_text(std::string(79, 'x') + "\\y").back() == '?');
}

TEST_CASE("decimal prints at most three decimals and nothing in vain") {
  CHECK(decimal(2.7777777) == "2.778");
  CHECK(decimal(5.0) == "5");
  CHECK(decimal(1000) == "1000");
  CHECK(decimal(0.5) == "0.5");
  CHECK(decimal(-0.0001) == "0");
  CHECK_THROWS_AS((void)decimal(std::numeric_limits<double>::infinity()), InternalError);
}

}  // namespace nib::emit
