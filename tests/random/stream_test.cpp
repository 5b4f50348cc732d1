// Random networks of every dialect as streams: what the units carry is what the integer graph
// holds, or the network is refused for a node without a streaming form.
//
// NIB_RANDOM_NETWORKS, NIB_RANDOM_SEED and NIB_RANDOM_ONLY as in random_test.cpp.
#include <cstdlib>
#include <map>

#include "../plan/stream_compare.h"
#include "network_maker.h"
#include "nib/base/error.h"
#include "nib/lower/lower.h"

namespace nib::random {
namespace {

std::uint64_t number_of(const char* name, std::uint64_t absent) {
  const char* text = std::getenv(name);
  return text == nullptr ? absent : std::strtoull(text, nullptr, 10);
}

struct Totals {
  std::int64_t streams = 0, sized = 0, codes = 0, unread = 0;
  std::map<std::string, std::int64_t> refused;  ///< by reason
};

void check(std::uint64_t seed, Totals& totals) {
  Network network = NetworkMaker(seed).make();
  lower::IntegerGraph graph;
  try {
    graph = lower::lower(importer::parse_model(network.made.bytes(), "random", network.options));
  } catch (const Error&) {
    ++totals.unread;
    return;
  }
  try {
    const arith::Target& target = arith::find_target("xc7a100t-1");
    plan::StreamPlan plan = plan::build_streaming(graph, target, {}, {});
    totals.codes += testing::compare(graph, plan, 3, static_cast<unsigned>(seed));
    const plan::Folding folding = testing::random_folding(plan, static_cast<unsigned>(seed));
    plan = plan::build_streaming(graph, target, {}, folding);
    if (seed % 4 == 0) {
      plan::size_streaming(plan);
      CHECK(plan.sizing.timing.live);
      CHECK(plan.sizing.timing.settled);
      CHECK(plan.sizing.depths.size() == plan.design.formats.size());
      ++totals.sized;
    }
    totals.codes += testing::compare(graph, plan, 3, static_cast<unsigned>(seed));
    ++totals.streams;
  } catch (const Error& error) {
    // E0703: a sum that no clock of the device waits for, wired in.
    REQUIRE((error.code() == ErrorCode::E706 || error.code() == ErrorCode::E503 ||
             error.code() == ErrorCode::E703));
    ++totals.refused[error.detail()];
  }
}

}  // namespace

TEST_CASE("networks of every dialect as streams") {
  const std::uint64_t only = number_of("NIB_RANDOM_ONLY", 0);
  const std::uint64_t first = only > 0 ? only : number_of("NIB_RANDOM_SEED", 1);
  const std::uint64_t count = only > 0 ? 1 : number_of("NIB_RANDOM_NETWORKS", 300);
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    check(seed, totals);
  }
  std::int64_t refused = 0;
  for (const auto& [reason, times] : totals.refused) {
    MESSAGE(times << " refused: " << reason);
    refused += times;
  }
  MESSAGE(totals.streams << " networks as streams, " << totals.sized << " sized, " << totals.codes
                         << " codes equal, " << refused << " refused");
  CHECK((only > 0 || totals.streams > refused));
}

}  // namespace nib::random
