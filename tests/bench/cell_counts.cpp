// Counts what Yosys made of a design: cells of its JSON netlist, as columns of a table.
//   cell_counts NETLIST.json
// Prints "LUT | INV | CARRY4 | FF | BRAM36 | DSP | HW". LUT: LUT1 to LUT6, and the LUTs of memories
// and shift registers. HW: our estimate of occupied LUTs = LUT + INV + route-throughs, which are
// the S pins of CARRY4 that no LUT drives (constants need none).
#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

struct Counts {
  long lut = 0, inv = 0, carry4 = 0, ff = 0, bram18 = 0, dsp = 0, through = 0;
};

/// LUTs that a cell takes; 0 where it is none.
long luts_of(const std::string& type) {
  static const std::map<std::string, long> memories{
      {"RAM32M", 4},   {"RAM64M", 4},   {"RAM32X1D", 2}, {"RAM64X1D", 2}, {"RAM128X1D", 4},
      {"RAM32X1S", 1}, {"RAM64X1S", 1}, {"SRL16E", 1},   {"SRLC32E", 1},  {"LUT6_2", 1}};
  const auto memory = memories.find(type);
  if (memory != memories.end()) return memory->second;
  return type.size() == 4 && type.starts_with("LUT") && type[3] >= '1' && type[3] <= '6' ? 1 : 0;
}

Counts count(const nlohmann::json& cells) {
  Counts c;
  std::set<long> lut_outputs;
  for (const auto& cell : cells) {
    const std::string type = cell.at("type");
    c.lut += luts_of(type);
    c.inv += type == "INV" ? 1 : 0;
    c.carry4 += type == "CARRY4" ? 1 : 0;
    c.ff += type.starts_with("FD") ? 1 : 0;
    c.bram18 += type == "RAMB36E1" ? 2 : type == "RAMB18E1" ? 1 : 0;
    c.dsp += type == "DSP48E1" ? 1 : 0;
    if (!type.starts_with("LUT")) continue;
    for (const auto& bit : cell.at("connections").at("O")) {
      if (bit.is_number()) lut_outputs.insert(bit.get<long>());
    }
  }
  for (const auto& cell : cells) {
    if (cell.at("type") != "CARRY4") continue;
    for (const auto& bit : cell.at("connections").at("S")) {
      if (bit.is_number() && !lut_outputs.contains(bit.get<long>())) ++c.through;
    }
  }
  return c;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: cell_counts NETLIST.json\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  const nlohmann::json netlist = nlohmann::json::parse(file);
  // Flattened: one module with cells.
  nlohmann::json cells = nlohmann::json::array();
  for (const auto& module : netlist.at("modules")) {
    if (module.contains("attributes") && module.at("attributes").contains("blackbox")) continue;
    for (const auto& cell : module.at("cells")) cells.push_back(cell);
  }
  const Counts c = count(cells);
  fmt::print("{} | {} | {} | {} | {} | {} | {}\n", c.lut, c.inv, c.carry4, c.ff,
             static_cast<double>(c.bram18) / 2, c.dsp, c.lut + c.inv + c.through);
}
