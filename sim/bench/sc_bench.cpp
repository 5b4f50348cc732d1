// SystemC: the Verilated design and a cycle model of its contract, side by side on one clock.
//
// Usage: bench STIMULUS TAGS GOLDEN LATENCY RTL_LOG MODEL_LOG. STIMULUS as in flow_bench.cpp. TAGS:
// per cycle the number of the vector on the input port. GOLDEN: the output words of every vector.
// The logs hold, per cycle, flags (1 valid) and the output words, zeros while nothing is valid.
//
// The model is written from the contract alone: `latency` stages, each one process that moves a
// valid bit and the vector's number from register to register; reset clears the valid bits.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <systemc>
#include <type_traits>
#include <vector>

#include "nib_dut.h"
#include "verilated.h"

namespace {

struct Stage : sc_core::sc_module {
  sc_core::sc_in<bool> clk, reset, in_valid;
  sc_core::sc_in<std::uint32_t> in_tag;
  sc_core::sc_out<bool> out_valid;
  sc_core::sc_out<std::uint32_t> out_tag;

  SC_HAS_PROCESS(Stage);
  explicit Stage(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_METHOD(edge);
    sensitive << clk.pos();
    dont_initialize();
  }
  void edge() {
    out_valid.write(in_valid.read() && !reset.read());
    out_tag.write(in_tag.read());
  }
};

template <class T>
T from_pieces(const std::uint32_t* pieces, int width) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(nib_bench::narrow(pieces, width));
  } else {
    T value;
    for (int i = 0; i < (width + 31) / 32; ++i) value.set_word(i, pieces[i]);
    return value;
  }
}

template <class T>
void to_pieces(const T& value, std::uint32_t* pieces, int width) {
  const int count = (width + 31) / 32;
  if constexpr (std::is_integral_v<T>) {
    pieces[0] = static_cast<std::uint32_t>(value);
    if (count > 1) pieces[1] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> 32);
  } else {
    for (int i = 0; i < count; ++i) pieces[i] = static_cast<std::uint32_t>(value.get_word(i));
  }
}

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

template <class Port>
using Wire = sc_core::sc_signal<typename std::remove_reference_t<Port>::data_type>;

}  // namespace

int sc_main(int argc, char** argv) {
  if (argc < 7) return 2;
  Verilated::commandArgs(argc, argv);
  const auto stimulus = read_all(argv[1]), tags = read_all(argv[2]), golden = read_all(argv[3]);
  const int latency = std::atoi(argv[4]);
  std::FILE* rtl_log = std::fopen(argv[5], "wb");
  std::FILE* model_log = std::fopen(argv[6], "wb");
  if (rtl_log == nullptr || model_log == nullptr || tags.empty()) return 2;

  Vdut dut("dut");
  sc_core::sc_signal<bool> clk("clk"), reset("reset"), in_valid("in_valid"), out_valid("out_valid");
  dut.NIB_CLOCK(clk);
  dut.NIB_IN_VALID(in_valid);
  dut.NIB_OUT_VALID(out_valid);
#ifdef NIB_RESET
  dut.NIB_RESET(reset);
#endif
#define NIB_WIRE(port, width, first)    \
  Wire<decltype(dut.port)> wire_##port; \
  dut.port(wire_##port);
  NIB_INPUTS(NIB_WIRE)
  NIB_OUTPUTS(NIB_WIRE)

  const auto count = static_cast<std::size_t>(latency);
  std::vector<std::unique_ptr<sc_core::sc_signal<bool>>> valids;
  std::vector<std::unique_ptr<sc_core::sc_signal<std::uint32_t>>> numbers;
  std::vector<std::unique_ptr<Stage>> stages;
  for (std::size_t i = 0; i <= count; ++i) {
    valids.push_back(std::make_unique<sc_core::sc_signal<bool>>());
    numbers.push_back(std::make_unique<sc_core::sc_signal<std::uint32_t>>());
  }
  for (std::size_t i = 0; i < count; ++i) {
    stages.push_back(std::make_unique<Stage>(sc_core::sc_gen_unique_name("stage")));
    stages[i]->clk(clk);
    stages[i]->reset(reset);
    stages[i]->in_valid(*valids[i]);
    stages[i]->in_tag(*numbers[i]);
    stages[i]->out_valid(*valids[i + 1]);
    stages[i]->out_tag(*numbers[i + 1]);
  }

  const sc_core::sc_time half(1, sc_core::SC_NS);
  std::vector<std::uint32_t> log(1 + nib_dut::kOutPieces);
  const auto write = [&](std::FILE* file) {
    return std::fwrite(log.data(), 4, log.size(), file) == log.size();
  };
  for (std::size_t t = 0; t < tags.size(); ++t) {
    const std::uint32_t* now = stimulus.data() + t * (1 + nib_dut::kInPieces);
    clk.write(false);
    in_valid.write((now[0] & 1U) != 0);
    reset.write((now[0] & 2U) != 0);
    valids[0]->write((now[0] & 1U) != 0);
    numbers[0]->write(tags[t]);
#define NIB_DRIVE(port, width, first) \
  wire_##port.write(                  \
      from_pieces<typename Wire<decltype(dut.port)>::value_type>(now + 1 + (first), width));
    NIB_INPUTS(NIB_DRIVE)
    sc_core::sc_start(half);

    log.assign(log.size(), 0);
    log[0] = out_valid.read() ? 1U : 0U;
    if (log[0] != 0) {
#define NIB_SAMPLE(port, width, first) \
  to_pieces(wire_##port.read(), log.data() + 1 + (first), width);
      NIB_OUTPUTS(NIB_SAMPLE)
    }
    if (!write(rtl_log)) return 2;

    log.assign(log.size(), 0);
    log[0] = valids[count]->read() ? 1U : 0U;
    if (log[0] != 0) {
      const std::size_t row =
          numbers[count]->read() * static_cast<std::size_t>(nib_dut::kOutPieces);
      for (std::size_t i = 1; i < log.size(); ++i) log[i] = golden.at(row + i - 1);
    }
    if (!write(model_log)) return 2;

    clk.write(true);
    sc_core::sc_start(half);
  }
  dut.final();
  return std::fclose(rtl_log) == 0 && std::fclose(model_log) == 0 ? 0 : 2;
}
