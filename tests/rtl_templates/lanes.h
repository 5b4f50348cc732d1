// The driver that the corner tests share: a lane for each corner of a test top, all in step.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "bench.h"
#include "nib/sim/stream_queue.h"
#include "nib/sim/stream_stalls.h"

namespace nib::test {

/// How the ends take part in a cycle: with `fill` the source always and the sink never, with `flow`
/// both always, else as their stalls say. In reset sources are quiet.
struct Habit {
  bool fill = false, flow = false, reset = false;
};

/// A run: `fill` cycles to the brim, as many to drain at full rate, then `cycles` with stalls and
/// with resets, where `pause` is not 0 only in every other stretch of that many cycles.
struct Course {
  int fill = 0, cycles = 0, pause = 0;
  [[nodiscard]] int length() const { return 2 * fill + cycles; }
  [[nodiscard]] bool may_reset(int cycle) const {
    return cycle > 2 * fill && (pause == 0 || cycle / pause % 2 == 1);
  }
};

/// Runs `corners` lanes made by make(top, corner). A lane has drive(top, habit), which compares
/// what the cycle shows and sets its inputs, and step(top, reset), which compares again and ends
/// it.
template <class Top, class Make>
auto run_lanes(int seed, std::size_t corners, const Course& course, const Make& make) {
  Dut<Top> dut(seed);
  std::vector<decltype(make(*dut, std::size_t{0}))> lanes;
  for (std::size_t c = 0; c < corners; ++c) lanes.push_back(make(*dut, c));
  Resets resets(static_cast<std::uint64_t>(seed));
  for (int cycle = 0; cycle < course.length(); ++cycle) {
    const bool reset = course.may_reset(cycle) && resets.next();
    const Habit habit{cycle < course.fill, cycle >= course.fill && cycle < 2 * course.fill, reset};
    for (auto& lane : lanes) lane.drive(*dut, habit);
    dut->rst_i = reset;
    dut.settle();
    for (auto& lane : lanes) lane.step(*dut, reset);
    dut.tick();
  }
  CHECK_FALSE(dut.failed());
  return lanes;
}

/// Words that each lane carries in `cycles` cycles with both ends always willing, after `warm`.
template <class Lane>
struct Rate {
  Lane lane;
  int words = 0;
};
template <class Top, class Make>
auto full_rates(int seed, std::size_t corners, int warm, int cycles, const Make& make) {
  Dut<Top> dut(seed);
  std::vector<Rate<decltype(make(*dut, std::size_t{0}))>> rates;
  for (std::size_t c = 0; c < corners; ++c) rates.push_back({make(*dut, c), 0});
  for (int cycle = 0; cycle < warm + cycles; ++cycle) {
    for (auto& rate : rates) {
      if (cycle == warm) rate.words = -rate.lane.words();
      rate.lane.drive(*dut, {false, true, false});
    }
    dut.settle();
    for (auto& rate : rates) rate.lane.step(*dut, false);
    dut.tick();
  }
  for (auto& rate : rates) rate.words += rate.lane.words();
  return rates;
}

/// What every lane counts.
class LaneBase {
 public:
  LaneBase(std::size_t corner, std::uint64_t seed, const sim::Channel& contract)
      : corner_(corner),
        source_(sim::mix(seed, 2 * corner)),
        sink_(sim::mix(seed, 2 * corner + 1)),
        model_(contract) {}
  [[nodiscard]] int mismatches() const { return mismatches_; }
  [[nodiscard]] int words() const { return words_; }

 protected:
  std::size_t corner_;
  sim::Stalls source_, sink_;
  sim::StreamQueue model_;
  std::uint64_t serial_ = 0;
  bool ready_ = false;
  int mismatches_ = 0, words_ = 0;
};

/// A stream through a module: a source that holds its word until it is taken, a sink, the model of
/// the queue. `Lane` adds same(top), the comparison of a valid word, and offer(top, offered), which
/// sets the data: rubbish where nothing is offered.
template <class Top, class Lane>
class StreamLane : public LaneBase {
 public:
  using LaneBase::LaneBase;

  void drive(Top& top, const Habit& habit) {
    compare(top);
    ready_ = habit.flow || (!habit.fill && sink_.next());
    // Quiet in reset; a word that is offered stays until it is taken.
    offer_ = !habit.reset && (offer_ || habit.flow || habit.fill || source_.next());
    set_bit(top.valid_i, corner_, offer_);
    set_bit(top.ready_i, corner_, ready_);
    static_cast<const Lane*>(this)->offer(top, offer_);
  }

  void step(const Top& top, bool reset) {
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

 private:
  void compare(const Top& top) {
    const bool valid = bit_of(top.valid_o, corner_);
    bool same = bit_of(top.ready_o, corner_) == model_.space() && valid == model_.valid();
    if (same && valid) same = static_cast<const Lane*>(this)->same(top);
    mismatches_ += same ? 0 : 1;
  }

  bool offer_ = false;
};

}  // namespace nib::test
