// nib_credit_wrap around free-running cores, against the cycle model of its queue.
#include <Vwrap_corners.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "bench.h"
#include "nib/sim/stream_queue.h"

namespace nib::test {
namespace {

using sim::Channel;
using sim::Stalls;
using sim::StreamQueue;

constexpr std::size_t kCorners = 9;

/// The low `width` bits.
Word cut(Word word, int width) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    const int bits = width - 32 * static_cast<int>(i);
    if (bits <= 0) {
      word[i] = 0;
    } else if (bits < 32) {
      word[i] &= (std::uint32_t{1} << bits) - 1;
    }
  }
  return word;
}

/// What the core of the test top makes of a beat.
Word result_of(const Word& beat, int in_width, int out_width) {
  Word result = cut(beat, in_width);
  for (std::uint32_t& part : result) part = ~part;
  return cut(result, out_width);
}

/// One wrapper with a source that holds its beat, a sink, and the model.
class Lane {
 public:
  Lane(const Vwrap_corners& top, std::size_t corner, std::uint64_t seed, const Channel& wrong)
      : corner_(corner),
        in_width_(field_of(top.corners_o, corner * 4 + 3)),
        out_width_(field_of(top.corners_o, corner * 4 + 2)),
        latency_(field_of(top.corners_o, corner * 4 + 1)),
        source_(sim::mix(seed, 2 * corner)),
        sink_(sim::mix(seed, 2 * corner + 1)),
        // Latency + 3 credits; block RAM from 65 on; nothing is taken before the core is empty.
        model_(Channel{latency_ + 3 + wrong.depth, latency_ + wrong.lat,
                       (latency_ + 3 > 64 ? 2 : 1) + wrong.b, 1 + wrong.release,
                       std::max(latency_, 1) + wrong.hold}) {}

  void drive(Vwrap_corners& top, bool fill, bool flow, bool reset) {
    compare(top);
    ready_ = flow || (!fill && sink_.next());
    offer_ = !reset && (offer_ || flow || fill || source_.next());
    set_bit(top.valid_i, corner_, offer_);
    set_bit(top.ready_i, corner_, ready_);
    set_bit(top.last_i, corner_, offer_ ? last(serial_) : serial_ % 3 == 0);
    // All bits are random, padding included.
    set_slot(top.data_i, corner_, word_of_serial(offer_ ? corner_ : ~corner_, serial_, kSlot));
  }

  void step(const Vwrap_corners& top, bool reset) {
    compare(top);
    if (reset) return model_.reset();
    const bool take = offer_ && bit_of(top.ready_o, corner_);
    const bool pop = ready_ && bit_of(top.valid_o, corner_);
    model_.step(take, serial_, pop && model_.valid());
    if (take) {
      ++serial_;
      offer_ = false;
    }
    words_ += pop ? 1 : 0;
  }

  [[nodiscard]] int mismatches() const { return mismatches_; }
  [[nodiscard]] int latency() const { return latency_; }
  [[nodiscard]] int words() const { return words_; }
  [[nodiscard]] std::string name() const {
    return "in " + std::to_string(in_width_) + " out " + std::to_string(out_width_) + " latency " +
           std::to_string(latency_);
  }

 private:
  [[nodiscard]] bool last(std::uint64_t serial) const {
    return sim::mix(corner_ + 1000, serial) % 3 == 0;
  }

  void compare(const Vwrap_corners& top) {
    const bool valid = bit_of(top.valid_o, corner_);
    bool same = bit_of(top.ready_o, corner_) == model_.space() && valid == model_.valid();
    if (same && valid) {
      same = bit_of(top.last_o, corner_) == last(model_.head()) &&
             slot_of(top.data_o, corner_) ==
                 result_of(word_of_serial(corner_, model_.head(), kSlot), in_width_, out_width_);
    }
    mismatches_ += same ? 0 : 1;
  }

  std::size_t corner_;
  int in_width_, out_width_, latency_;
  Stalls source_, sink_;
  StreamQueue model_;
  std::uint64_t serial_ = 0;
  bool offer_ = false, ready_ = false;
  int mismatches_ = 0, words_ = 0;
};

std::vector<Lane> run(int seed, int cycles, const Channel& wrong) {
  constexpr int kFill = 220;
  Dut<Vwrap_corners> dut(seed);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) {
    lanes.emplace_back(*dut, c, static_cast<std::uint64_t>(seed), wrong);
  }
  Resets resets(static_cast<std::uint64_t>(seed));
  for (int cycle = 0; cycle < 2 * kFill + cycles; ++cycle) {
    // Pauses of 400 cycles between resets: a core of 100 stages needs 100 to run empty.
    const bool reset = cycle > 2 * kFill && cycle / 400 % 2 == 1 && resets.next();
    for (Lane& lane : lanes) {
      lane.drive(*dut, cycle < kFill, cycle >= kFill && cycle < 2 * kFill, reset);
    }
    dut->rst_i = reset;
    dut.settle();
    for (Lane& lane : lanes) lane.step(*dut, reset);
    dut.tick();
  }
  CHECK_FALSE(dut.failed());
  return lanes;
}

constexpr Channel kRight{0, 0, 0, 0, 0};

TEST_CASE("nib_credit_wrap shows what the model shows, in every cycle of every corner") {
  for (int seed = 1; seed <= 3; ++seed) {
    for (const Lane& lane : run(seed, 8000, kRight)) {
      CAPTURE(lane.name());
      CHECK(lane.mismatches() == 0);
      CHECK(lane.words() > 1000);
    }
  }
}

TEST_CASE("nib_credit_wrap carries a beat per cycle while the sink is ready") {
  constexpr int kWarm = 250, kCycles = 1000;
  Dut<Vwrap_corners> dut(5);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) lanes.emplace_back(*dut, c, 5, kRight);
  std::vector<int> before(kCorners);
  for (int cycle = 0; cycle < kWarm + kCycles; ++cycle) {
    for (std::size_t c = 0; c < kCorners; ++c) {
      if (cycle == kWarm) before[c] = lanes[c].words();
      lanes[c].drive(*dut, false, true, false);
    }
    dut.settle();
    for (Lane& lane : lanes) lane.step(*dut, false);
    dut.tick();
  }
  for (std::size_t c = 0; c < kCorners; ++c) {
    CAPTURE(lanes[c].name());
    CHECK(lanes[c].words() - before[c] == kCycles);
  }
}

TEST_CASE("a wrong model of nib_credit_wrap is noticed at every corner") {
  const std::vector<Channel> wrongs{{1, 0, 0, 0, 0},  {-1, 0, 0, 0, 0}, {0, 1, 0, 0, 0},
                                    {0, 0, -1, 0, 0}, {0, 0, 0, 1, 0},  {0, 0, 0, 0, 1},
                                    {0, 0, 0, 0, -1}};
  for (std::size_t w = 0; w < wrongs.size(); ++w) {
    for (const Lane& lane : run(11, 2000, wrongs[w])) {
      CAPTURE(w);
      CAPTURE(lane.name());
      // A word that is valid in the cycle of its issue is seen in the next one all the same.
      if (wrongs[w].b < 0 && lane.latency() == 0) continue;
      CHECK(lane.mismatches() > 0);
    }
  }
}

}  // namespace
}  // namespace nib::test
