// nib_stream_fifo and nib_boundary against the cycle model: each valid, ready and word.
#include <Vstream_corners.h>
#include <doctest/doctest.h>

#include <string>

#include "bench.h"
#include "nib/sim/stream_queue.h"

namespace nib::test {
namespace {

using sim::Channel;
using sim::Stalls;
using sim::StreamQueue;

constexpr std::size_t kCorners = 18;

/// One FIFO or slice, a source that holds its word until it is taken, a sink, and the model.
class Lane {
 public:
  Lane(const Vstream_corners& top, std::size_t corner, std::uint64_t seed, const Channel& wrong)
      : corner_(corner),
        width_(field_of(top.corners_o, corner * 4 + 3)),
        depth_(field_of(top.corners_o, corner * 4 + 2)),
        slice_(field_of(top.corners_o, corner * 4) != 0),
        source_(sim::mix(seed, 2 * corner)),
        sink_(sim::mix(seed, 2 * corner + 1)),
        model_(contract(top, wrong)) {}

  /// Compares what the cycle shows, then sets the inputs.
  void drive(Vstream_corners& top, bool fill, bool flow, bool reset) {
    compare(top);
    ready_ = flow || (!fill && sink_.next());
    // Quiet in reset; a word that is offered stays until it is taken.
    offer_ = !reset && (offer_ || flow || fill || source_.next());
    set_bit(top.valid_i, corner_, offer_);
    set_bit(top.ready_i, corner_, ready_);
    set_slot(top.data_i, corner_, word_of_serial(offer_ ? corner_ : ~corner_, serial_, width_));
  }

  void step(const Vstream_corners& top, bool reset) {
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
  [[nodiscard]] int words() const { return words_; }
  [[nodiscard]] int b() const { return b_; }
  [[nodiscard]] bool full_rate() const { return depth_ >= b_ + 1; }
  [[nodiscard]] std::string name() const {
    return (slice_ ? "boundary width " : "fifo width ") + std::to_string(width_) + " depth " +
           std::to_string(depth_) + " b " + std::to_string(b_);
  }

 private:
  /// The contract, plus what a wrong model adds to it.
  Channel contract(const Vstream_corners& top, const Channel& wrong) {
    const int storage = field_of(top.corners_o, corner_ * 4 + 1);
    b_ = storage == 4 || (storage == 0 && depth_ > 64) ? 2 : 1;
    // The ready of a slice is a register that resets to 0: nothing is taken in the first cycle.
    return {depth_ + wrong.depth, wrong.lat, b_ + wrong.b, 1 + wrong.release,
            (slice_ ? 1 : 0) + wrong.hold};
  }

  void compare(const Vstream_corners& top) {
    const bool valid = bit_of(top.valid_o, corner_);
    bool same = bit_of(top.ready_o, corner_) == model_.space() && valid == model_.valid();
    if (same && valid) {
      same = slot_of(top.data_o, corner_) == word_of_serial(corner_, model_.head(), width_);
    }
    mismatches_ += same ? 0 : 1;
  }

  std::size_t corner_;
  int width_, depth_;
  bool slice_;
  int b_ = 1;
  Stalls source_, sink_;
  StreamQueue model_;
  std::uint64_t serial_ = 0;
  bool offer_ = false, ready_ = false;
  int mismatches_ = 0, words_ = 0;
};

/// Fills to the brim, drains at full rate, then `cycles` of random stalls with resets in traffic.
std::vector<Lane> run(int seed, int cycles, const Channel& wrong) {
  constexpr int kFill = 1100;
  Dut<Vstream_corners> dut(seed);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) {
    lanes.emplace_back(*dut, c, static_cast<std::uint64_t>(seed), wrong);
  }
  Resets resets(static_cast<std::uint64_t>(seed));
  for (int cycle = 0; cycle < 2 * kFill + cycles; ++cycle) {
    const bool reset = cycle > 2 * kFill && resets.next();
    for (Lane& lane : lanes)
      lane.drive(*dut, cycle < kFill, cycle >= kFill && cycle < 2 * kFill, reset);
    dut->rst_i = reset;
    dut.settle();
    for (Lane& lane : lanes) lane.step(*dut, reset);
    dut.tick();
  }
  CHECK_FALSE(dut.failed());
  return lanes;
}

constexpr Channel kRight{0, 0, 0, 0, 0};

TEST_CASE("nib_stream_fifo and nib_boundary show what the model shows, in every cycle") {
  for (int seed = 1; seed <= 3; ++seed) {
    for (const Lane& lane : run(seed, 6000, kRight)) {
      CAPTURE(lane.name());
      CHECK(lane.mismatches() == 0);
      CHECK(lane.words() > 1000);
    }
  }
}

TEST_CASE("nib_stream_fifo and nib_boundary carry a word per cycle where they promise it") {
  constexpr int kWarm = 10, kCycles = 1000;
  Dut<Vstream_corners> dut(5);
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
  int full = 0;
  for (std::size_t c = 0; c < kCorners; ++c) {
    CAPTURE(lanes[c].name());
    if (!lanes[c].full_rate()) continue;
    ++full;
    CHECK(lanes[c].words() - before[c] == kCycles);
  }
  CHECK(full >= 16);
}

TEST_CASE("a wrong model of nib_stream_fifo or nib_boundary is noticed at every corner") {
  const std::vector<Channel> wrongs{{1, 0, 0, 0, 0},  {-1, 0, 0, 0, 0}, {0, 0, 1, 0, 0},
                                    {0, 0, -1, 0, 0}, {0, 0, 0, 1, 0},  {0, 0, 0, 0, 1}};
  for (std::size_t w = 0; w < wrongs.size(); ++w) {
    for (const Lane& lane : run(11, 1500, wrongs[w])) {
      CAPTURE(w);
      CAPTURE(lane.name());
      // A word that is valid in the cycle of its issue is seen in the next one all the same.
      if (wrongs[w].b < 0 && lane.b() == 1) continue;
      CHECK(lane.mismatches() > 0);
    }
  }
}

TEST_CASE("a source that takes its word back fails an assertion") {
  // The first lane is asked before its ready rises; the others never see a valid.
  for (const bool hold : {true, false}) {
    Dut<Vstream_corners> dut(1);
    dut->valid_i = dut->ready_i = 0;
    set_bit(dut->valid_i, 0, true);  // a boundary slice
    dut.tick();
    set_bit(dut->valid_i, 0, hold);
    dut.tick();
    CHECK(dut.failed() == !hold);
  }
}

}  // namespace
}  // namespace nib::test
