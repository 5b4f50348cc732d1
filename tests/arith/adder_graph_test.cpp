// Constant matrices: the solved graph is the matrix, ranges are exact, depth bounds hold.
#include "nib/arith/adder_graph.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

namespace nib::arith {
namespace {

Tensor<std::int64_t> random_matrix(std::mt19937& rng, std::int64_t rows, std::int64_t columns,
                                   int bits, int zeros_in_8) {
  Tensor<std::int64_t> matrix(Shape{rows, columns}, 0);
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  for (auto& w : matrix.data) {
    if (static_cast<int>(rng() % 8) < zeros_in_8) continue;
    w = static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(2 * half)) - half;
  }
  return matrix;
}

int depth_of(const AdderGraph& graph) {
  int depth = 0;
  for (const AdderOutput& output : graph.outputs) {
    if (output.term) {
      depth = std::max(depth, graph.nodes[static_cast<std::size_t>(output.term->node)].depth);
    }
  }
  return depth;
}

int least_depth(const Tensor<std::int64_t>& matrix) {
  int least = 0;
  for (std::int64_t r = 0; r < matrix.shape[0]; ++r) {
    std::size_t digits = 0;
    for (std::int64_t c = 0; c < matrix.shape[1]; ++c) {
      digits += csd(matrix[r * matrix.shape[1] + c]).size();
    }
    int depth = 0;
    while ((std::size_t{1} << depth) < digits) ++depth;
    least = std::max(least, depth);
  }
  return least;
}

TEST_CASE("csd is canonical and right") {
  for (std::int64_t value = -3000; value <= 3000; ++value) {
    std::int64_t sum = 0;
    int previous = -2;
    for (const auto& [shift, negative] : csd(value)) {
      CHECK(shift >= previous + 2);
      previous = shift;
      sum += (negative ? -1 : 1) * (std::int64_t{1} << shift);
    }
    CHECK(sum == value);
  }
}

TEST_CASE("random matrices: forms, values, ranges and depth bounds") {
  std::mt19937 rng(7);
  for (int round = 0; round < 120; ++round) {
    const auto rows = static_cast<std::int64_t>(1 + rng() % 12);
    const auto columns = static_cast<std::int64_t>(1 + rng() % 12);
    const auto matrix = random_matrix(rng, rows, columns, 2 + static_cast<int>(rng() % 8),
                                      static_cast<int>(rng() % 7));
    std::vector<Range> inputs;
    for (std::int64_t c = 0; c < columns; ++c) {
      const auto low = -static_cast<std::int64_t>(rng() % 40);
      inputs.push_back({low, low + static_cast<std::int64_t>(rng() % 80)});
    }
    std::vector<BigInt> bias;
    for (std::int64_t r = 0; r < rows; ++r)
      bias.push_back(static_cast<std::int64_t>(rng() % 99) - 49);
    SolveOptions options;
    options.depth_excess = static_cast<int>(rng() % 5) - 1;
    const AdderGraph graph = solve(matrix, inputs, bias, options);
    CHECK(linear_forms(graph) == matrix);
    if (options.depth_excess >= 0) {
      CHECK(depth_of(graph) <= least_depth(matrix) + options.depth_excess);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      Range exact{bias[static_cast<std::size_t>(r)], bias[static_cast<std::size_t>(r)]};
      for (std::int64_t c = 0; c < columns; ++c) {
        exact = exact + inputs[static_cast<std::size_t>(c)] * matrix[r * columns + c];
      }
      CHECK(graph.outputs[static_cast<std::size_t>(r)].range == exact);
    }
    for (int vector = 0; vector < 8; ++vector) {
      std::vector<std::int64_t> x;
      for (const Range& range : inputs) {
        const auto span = static_cast<std::uint64_t>(range.max - range.min + 1);
        x.push_back(range.min + static_cast<std::int64_t>(rng() % span));
      }
      const auto y = evaluate(graph, x);
      for (std::int64_t r = 0; r < rows; ++r) {
        std::int64_t sum = bias[static_cast<std::size_t>(r)];
        for (std::int64_t c = 0; c < columns; ++c) {
          sum += matrix[r * columns + c] * x[static_cast<std::size_t>(c)];
        }
        CHECK(y[static_cast<std::size_t>(r)] == sum);
      }
    }
  }
}

TEST_CASE("equal, negated and shifted rows are built once; zero rows cost nothing") {
  const Tensor<std::int64_t> matrix({5, 2}, {3, 5, -3, -5, 12, 20, 0, 0, 3, 5});
  const AdderGraph graph = solve(matrix, {{-8, 7}, {-8, 7}}, {});
  CHECK(graph.adders() == 3);  // 3x + 5y = 4 (x + y) - x + y
  CHECK(!graph.outputs[3].term);
  CHECK(linear_forms(graph) == matrix);
}

TEST_CASE("the same matrix gives the same graph") {
  std::mt19937 rng(3);
  const auto matrix = random_matrix(rng, 16, 16, 8, 2);
  const std::vector<Range> inputs(16, Range{-128, 127});
  const AdderGraph a = solve(matrix, inputs, {}), b = solve(matrix, inputs, {});
  REQUIRE(a.nodes.size() == b.nodes.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    CHECK(a.nodes[i].a == b.nodes[i].a);
    CHECK(a.nodes[i].b == b.nodes[i].b);
  }
}

TEST_CASE("restarts never cost bits, keep the matrix and follow the seed") {
  std::mt19937 rng(4);
  std::int64_t saved = 0;
  for (int round = 0; round < 6; ++round) {
    const auto matrix = random_matrix(rng, 8, 8, 8, 0);
    const std::vector<Range> inputs(8, Range{-128, 127});
    SolveOptions options;
    const std::int64_t plain = adder_bits(solve(matrix, inputs, {}, options));
    options.restarts = 20;
    const AdderGraph a = solve(matrix, inputs, {}, options), b = solve(matrix, inputs, {}, options);
    CHECK(linear_forms(a) == matrix);
    CHECK(adder_bits(a) <= plain);
    CHECK(adder_bits(a) == adder_bits(b));
    CHECK(depth_of(a) <= least_depth(matrix) + options.depth_excess);
    saved += plain - adder_bits(a);
  }
  CHECK(saved > 0);
}

TEST_CASE("+-1, repeated and nearly equal rows: trees whose differences repeat") {
  std::mt19937 rng(9);
  for (int round = 0; round < 60; ++round) {
    const auto columns = static_cast<std::int64_t>(2 + rng() % 20);
    auto matrix = random_matrix(rng, 12, columns, 3, 1);
    for (auto& w : matrix.data) w = round % 2 == 0 ? (w < 0 ? -1 : 1) : w;
    for (std::int64_t r = 4; r < 12; ++r) {
      // A multiple of an earlier row plus one of few changes.
      const std::int64_t base = static_cast<std::int64_t>(rng() % 4) * columns;
      const std::int64_t sign = rng() % 2 == 0 ? 1 : -1;
      for (std::int64_t c = 0; c < columns; ++c) {
        matrix[r * columns + c] = sign * matrix[base + c] + (c < 2 ? r % 3 : 0);
      }
    }
    SolveOptions options;
    options.depth_excess = round % 5 - 1;
    const std::vector<Range> inputs(static_cast<std::size_t>(columns), Range{-8, 7});
    const AdderGraph graph = solve(matrix, inputs, {}, options);
    CHECK(linear_forms(graph) == matrix);
    if (options.depth_excess >= 0) {
      CHECK(depth_of(graph) <= least_depth(matrix) + options.depth_excess);
    }
  }
}

TEST_CASE("inputs of one value and columns of zeros") {
  const Tensor<std::int64_t> matrix({2, 4}, {5, 0, -3, 7, 0, 0, 9, -7});
  const std::vector<Range> inputs{{-4, 3}, {0, 9}, {6, 6}, {0, 0}};
  const AdderGraph graph = solve(matrix, inputs, {1, -2});
  CHECK(linear_forms(graph) == matrix);
  CHECK(graph.outputs[0].range == Range{5 * -4 - 18 + 1, 5 * 3 - 18 + 1});
  CHECK(graph.outputs[1].range == Range{52, 52});
  CHECK(evaluate(graph, {3, 1, 6, 0}) == std::vector<std::int64_t>{-2, 52});
}

TEST_CASE("adders on the published matrices: at most 3 % over da4ml at its settings") {
  // Adders of da4ml 0.6.0 at hard_dc -1, 2, 0 on the same files.
  struct Row {
    const char* name;
    std::size_t adders[3];
  };
  const Row rows[] = {{"N8-b4", {49, 54, 72}},
                      {"N8-b8", {97, 100, 125}},
                      {"N16-b4", {177, 199, 262}},
                      {"N16-b8", {349, 373, 441}}};
  const std::filesystem::path folder = std::filesystem::path(NIB_SHARED_DIR) / "data" / "cmvm";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no " << folder.string());
    return;
  }
  std::size_t ours[3] = {}, theirs[3] = {};
  for (const Row& row : rows) {
    std::ifstream in(folder / (std::string(row.name) + ".txt"));
    std::int64_t inputs = 0, outputs = 0;
    in >> inputs >> outputs;
    REQUIRE(inputs > 0);
    Tensor<std::int64_t> matrix(Shape{outputs, inputs}, 0);
    for (std::int64_t i = 0; i < inputs; ++i) {
      for (std::int64_t o = 0; o < outputs; ++o) in >> matrix[o * inputs + i];
    }
    REQUIRE(!in.fail());
    const int excess[3] = {-1, 2, 0};
    for (int k = 0; k < 3; ++k) {
      SolveOptions options;
      options.depth_excess = excess[k];
      const std::vector<Range> ranges(static_cast<std::size_t>(inputs), Range{-128, 127});
      ours[k] += solve(matrix, ranges, {}, options).adders();
      theirs[k] += row.adders[k];
    }
  }
  for (int k = 0; k < 3; ++k) CHECK(100 * ours[k] <= 103 * theirs[k]);
}

}  // namespace
}  // namespace nib::arith
