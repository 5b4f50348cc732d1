// The generators by themselves: a netlist library for designers who have no ONNX at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nib/arith/target.h"
#include "nib/map/map.h"
#include "nib/num/port_type.h"
#include "nib/num/range.h"
#include "nib/num/tensor.h"
#include "nib/plan/plan.h"

namespace nib {

/// A generated block: RTL, cost, timing and its bit-exact model.
struct Block {
  map::Design design;
  plan::Cost cost;
  int latency_cycles = 0;
  int interval_cycles = 1;
  /// Output codes for one vector of input codes; integers only, the circuit's own arithmetic.
  std::function<std::vector<std::int64_t>(const std::vector<std::int64_t>&)> model;
  plan::Plan plan;  ///< empty layers for stream_fifo
};

struct BlockOptions {
  std::string name = "block";  ///< module prefix
  std::string target = "xcvu13p-2";
  plan::Goal goal;
};

/// y = M x + bias for constant M (outputs x inputs), one vector per cycle.
[[nodiscard]] Block mac_array(const Tensor<std::int64_t>& matrix, const std::vector<Range>& inputs,
                              const std::vector<std::int64_t>& bias,
                              const BlockOptions& options = {});
/// y[c] = #{i : x[c] >= thresholds[c, i]}, one vector of `channels` per cycle.
[[nodiscard]] Block threshold_unit(const Tensor<std::int64_t>& thresholds, const PortType& input,
                                   const BlockOptions& options = {});
/// A valid/ready FIFO of `depth` words of `width` bits; the model maps a word to itself.
[[nodiscard]] Block stream_fifo(int width, int depth, const BlockOptions& options = {});

}  // namespace nib
