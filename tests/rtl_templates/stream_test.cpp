// nib_stream_fifo and nib_boundary against the cycle model: each valid, ready and word.
#include <Vstream_corners.h>
#include <doctest/doctest.h>

#include <string>

#include "lanes.h"

namespace nib::test {
namespace {

using sim::Channel;

constexpr std::size_t kCorners = 18;

/// What the test top tells of a corner.
struct Corner {
  Corner(const Vstream_corners& top, std::size_t corner)
      : width(field_of(top.corners_o, corner * 4 + 3)),
        depth(field_of(top.corners_o, corner * 4 + 2)),
        storage(field_of(top.corners_o, corner * 4 + 1)),
        slice(field_of(top.corners_o, corner * 4) != 0) {}
  [[nodiscard]] int b() const { return storage == 4 || (storage == 0 && depth > 64) ? 2 : 1; }
  /// The contract, plus what a wrong model adds to it.
  [[nodiscard]] Channel contract(const Channel& wrong) const {
    // The ready of a slice is a register that resets to 0: nothing is taken in the first cycle.
    return {depth + wrong.depth, wrong.lat, b() + wrong.b, 1 + wrong.release,
            (slice ? 1 : 0) + wrong.hold};
  }

  int width, depth, storage;
  bool slice;
};

/// One FIFO or slice.
class Lane : public StreamLane<Vstream_corners, Lane> {
 public:
  Lane(const Corner& of, std::size_t corner, std::uint64_t seed, const Channel& wrong)
      : StreamLane(corner, seed, of.contract(wrong)), of_(of) {}

  void offer(Vstream_corners& top, bool offered) const {
    set_slot(top.data_i, corner_, word_of_serial(offered ? corner_ : ~corner_, serial_, of_.width));
  }
  [[nodiscard]] bool same(const Vstream_corners& top) const {
    return slot_of(top.data_o, corner_) == word_of_serial(corner_, model_.head(), of_.width);
  }
  [[nodiscard]] int b() const { return of_.b(); }
  [[nodiscard]] bool full_rate() const { return of_.depth >= of_.b() + 1; }
  [[nodiscard]] std::string name() const {
    return (of_.slice ? "boundary width " : "fifo width ") + std::to_string(of_.width) + " depth " +
           std::to_string(of_.depth) + " b " + std::to_string(of_.b());
  }

 private:
  Corner of_;
};

/// Makes the lanes of a run.
auto maker(int seed, const Channel& wrong) {
  return [seed, wrong](const Vstream_corners& top, std::size_t corner) {
    return Lane(Corner(top, corner), corner, static_cast<std::uint64_t>(seed), wrong);
  };
}

std::vector<Lane> run(int seed, int cycles, const Channel& wrong) {
  return run_lanes<Vstream_corners>(seed, kCorners, {1100, cycles}, maker(seed, wrong));
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
  constexpr int kCycles = 1000;
  int full = 0;
  for (const auto& rate : full_rates<Vstream_corners>(5, kCorners, 10, kCycles, maker(5, kRight))) {
    CAPTURE(rate.lane.name());
    if (!rate.lane.full_rate()) continue;
    ++full;
    CHECK(rate.words == kCycles);
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
