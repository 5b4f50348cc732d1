// A streaming plan -> SystemVerilog modules, as text by file name.
#pragma once

#include <string>
#include <vector>

#include "nib/map/map.h"
#include "nib/plan/stream_plan.h"

namespace nib::map {

/// Writes every module of a streaming plan, the top, its tables, and the library modules that they
/// use. Design::probe_nets stays empty; Design::streams says where each stream is seen.
[[nodiscard]] Design map_streaming(const plan::StreamPlan& plan);

/// "s_axis", or "s_axis_<name>" where there are several inputs; "m_axis" for outputs.
[[nodiscard]] std::string axis_prefix(const plan::StreamPlan& plan, bool is_input,
                                      std::size_t port);
/// Bits of tdata: whole bytes.
[[nodiscard]] inline int beat_width(int width) { return (width + 7) / 8 * 8; }

}  // namespace nib::map
