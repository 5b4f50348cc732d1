// nib_credit_wrap: values and tlast in order under random stalls, nothing lost or made up, resets
// in traffic, latency and full rate exact.
#include <doctest/doctest.h>

#include <deque>
#include <optional>

#include "bench.h"

namespace {

using bench::Bench;
using bench::Word;

constexpr int kLanes = 7;

struct Beat {
  Word word;
  bool last = false;
};

/// What the bench's core makes of a word: all bits inverted, then cut or zero-extended... the input
/// is inverted after widening, as the core does it.
Word result_of(const Word& word, int in_bits, int out_bits) {
  Word y = bench::cut(word, in_bits);
  for (auto& part : y.part) part = ~part;
  return bench::cut(y, out_bits);
}

struct Lane {
  int in_bits = 0, out_bits = 0, latency = 0;
  std::optional<Beat> offered;
  std::deque<Beat> expected;
};

std::vector<Lane> lanes_of(Vlibrary& top) {
  std::vector<Lane> lanes(kLanes);
  for (int i = 0; i < kLanes; ++i) {
    const auto c = bench::corner(top.w_corner_o, i);
    lanes[static_cast<std::size_t>(i)].in_bits = c.width;
    lanes[static_cast<std::size_t>(i)].out_bits = c.depth;
    lanes[static_cast<std::size_t>(i)].latency = c.latency;
  }
  return lanes;
}

TEST_CASE("nib_credit_wrap: in order under stalls and resets") {
  for (std::uint64_t seed = 31; seed <= 33; ++seed) {
    Bench bench(seed);
    Vlibrary& top = bench.top();
    std::mt19937_64 rng(seed);
    auto lanes = lanes_of(top);
    std::vector<bench::Pattern> patterns(kLanes);
    std::vector<int> reset_left(kLanes, 0);
    std::int64_t faults = 0, transfers = 0;
    for (int t = 0; t < 8000; ++t) {
      for (int i = 0; i < kLanes; ++i) {
        Lane& lane = lanes[static_cast<std::size_t>(i)];
        auto& pattern = patterns[static_cast<std::size_t>(i)];
        int& reset = reset_left[static_cast<std::size_t>(i)];
        if (rng() % 64 == 0) pattern = bench::draw_pattern(rng);
        if (reset > 0) --reset;
        if (reset == 0 && rng() % 700 == 0) reset = 1 + static_cast<int>(rng() % 5);
        if (reset > 0) lane.offered.reset();
        if (reset == 0 && !lane.offered && rng() % 16 < pattern.valid) {
          lane.offered = Beat{bench::random_word(rng), rng() % 4 == 0};
        }
        bench::set_bits(top.w_rst_i, i, 1, reset > 0 ? 1 : 0);
        bench::set_bits(top.w_valid_i, i, 1, lane.offered ? 1 : 0);
        bench::set_bits(top.w_ready_i, i, 1, rng() % 16 < pattern.ready ? 1 : 0);
        bench::set_bits(top.w_last_i, i, 1, lane.offered && lane.offered->last ? 1 : 0);
        bench::set_word(top.w_data_i, i,
                        lane.offered ? lane.offered->word : bench::random_word(rng));
      }
      bench.settle();
      for (int i = 0; i < kLanes; ++i) {
        Lane& lane = lanes[static_cast<std::size_t>(i)];
        if (reset_left[static_cast<std::size_t>(i)] > 0) {
          lane.expected.clear();
          continue;
        }
        if (bench::get_bits(top.w_valid_o, i, 1) != 0) {
          if (lane.expected.empty()) {
            ++faults;
          } else if (bench::get_bits(top.w_ready_i, i, 1) != 0) {
            const Beat& beat = lane.expected.front();
            faults += !(bench::get_word(top.w_data_o, i) == beat.word);
            faults += (bench::get_bits(top.w_last_o, i, 1) != 0) != beat.last;
            lane.expected.pop_front();
            ++transfers;
          }
        }
        if (lane.offered && bench::get_bits(top.w_ready_o, i, 1) != 0) {
          lane.expected.push_back(
              {result_of(lane.offered->word, lane.in_bits, lane.out_bits), lane.offered->last});
          lane.offered.reset();
        }
      }
      bench.edge();
    }
    CHECK(faults == 0);
    CHECK(transfers > 8000);
    // Nothing is lost: with the source quiet and the sink ready, all that was taken comes out.
    for (int t = 0; t < 400; ++t) {
      for (int i = 0; i < kLanes; ++i) {
        bench::set_bits(top.w_rst_i, i, 1, 0);
        bench::set_bits(top.w_valid_i, i, 1, 0);
        bench::set_bits(top.w_ready_i, i, 1, 1);
      }
      bench.settle();
      for (int i = 0; i < kLanes; ++i) {
        auto& expected = lanes[static_cast<std::size_t>(i)].expected;
        if (bench::get_bits(top.w_valid_o, i, 1) == 0) continue;
        REQUIRE(!expected.empty());
        CHECK(bench::get_word(top.w_data_o, i) == expected.front().word);
        expected.pop_front();
      }
      bench.edge();
    }
    for (const Lane& lane : lanes) CHECK(lane.expected.empty());
  }
}

TEST_CASE("nib_credit_wrap: core latency + 2, one beat per cycle while the sink is ready") {
  Bench bench(40);
  Vlibrary& top = bench.top();
  const auto lanes = lanes_of(top);
  std::vector<int> first_in(kLanes, -1), first_out(kLanes, -1), beats(kLanes, 0);
  constexpr int kCycles = 1200;
  for (int t = 0; t < kCycles; ++t) {
    for (int i = 0; i < kLanes; ++i) {
      bench::set_bits(top.w_rst_i, i, 1, 0);
      bench::set_bits(top.w_valid_i, i, 1, 1);
      bench::set_bits(top.w_ready_i, i, 1, 1);
    }
    bench.settle();
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      // The first beat waits until the power-up drain is over: measure from its issue instead.
      if (first_in[lane] < 0 && bench::get_bits(top.w_ready_o, i, 1) != 0) first_in[lane] = t;
      if (bench::get_bits(top.w_valid_o, i, 1) != 0) {
        if (first_out[lane] < 0) first_out[lane] = t;
        ++beats[lane];
      }
    }
    bench.edge();
  }
  for (int i = 0; i < kLanes; ++i) {
    const auto lane = static_cast<std::size_t>(i);
    CHECK(beats[lane] == kCycles - first_out[lane]);
    CHECK(first_out[lane] - first_in[lane] >= lanes[lane].latency + 2);
  }
  // One more beat after a pause: its latency is exact.
  for (int t = 0; t < 300; ++t) {
    for (int i = 0; i < kLanes; ++i) bench::set_bits(top.w_valid_i, i, 1, 0);
    bench.settle();
    bench.edge();
  }
  std::vector<int> seen(kLanes, -1);
  for (int t = 0; t < 200; ++t) {
    for (int i = 0; i < kLanes; ++i) bench::set_bits(top.w_valid_i, i, 1, t == 0 ? 1 : 0);
    bench.settle();
    for (int i = 0; i < kLanes; ++i) {
      if (t == 0) CHECK(bench::get_bits(top.w_ready_o, i, 1) == 1);
      if (bench::get_bits(top.w_valid_o, i, 1) != 0) seen[static_cast<std::size_t>(i)] = t;
    }
    bench.edge();
  }
  for (int i = 0; i < kLanes; ++i) {
    CHECK(seen[static_cast<std::size_t>(i)] == lanes[static_cast<std::size_t>(i)].latency + 2);
  }
}

}  // namespace
