// Nets of streams, instances of units.
#include "nib/map/stream_nets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace nib::map {
namespace {

constexpr rtl::Type kNumber{0, false};

/// Parameters of one bit.
bool is_flag(std::string_view name) {
  constexpr std::array<std::string_view, 15> kFlags{
      "Dsp",      "Fills",     "ASigned",    "BSigned",     "ChannelOuter",
      "HalfEven", "HitReg",    "InSigned",   "Inline",      "InputStationary",
      "Limited",  "OutSigned", "ProductReg", "ReleaseRows", "Sum"};
  return std::find(kFlags.begin(), kFlags.end(), name) != kFlags.end();
}

/// What a parameter is where the instance does not name it.
std::optional<std::int64_t> default_of(std::string_view name) {
  constexpr std::array<std::string_view, 17> kZero{
      "Dsp",      "RomStyle",        "TreeRegs",   "ChannelOuter", "HalfEven",  "High",
      "HitReg",   "InputStationary", "Limited",    "Low",          "PadBottom", "PadLeft",
      "PadRight", "PadTop",          "ProductReg", "ReleaseRows",  "Storage"};
  constexpr std::array<std::string_view, 5> kOne{"StrideY", "StrideX", "DilationY", "DilationX",
                                                 "Pack"};
  if (std::find(kZero.begin(), kZero.end(), name) != kZero.end()) return 0;
  if (std::find(kOne.begin(), kOne.end(), name) != kOne.end()) return 1;
  return std::nullopt;
}

bool all_zero(const plan::stream::Bits& bits) {
  for (std::int64_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) return false;
  }
  return true;
}

/// A packed list of numbers of `bits` bits, the last one first.
rtl::Expr list(const plan::stream::Bits& table, int bits) {
  std::vector<rtl::Expr> parts;
  for (std::int64_t at = table.size() - bits; at >= 0; at -= bits) {
    std::int64_t value = 0;
    for (int i = bits - 1; i >= 0; --i) value = value * 2 + (table[at + i] ? 1 : 0);
    parts.push_back(rtl::literal(value, rtl::Type{bits, false}));
  }
  return rtl::concat(std::move(parts));
}

void add_parameter(rtl::Instance& instance, const plan::stream::Parameter& p) {
  constexpr int kDepthBits = 16, kStorageBits = 4;  // of nib_fork's lists
  if (p.table.size() == 0) {
    if (default_of(p.name) == p.value) return;
    instance.parameters.emplace_back(p.name,
                                     rtl::literal(p.value, is_flag(p.name) ? kBit : kNumber));
  } else if (p.name == "Depths") {
    instance.parameters.emplace_back(p.name, list(p.table, kDepthBits));
  } else if (!all_zero(p.table)) {
    instance.parameters.emplace_back(
        p.name, p.name == "Storages" ? list(p.table, kStorageBits) : constant(p.table));
  }
}

}  // namespace

StreamNets nets_of(const std::string& base, int width) {
  return {rtl::ref(base + "_valid", kBit), rtl::ref(base + "_ready", kBit),
          rtl::ref(base + "_data", rtl::Type{width, false})};
}

ForkNets fork_nets(const std::string& base, int count, int width) {
  const rtl::Type bits{count, false}, data{count * width, false};
  ForkNets nets{{rtl::ref(base + "_valid", bits), rtl::ref(base + "_ready", bits),
                 rtl::ref(base + "_data", data)},
                {}};
  const auto part = [](const rtl::Expr& net, int lsb, int bits_of_part) {
    return net.type.width == bits_of_part ? net : rtl::slice(net, lsb, bits_of_part);
  };
  for (int o = 0; o < count; ++o) {
    nets.streams.push_back({part(nets.all.valid, o, 1), part(nets.all.ready, o, 1),
                            part(nets.all.data, o * width, width)});
  }
  return nets;
}

void declare_fork(rtl::Module& module, const std::string& base, int count, int width) {
  const rtl::Type bits{count, false};
  module.items.push_back(rtl::Net{{base + "_valid", base + "_ready"}, bits, {}, false});
  module.items.push_back(rtl::net(base + "_data", rtl::Type{count * width, false}));
}

StreamNets ports_of(const std::string& prefix, int width, bool is_input) {
  const char* to = is_input ? "i" : "o";
  const char* back = is_input ? "o" : "i";
  return {rtl::ref(fmt::format("{}_valid_{}", prefix, to), kBit),
          rtl::ref(fmt::format("{}_ready_{}", prefix, back), kBit),
          rtl::ref(fmt::format("{}_data_{}", prefix, to), rtl::Type{width, false})};
}

void add_ports(rtl::Module& module, const std::string& prefix, int width, bool is_input) {
  const auto there = is_input ? rtl::Direction::kInput : rtl::Direction::kOutput;
  const auto back = is_input ? rtl::Direction::kOutput : rtl::Direction::kInput;
  const StreamNets nets = ports_of(prefix, width, is_input);
  const auto add = [&](rtl::Direction direction, const rtl::Expr& e) {
    module.ports.push_back({direction, std::get<rtl::Ref>(e.node).name, e.type, {}});
  };
  add(there, nets.valid);
  add(back, nets.ready);
  add(there, nets.data);
}

std::string claim_stream(rtl::NameTable& names, const std::string& base) {
  constexpr std::array<const char*, 3> kNets{"_valid", "_ready", "_data"};
  std::string name = base;
  const auto clashes = [&] {
    return std::any_of(kNets.begin(), kNets.end(),
                       [&](const char* net) { return names.contains(name + net); });
  };
  for (int n = 2; clashes(); ++n) name = fmt::format("{}_{}", base, n);
  for (const char* net : kNets) static_cast<void>(names.claim(name + net));
  return name;
}

void declare(rtl::Module& module, const std::string& base, int width) {
  module.items.push_back(rtl::Net{{base + "_valid", base + "_ready"}, kBit, {}, false});
  module.items.push_back(rtl::net(base + "_data", rtl::Type{width, false}));
}

void connect(rtl::Instance& instance, const std::string& prefix, const StreamNets& nets,
             bool from) {
  const char* to = from ? "o" : "i";
  const char* back = from ? "i" : "o";
  instance.connections.push_back({fmt::format("{}_valid_{}", prefix, to), nets.valid, from});
  instance.connections.push_back({fmt::format("{}_ready_{}", prefix, back), nets.ready, !from});
  instance.connections.push_back({fmt::format("{}_data_{}", prefix, to), nets.data, from});
}

void connect_clock(rtl::Instance& instance) {
  instance.connections.push_back({"clk_i", rtl::ref("clk_i", kBit), false});
  instance.connections.push_back({"rst_i", rtl::ref("rst_i", kBit), false});
}

rtl::Instance instance_of(const plan::stream::Unit& unit, const std::string& name,
                          TableWriter& tables) {
  const plan::stream::ModuleUse use = plan::stream::module_use(unit.spec);
  rtl::Instance instance;
  instance.module = use.module;
  instance.name = name;
  for (const plan::stream::Parameter& p : use.parameters) {
    if (p.rom_words > 0) {
      for (auto& parameter : tables.place(unit, p)) {
        instance.parameters.push_back(std::move(parameter));
      }
    } else {
      add_parameter(instance, p);
    }
  }
  return instance;
}

}  // namespace nib::map
