// Drives a free-running design from a stimulus file and logs its outputs on every cycle.
//
// Usage: bench STIMULUS LOG [+verilator...]. Each cycle is one record of 32-bit pieces. Stimulus:
// flags (1 valid, 2 reset), then the input words. Log: flags (1 valid), then the output words, as
// they stand before the cycle's rising edge.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "nib_dut.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  VerilatedContext context;
  context.commandArgs(argc, argv);
  std::FILE* in = std::fopen(argv[1], "rb");
  std::FILE* out = std::fopen(argv[2], "wb");
  if (in == nullptr || out == nullptr) return 2;
  Vdut dut(&context);
  std::vector<std::uint32_t> stimulus(1 + nib_dut::kInPieces), log(1 + nib_dut::kOutPieces);
  while (std::fread(stimulus.data(), 4, stimulus.size(), in) == stimulus.size()) {
    nib_dut::drive(dut, stimulus[0], stimulus.data() + 1);
    nib_dut::clock(dut, false);
    dut.eval();
    log[0] = nib_dut::sample(dut, log.data() + 1);
    if (std::fwrite(log.data(), 4, log.size(), out) != log.size()) return 2;
    nib_dut::clock(dut, true);
    dut.eval();
    context.timeInc(1);
    if (context.gotFinish()) return 3;
  }
  dut.final();
  std::fclose(in);
  return std::fclose(out) == 0 ? 0 : 2;
}
