// nib_threshold: counts for every input value, valid exactly Latency cycles behind.
#include <doctest/doctest.h>

#include <array>
#include <deque>

#include "bench.h"

namespace {

constexpr int kUnits = 6;

int count_of(const std::array<int, 4>& thresholds, int x) {
  int count = 0;
  for (const int t : thresholds) count += x >= t ? 1 : 0;
  return count;
}

// As library_bench.sv states them, per lane.
constexpr std::array<int, 4> kUnsigned[2] = {{0, 3, 8, 15}, {1, 2, 9, 15}};
constexpr std::array<int, 4> kSigned[2] = {{-16, -8, 7, 15}, {-5, 0, 0, 7}};

TEST_CASE("nib_threshold: all inputs, all latencies") {
  bench::Bench bench(50);
  Vlibrary& top = bench.top();
  std::mt19937_64 rng(50);
  std::vector<std::deque<std::pair<bool, std::uint64_t>>> expected(kUnits);
  for (int i = 0; i < kUnits; ++i) {
    // Before the first input arrives nothing is valid.
    for (int k = 0; k < i % 3; ++k) expected[static_cast<std::size_t>(i)].emplace_back(false, 0);
  }
  int checked = 0;
  for (int t = 0; t < 4000; ++t) {
    for (int i = 0; i < kUnits; ++i) {
      const bool is_signed = i >= 3;
      const std::uint64_t data = t < 256 ? static_cast<std::uint64_t>(t) : rng() % 256;
      const bool valid = t < 256 || rng() % 3 != 0;
      bench::set_bits(top.t_valid_i, i, 1, valid ? 1 : 0);
      bench::set_bits(top.t_data_i, i * bench::kBenchWidth, 8, data);
      std::uint64_t counts = 0;
      for (int lane = 0; lane < 2; ++lane) {
        int x = static_cast<int>(data >> (4 * lane)) & 15;
        if (is_signed && x >= 8) x -= 16;
        const auto& table = is_signed ? kSigned[lane] : kUnsigned[lane];
        counts |= static_cast<std::uint64_t>(count_of(table, x)) << (3 * lane);
      }
      expected[static_cast<std::size_t>(i)].emplace_back(valid, counts);
    }
    bench.settle();
    for (int i = 0; i < kUnits; ++i) {
      auto& queue = expected[static_cast<std::size_t>(i)];
      const auto [valid, counts] = queue.front();
      queue.pop_front();
      CHECK((bench::get_bits(top.t_valid_o, i, 1) != 0) == valid);
      if (!valid) continue;
      CHECK(bench::get_bits(top.t_data_o, i * bench::kBenchWidth, 6) == counts);
      ++checked;
    }
    bench.edge();
  }
  CHECK(checked > 10000);
}

}  // namespace
