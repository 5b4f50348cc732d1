// nib_credit_wrap around free-running cores, against the cycle model of its queue.
#include <Vwrap_corners.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "lanes.h"

namespace nib::test {
namespace {

using sim::Channel;

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

/// What the test top tells of a corner.
struct Corner {
  Corner(const Vwrap_corners& top, std::size_t corner)
      : in_width(field_of(top.corners_o, corner * 4 + 3)),
        out_width(field_of(top.corners_o, corner * 4 + 2)),
        latency(field_of(top.corners_o, corner * 4 + 1)) {}
  /// Latency + 3 credits; block RAM from 65 on; nothing is taken before the core is empty.
  [[nodiscard]] Channel contract(const Channel& wrong) const {
    return {latency + 3 + wrong.depth, latency + wrong.lat, (latency + 3 > 64 ? 2 : 1) + wrong.b,
            1 + wrong.release, std::max(latency, 1) + wrong.hold};
  }

  int in_width, out_width, latency;
};

/// One wrapper.
class Lane : public StreamLane<Vwrap_corners, Lane> {
 public:
  Lane(const Corner& of, std::size_t corner, std::uint64_t seed, const Channel& wrong)
      : StreamLane(corner, seed, of.contract(wrong)), of_(of) {}

  void offer(Vwrap_corners& top, bool offered) const {
    set_bit(top.last_i, corner_, offered ? last(serial_) : serial_ % 3 == 0);
    // All bits are random, padding included.
    set_slot(top.data_i, corner_, word_of_serial(offered ? corner_ : ~corner_, serial_, kSlot));
  }
  [[nodiscard]] bool same(const Vwrap_corners& top) const {
    const Word beat = word_of_serial(corner_, model_.head(), kSlot);
    return bit_of(top.last_o, corner_) == last(model_.head()) &&
           slot_of(top.data_o, corner_) == result_of(beat, of_.in_width, of_.out_width);
  }
  [[nodiscard]] int latency() const { return of_.latency; }
  [[nodiscard]] std::string name() const {
    return "in " + std::to_string(of_.in_width) + " out " + std::to_string(of_.out_width) +
           " latency " + std::to_string(of_.latency);
  }

 private:
  [[nodiscard]] bool last(std::uint64_t serial) const {
    return sim::mix(corner_ + 1000, serial) % 3 == 0;
  }

  Corner of_;
};

/// Makes the lanes of a run.
auto maker(int seed, const Channel& wrong) {
  return [seed, wrong](const Vwrap_corners& top, std::size_t corner) {
    return Lane(Corner(top, corner), corner, static_cast<std::uint64_t>(seed), wrong);
  };
}

/// Pauses of 400 cycles between resets: a core of 100 stages needs 100 to run empty.
std::vector<Lane> run(int seed, int cycles, const Channel& wrong) {
  return run_lanes<Vwrap_corners>(seed, kCorners, {220, cycles, 400}, maker(seed, wrong));
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
  constexpr int kCycles = 1000;
  for (const auto& rate : full_rates<Vwrap_corners>(5, kCorners, 250, kCycles, maker(5, kRight))) {
    CAPTURE(rate.lane.name());
    CHECK(rate.words == kCycles);
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
