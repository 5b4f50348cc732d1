// The cost model against what Yosys made of a sample of units (tests/bench/stream_cost.csv).
#include "nib/plan/stream_cost.h"

#include <doctest/doctest.h>

#include "cost_sample.h"
#include "cost_table.h"

using namespace nib;
using namespace nib::test;

TEST_CASE("the cost model keeps to the measurements") {
  const auto table = read_cost_table(std::string(NIB_TESTS_DIR) + "/bench/stream_cost.csv");
  const CostSample sample;
  Errors all;
  std::map<std::string, Errors> kinds;
  for (const CostPoint& point : sample.points()) {
    CAPTURE(point.name);
    REQUIRE(table.contains(point.name));  // ./dev bench cost --update
    const plan::Cost seen = table.at(point.name), model = plan::stream::cost(point.spec);
    CHECK(model.dsp == seen.dsp);
    CHECK(std::abs(model.bram36 - seen.bram36) <= 0.5 + 0.1 * seen.bram36);
    CHECK(std::abs(Errors::percent(seen.lut, model.lut)) < 60);
    all.add(seen, model);
    kinds[point.name.substr(0, point.name.find(' '))].add(seen, model);
  }
  CHECK(median(all.lut) < 10);
  CHECK(median(all.ff) < 10);
  CHECK(median(kinds["mvu"].lut) < 8);
}
