// Inside map: streams as nets, and the instances of library modules that they join.
#pragma once

#include <string>
#include <vector>

#include "nib/map/stream_tables.h"
#include "nib/plan/stream_unit.h"
#include "nib/rtl/module.h"
#include "nib/rtl/names.h"

namespace nib::map {

inline constexpr rtl::Type kBit{1, false};

/// The three nets of a stream in one module, or the slices of a fork's.
struct StreamNets {
  rtl::Expr valid, ready, data;
};

/// Nets <base>_valid, <base>_ready, <base>_data of `width` bits.
[[nodiscard]] StreamNets nets_of(const std::string& base, int width);
/// The nets of a fork, packed, and its streams as slices of them.
struct ForkNets {
  StreamNets all;
  std::vector<StreamNets> streams;
};
[[nodiscard]] ForkNets fork_nets(const std::string& base, int count, int width);
/// Declares the packed nets.
void declare_fork(rtl::Module& module, const std::string& base, int count, int width);
/// Ports <prefix>_valid_i, <prefix>_ready_o, <prefix>_data_i; at an output with i and o swapped.
[[nodiscard]] StreamNets ports_of(const std::string& prefix, int width, bool is_input);
/// Adds them to the module.
void add_ports(rtl::Module& module, const std::string& prefix, int width, bool is_input);
/// `base`, or with a suffix where one of its nets would clash; claims the three nets.
[[nodiscard]] std::string claim_stream(rtl::NameTable& names, const std::string& base);
/// The declarations of nets_of(base, width).
void declare(rtl::Module& module, const std::string& base, int width);

/// Connections of a stream to the ports <prefix>_*; `from`: the instance makes its words.
void connect(rtl::Instance& instance, const std::string& prefix, const StreamNets& nets, bool from);
/// clk_i and rst_i.
void connect_clock(rtl::Instance& instance);

/// The instance of a unit's library module, without connections. Tables go to `tables`.
[[nodiscard]] rtl::Instance instance_of(const plan::stream::Unit& unit, const std::string& name,
                                        TableWriter& tables);

}  // namespace nib::map
