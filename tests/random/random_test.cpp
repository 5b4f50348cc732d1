// Random networks of every dialect: golden and the integer graph agree on every tensor, or the
// network is refused for a reason that is on the list.
//
// NIB_RANDOM_NETWORKS=10000 runs that many, NIB_RANDOM_SEED=1 starts elsewhere; NIB_RANDOM_ONLY=17
// runs one and tells all; NIB_RANDOM_FOLDER=DIR writes the models there, and the arguments that the
// command needs with them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "check_network.h"

namespace nib::random {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t absent) {
  const char* text = std::getenv(name);
  return text == nullptr ? absent : std::strtoull(text, nullptr, 10);
}

void write_model(const Network& network, std::uint64_t seed) {
  const char* folder = std::getenv("NIB_RANDOM_FOLDER");
  if (folder == nullptr) return;
  std::ofstream out(fmt::format("{}/random_{}.onnx", folder, seed), std::ios::binary);
  out << network.made.bytes();
  // What the command has to be told besides.
  std::ofstream arguments(fmt::format("{}/random_{}.args", folder, seed));
  for (const auto& [input, type] : network.options.input_types) {
    arguments << fmt::format("--input-type {}:{} ", input, to_string(type.type));
  }
}

struct Totals {
  std::int64_t networks = 0, codes = 0, reals = 0, refused = 0, faults = 0;
  std::map<std::string, std::int64_t> refusals;   ///< by error and first words
  std::map<std::string, std::int64_t> operators;  ///< of networks that were not refused
};

/// What a random network may be refused for; none of these is a fault of the network's reading.
bool may_be_refused(const std::string& refused) {
  static const char* const kReasons[] = {
      "import: E0309 both ",  // a tensor and its Softmax are outputs
      "golden: E0309 a function of a number beyond",
      "lower: E0503",  // weights of over 60 bits
      "lower: E0505",  // a table of too many levels: a function without a quantiser behind it
  };
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [&](const char* reason) { return refused.starts_with(reason); });
}

/// "lower: E0502".
std::string reason_class(const std::string& refused) {
  return refused.substr(0, refused.find(' ', refused.find(' ') + 1));
}

Totals run(std::uint64_t first, std::uint64_t count) {
  Totals totals;
  const bool tell = std::getenv("NIB_RANDOM_TELL") != nullptr || count == 1;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Network network = NetworkMaker(seed).make();
    write_model(network, seed);
    const Outcome outcome = check_network(network, seed);
    ++totals.networks;
    totals.codes += outcome.codes;
    totals.reals += outcome.reals;
    CHECK_MESSAGE(outcome.fault.empty(), "network " << seed << ": " << outcome.fault);
    totals.faults += outcome.fault.empty() ? 0 : 1;
    if (!outcome.refused.empty()) {
      ++totals.refused;
      ++totals.refusals[reason_class(outcome.refused)];
      CHECK_MESSAGE(may_be_refused(outcome.refused),
                    "network " << seed << " refused by " << outcome.refused);
      if (tell) MESSAGE("network " << seed << " refused by " << outcome.refused);
      continue;
    }
    for (const std::string& op : network.operators) ++totals.operators[op];
  }
  return totals;
}

TEST_CASE("random networks: golden and the integer graph are equal") {
  const char* only = std::getenv("NIB_RANDOM_ONLY");
  const std::uint64_t count = only != nullptr ? 1 : from_environment("NIB_RANDOM_NETWORKS", 400);
  const std::uint64_t first =
      only != nullptr ? std::strtoull(only, nullptr, 10) : from_environment("NIB_RANDOM_SEED", 1);
  const Totals totals = run(first, count);
  std::string text =
      fmt::format("{} networks, {} codes and {} reals compared, {} refused:", totals.networks,
                  totals.codes, totals.reals, totals.refused);
  for (const auto& [reason, times] : totals.refusals)
    text += fmt::format(" {} ({})", reason, times);
  text += "; operators:";
  for (const auto& [op, times] : totals.operators) text += fmt::format(" {} {}", op, times);
  MESSAGE(text);
}

}  // namespace
}  // namespace nib::random
