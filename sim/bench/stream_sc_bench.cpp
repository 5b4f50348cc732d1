// The SystemC model of a streaming network as a program.
//
// Usage: bench NETWORK PLAN LOG OCCUPANCY. NETWORK: processes and channels as text. PLAN: a 32-bit
// word per cycle: bit 0 reset, 1 + i source i raises its valid, 9 + o sink o is ready. LOG: for
// every cycle a byte for each channel, bit 0 valid, bit 1 ready. OCCUPANCY: for each channel a line
// with the most words that it held and the sum of the words over all cycles.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

#include "sc_stream.h"

namespace {

std::vector<std::uint32_t> read_plan(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::uint32_t> plan;
  std::uint32_t word = 0;
  while (in.read(reinterpret_cast<char*>(&word), 4)) plan.push_back(word);
  return plan;
}

bool write_log(const char* path, const nib_bench::ScRun& run) {
  std::ofstream out(path, std::ios::binary);
  std::vector<char> row(run.log.size());
  for (std::size_t t = 0; t < run.reset.size(); ++t) {
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = static_cast<char>(run.log[c][t]);
    out.write(row.data(), static_cast<std::streamsize>(row.size()));
  }
  return out.good();
}

}  // namespace

int sc_main(int argc, char* argv[]) {
  if (argc < 5) return 2;
  std::ifstream text(argv[1]);
  nib_bench::ScNetwork network = nib_bench::ScReader(text).take();
  const std::vector<std::uint32_t> plan = read_plan(argv[2]);
  nib_bench::ScRun run;
  run.sources.resize(network.sources.size());
  run.sinks.resize(network.sinks.size());
  for (const std::uint32_t word : plan) {
    run.reset.push_back(word & 1U);
    for (std::size_t i = 0; i < run.sources.size(); ++i) {
      run.sources[i].push_back(word >> (1 + i) & 1U);
    }
    for (std::size_t o = 0; o < run.sinks.size(); ++o) run.sinks[o].push_back(word >> (9 + o) & 1U);
  }
  sc_core::sc_clock clock("clock", 2, sc_core::SC_NS, 0.5, 1, sc_core::SC_NS, true);
  nib_bench::ScModel model("nib", std::move(network), run, clock);
  sc_core::sc_start(2.0 * static_cast<double>(plan.size()) + 2, sc_core::SC_NS);
  std::ofstream occupancy(argv[4]);
  for (const nib_bench::ScOccupancy& o : model.occupancy())
    occupancy << o.peak << ' ' << o.sum << '\n';
  return write_log(argv[3], run) && occupancy.good() ? 0 : 2;
}
