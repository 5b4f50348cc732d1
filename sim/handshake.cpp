// Stall plans and logs of valid/ready designs.
#include "nib/sim/handshake.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::sim {
namespace {

/// A bit that is 1 in `percent` of all cycles, in runs of up to `burst`.
class Gate {
 public:
  Gate(unsigned percent, int burst) : percent_(percent), burst_(burst) {}
  bool next(Random& random) {
    if (left_ == 0) {
      value_ = random.chance(percent_);
      left_ = burst_ <= 1 ? 1 : random.in({1, burst_});
    }
    --left_;
    return value_;
  }

 private:
  unsigned percent_;
  int burst_;
  std::int64_t left_ = 0;
  bool value_ = false;
};

}  // namespace

std::vector<StallPattern> stall_patterns() {
  return {{"full rate", 100, 100, 1, false},  {"slow sink", 100, 40, 1, false},
          {"slow source", 40, 100, 1, false}, {"both slow", 50, 50, 1, false},
          {"bursts", 60, 60, 40, false},      {"blocked sink", 90, 10, 60, false},
          {"resets", 70, 60, 8, true}};
}

HandshakeLog run_handshake(Bench& bench, const StallPattern& pattern, const PackedRows& words,
                           std::int64_t cycles, std::int64_t drain, std::uint64_t seed) {
  Random random(seed * 31 + 7);
  Gate source(pattern.source, pattern.burst), sink(pattern.sink, pattern.burst);
  std::vector<std::uint32_t> plan;
  std::int64_t reset_left = 2;  // boundary registers start from reset, as the contract says
  for (std::int64_t t = 0; t < cycles; ++t) {
    const bool draining = t >= cycles - drain;
    if (pattern.resets && !draining && random.next() % 97 == 0) reset_left = random.in({1, 5});
    const bool offer = source.next(random) && !draining;
    const bool ready = sink.next(random) || draining;
    plan.push_back((offer ? 1U : 0U) | (reset_left > 0 ? 2U : 0U) | (ready ? 4U : 0U));
    if (reset_left > 0) --reset_left;
  }
  write_pieces(bench.folder() / "plan.bin", plan);
  write_pieces(bench.folder() / "words.bin", words.data);
  bench.run({"plan.bin", "words.bin", "log.bin"}, seed);
  const auto pieces = read_pieces(bench.folder() / "log.bin");
  HandshakeLog log;
  log.outputs.pieces = pieces_of(bench.dut().outputs);
  const auto record = static_cast<std::size_t>(2 + log.outputs.pieces);
  if (pieces.size() != plan.size() * record) throw Fault{"the simulation stopped early"};
  for (std::size_t at = 0; at < pieces.size(); at += record) {
    const std::uint32_t f = pieces[at];
    log.cycles.push_back({(f & 4U) != 0, (f & 2U) != 0, (f & 1U) != 0, (f & 8U) != 0,
                          (f & 16U) != 0, pieces[at + 1]});
    const auto begin = pieces.begin() + static_cast<long>(at);
    log.outputs.data.insert(log.outputs.data.end(), begin + 2, begin + static_cast<long>(record));
  }
  return log;
}

std::string hold_violation(const HandshakeLog& log) {
  for (std::size_t t = 1; t < log.cycles.size(); ++t) {
    const HandshakeCycle& before = log.cycles[t - 1];
    if (!before.out_valid || before.out_ready || before.reset || log.cycles[t].reset) continue;
    if (!log.cycles[t].out_valid) return fmt::format("cycle {}: valid fell before ready", t);
    const auto a = log.outputs.row(static_cast<std::int64_t>(t - 1));
    const auto b = log.outputs.row(static_cast<std::int64_t>(t));
    if (!std::equal(a.begin(), a.end(), b.begin())) {
      return fmt::format("cycle {}: the word changed before it was taken", t);
    }
  }
  return {};
}

}  // namespace nib::sim
