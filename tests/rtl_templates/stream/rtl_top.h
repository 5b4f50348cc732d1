// A Verilated top of random designs behind one interface, so that only the top itself is compiled
// for each batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace nib::test {

/// Ports as 32-bit pieces, least significant first.
class RtlTop {
 public:
  virtual ~RtlTop() = default;
  std::vector<std::uint32_t> reset, source_valid, source_data, sink_ready;  ///< inputs
  std::vector<std::uint32_t> valid, ready, data;                            ///< outputs
  /// Settles the cycle: inputs in, outputs out.
  virtual void settle() = 0;
  /// Ends the cycle with a rising edge.
  virtual void tick() = 0;
  /// An assertion of the RTL has failed.
  [[nodiscard]] virtual bool failed() const = 0;
};

/// Symbol of the batch's shared library: a top at power-up, registers without an initial value at
/// random.
using MakeRtlTop = RtlTop*(int seed);
inline constexpr const char* kMakeRtlTop = "nib_make_rtl_top";

}  // namespace nib::test
