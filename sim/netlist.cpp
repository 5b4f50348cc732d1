// Reading Yosys' JSON netlist.
#include "nib/sim/netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nib/base/file.h"
#include "nib/sim/process.h"
#include "nib/sim/words.h"

namespace nib::sim {
namespace {

using Json = nlohmann::json;

CellKind kind_of(const std::string& type) {
  static const std::map<std::string, CellKind> kKinds{{"$add", CellKind::kAdd},
                                                      {"$sub", CellKind::kSub},
                                                      {"$neg", CellKind::kNeg},
                                                      {"$pos", CellKind::kPos},
                                                      {"$mul", CellKind::kMul},
                                                      {"$not", CellKind::kNot},
                                                      {"$and", CellKind::kAnd},
                                                      {"$or", CellKind::kOr},
                                                      {"$xor", CellKind::kXor},
                                                      {"$xnor", CellKind::kXnor},
                                                      {"$shl", CellKind::kShl},
                                                      {"$sshl", CellKind::kSshl},
                                                      {"$shr", CellKind::kShr},
                                                      {"$sshr", CellKind::kSshr},
                                                      {"$shift", CellKind::kShift},
                                                      {"$shiftx", CellKind::kShiftx},
                                                      {"$lt", CellKind::kLt},
                                                      {"$le", CellKind::kLe},
                                                      {"$eq", CellKind::kEq},
                                                      {"$ne", CellKind::kNe},
                                                      {"$eqx", CellKind::kEq},
                                                      {"$nex", CellKind::kNe},
                                                      {"$ge", CellKind::kGe},
                                                      {"$gt", CellKind::kGt},
                                                      {"$reduce_and", CellKind::kReduceAnd},
                                                      {"$reduce_or", CellKind::kReduceOr},
                                                      {"$reduce_xor", CellKind::kReduceXor},
                                                      {"$reduce_xnor", CellKind::kReduceXnor},
                                                      {"$reduce_bool", CellKind::kReduceBool},
                                                      {"$logic_not", CellKind::kLogicNot},
                                                      {"$logic_and", CellKind::kLogicAnd},
                                                      {"$logic_or", CellKind::kLogicOr},
                                                      {"$mux", CellKind::kMux},
                                                      {"$pmux", CellKind::kPmux},
                                                      {"$dff", CellKind::kDff},
                                                      {"$sdff", CellKind::kSdff}};
  const auto found = kKinds.find(type);
  return found == kKinds.end() ? CellKind::kUnknown : found->second;
}

Bits bits_of(const Json& list) {
  Bits bits;
  for (const Json& bit : list) {
    if (bit.is_number_integer()) {
      bits.push_back(bit.get<Bit>());
    } else {
      const auto text = bit.get<std::string>();
      bits.push_back(text == "0" ? kBit0 : text == "1" ? kBit1 : kBitX);
    }
  }
  return bits;
}

/// A parameter: Yosys writes numbers as bit texts, most significant first.
std::int64_t parameter(const Json& cell, const char* name, std::int64_t absent = 0) {
  const Json& all = cell.at("parameters");
  if (!all.contains(name)) return absent;
  const Json& value = all.at(name);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const auto text = value.get<std::string>();
  std::uint64_t number = 0;
  for (const char c : text) number = number << 1 | (c == '1' ? 1U : 0U);
  if (text.size() == 32) return static_cast<std::int32_t>(number);
  return static_cast<std::int64_t>(number);
}

/// The innermost place of a "src" attribute: "a.sv:1.2-1.3|b.sv:..." names it last.
std::string source_of(const Json& cell) {
  const Json& attributes = cell.at("attributes");
  if (!attributes.contains("src")) return {};
  const auto text = attributes.at("src").get<std::string>();
  const std::size_t at = text.rfind('|');
  return at == std::string::npos ? text : text.substr(at + 1);
}

Cell plain_cell(const Json& json) {
  Cell cell;
  cell.type = json.at("type").get<std::string>();
  cell.kind = kind_of(cell.type);
  cell.source = source_of(json);
  cell.a_signed = parameter(json, "A_SIGNED") != 0;
  cell.b_signed = parameter(json, "B_SIGNED") != 0;
  const Json& pins = json.at("connections");
  const auto take = [&](const char* pin, Bits& bits) {
    if (pins.contains(pin)) bits = bits_of(pins.at(pin));
  };
  take("A", cell.a);
  take("B", cell.b);
  take("S", cell.s);
  take("Y", cell.y);
  if (cell.kind == CellKind::kDff || cell.kind == CellKind::kSdff) {
    take("D", cell.a);
    take("Q", cell.y);
    cell.clock = bits_of(pins.at("CLK")).at(0);
    cell.rising = parameter(json, "CLK_POLARITY", 1) == 1;
  }
  if (cell.kind == CellKind::kSdff) {
    cell.reset = bits_of(pins.at("SRST")).at(0);
    cell.reset_rising = parameter(json, "SRST_POLARITY", 1) == 1;
    const auto value = json.at("parameters").at("SRST_VALUE").get<std::string>();
    for (auto c = value.rbegin(); c != value.rend(); ++c) {
      cell.b.push_back(*c == '1' ? kBit1 : *c == '0' ? kBit0 : kBitX);
    }
  }
  return cell;
}

/// A memory that is only read: one cell per read port, and a register behind a clocked one.
void add_memory(const Json& json, Netlist& netlist) {
  Cell cell;
  cell.type = "$mem_v2";
  cell.source = source_of(json);
  const std::int64_t width = parameter(json, "WIDTH"), size = parameter(json, "SIZE");
  const std::int64_t ports = parameter(json, "RD_PORTS"), abits = parameter(json, "ABITS");
  const auto init = json.at("parameters").at("INIT").get<std::string>();
  if (parameter(json, "WR_PORTS") != 0 || parameter(json, "OFFSET") != 0 ||
      static_cast<std::int64_t>(init.size()) != width * size) {
    netlist.cells.push_back(std::move(cell));  // stays kUnknown
    return;
  }
  cell.kind = CellKind::kMemoryRead;
  for (std::int64_t word = 0; word < size; ++word) {
    Bits bits;
    for (std::int64_t i = 0; i < width; ++i) {
      const char c = init[init.size() - 1 - static_cast<std::size_t>(word * width + i)];
      bits.push_back(c == '1' ? kBit1 : c == '0' ? kBit0 : kBitX);
    }
    cell.memory.push_back(std::move(bits));
  }
  const Json& pins = json.at("connections");
  const Bits address = bits_of(pins.at("RD_ADDR")), data = bits_of(pins.at("RD_DATA"));
  const Bits clocks = bits_of(pins.at("RD_CLK"));
  const auto clocked = json.at("parameters").at("RD_CLK_ENABLE").get<std::string>();
  for (std::int64_t p = 0; p < ports; ++p) {
    Cell port = cell;
    port.a.assign(address.begin() + p * abits, address.begin() + (p + 1) * abits);
    port.y.assign(data.begin() + p * width, data.begin() + (p + 1) * width);
    if (clocked[clocked.size() - 1 - static_cast<std::size_t>(p)] == '1') {
      Cell reg;
      reg.kind = CellKind::kDff;
      reg.type = "$mem_v2 read register";
      reg.source = cell.source;
      reg.clock = clocks.at(static_cast<std::size_t>(p));
      reg.y = port.y;
      for (Bit& bit : port.y) {
        bit = static_cast<Bit>(netlist.drivers.size());
        netlist.drivers.emplace_back();
      }
      reg.a = port.y;
      netlist.cells.push_back(std::move(reg));
    }
    netlist.cells.push_back(std::move(port));
  }
}

Bit largest_bit(const Json& module) {
  Bit largest = 1;
  for (const auto& [name, net] : module.at("netnames").items()) {
    for (const Bit bit : bits_of(net.at("bits"))) largest = std::max(largest, bit);
  }
  for (const auto& [name, cell] : module.at("cells").items()) {
    for (const auto& [pin, bits] : cell.at("connections").items()) {
      for (const Bit bit : bits_of(bits)) largest = std::max(largest, bit);
    }
  }
  return largest;
}

void read_names(const Json& module, Netlist& netlist) {
  for (const auto& [name, port] : module.at("ports").items()) {
    netlist.ports[name] = bits_of(port.at("bits"));
  }
  for (const auto& [name, net] : module.at("netnames").items()) {
    const Bits bits = bits_of(net.at("bits"));
    const Json& attributes = net.at("attributes");
    if (attributes.contains("init")) {
      const auto text = attributes.at("init").get<std::string>();
      for (std::size_t i = 0; i < std::min(bits.size(), text.size()); ++i) {
        const char c = text[text.size() - 1 - i];
        if (c == '0' || c == '1') netlist.initial[bits[i]] = c == '1';
      }
    }
    netlist.nets[name] = bits;
  }
}

}  // namespace

Netlist parse_netlist(std::string_view text, const std::string& top) {
  Netlist netlist;
  try {
    const Json root = Json::parse(text.begin(), text.end());
    const Json& module = root.at("modules").at(top);
    netlist.drivers.resize(static_cast<std::size_t>(largest_bit(module)) + 1);
    read_names(module, netlist);
    for (const auto& [name, json] : module.at("cells").items()) {
      if (json.at("type") == "$mem_v2") {
        add_memory(json, netlist);
      } else {
        netlist.cells.push_back(plain_cell(json));
      }
    }
  } catch (const Json::exception& error) {
    throw Fault{std::string("Yosys' netlist cannot be read: ") + error.what()};
  } catch (const std::out_of_range&) {
    throw Fault{"Yosys' netlist cannot be read: a list is too short"};
  }
  for (std::size_t c = 0; c < netlist.cells.size(); ++c) {
    const Bits& y = netlist.cells[c].y;
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (y[i] < 2) continue;
      netlist.drivers[static_cast<std::size_t>(y[i])] = {static_cast<std::int32_t>(c),
                                                         static_cast<std::int32_t>(i)};
    }
  }
  return netlist;
}

Netlist read_netlist(const std::filesystem::path& folder, const std::vector<std::string>& sources,
                     const std::string& top, const std::vector<std::string>& keep) {
  require_program("yosys", "yosys");
  const TempDir temp;
  const std::filesystem::path json = temp.path() / "top.json";
  std::string script = "read_verilog -sv";
  for (const std::string& source : sources) script += " \"" + source + "\"";
  script += fmt::format("\nhierarchy -check -top {}\n", top);
  for (const std::string& net : keep)
    script += fmt::format("setattr -set keep 1 {}/w:{}\n", top, net);
  script += fmt::format("prep -flatten -top {0}\nwrite_json {1}\n", top, json.string());
  nib::write_file(temp.path() / "read.ys", script);
  const Outcome outcome = run({"yosys", "-q", "-e", "implicitly declared|no driver", "-s",
                               (temp.path() / "read.ys").string()},
                              std::filesystem::absolute(folder));
  if (outcome.status != 0) throw Fault{"yosys refuses the design: " + shortened(outcome.output)};
  return parse_netlist(nib::read_file(json, std::uintmax_t{4} << 30), top);
}

}  // namespace nib::sim
