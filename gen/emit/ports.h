// Names of a top's ports, as map writes them.
#pragma once

#include <cstddef>
#include <string>

#include "nib/plan/plan.h"

namespace nib::emit {

/// The ports of one word; `ready` is empty where there is no back-pressure.
struct PortNames {
  std::string data, valid, ready;
};

[[nodiscard]] PortNames input_port(const plan::Plan& plan, std::size_t index);
[[nodiscard]] PortNames output_port(const plan::Plan& plan, std::size_t index);
[[nodiscard]] std::string clock_port(const plan::Plan& plan);
/// Empty where the design has no reset.
[[nodiscard]] std::string reset_port(const plan::Plan& plan);

}  // namespace nib::emit
