// Inside plan: which blocks of a layer are the same circuit on other elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nib/plan/plan.h"

namespace nib::plan {

/// Notes the blocks of a layer while they are built.
class Kernels {
 public:
  explicit Kernels(Layer& layer) : layer_(layer) {}

  /// The operations from here to end() are those of one block. `inputs`: elements of operand 0,
  /// negative for what is outside of it; `outputs`: elements of the layer's output.
  void begin(std::string name, const std::vector<std::int64_t>& inputs,
             const std::vector<std::int64_t>& outputs);
  void end();

 private:
  using Signature = std::vector<BigInt>;
  struct Kernel {
    std::int32_t number = 0;
    std::int32_t first_twin = 0;
  };
  [[nodiscard]] Signature signature() const;

  Layer& layer_;
  std::size_t first_ = 0;
  std::map<Signature, Kernel> known_;
  std::int32_t twins_ = 0;
};

}  // namespace nib::plan
