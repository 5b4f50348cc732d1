// Drives a valid/ready design: a source that holds its word until it is taken, a sink that stalls.
//
// Usage: bench PLAN WORDS LOG [+verilator...]. PLAN: one 32-bit flag word per cycle (1 the source
// offers its next word, 2 reset, 4 the sink is ready). WORDS: the input words in order. LOG, per
// cycle: flags (1 out valid, 2 in ready, 4 in valid, 8 out ready, 16 reset), number of the input
// word on the port, then the output words, as they stand before the cycle's rising edge. While
// nothing is offered the data port carries noise; in reset the source is quiet.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "nib_dut.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

namespace {

std::vector<std::uint32_t> read_all(const char* path) {
  std::vector<std::uint32_t> data;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return data;
  std::fseek(file, 0, SEEK_END);
  data.resize(static_cast<std::size_t>(std::ftell(file)) / 4);
  std::rewind(file);
  if (std::fread(data.data(), 4, data.size(), file) != data.size()) data.clear();
  std::fclose(file);
  return data;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  VerilatedContext context;
  context.commandArgs(argc, argv);
  const std::vector<std::uint32_t> plan = read_all(argv[1]), words = read_all(argv[2]);
  std::FILE* out = std::fopen(argv[3], "wb");
  if (plan.empty() || out == nullptr) return 2;
  Vdut dut(&context);
  const std::size_t count = words.size() / nib_dut::kInPieces;
  std::vector<std::uint32_t> noise(nib_dut::kInPieces), log(2 + nib_dut::kOutPieces);
  std::uint32_t state = 0x2545F491U;
  std::size_t next = 0;
  bool holds = false;
  for (const std::uint32_t flags : plan) {
    const bool reset = (flags & 2U) != 0;
    if (reset)
      holds = false;
    else if ((flags & 1U) != 0 && next < count)
      holds = true;
    for (std::uint32_t& piece : noise) piece = state = state * 1664525U + 1013904223U;
    const std::uint32_t* word = holds ? words.data() + next * nib_dut::kInPieces : noise.data();
    nib_dut::drive(dut, (holds ? 1U : 0U) | (flags & 6U), word);
    nib_dut::clock(dut, false);
    dut.eval();
    log[0] = nib_dut::sample(dut, log.data() + 2) | (holds ? 4U : 0U) |
             ((flags & 4U) != 0 ? 8U : 0U) | (reset ? 16U : 0U);
    log[1] = static_cast<std::uint32_t>(next);
    if (std::fwrite(log.data(), 4, log.size(), out) != log.size()) return 2;
    if (holds && (log[0] & 2U) != 0) {
      holds = false;
      ++next;
    }
    nib_dut::clock(dut, true);
    dut.eval();
    context.timeInc(1);
    if (context.gotFinish()) return 3;
  }
  dut.final();
  return std::fclose(out) == 0 ? 0 : 2;
}
