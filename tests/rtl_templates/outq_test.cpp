// nib_outq at every corner against the cycle model: each valid, ready and word of each cycle.
#include <Voutq_corners.h>
#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "bench.h"
#include "nib/sim/stream_queue.h"

namespace nib::test {
namespace {

using sim::Channel;
using sim::Stalls;
using sim::StreamQueue;

constexpr std::size_t kCorners = 30;

/// What a deliberately wrong model gets wrong; all zero for the right one.
struct Mutation {
  int depth = 0, lat = 0, b = 0, release = 0;
  bool keeps_through_reset = false;
  std::uint64_t serial = 0;
};

/// One queue, the model beside it, and the pipeline in front of it.
class Lane {
 public:
  Lane(const Voutq_corners& top, std::size_t corner, std::uint64_t seed, const Mutation& mutation)
      : corner_(corner),
        mutation_(mutation),
        width_(field_of(top.corners_o, corner * 4 + 3)),
        depth_(field_of(top.corners_o, corner * 4 + 2)),
        lat_(field_of(top.corners_o, corner * 4 + 1)),
        source_(sim::mix(seed, 2 * corner)),
        sink_(sim::mix(seed, 2 * corner + 1)),
        model_(Channel{depth_ + mutation.depth, lat_ + mutation.lat, b(top) + mutation.b,
                       1 + mutation.release, 0}) {}

  /// Compares what the cycle shows, then sets the inputs. `fill` and `flow` overrule the stalls.
  void drive(Voutq_corners& top, bool fill, bool flow) {
    compare(top);
    ready_ = flow || (!fill && sink_.next());
    issue_ = (flow || fill || source_.next()) && bit_of(top.space_o, corner_);
    flight_.push_back(issue_ ? static_cast<std::int64_t>(serial_) : -1);
    const std::int64_t pushed =
        static_cast<int>(flight_.size()) > lat_ ? flight_[flight_.size() - 1 - lat_] : -1;
    set_bit(top.issue_i, corner_, issue_);
    set_bit(top.push_i, corner_, pushed >= 0);
    set_bit(top.ready_i, corner_, ready_);
    // Without a push the data is rubbish, and must not be kept.
    set_slot(top.data_i, corner_,
             pushed >= 0 ? word_of_serial(corner_, static_cast<std::uint64_t>(pushed), width_)
                         : word_of_serial(~corner_, serial_, width_));
  }

  /// Compares again with the inputs in place: no output may depend on them. Then ends the cycle.
  void step(const Voutq_corners& top, bool reset) {
    compare(top);
    if (reset) {
      flight_.clear();
      if (!mutation_.keeps_through_reset) model_.reset();
      return;
    }
    const bool pop = ready_ && bit_of(top.valid_o, corner_);
    words_ += pop ? 1 : 0;
    model_.step(issue_, serial_, pop && model_.valid());
    serial_ += issue_ ? 1 : 0;
  }

  [[nodiscard]] int mismatches() const { return mismatches_; }
  [[nodiscard]] int words() const { return words_; }
  [[nodiscard]] bool full_rate() const { return depth_ >= lat_ + b_ + 1; }
  [[nodiscard]] int depth() const { return depth_; }
  [[nodiscard]] int round_trip() const { return lat_ + b_ + 1; }
  [[nodiscard]] std::string name() const {
    return "width " + std::to_string(width_) + " depth " + std::to_string(depth_) + " lat " +
           std::to_string(lat_) + " b " + std::to_string(b_);
  }

 private:
  /// b as the contract states it: 2 for block RAM, which is chosen above 64 words.
  int b(const Voutq_corners& top) {
    const int storage = field_of(top.corners_o, corner_ * 4);
    b_ = storage == 4 || (storage == 0 && depth_ > 64) ? 2 : 1;
    return b_;
  }

  void compare(const Voutq_corners& top) {
    const bool valid = bit_of(top.valid_o, corner_);
    bool same = bit_of(top.space_o, corner_) == model_.space() && valid == model_.valid();
    if (same && valid) {
      same = slot_of(top.data_o, corner_) ==
             word_of_serial(corner_, model_.head() + mutation_.serial, width_);
    }
    mismatches_ += same ? 0 : 1;
  }

  std::size_t corner_;
  Mutation mutation_;
  int width_, depth_, lat_;
  int b_ = 0;
  Stalls source_, sink_;
  StreamQueue model_;
  std::deque<std::int64_t> flight_;
  std::uint64_t serial_ = 0;
  bool issue_ = false, ready_ = false;
  int mismatches_ = 0, words_ = 0;
};

/// Runs all corners: fill to the brim, drain at full rate, then `cycles` of random stalls with
/// resets of 1 to 4 cycles in the traffic.
std::vector<Lane> run(int seed, int cycles, const Mutation& mutation) {
  constexpr int kFill = 1100;
  Dut<Voutq_corners> dut(seed);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) {
    lanes.emplace_back(*dut, c, static_cast<std::uint64_t>(seed), mutation);
  }
  Resets resets(static_cast<std::uint64_t>(seed));
  for (int cycle = 0; cycle < 2 * kFill + cycles; ++cycle) {
    const bool reset = cycle > 2 * kFill && resets.next();
    for (Lane& lane : lanes) lane.drive(*dut, cycle < kFill, cycle >= kFill && cycle < 2 * kFill);
    dut->rst_i = reset;
    dut.settle();
    for (Lane& lane : lanes) lane.step(*dut, reset);
    dut.tick();
  }
  CHECK_FALSE(dut.failed());
  return lanes;
}

TEST_CASE("nib_outq shows what the model shows, in every cycle of every corner") {
  for (int seed = 1; seed <= 3; ++seed) {
    for (const Lane& lane : run(seed, 6000, {})) {
      CAPTURE(lane.name());
      CHECK(lane.mismatches() == 0);
      CHECK(lane.words() > 500);
    }
  }
}

TEST_CASE(
    "nib_outq carries a word per cycle where Depth >= Lat + b + 1, else Depth in a round trip") {
  constexpr int kWarm = 60, kCycles = 1200;
  Dut<Voutq_corners> dut(7);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) lanes.emplace_back(*dut, c, 7, Mutation{});
  std::vector<int> before(kCorners);
  for (int cycle = 0; cycle < kWarm + kCycles; ++cycle) {
    for (std::size_t c = 0; c < kCorners; ++c) {
      if (cycle == kWarm) before[c] = lanes[c].words();
      lanes[c].drive(*dut, false, true);
    }
    dut.settle();
    for (Lane& lane : lanes) lane.step(*dut, false);
    dut.tick();
  }
  int slower = 0;
  for (std::size_t c = 0; c < kCorners; ++c) {
    CAPTURE(lanes[c].name());
    const int words = lanes[c].words() - before[c];
    if (lanes[c].full_rate()) {
      CHECK(words == kCycles);
    } else {
      ++slower;
      const int expected = kCycles * lanes[c].depth() / lanes[c].round_trip();
      CHECK(words >= expected - lanes[c].depth());
      CHECK(words <= expected + lanes[c].depth());
    }
  }
  CHECK(slower > 5);
}

TEST_CASE("a wrong model of nib_outq is noticed at every corner") {
  const std::vector<Mutation> mutations{{.depth = 1},
                                        {.depth = -1},
                                        {.lat = 1},
                                        {.b = 1},
                                        {.b = -1},
                                        {.release = 1},
                                        {.keeps_through_reset = true},
                                        {.serial = 1}};
  for (std::size_t m = 0; m < mutations.size(); ++m) {
    for (const Lane& lane : run(11, 1500, mutations[m])) {
      CAPTURE(m);
      CAPTURE(lane.name());
      // A word that is valid in the cycle of its issue is seen in the next one all the same.
      if (mutations[m].b < 0 && lane.round_trip() == 2) continue;
      CHECK(lane.mismatches() > 0);
    }
  }
}

TEST_CASE("nib_outq asserts that nothing is issued without space, and that pushes come in time") {
  for (const bool push_late : {false, true}) {
    Dut<Voutq_corners> dut(1);
    dut->issue_i = dut->push_i = dut->ready_i = 0;
    set_bit(dut->issue_i, kCorners - 1, true);  // Depth 1, Lat 0
    set_bit(dut->push_i, kCorners - 1, !push_late);
    dut.tick();
    CHECK(dut.failed() == push_late);
    dut.tick();
    CHECK(dut.failed());
  }
}

}  // namespace
}  // namespace nib::test
