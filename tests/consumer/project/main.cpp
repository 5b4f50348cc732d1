// A constant matrix as a pipelined block: the README's example, compiled against the installed nib.
#include <cstdio>

#include "nib/map/generators.h"

int main() {
  const nib::Tensor<std::int64_t> matrix({2, 3}, {1, 4, 2, -1, -4, 1});
  const std::vector<nib::Range> inputs(3, nib::Range{-16, 15});
  nib::BlockOptions options;
  options.name = "mix";
  options.target = "xc7a100t-1";
  options.goal.clock_mhz = 200;
  const nib::Block block = nib::mac_array(matrix, inputs, {3, -5}, options);
  for (const auto& file : block.design.files) std::printf("%s\n", file.path.c_str());
  std::printf("latency %d, about %.0f LUT\n", block.latency_cycles, block.cost.lut);
  const auto y = block.model({-15, -3, 8});
  std::printf("model: %lld %lld\n", static_cast<long long>(y[0]), static_cast<long long>(y[1]));
}
