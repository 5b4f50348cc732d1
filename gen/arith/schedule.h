// Register placement: pipeline stages for a graph of combinational operations.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace nib::arith {

/// One operation: a delay from its inputs to its output, and the bits that a register on its output
/// costs. Operations stand in topological order.
struct TimedOp {
  double delay_ns = 0;
  int bits = 0;
  std::vector<std::int32_t> inputs;
  /// Operations with one non-negative group leave at one common stage (the outputs of a layer, the
  /// same operation in equal blocks).
  std::int32_t group = -1;
};

/// Stage of every operation's output: 0 before the first register. An input of stage s consumed by
/// an operation of stage t crosses t - s registers.
struct Schedule {
  std::vector<int> stage;
  int stages = 0;  ///< registers on every path from input to output: the latency
  std::int64_t register_bits = 0;
  double period_ns = 0;  ///< longest stage, register overhead included
};

/// Fewest stages for `period_ns`, then fewest register bits (exact, by repeated maximum closure).
/// `outputs`: operations that all leave at the last stage. `overhead_ns`: clock-to-Q, setup, skew.
/// nullopt where an operation alone exceeds the period.
[[nodiscard]] std::optional<Schedule> schedule_for_period(const std::vector<TimedOp>& ops,
                                                          const std::vector<std::int32_t>& outputs,
                                                          double period_ns, double overhead_ns);
/// Exactly `stages` registers, at the shortest period that they allow, then fewest register bits.
[[nodiscard]] Schedule schedule_for_stages(const std::vector<TimedOp>& ops,
                                           const std::vector<std::int32_t>& outputs, int stages,
                                           double overhead_ns);

}  // namespace nib::arith
