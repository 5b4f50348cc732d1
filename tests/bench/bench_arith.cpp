// Constant matrices: adders, LUT bits, levels and seconds beside da4ml's, on the same files.
//
//   bench_arith [EXCESS...]     depth settings, default -1 2 0
//
// da4ml_cmvm.csv holds da4ml 0.6.0's own results on the matrices of its paper's tables (8 matrices,
// int8 inputs; bits by the evaluator that adder_bits() follows; one thread, an idle machine).
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nib/arith/adder_graph.h"

namespace {

namespace fs = std::filesystem;

struct Figures {
  std::int64_t adders = 0, bits = 0;
  int levels = 0;
  double seconds = 0;  // of one processor

  void add(const Figures& f) {
    adders += f.adders;
    bits += f.bits;
    levels += f.levels;
    seconds += f.seconds;
  }
};

using Key = std::pair<std::string, int>;

std::map<Key, Figures> read_peer(const fs::path& path) {
  std::ifstream in(path);
  std::map<Key, Figures> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    std::string name;
    int excess = 0;
    Figures f;
    fields >> name >> excess >> f.adders >> f.bits >> f.levels >> f.seconds;
    rows[{name, excess}] = f;
  }
  return rows;
}

Figures run(const fs::path& path, int excess) {
  std::ifstream in(path);
  std::int64_t inputs = 0, outputs = 0;
  in >> inputs >> outputs;
  nib::Tensor<std::int64_t> matrix(nib::Shape{outputs, inputs}, 0);
  for (std::int64_t i = 0; i < inputs; ++i) {
    for (std::int64_t o = 0; o < outputs; ++o) in >> matrix[o * inputs + i];
  }
  nib::arith::SolveOptions options;
  options.depth_excess = excess;
  const std::vector<nib::Range> ranges(static_cast<std::size_t>(inputs), nib::Range{-128, 127});
  const std::clock_t start = std::clock();
  const nib::arith::AdderGraph graph = nib::arith::solve(matrix, ranges, {}, options);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  Figures f{static_cast<std::int64_t>(graph.adders()), nib::arith::adder_bits(graph), 0, seconds};
  for (const auto& node : graph.nodes) f.levels = std::max(f.levels, node.depth);
  return f;
}

void print_row(const std::string& name, const Figures& ours, const Figures* peer) {
  fmt::print("| {:<14} | {:>6} | {:>7} | {:>3} | {:>6.2f} |", name, ours.adders, ours.bits,
             ours.levels, ours.seconds);
  if (peer != nullptr && peer->adders > 0) {
    fmt::print(" {:>6} | {:>7} | {:>3} | {:>6.2f} | {:>5.3f} | {:>5.3f} |", peer->adders,
               peer->bits, peer->levels, peer->seconds,
               static_cast<double>(ours.adders) / static_cast<double>(peer->adders),
               static_cast<double>(ours.bits) / static_cast<double>(peer->bits));
  }
  fmt::print("\n");
}

std::vector<fs::path> matrices(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (fs::exists(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> settings;
  for (int i = 1; i < argc; ++i) settings.push_back(std::stoi(argv[i]));
  if (settings.empty()) settings = {-1, 2, 0};
  const auto peer = read_peer(fs::path(NIB_BENCH_DIR) / "da4ml_cmvm.csv");
  const fs::path data = fs::path(NIB_SHARED_DIR) / "data";
  if (!fs::exists(data)) {
    fmt::print(stderr, "no {}: set NIB_SHARED_DIR\n", data.string());
    return 2;
  }
  for (const int excess : settings) {
    fmt::print("\ncmvm, depth excess {} (ours | da4ml | ratios of adders and bits)\n\n", excess);
    fmt::print("| matrix | adders | bits | levels | s | adders | bits | levels | s | | |\n");
    fmt::print("|---|---|---|---|---|---|---|---|---|---|---|\n");
    Figures ours, theirs;
    for (const fs::path& path : matrices(data / "cmvm")) {
      const Figures f = run(path, excess);
      const auto row = peer.find({path.stem().string(), excess});
      print_row(path.stem().string(), f, row == peer.end() ? nullptr : &row->second);
      ours.add(f);
      if (row != peer.end()) theirs.add(row->second);
    }
    print_row("sum", ours, &theirs);
  }
  fmt::print(
      "\nhgq_layers, depth excess 2\n\n| matrix | adders | bits | levels | s "
      "|\n|---|---|---|---|---|\n");
  Figures sum;
  for (const fs::path& path : matrices(data / "hgq_layers")) {
    const Figures f = run(path, 2);
    print_row(path.stem().string(), f, nullptr);
    sum.add(f);
  }
  print_row("sum", sum, nullptr);
  return 0;
}
