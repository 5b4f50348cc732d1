// nib_outq at every corner against the cycle model: each valid, ready and word of each cycle.
#include <Voutq_corners.h>
#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "lanes.h"

namespace nib::test {
namespace {

using sim::Channel;

constexpr std::size_t kCorners = 30;

/// What a deliberately wrong model gets wrong; all zero for the right one.
struct Mutation {
  int depth = 0, lat = 0, b = 0, release = 0;
  bool keeps_through_reset = false;
  std::uint64_t serial = 0;
};

/// What the test top tells of a corner.
struct Corner {
  Corner(const Voutq_corners& top, std::size_t corner)
      : width(field_of(top.corners_o, corner * 4 + 3)),
        depth(field_of(top.corners_o, corner * 4 + 2)),
        lat(field_of(top.corners_o, corner * 4 + 1)),
        storage(field_of(top.corners_o, corner * 4)) {}
  /// b as the contract states it: 2 for block RAM, which is chosen above 64 words.
  [[nodiscard]] int b() const { return storage == 4 || (storage == 0 && depth > 64) ? 2 : 1; }
  [[nodiscard]] Channel contract(const Mutation& mutation) const {
    return {depth + mutation.depth, lat + mutation.lat, b() + mutation.b, 1 + mutation.release, 0};
  }

  int width, depth, lat, storage;
};

/// One queue, the model beside it, and the pipeline in front of it.
class Lane : public LaneBase {
 public:
  Lane(const Corner& of, std::size_t corner, std::uint64_t seed, const Mutation& mutation)
      : LaneBase(corner, seed, of.contract(mutation)), of_(of), mutation_(mutation) {}

  /// Compares what the cycle shows, then sets the inputs.
  void drive(Voutq_corners& top, const Habit& habit) {
    compare(top);
    ready_ = habit.flow || (!habit.fill && sink_.next());
    issue_ = (habit.flow || habit.fill || source_.next()) && bit_of(top.space_o, corner_);
    flight_.push_back(issue_ ? static_cast<std::int64_t>(serial_) : -1);
    const std::int64_t pushed =
        static_cast<int>(flight_.size()) > of_.lat
            ? flight_[flight_.size() - 1 - static_cast<std::size_t>(of_.lat)]
            : -1;
    set_bit(top.issue_i, corner_, issue_);
    set_bit(top.push_i, corner_, pushed >= 0);
    set_bit(top.ready_i, corner_, ready_);
    // Without a push the data is rubbish, and must not be kept.
    set_slot(top.data_i, corner_,
             pushed >= 0 ? word_of_serial(corner_, static_cast<std::uint64_t>(pushed), of_.width)
                         : word_of_serial(~corner_, serial_, of_.width));
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

  [[nodiscard]] bool full_rate() const { return of_.depth >= round_trip(); }
  [[nodiscard]] int depth() const { return of_.depth; }
  [[nodiscard]] int round_trip() const { return of_.lat + of_.b() + 1; }
  [[nodiscard]] std::string name() const {
    return "width " + std::to_string(of_.width) + " depth " + std::to_string(of_.depth) + " lat " +
           std::to_string(of_.lat) + " b " + std::to_string(of_.b());
  }

 private:
  void compare(const Voutq_corners& top) {
    const bool valid = bit_of(top.valid_o, corner_);
    bool same = bit_of(top.space_o, corner_) == model_.space() && valid == model_.valid();
    if (same && valid) {
      same = slot_of(top.data_o, corner_) ==
             word_of_serial(corner_, model_.head() + mutation_.serial, of_.width);
    }
    mismatches_ += same ? 0 : 1;
  }

  Corner of_;
  Mutation mutation_;
  std::deque<std::int64_t> flight_;
  bool issue_ = false;
};

/// Makes the lanes of a run.
auto maker(int seed, const Mutation& mutation) {
  return [seed, mutation](const Voutq_corners& top, std::size_t corner) {
    return Lane(Corner(top, corner), corner, static_cast<std::uint64_t>(seed), mutation);
  };
}

std::vector<Lane> run(int seed, int cycles, const Mutation& mutation) {
  return run_lanes<Voutq_corners>(seed, kCorners, {1100, cycles}, maker(seed, mutation));
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
  constexpr int kCycles = 1200;
  int slower = 0;
  for (const auto& rate : full_rates<Voutq_corners>(7, kCorners, 60, kCycles, maker(7, {}))) {
    CAPTURE(rate.lane.name());
    if (rate.lane.full_rate()) {
      CHECK(rate.words == kCycles);
    } else {
      ++slower;
      const int expected = kCycles * rate.lane.depth() / rate.lane.round_trip();
      CHECK(rate.words >= expected - rate.lane.depth());
      CHECK(rate.words <= expected + rate.lane.depth());
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
