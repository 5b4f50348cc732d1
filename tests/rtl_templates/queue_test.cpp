// nib_outq, nib_stream_fifo and nib_boundary against a cycle model: every valid, ready and word, in
// every cycle, under random stalls and resets in traffic.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "bench.h"

namespace {

using bench::Bench;
using bench::Corner;
using bench::Pattern;
using bench::Word;

/// The contract of timing.md, rules 1, 2 and 7, in its own words: a word issued at t is valid from
/// t + Latency + b on, and not before the cycle after its predecessor left; `used` counts the words
/// issued and not yet popped.
class QueueModel {
 public:
  QueueModel(int depth, int latency, int b) : depth_(depth), latency_(latency), b_(b) {}

  [[nodiscard]] bool space() const { return static_cast<int>(words_.size()) < depth_; }
  [[nodiscard]] bool valid(std::int64_t t) const {
    return !words_.empty() && t >= std::max(words_.front().issued + latency_ + b_, last_pop_ + 1);
  }
  [[nodiscard]] const Word& head() const { return words_.front().word; }

  void clock(std::int64_t t, bool reset, const std::optional<Word>& issued, bool pop) {
    if (reset) {
      words_.clear();
      return;
    }
    if (pop) {
      words_.pop_front();
      last_pop_ = t;
    }
    if (issued) words_.push_back({t, *issued});
  }

 private:
  struct Entry {
    std::int64_t issued = 0;
    Word word;
  };
  int depth_, latency_, b_;
  std::int64_t last_pop_ = -1;
  std::deque<Entry> words_;
};

int storage_of(const Corner& c) {
  if (c.storage != 0) return c.storage;
  return c.depth <= 2 ? 1 : c.depth <= 32 ? 2 : c.depth <= 64 ? 3 : 4;
}

/// Draws resets of 1 to 4 cycles, now and then.
struct Resets {
  int left = 0;
  bool next(std::mt19937_64& rng) {
    if (left > 0) {
      --left;
      return true;
    }
    if (rng() % 400 == 0) left = static_cast<int>(rng() % 4);
    return left > 0;
  }
};

struct Tally {
  std::int64_t cycles = 0, transfers = 0, faults = 0;
};

/// Runs every nib_outq corner; `wrong_depth` and `wrong_b` falsify the model on purpose.
Tally run_queues(std::uint64_t seed, int cycles, int wrong_depth = 0, int wrong_b = 0) {
  Bench bench(seed);
  Vlibrary& top = bench.top();
  std::mt19937_64 rng(seed);
  constexpr int kLanes = 19;
  std::vector<Corner> corners;
  std::vector<QueueModel> models;
  std::vector<Pattern> patterns(kLanes);
  std::vector<Resets> resets(kLanes);
  for (int i = 0; i < kLanes; ++i) {
    const Corner c = bench::corner(top.q_corner_o, i);
    corners.push_back(c);
    const int b = storage_of(c) == 4 ? 2 : 1;
    models.emplace_back(c.depth + wrong_depth, c.latency, b + wrong_b);
  }
  Tally tally;
  for (std::int64_t t = 0; t < cycles; ++t) {
    std::vector<std::optional<Word>> issued(kLanes);
    std::vector<char> reset(kLanes), ready(kLanes);
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      if (rng() % 64 == 0) patterns[lane] = bench::draw_pattern(rng);
      reset[lane] = resets[lane].next(rng);
      ready[lane] = rng() % 16 < patterns[lane].ready;
      const bool space = bench::get_bits(top.q_space_o, i, 1) != 0;
      const Word word = bench::random_word(rng);
      if (!reset[lane] && space && rng() % 16 < patterns[lane].valid) {
        issued[lane] = bench::cut(word, corners[lane].width);
      }
      bench::set_bits(top.q_rst_i, i, 1, reset[lane] ? 1 : 0);
      bench::set_bits(top.q_issue_i, i, 1, issued[lane] ? 1 : 0);
      bench::set_bits(top.q_ready_i, i, 1, ready[lane] ? 1 : 0);
      bench::set_word(top.q_data_i, i, word);
    }
    bench.settle();
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      QueueModel& model = models[lane];
      const bool valid = bench::get_bits(top.q_valid_o, i, 1) != 0;
      const bool space = bench::get_bits(top.q_space_o, i, 1) != 0;
      if (valid != model.valid(t) || space != model.space()) ++tally.faults;
      if (valid && model.valid(t) && !(bench::get_word(top.q_data_o, i) == model.head())) {
        ++tally.faults;
      }
      const bool pop = model.valid(t) && ready[lane];
      tally.transfers += pop ? 1 : 0;
      if (issued[lane] && !model.space()) issued[lane].reset();
      model.clock(t, reset[lane] != 0, issued[lane], pop);
    }
    bench.edge();
    ++tally.cycles;
  }
  return tally;
}

TEST_CASE("nib_outq: every cycle as the contract says") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Tally tally = run_queues(seed, 6000);
    CHECK(tally.faults == 0);
    CHECK(tally.transfers > 10000);
  }
}

TEST_CASE("nib_outq: a wrong model is noticed") {
  CHECK(run_queues(9, 2000, 1, 0).faults > 0);
  CHECK(run_queues(9, 2000, 0, 1).faults > 0);
}

TEST_CASE("nib_outq: full rate with Latency + 2 words, or one more from block RAM") {
  Bench bench(3);
  Vlibrary& top = bench.top();
  constexpr int kLanes = 19, kCycles = 3000, kSettled = 300;
  std::vector<int> popped(kLanes, 0);
  for (int t = 0; t < kCycles; ++t) {
    for (int i = 0; i < kLanes; ++i) {
      bench::set_bits(top.q_rst_i, i, 1, 0);
      bench::set_bits(top.q_issue_i, i, 1, bench::get_bits(top.q_space_o, i, 1));
      bench::set_bits(top.q_ready_i, i, 1, 1);
    }
    bench.settle();
    for (int i = 0; i < kLanes && t >= kSettled; ++i) {
      popped[static_cast<std::size_t>(i)] += static_cast<int>(bench::get_bits(top.q_valid_o, i, 1));
    }
    bench.edge();
  }
  for (int i = 0; i < kLanes; ++i) {
    const Corner c = bench::corner(top.q_corner_o, i);
    const int b = storage_of(c) == 4 ? 2 : 1;
    const int expected = std::min(c.depth, c.latency + b + 1);
    const double rate = static_cast<double>(expected) / (c.latency + b + 1);
    CAPTURE(c.depth);
    CAPTURE(c.latency);
    CHECK(popped[static_cast<std::size_t>(i)] ==
          doctest::Approx(rate * (kCycles - kSettled)).epsilon(0.002));
  }
}

TEST_CASE("nib_stream_fifo: every cycle as the contract says") {
  Bench bench(21);
  Vlibrary& top = bench.top();
  std::mt19937_64 rng(21);
  constexpr int kLanes = 9;
  std::vector<Corner> corners;
  std::vector<QueueModel> models;
  std::vector<Pattern> patterns(kLanes);
  std::vector<Resets> resets(kLanes);
  std::vector<std::optional<Word>> offered(kLanes);
  for (int i = 0; i < kLanes; ++i) {
    corners.push_back(bench::corner(top.f_corner_o, i));
    models.emplace_back(corners.back().depth, 0, storage_of(corners.back()) == 4 ? 2 : 1);
  }
  std::int64_t faults = 0, transfers = 0;
  for (std::int64_t t = 0; t < 12000; ++t) {
    std::vector<char> reset(kLanes), ready(kLanes);
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      if (rng() % 64 == 0) patterns[lane] = bench::draw_pattern(rng);
      reset[lane] = resets[lane].next(rng);
      ready[lane] = rng() % 16 < patterns[lane].ready;
      if (reset[lane]) offered[lane].reset();
      if (!reset[lane] && !offered[lane] && rng() % 16 < patterns[lane].valid) {
        offered[lane] = bench::cut(bench::random_word(rng), corners[lane].width);
      }
      bench::set_bits(top.f_rst_i, i, 1, reset[lane] ? 1 : 0);
      bench::set_bits(top.f_valid_i, i, 1, offered[lane] ? 1 : 0);
      bench::set_bits(top.f_ready_i, i, 1, ready[lane] ? 1 : 0);
      bench::set_word(top.f_data_i, i, offered[lane] ? *offered[lane] : bench::random_word(rng));
    }
    bench.settle();
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      QueueModel& model = models[lane];
      const bool valid = bench::get_bits(top.f_valid_o, i, 1) != 0;
      faults += valid != model.valid(t);
      faults += (bench::get_bits(top.f_ready_o, i, 1) != 0) != model.space();
      if (valid && model.valid(t)) faults += !(bench::get_word(top.f_data_o, i) == model.head());
      const bool pop = model.valid(t) && ready[lane];
      transfers += pop;
      const bool take = offered[lane] && model.space();
      model.clock(t, reset[lane] != 0, take ? offered[lane] : std::nullopt, pop);
      if (take) offered[lane].reset();
    }
    bench.edge();
  }
  CHECK(faults == 0);
  CHECK(transfers > 10000);
}

TEST_CASE("nib_boundary: two words, registered ready that rises in the second live cycle") {
  Bench bench(22);
  Vlibrary& top = bench.top();
  std::mt19937_64 rng(22);
  constexpr int kLanes = 5;
  struct Slice {
    std::deque<Word> words;
    bool live = false;  ///< the cycle before was no reset (power-up counts as one)
  };
  std::vector<Slice> slices(kLanes);
  std::vector<Pattern> patterns(kLanes);
  std::vector<Resets> resets(kLanes);
  std::vector<std::optional<Word>> offered(kLanes);
  std::int64_t faults = 0, transfers = 0;
  for (std::int64_t t = 0; t < 12000; ++t) {
    std::vector<char> reset(kLanes), ready(kLanes);
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      if (rng() % 64 == 0) patterns[lane] = bench::draw_pattern(rng);
      reset[lane] = resets[lane].next(rng);
      ready[lane] = rng() % 16 < patterns[lane].ready;
      const int width = bench::corner(top.s_corner_o, i).width;
      if (reset[lane]) offered[lane].reset();
      if (!reset[lane] && !offered[lane] && rng() % 16 < patterns[lane].valid) {
        offered[lane] = bench::cut(bench::random_word(rng), width);
      }
      bench::set_bits(top.s_rst_i, i, 1, reset[lane] ? 1 : 0);
      bench::set_bits(top.s_valid_i, i, 1, offered[lane] ? 1 : 0);
      bench::set_bits(top.s_ready_i, i, 1, ready[lane] ? 1 : 0);
      bench::set_word(top.s_data_i, i, offered[lane] ? *offered[lane] : bench::random_word(rng));
    }
    bench.settle();
    for (int i = 0; i < kLanes; ++i) {
      const auto lane = static_cast<std::size_t>(i);
      Slice& slice = slices[lane];
      const bool expect_ready = slice.live && slice.words.size() < 2;
      const bool valid = bench::get_bits(top.s_valid_o, i, 1) != 0;
      faults += (bench::get_bits(top.s_ready_o, i, 1) != 0) != expect_ready;
      faults += valid != !slice.words.empty();
      if (valid && !slice.words.empty()) {
        faults += !(bench::get_word(top.s_data_o, i) == slice.words.front());
      }
      slice.live = !reset[lane];
      if (reset[lane]) {
        slice.words.clear();
        continue;
      }
      const bool take = offered[lane] && expect_ready;
      if (!slice.words.empty() && ready[lane]) slice.words.pop_front(), ++transfers;
      if (take) slice.words.push_back(*offered[lane]), offered[lane].reset();
    }
    bench.edge();
  }
  CHECK(faults == 0);
  CHECK(transfers > 10000);
}

}  // namespace
