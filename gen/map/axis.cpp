// The wrapper: one beat of a stream is one vector.
#include "nib/map/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/map/headers.h"
#include "nib/map/words.h"
#include "nib/rtl/names.h"

namespace nib::map {
namespace {

constexpr rtl::Type kBit{1, false};

rtl::Connection input(std::string port, rtl::Expr value) {
  return rtl::Connection{std::move(port), std::move(value), false};
}
rtl::Connection output(std::string port, rtl::Expr value) {
  return rtl::Connection{std::move(port), std::move(value), true};
}
rtl::Expr bit(std::string name) { return rtl::ref(std::move(name), kBit); }

std::string header(const plan::Plan& plan, const rtl::Module& top) {
  std::string text = fmt::format("AXI4-Stream ends around {}.\n\n", top.name);
  text += fmt::format("Input      s_axis: {}, {}\n", rtl::comment_text(plan.inputs[0].tensor),
                      describe(plan.inputs[0]));
  text += fmt::format("Output     m_axis: {}, {}\n", rtl::comment_text(plan.outputs[0].tensor),
                      describe(plan.outputs[0]));
  text += "Beats      one vector each; tdata is padded to bytes at the top; tlast goes through\n";
  text += fmt::format("Timing     core latency {}, interval 1 while m_axis_tready is 1\n",
                      plan.latency_cycles);
  text += "Reset      synchronous, control only\n";
  return text + header_end(plan);
}

}  // namespace

rtl::Module wrap_axis(const plan::Plan& plan, const rtl::Module& top) {
  NIB_CHECK(plan.inputs.size() == 1 && plan.outputs.size() == 1, "one stream in, one out");
  const rtl::Type in{std::max(1, plan.inputs[0].width), false};
  const rtl::Type out{std::max(1, plan.outputs[0].width), false};
  const rtl::Type in_beat{(in.width + 7) / 8 * 8, false};
  const rtl::Type out_beat{(out.width + 7) / 8 * 8, false};
  const rtl::Type number{0, false};
  rtl::Module m;
  m.name = plan.name + "_axis";
  m.header = header(plan, top);
  const auto port = [&](rtl::Direction direction, const char* name, rtl::Type type) {
    m.ports.push_back(rtl::Port{direction, name, type, {}});
  };
  port(rtl::Direction::kInput, "clk_i", kBit);
  port(rtl::Direction::kInput, "rst_i", kBit);
  port(rtl::Direction::kInput, "s_axis_tvalid", kBit);
  port(rtl::Direction::kOutput, "s_axis_tready", kBit);
  port(rtl::Direction::kInput, "s_axis_tdata", in_beat);
  port(rtl::Direction::kInput, "s_axis_tlast", kBit);
  port(rtl::Direction::kOutput, "m_axis_tvalid", kBit);
  port(rtl::Direction::kInput, "m_axis_tready", kBit);
  port(rtl::Direction::kOutput, "m_axis_tdata", out_beat);
  port(rtl::Direction::kOutput, "m_axis_tlast", kBit);

  m.items.push_back(rtl::Section{});
  m.items.push_back(rtl::Net{{"in_valid", "out_valid"}, kBit, {}, false});
  m.items.push_back(rtl::net("in_data", in));
  m.items.push_back(rtl::net("out_data", out));

  rtl::Instance wrap;
  wrap.module = "nib_credit_wrap";
  wrap.name = "u_wrap";
  wrap.parameters.emplace_back("InW", rtl::literal(in.width, number));
  wrap.parameters.emplace_back("OutW", rtl::literal(out.width, number));
  wrap.parameters.emplace_back("Latency", rtl::literal(plan.latency_cycles, number));
  wrap.connections = {input("clk_i", bit("clk_i")),
                      input("rst_i", bit("rst_i")),
                      input("s_axis_tvalid", bit("s_axis_tvalid")),
                      output("s_axis_tready", bit("s_axis_tready")),
                      input("s_axis_tdata", rtl::ref("s_axis_tdata", in_beat)),
                      input("s_axis_tlast", bit("s_axis_tlast")),
                      output("m_axis_tvalid", bit("m_axis_tvalid")),
                      input("m_axis_tready", bit("m_axis_tready")),
                      output("m_axis_tdata", rtl::ref("m_axis_tdata", out_beat)),
                      output("m_axis_tlast", bit("m_axis_tlast")),
                      output("core_in_valid_o", bit("in_valid")),
                      output("core_in_data_o", rtl::ref("in_data", in)),
                      input("core_out_valid_i", bit("out_valid")),
                      input("core_out_data_i", rtl::ref("out_data", out))};
  m.items.push_back(rtl::Section{});
  m.items.push_back(std::move(wrap));

  rtl::Instance core;
  core.module = top.name;
  core.name = "u_core";
  core.connections.push_back(input("clk_i", bit("clk_i")));
  if (plan.goal.reset) core.connections.push_back(input("rst_i", bit("rst_i")));
  core.connections.push_back(input("in_valid_i", bit("in_valid")));
  core.connections.push_back(input("in_data_i", rtl::ref("in_data", in)));
  core.connections.push_back(output("out_valid_o", bit("out_valid")));
  core.connections.push_back(output("out_data_o", rtl::ref("out_data", out)));
  m.items.push_back(rtl::Section{});
  m.items.push_back(std::move(core));
  return m;
}

}  // namespace nib::map
