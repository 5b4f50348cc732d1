// Devices: budgets, delays and cost formulas, from data files (gen/arith/targets/*.json).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::arith {

/// A part and speed grade. Times in ns, slow corner; sources stand in the data file.
struct Target {
  std::string name;    ///< "xcvu13p-2"
  std::string part;    ///< vendor's full part name, for XDC and Tcl
  std::string family;  ///< "7series", "ultrascale+"
  std::string source;  ///< where the figures are from
  double default_clock_mhz = 0;
  int lut = 0, ff = 0, bram36 = 0, dsp = 0;
  double lut_delay = 0, net_base = 0, net_per_log2_fanout = 0;
  double carry_entry = 0, carry_block = 0, carry_exit = 0, carry_single = 0;
  int carry_block_bits = 4;
  double ff_clock_to_q = 0, ff_setup = 0, skew = 0;
  /// Size uplift of nets: pairs (LUTs, factor), ascending; interpolated.
  std::vector<std::pair<double, double>> uplift;
  double hold_input_ns = 0, hold_output_ns = 0;  ///< I/O delays of the out-of-context constraints
};

/// All targets, by name, sorted.
[[nodiscard]] const std::vector<Target>& targets();
/// The target of that name. Errors: E0701 unknown (lists the known ones).
[[nodiscard]] const Target& find_target(std::string_view name);

/// Delay of a net, in ns, with the size uplift for a design of `luts`.
[[nodiscard]] double net_delay(const Target& target, int fan_out, double luts);
/// Delay of a `bits`-bit ripple adder from operand to sum, without its net.
[[nodiscard]] double adder_delay(const Target& target, int bits);
/// Delay of `levels` LUTs in series with their inner nets.
[[nodiscard]] double lut_delay(const Target& target, int levels);
/// What a register-to-register path spends on clock-to-Q, setup and skew.
[[nodiscard]] double register_overhead(const Target& target);

/// LUTs of the adder a + b: bits from the first overlapping one to the top of the result.
[[nodiscard]] int adder_luts(int result_bits, int free_low_bits);

}  // namespace nib::arith
