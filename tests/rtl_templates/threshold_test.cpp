// nib_threshold: the count of thresholds reached, for all inputs or random and neighbouring ones.
#include <Vthreshold_corners.h>
#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "bench.h"

namespace nib::test {
namespace {

constexpr std::size_t kCorners = 10;

/// Parameters and table of a corner, as the test top tells them.
struct Unit {
  int channels, levels, in_width, out_width, offset, latency;
  bool is_signed;
  std::vector<std::int64_t> table;

  Unit(Vthreshold_corners& top, std::size_t corner) {
    const auto field = [&](std::size_t i) { return field_of(top.corners_o, corner * 8 + 7 - i); };
    channels = field(0);
    levels = field(1);
    in_width = field(2);
    is_signed = field(3) != 0;
    out_width = field(4);
    offset = static_cast<std::int16_t>(field(5));
    latency = field(6);
    for (int e = 0; e < channels * levels; ++e) {
      top.entry_i = static_cast<std::uint8_t>(e);
      top.eval();
      const std::size_t at = corner * 2;
      table.push_back(static_cast<std::int64_t>(
          std::uint64_t{word_of(top.entries_o, at + 1)} << 32 | word_of(top.entries_o, at)));
    }
  }

  /// The value of the low bits of `code`.
  [[nodiscard]] std::int64_t value(std::uint64_t code) const {
    const std::uint64_t range = std::uint64_t{1} << in_width;
    const auto x = static_cast<std::int64_t>(code % range);
    return is_signed && x >= static_cast<std::int64_t>(range / 2)
               ? x - static_cast<std::int64_t>(range)
               : x;
  }

  /// The code of channel `c`, one off the count in `wrong` of its thresholds' neighbours.
  [[nodiscard]] std::uint64_t code(int c, std::int64_t x, bool wrong) const {
    std::int64_t count = offset;
    for (int i = 0; i < levels; ++i) {
      const std::int64_t t = table[static_cast<std::size_t>(c * levels + i)];
      count += (wrong ? x > t : x >= t) ? 1 : 0;
    }
    return static_cast<std::uint64_t>(count) & ((std::uint64_t{1} << out_width) - 1);
  }
};

void put_bits(Word& word, int lsb, int bits, std::uint64_t value) {
  for (int b = 0; b < bits; ++b) {
    if ((value >> b & 1) == 0) continue;
    word[static_cast<std::size_t>((lsb + b) / 32)] |= std::uint32_t{1} << (lsb + b) % 32;
  }
}

struct Result {
  int mismatches = 0, checked = 0;
  std::vector<bool> codes_seen;
};

/// Drives every corner: counting inputs first, then around thresholds and at random.
std::vector<Result> run(int seed, bool wrong) {
  Dut<Vthreshold_corners> dut(seed);
  std::vector<Unit> units;
  std::vector<std::deque<std::pair<bool, Word>>> expected(kCorners);
  std::vector<Result> results(kCorners);
  for (std::size_t c = 0; c < kCorners; ++c) {
    units.emplace_back(*dut, c);
    expected[c].resize(static_cast<std::size_t>(units[c].latency));
    results[c].codes_seen.resize(static_cast<std::size_t>(units[c].levels) + 1);
  }
  std::uint64_t draws = 0;
  const auto draw = [&] { return sim::mix(static_cast<std::uint64_t>(seed), draws++); };
  for (int cycle = 0; cycle < 3000; ++cycle) {
    for (std::size_t c = 0; c < kCorners; ++c) {
      const Unit& unit = units[c];
      const bool valid = cycle < 300 || draw() % 4 != 0;
      Word input{}, output{};
      for (int channel = 0; channel < unit.channels; ++channel) {
        const std::int64_t near = unit.table[draw() % unit.table.size()];
        const std::uint64_t code = cycle < 300 ? static_cast<std::uint64_t>(cycle + channel)
                                   : draw() % 2 == 0
                                       ? static_cast<std::uint64_t>(near) + draw() % 3 - 1
                                       : draw();
        put_bits(input, channel * unit.in_width, unit.in_width, code);
        const std::int64_t x = unit.value(code);
        put_bits(output, channel * unit.out_width, unit.out_width, unit.code(channel, x, wrong));
        const std::uint64_t right = unit.code(channel, x, false);
        const std::uint64_t count = (right - static_cast<std::uint64_t>(unit.offset)) %
                                    (std::uint64_t{1} << unit.out_width);
        results[c].codes_seen[count] = true;
      }
      set_bit(dut->valid_i, c, valid);
      set_slot(dut->data_i, c, input);
      expected[c].emplace_back(valid, output);
    }
    dut.settle();
    for (std::size_t c = 0; c < kCorners; ++c) {
      const auto [valid, output] = expected[c].front();
      expected[c].pop_front();
      const bool same =
          bit_of(dut->valid_o, c) == valid && (!valid || slot_of(dut->data_o, c) == output);
      results[c].mismatches += same ? 0 : 1;
      results[c].checked += valid ? 1 : 0;
    }
    dut.tick();
  }
  CHECK_FALSE(dut.failed());
  return results;
}

TEST_CASE("nib_threshold counts the thresholds reached") {
  for (int seed = 1; seed <= 2; ++seed) {
    const std::vector<Result> results = run(seed, false);
    for (std::size_t c = 0; c < kCorners; ++c) {
      CAPTURE(c);
      CHECK(results[c].mismatches == 0);
      CHECK(results[c].checked > 2000);
    }
  }
}

TEST_CASE("a comparison with > instead of >= is noticed at every corner of nib_threshold") {
  const std::vector<Result> results = run(3, true);
  for (std::size_t c = 0; c < kCorners; ++c) {
    CAPTURE(c);
    CHECK(results[c].mismatches > 0);
  }
}

TEST_CASE("the tables of the test have what is special: equal levels, never, always") {
  Dut<Vthreshold_corners> dut(1);
  int equal = 0, never = 0, distinct = 0;
  for (std::size_t c = 0; c < kCorners; ++c) {
    const Unit unit(*dut, c);
    const std::int64_t top = std::int64_t{1}
                             << (unit.is_signed ? unit.in_width - 1 : unit.in_width);
    for (std::size_t e = 0; e < unit.table.size(); ++e) {
      never += unit.table[e] == top ? 1 : 0;
      if (e % static_cast<std::size_t>(unit.levels) == 0) continue;
      REQUIRE(unit.table[e] >= unit.table[e - 1]);
      equal += unit.table[e] == unit.table[e - 1] ? 1 : 0;
      distinct += unit.table[e] > unit.table[e - 1] ? 1 : 0;
    }
  }
  CHECK(equal > 10);
  CHECK(never > 10);
  CHECK(distinct > 60);
}

}  // namespace
}  // namespace nib::test
