// Text matrices: orientation, ranges, and what is refused.
#include "nib/cli/matrix.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "nib/base/error.h"

namespace nib::cli {

TEST_CASE("a text matrix has a row per input and a column per output") {
  const Matrix m = parse_text_matrix("2 3\n1 2 3\n-4 5 6\n");
  CHECK(m.weights == Tensor<double>(Shape{3, 2}, {1, -4, 2, 5, 3, 6}));
  CHECK(m.ranges.empty());
}

TEST_CASE("a last line states the ranges of the inputs") {
  const Matrix m = parse_text_matrix("2 1\r\n1\r\n7\r\n-8 7 0 255");
  CHECK(m.ranges == std::vector<Range>{{-8, 7}, {0, 255}});
}

TEST_CASE("text_bad: anything else") {
  for (const char* bad :
       {"", "2", "0 2", "-1 2", "2 2 1 2 3", "1 1 x", "1 1 1.5", "1 1 1 0", "1 1 1 5 4",
        "1 1 1 0 5 9", "99999999 99999999 1", "1 1 99999999999999999999", "1 1 1 0 4294967296",
        "1 1 1 -1 4294967295", "1 1 1x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)parse_text_matrix(bad), Error);
  }
}

TEST_CASE("the published matrices: shapes chain from layer to layer") {
  const std::filesystem::path folder = NIB_SHARED_DIR "/data/hgq_layers";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: ", folder.string(), " is missing");
    return;
  }
  std::int64_t outputs = 0;
  for (const char* file :
       {"oml_2571_L1.txt", "oml_2571_L2.txt", "oml_2571_L3.txt", "oml_2571_L4.txt"}) {
    const Matrix m = read_matrix((folder / file).string());
    CHECK(m.ranges.size() == static_cast<std::size_t>(m.weights.shape[1]));
    if (outputs != 0) CHECK(m.weights.shape[1] == outputs);
    outputs = m.weights.shape[0];
  }
  CHECK(outputs == 10);
}

}  // namespace nib::cli
