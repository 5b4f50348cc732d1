// A Verilated design with one of the generic benches: built in a temporary folder and run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "nib/sim/process.h"

namespace nib::sim {

/// A data port of the top.
struct DutPort {
  std::string name;
  int width = 1;
};

/// An AXI4-Stream end of the top.
struct DutEnd {
  std::string valid, ready, data, last;
  int width = 8;           ///< of the data port: whole bytes
  std::int64_t beats = 1;  ///< of a frame
};

/// What is simulated: sources, top and its ports by role; an empty name means no such port.
struct Dut {
  std::filesystem::path folder;  ///< the build folder; sources are relative to it
  std::vector<std::string> sources;
  std::string top;
  std::string clock, reset, in_valid, in_ready, out_valid, out_ready;
  bool reset_optional = false;  ///< the top may lack the reset (a core behind AXI4-Stream ends)
  std::vector<DutPort> inputs, outputs;  ///< data words, in the order of the stimulus
  std::vector<DutEnd> sources_of_beats, sinks_of_beats;  ///< of BenchKind::kAxis, at most 8 each
  std::vector<DutPort> monitors;                         ///< outputs to be logged as well
};

/// Which bench drives it (sim/bench/).
enum class BenchKind { kFlow, kStream, kSystemC, kAxis };

/// Pieces of 32 bits that the data words of `ports` take.
[[nodiscard]] int pieces_of(const std::vector<DutPort>& ports);

/// A simulator of one design. Functions in the order of their call.
class Bench {
 public:
  Bench(Dut dut, BenchKind kind, int threads);

  /// Runs Verilator. Throws Fault where it refuses the design or the ports are not those stated;
  /// E0905 where tools are missing.
  void verilate();
  /// Compiles and links. E0906 where the compiler fails.
  void compile();
  /// Runs the program in the bench's folder: `arguments` behind its name, random initial state from
  /// `seed`. Throws Fault where it stops early (an assertion of the design).
  void run(const std::vector<std::string>& arguments, std::uint64_t seed);

  [[nodiscard]] const std::filesystem::path& folder() const { return temp_.path(); }
  [[nodiscard]] const Dut& dut() const { return dut_; }

 private:
  void check_ports();
  void link_tables() const;
  [[nodiscard]] std::string adapter() const;
  [[nodiscard]] std::string axis_adapter() const;
  [[nodiscard]] std::vector<std::string> write_units() const;

  TempDir temp_;
  Dut dut_;
  BenchKind kind_;
  int threads_;
};

/// The C++ compiler, and what caches its objects (empty: nothing does).
[[nodiscard]] std::string compiler();
[[nodiscard]] std::string object_cache();

/// Writes and reads files of 32-bit pieces.
void write_pieces(const std::filesystem::path& path, const std::vector<std::uint32_t>& pieces);
[[nodiscard]] std::vector<std::uint32_t> read_pieces(const std::filesystem::path& path);

/// VERILATOR_ROOT of the Verilator in PATH.
[[nodiscard]] std::string verilator_root();

}  // namespace nib::sim
