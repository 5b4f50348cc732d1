// nib_valid_pipe: the input of Latency cycles ago, from power-up on, and through resets.
#include <Vpipe_corners.h>
#include <doctest/doctest.h>

#include <deque>

#include "bench.h"

namespace nib::test {
namespace {

constexpr std::size_t kCorners = 10;

/// Cycles in which a corner differs from a delay line that is `off` cycles too long.
std::vector<int> run(int seed, int cycles, int off, bool resets_clear) {
  Dut<Vpipe_corners> dut(seed);
  sim::Stalls source(static_cast<std::uint64_t>(seed));
  Resets resets(static_cast<std::uint64_t>(seed));
  std::vector<std::deque<bool>> lines(kCorners);
  for (std::size_t c = 0; c < kCorners; ++c) {
    lines[c].resize(static_cast<std::size_t>(field_of(dut->latency_o, c) + off), false);
  }
  std::vector<int> mismatches(kCorners);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const bool reset = resets.next();
    const bool valid = source.next();
    dut->rst_i = reset;
    dut->valid_i = valid;
    dut.settle();
    for (std::size_t c = 0; c < kCorners; ++c) {
      auto& line = lines[c];
      line.push_back(valid);
      mismatches[c] += bit_of(dut->valid_o, c) == line.front() ? 0 : 1;
      line.pop_front();
      if (c % 2 == 1 && reset && resets_clear) line.assign(line.size(), false);
    }
    dut.tick();
  }
  return mismatches;
}

TEST_CASE("nib_valid_pipe delays by exactly its latency, and starts and resets to 0") {
  for (int seed = 1; seed <= 3; ++seed) {
    for (const int mismatches : run(seed, 5000, 0, true)) CHECK(mismatches == 0);
  }
  for (const int mismatches : run(4, 2000, 1, true)) CHECK(mismatches > 0);
  const std::vector<int> without = run(5, 2000, 0, false);
  for (std::size_t c = 0; c < kCorners; ++c) {
    CAPTURE(c);
    // A wire, or a pipe without reset, does not see it.
    CHECK((without[c] > 0) == (c % 2 == 1 && c > 1));
  }
}

}  // namespace
}  // namespace nib::test
