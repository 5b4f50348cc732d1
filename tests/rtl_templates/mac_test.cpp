// nib_mac: outputs that share a multiplier, over extremes and random values.
#include <Vmac_corners.h>
#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "bench.h"

namespace nib::test {
namespace {

constexpr std::size_t kCorners = 9, kPe = 5, kSimd = 2;

struct Unit {
  int in_bits, weight_bits, pack, latency;
  bool in_signed, weight_signed;

  Unit(const Vmac_corners& top, std::size_t corner) {
    const auto field = [&](std::size_t i) { return field_of(top.corners_o, corner * 8 + 7 - i); };
    in_bits = field(0);
    in_signed = field(1) != 0;
    weight_bits = field(2);
    weight_signed = field(3) != 0;
    pack = field(4);
    latency = 2 + field(5);
  }
};

/// Values of so many bits: mostly the extremes and what stands next to them, 0 and -1.
std::int64_t draw(std::uint64_t seed, int bits, bool is_signed) {
  const std::int64_t all = std::int64_t{1} << bits;
  const std::int64_t least = is_signed ? -all / 2 : 0, most = least + all - 1;
  const std::uint64_t random = sim::mix(seed, 1);
  switch (sim::mix(seed, 2) % 8) {
    case 0:
    case 1:
      return least;
    case 2:
      return most;
    case 3:
      return least + 1;
    case 4:
      return 0;
    case 5:
      return is_signed ? -1 : 1;
    default:
      return least + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(all));
  }
}

void put_bits(Word& word, std::size_t lsb, int bits, std::int64_t value) {
  for (int b = 0; b < bits; ++b) {
    const std::size_t at = lsb + static_cast<std::size_t>(b);
    word[at / 32] |= static_cast<std::uint32_t>(value >> b & 1) << (at % 32);
  }
}

/// Fields of the sum of weights[l] * 2^(l * bits) as the table holds them; empty if one does not
/// fit.
std::vector<std::int64_t> fields_of(const std::vector<std::int64_t>& weights, const Unit& unit) {
  const int bits = unit.in_bits + unit.weight_bits;
  std::int64_t sum = 0;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    sum += weights[l] * (std::int64_t{1} << (static_cast<int>(l) * bits));
  }
  std::vector<std::int64_t> fields;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    // What is left, modulo the field, in the range of its kind.
    std::int64_t field = sum >> (static_cast<int>(l) * bits);
    if (l + 1 < weights.size()) {
      field &= (std::int64_t{1} << bits) - 1;
      if (unit.weight_signed && field >> (bits - 1) != 0) field -= std::int64_t{1} << bits;
    }
    if (unit.weight_signed && field < -(std::int64_t{1} << (unit.weight_bits - 1))) return {};
    fields.push_back(field);
  }
  return fields;
}

/// The sums that a corner owes, by the cycle at which they are pushed.
struct Owed {
  int cycle = 0;
  std::vector<std::int64_t> sums;
};

class Lane {
 public:
  Lane(const Unit& unit, std::size_t corner) : unit_(unit), corner_(corner) {}

  void drive(Vmac_corners& top, int cycle, std::uint64_t seed) {
    Word x{}, w{};
    std::vector<std::int64_t> in(kSimd), sums(kPe, 0);
    for (std::size_t s = 0; s < kSimd; ++s) {
      in[s] = draw(seed = sim::mix(seed, 3), unit_.in_bits, unit_.in_signed);
      put_bits(x, s * static_cast<std::size_t>(unit_.in_bits), unit_.in_bits, in[s]);
    }
    const auto pack = static_cast<std::size_t>(unit_.pack);
    for (std::size_t p = 0; p < kPe; p += pack) {
      for (std::size_t s = 0; s < kSimd; ++s) {
        std::vector<std::int64_t> weights(std::min(pack, kPe - p)), fields;
        while (fields.empty()) {
          for (std::int64_t& weight : weights) {
            weight = draw(seed = sim::mix(seed, 4), unit_.weight_bits, unit_.weight_signed);
          }
          fields = fields_of(weights, unit_);
        }
        for (std::size_t l = 0; l < weights.size(); ++l) {
          sums[p + l] += in[s] * weights[l];
          put_bits(w, ((p + l) * kSimd + s) * static_cast<std::size_t>(unit_.weight_bits),
                   unit_.weight_bits, fields[l]);
        }
      }
    }
    set_slot(top.x_i, corner_, x);
    set_slot(top.w_i, corner_, w);
    owed_.push_back({cycle + unit_.latency, sums});
  }

  /// Compares the sums of this cycle.
  void check(const Vmac_corners& top, int cycle) {
    if (owed_.empty() || owed_.front().cycle != cycle) {
      CHECK_FALSE(bit_of(top.push_o, corner_));
      return;
    }
    CHECK(bit_of(top.push_o, corner_));
    for (std::size_t p = 0; p < kPe; ++p) {
      const auto sum = static_cast<std::int32_t>(word_of(top.acc_o, corner_ * kPe + p));
      wrong += sum == owed_.front().sums[p] ? 0 : 1;
      ++seen;
    }
    owed_.pop_front();
  }

  int seen = 0, wrong = 0;

 private:
  Unit unit_;
  std::size_t corner_;
  std::deque<Owed> owed_;
};

}  // namespace

TEST_CASE("outputs that share a multiplier are exact") {
  Dut<Vmac_corners> dut(1);
  std::vector<Lane> lanes;
  for (std::size_t c = 0; c < kCorners; ++c) lanes.emplace_back(Unit(*dut, c), c);
  constexpr int kCycles = 20'000;
  dut->rst_i = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    dut->step_i = sim::mix(5, static_cast<std::uint64_t>(cycle)) % 4 != 0;
    if (dut->step_i != 0) {
      for (std::size_t c = 0; c < kCorners; ++c) {
        lanes[c].drive(*dut, cycle, sim::mix(c, static_cast<std::uint64_t>(cycle)));
      }
    }
    dut.settle();
    for (Lane& lane : lanes) lane.check(*dut, cycle);
    dut.tick();
  }
  for (const Lane& lane : lanes) {
    CHECK(lane.seen > 60'000);
    CHECK(lane.wrong == 0);
  }
  CHECK_FALSE(dut.failed());
}

}  // namespace nib::test
