// Measured costs of streaming units: Yosys's cell counts, the file that keeps them, errors.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "nib/base/file.h"
#include "nib/plan/plan.h"

namespace nib::test {

/// Cells of a design by Yosys's `stat`.
inline plan::Cost read_stat(const std::string& text) {
  plan::Cost cost;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string cell;
    double count = 0;
    if (!(fields >> cell >> count)) continue;
    const auto is = [&](const char* prefix) { return cell.rfind(prefix, 0) == 0; };
    if (is("LUT") || cell == "INV" || is("SRL")) cost.lut += count;
    // RAM32M and RAM64M are four LUTs, as a RAM128X1D is; the smaller ones with two ports two.
    if (is("RAM32M") || is("RAM64M") || is("RAM128X1D") || is("RAM256X1S")) cost.lut += 4 * count;
    if (is("RAM32X1D") || is("RAM64X1D") || is("RAM128X1S")) cost.lut += 2 * count;
    if (is("RAM32X1S") || is("RAM64X1S")) cost.lut += count;
    if (cell == "CARRY4") cost.carry4 += count;
    if (is("FD")) cost.ff += count;
    if (is("RAMB36")) cost.bram36 += count;
    if (is("RAMB18")) cost.bram36 += count / 2;
    if (is("DSP48E1")) cost.dsp += count;
  }
  return cost;
}

/// The kept measurements: name;LUT;FF;CARRY4;BRAM36;DSP, a unit a line.
inline std::map<std::string, plan::Cost> read_cost_table(const std::string& path) {
  std::map<std::string, plan::Cost> table;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::replace(line.begin(), line.end(), ';', '\n');
    std::istringstream fields(line);
    std::string name;
    std::getline(fields, name);
    plan::Cost cost;
    fields >> cost.lut >> cost.ff >> cost.carry4 >> cost.bram36 >> cost.dsp;
    table[name] = cost;
  }
  return table;
}

inline void write_cost_table(const std::string& path,
                             const std::map<std::string, plan::Cost>& table) {
  std::string text =
      "# Streaming units by Yosys 0.23, synth_xilinx -family xc7 -noiopad -noclkbuf -flatten.\n"
      "# Written by ./dev bench cost --update. Unit;LUT;FF;CARRY4;BRAM36;DSP\n";
  for (const auto& [name, c] : table) {
    text += fmt::format("{};{};{};{};{};{}\n", name, c.lut, c.ff, c.carry4, c.bram36, c.dsp);
  }
  write_file(path, text);
}

/// Errors of a model, in per cent of what was measured; differences of a few cells do not count.
struct Errors {
  std::vector<double> lut, ff;
  void add(const plan::Cost& seen, const plan::Cost& model) {
    lut.push_back(percent(seen.lut, model.lut));
    ff.push_back(percent(seen.ff, model.ff));
  }
  static double percent(double seen, double model) {
    return 100 * (model - seen) / std::max(seen, 20.0);
  }
};

inline double median(std::vector<double> values) {
  for (double& v : values) v = std::abs(v);
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}
inline double worst(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::abs(v) > std::abs(most) ? v : most;
  return most;
}

}  // namespace nib::test
