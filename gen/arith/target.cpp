// Devices from data files; delay and cost formulas.
#include "nib/arith/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib::arith {
namespace {

constexpr std::array<std::string_view, 4> kNames{"xc7a100t-1", "xc7z020-1", "xcvu13p-2",
                                                 "xcvu9p-2"};

Target read_target(std::string_view name) {
  const auto json = nlohmann::json::parse(resource(fmt::format("gen/arith/targets/{}.json", name)));
  Target t;
  t.name = json.at("name");
  t.part = json.at("part");
  t.family = json.at("family");
  for (const auto& line : json.at("source")) {
    if (!t.source.empty()) t.source += ' ';
    t.source += line.get<std::string>();
  }
  t.default_clock_mhz = json.at("default_clock_mhz");
  t.lut = json.at("lut");
  t.ff = json.at("ff");
  t.bram36 = json.at("bram36");
  t.dsp = json.at("dsp");
  t.lut_delay = json.at("lut_delay");
  t.net_base = json.at("net_base");
  t.net_per_log2_fanout = json.at("net_per_log2_fanout");
  t.carry_entry = json.at("carry_entry");
  t.carry_block = json.at("carry_block");
  t.carry_exit = json.at("carry_exit");
  t.carry_single = json.at("carry_single");
  t.carry_block_bits = json.at("carry_block_bits");
  t.ff_clock_to_q = json.at("ff_clock_to_q");
  t.ff_setup = json.at("ff_setup");
  t.skew = json.at("skew");
  t.hold_input_ns = json.at("hold_input_ns");
  t.hold_output_ns = json.at("hold_output_ns");
  for (const auto& row : json.at("uplift")) t.uplift.emplace_back(row.at(0), row.at(1));
  return t;
}

double uplift(const Target& target, double luts) {
  const auto& table = target.uplift;
  if (table.empty() || luts <= table.front().first) return table.empty() ? 1 : table.front().second;
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (luts > table[i].first) continue;
    const double part = (luts - table[i - 1].first) / (table[i].first - table[i - 1].first);
    return table[i - 1].second + part * (table[i].second - table[i - 1].second);
  }
  return table.back().second;
}

}  // namespace

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> list;
    for (const std::string_view name : kNames) list.push_back(read_target(name));
    return list;
  }();
  return all;
}

const Target& find_target(std::string_view name) {
  std::string known;
  for (const Target& target : targets()) {
    if (target.name == name) return target;
    known += (known.empty() ? "" : ", ") + target.name;
  }
  fail(ErrorCode::E701, fmt::format("'{}'", name), {}, "known targets: " + known);
}

double net_delay(const Target& target, int fan_out, double luts) {
  return (target.net_base + target.net_per_log2_fanout * std::log2(std::max(1, fan_out))) *
         uplift(target, luts);
}

double adder_delay(const Target& target, int bits) {
  const int blocks = (std::max(1, bits) + target.carry_block_bits - 1) / target.carry_block_bits;
  if (blocks == 1) return target.lut_delay + target.carry_single;
  return target.lut_delay + target.carry_entry + (blocks - 2) * target.carry_block +
         target.carry_exit;
}

double lut_delay(const Target& target, int levels) {
  return levels <= 0 ? 0 : levels * target.lut_delay + (levels - 1) * target.net_base;
}

double register_overhead(const Target& target) {
  return target.ff_clock_to_q + target.ff_setup + target.skew;
}

int adder_luts(int result_bits, int free_low_bits) {
  return std::max(0, result_bits - free_low_bits);
}

}  // namespace nib::arith
