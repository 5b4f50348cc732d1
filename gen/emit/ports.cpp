// Names of a top's ports, as map writes them.
#include "nib/emit/ports.h"

namespace nib::emit {

PortNames input_port(const plan::Plan& plan, std::size_t index) {
  if (plan.goal.wrap_axis) return {"s_axis_tdata", "s_axis_tvalid", "s_axis_tready"};
  const std::string number = plan.inputs.size() > 1 ? std::to_string(index) : "";
  return {"in" + number + "_data_i", "in_valid_i", ""};
}

PortNames output_port(const plan::Plan& plan, std::size_t index) {
  if (plan.goal.wrap_axis) return {"m_axis_tdata", "m_axis_tvalid", "m_axis_tready"};
  const std::string number = plan.outputs.size() > 1 ? std::to_string(index) : "";
  return {"out" + number + "_data_o", "out_valid_o", ""};
}

std::string clock_port(const plan::Plan&) { return "clk_i"; }

std::string reset_port(const plan::Plan& plan) {
  return plan.goal.reset || plan.goal.wrap_axis ? "rst_i" : "";
}

}  // namespace nib::emit
