// Constant matrices: a portfolio of decompositions and scores, the best by adder bits.
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "nib/arith/adder_builder.h"
#include "nib/arith/adder_graph.h"
#include "nib/arith/cse.h"
#include "nib/arith/spanning_tree.h"
#include "nib/base/check.h"

namespace nib::arith {
namespace {

using Row = std::vector<std::int64_t>;

/// A row up to sign and power of two: equal ones are solved once.
struct Reduced {
  std::int32_t index = -1;  // into the distinct rows, -1 for a zero row
  int shift = 0;
  bool negative = false;
};

struct Problem {
  std::vector<Row> rows;         // distinct up to sign, not all even
  std::vector<Reduced> outputs;  // per row of the matrix
  std::vector<Range> inputs;
  std::int64_t digits = 0;
};

Problem reduce(const Tensor<std::int64_t>& matrix, const std::vector<Range>& inputs) {
  NIB_CHECK(matrix.shape.size() == 2, "a matrix");
  NIB_CHECK(matrix.shape[1] == static_cast<std::int64_t>(inputs.size()), "one range per input");
  Problem problem;
  problem.inputs = inputs;
  std::map<Row, std::int32_t> known;
  for (std::int64_t r = 0; r < matrix.shape[0]; ++r) {
    const auto first = matrix.data.begin() + static_cast<std::ptrdiff_t>(r * matrix.shape[1]);
    Row row(first, first + static_cast<std::ptrdiff_t>(matrix.shape[1]));
    std::uint64_t bits = 0;
    for (const std::int64_t w : row) bits |= static_cast<std::uint64_t>(w);
    Reduced reduced;
    if (bits != 0) {
      reduced.shift = __builtin_ctzll(bits);
      Row negated = row;
      for (std::int64_t& w : row) w >>= reduced.shift;
      for (std::int64_t& w : negated) w = -w >> reduced.shift;
      reduced.negative = known.contains(negated);
      if (reduced.negative) row = std::move(negated);
      const auto [entry, fresh] =
          known.try_emplace(row, static_cast<std::int32_t>(problem.rows.size()));
      if (fresh) {
        problem.digits += digit_count(row);
        problem.rows.push_back(std::move(row));
      }
      reduced.index = entry->second;
    }
    problem.outputs.push_back(reduced);
  }
  return problem;
}

std::vector<Term> digits_of_row(const Row& row) {
  std::vector<Term> terms;
  for (std::size_t c = 0; c < row.size(); ++c) {
    for (const auto& [shift, negative] : csd(row[c])) {
      terms.push_back({static_cast<std::int32_t>(c), shift, negative});
    }
  }
  return terms;
}

/// Like terms added up and written as canonical digits again.
std::vector<Term> collect(const std::vector<Term>& terms) {
  std::map<std::int32_t, std::int64_t> factors;
  for (const Term& t : terms) {
    const std::int64_t k = std::int64_t{1} << t.shift;
    factors[t.node] = checked_add(factors[t.node], t.negative ? -k : k);
  }
  std::vector<Term> out;
  for (const auto& [node, factor] : factors) {
    for (const auto& [shift, negative] : csd(factor)) out.push_back({node, shift, negative});
  }
  return out;
}

struct Trial {
  int tree_limit = -1;  // -1: no tree
  PairScore score = PairScore::kOverlapBits;
  double skew = 0;
  std::uint64_t noise_seed = 0;
};

struct Candidate {
  AdderGraph graph;
  std::vector<std::optional<Term>> rows;
};

/// Depth bounds of the differences: least depth plus what every row above them leaves free.
std::vector<int> difference_bounds(const std::vector<TreeEdge>& tree, int bound) {
  if (bound >= kUnbounded) return std::vector<int>(tree.size(), kUnbounded);
  std::vector<int> deepest(tree.size());
  for (std::size_t r = 0; r < tree.size(); ++r) {
    for (std::int32_t at = static_cast<std::int32_t>(r); at >= 0;
         at = tree[static_cast<std::size_t>(at)].parent) {
      auto& d = deepest[static_cast<std::size_t>(at)];
      d = std::max(d, tree[r].depth);
    }
  }
  std::vector<int> bounds;
  for (std::size_t r = 0; r < tree.size(); ++r) {
    bounds.push_back(ceil_log2(digit_count(tree[r].difference)) + bound - deepest[r]);
  }
  return bounds;
}

/// nullopt where the tree joins no rows or holds terms that cancel; never without a tree.
std::optional<Candidate> solve_once(const Problem& problem, const Trial& trial, int bound) {
  AdderBuilder builder(problem.inputs);
  CseOptions options;
  options.score = trial.score;
  options.depth_skew_penalty = trial.skew;
  options.noise_seed = trial.noise_seed;
  if (trial.tree_limit < 0) {
    std::vector<std::vector<Term>> rows;
    for (const Row& row : problem.rows) rows.push_back(digits_of_row(row));
    options.depth_bound.assign(rows.size(), bound);
    auto results = reduce_rows(builder, std::move(rows), options);
    return Candidate{std::move(builder.graph()), std::move(results)};
  }
  const std::vector<TreeEdge> tree = spanning_tree(problem.rows, trial.tree_limit);
  const bool joins =
      std::any_of(tree.begin(), tree.end(), [](const TreeEdge& edge) { return edge.parent >= 0; });
  if (!joins) return {};  // as without a tree
  std::vector<std::vector<Term>> differences;
  for (const TreeEdge& edge : tree) differences.push_back(digits_of_row(edge.difference));
  options.depth_bound = difference_bounds(tree, bound);
  const auto parts = reduce_rows(builder, std::move(differences), options);

  std::vector<std::vector<Term>> sums;
  for (std::size_t r = 0; r < tree.size(); ++r) {
    std::vector<Term> terms;
    bool negative = false;
    for (std::int32_t at = static_cast<std::int32_t>(r); at >= 0;) {
      const TreeEdge& edge = tree[static_cast<std::size_t>(at)];
      if (const auto& part = parts[static_cast<std::size_t>(at)]) {
        Term term = *part;
        term.negative = term.negative != negative;
        terms.push_back(term);
      }
      negative = negative != edge.negate_parent;
      at = edge.parent;
    }
    sums.push_back(collect(terms));
  }
  options.depth_bound.assign(sums.size(), bound);
  auto results = reduce_rows(builder, std::move(sums), options);
  if (builder.cancelled()) return {};
  return Candidate{std::move(builder.graph()), std::move(results)};
}

/// Drops nodes that no output needs; keeps the order.
AdderGraph finish(const Problem& problem, Candidate candidate, const std::vector<BigInt>& bias) {
  AdderGraph& graph = candidate.graph;
  std::vector<char> live(graph.nodes.size(), 0);
  for (const auto& row : candidate.rows) {
    if (row) live[static_cast<std::size_t>(row->node)] = 1;
  }
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (!live[i] || graph.nodes[i].is_input()) continue;
    live[static_cast<std::size_t>(graph.nodes[i].a.node)] = 1;
    live[static_cast<std::size_t>(graph.nodes[i].b.node)] = 1;
  }
  AdderGraph out;
  out.inputs = graph.inputs;
  std::vector<std::int32_t> moved(graph.nodes.size(), -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    AdderNode node = graph.nodes[i];
    if (!live[i] && !node.is_input()) continue;
    moved[i] = static_cast<std::int32_t>(out.nodes.size());
    if (!node.is_input()) {
      node.a.node = moved[static_cast<std::size_t>(node.a.node)];
      node.b.node = moved[static_cast<std::size_t>(node.b.node)];
    }
    out.nodes.push_back(node);
  }
  for (std::size_t r = 0; r < problem.outputs.size(); ++r) {
    const Reduced& reduced = problem.outputs[r];
    AdderOutput output;
    if (!bias.empty()) output.bias = bias[r];
    output.range = {output.bias, output.bias};
    const auto& row =
        reduced.index < 0 ? std::nullopt : candidate.rows[static_cast<std::size_t>(reduced.index)];
    if (row) {
      Term term = *row;
      term.node = moved[static_cast<std::size_t>(term.node)];
      term.shift += reduced.shift;
      term.negative = term.negative != reduced.negative;
      const Range range = out.nodes[static_cast<std::size_t>(term.node)].range << term.shift;
      output.range = output.range + (term.negative ? -range : range);
      output.term = term;
    }
    out.outputs.push_back(output);
  }
  return out;
}

constexpr std::int64_t kPairsOfCount = 1'500'000;  // up to here trials that weigh by count alone
constexpr std::int64_t kPairsOfAll = 4'000'000;    // up to here trees of every depth
constexpr std::int64_t kPairsOfTree = 60'000'000;  // up to here one tree beside none
constexpr double kSkew = 4;                        // score per level of difference

/// The trials worth their time at this size; a matter of size alone, so that results never depend
/// on the machine.
std::vector<Trial> portfolio(const Problem& problem, int bound) {
  const auto rows = static_cast<std::int64_t>(problem.rows.size());
  const std::int64_t pairs =
      rows == 0 ? 0 : problem.digits / rows * problem.digits;  // about twice the pairs of digits
  std::vector<Trial> trials{{-1, PairScore::kOverlapBits, 0}};
  if (pairs > kPairsOfTree || rows < 2) return trials;
  int least = 0;
  for (const Row& row : problem.rows) least = std::max(least, ceil_log2(digit_count(row)));
  const int top = ceil_log2(static_cast<int>(rows)) + 1;
  std::vector<int> limits;
  for (int extra = 0; extra <= top; ++extra) {
    if (least + extra <= bound) limits.push_back(least + extra);
  }
  if (bound >= kUnbounded) limits.push_back(kUnbounded);
  // One level above the least is the first tree that joins full rows, and the best on large +-1.
  if (pairs > kPairsOfAll) limits.assign(least + 1 <= bound ? 1 : 0, least + 1);
  for (const int limit : limits) trials.push_back({limit, PairScore::kOverlapBits, 0});
  if (pairs > kPairsOfAll) return trials;
  const std::size_t count = trials.size();
  for (std::size_t t = 0; t < count; ++t) {
    if (pairs <= kPairsOfCount) trials.push_back({trials[t].tree_limit, PairScore::kCount});
    if (bound < kUnbounded) {
      trials.push_back({trials[t].tree_limit, PairScore::kOverlapBits, kSkew});
    }
  }
  return trials;
}

std::uint64_t noise_seed(std::uint64_t seed, int restart) {
  const std::uint64_t mixed =
      (seed * 1'000'003 + static_cast<std::uint64_t>(restart) + 1) * 0x9e3779b97f4a7c15ull;
  return mixed | 1;  // 0 means none
}

}  // namespace

std::int64_t adder_bits(const AdderGraph& graph) {
  std::int64_t bits = 0;
  for (const AdderNode& node : graph.nodes) {
    if (node.is_input()) continue;
    // Low bits that only one operand has pass through, unless they are negated.
    const int low = node.a.shift == node.b.shift ? 0 : std::max(node.a.shift, node.b.shift);
    const Term& lower = node.a.shift < node.b.shift ? node.a : node.b;
    const int free = lower.negative ? 0 : low;
    bits += std::max(0, bits_for(node.range) - free);
  }
  return bits;
}

AdderGraph solve(const Tensor<std::int64_t>& matrix, const std::vector<Range>& inputs,
                 const std::vector<BigInt>& bias, const SolveOptions& options) {
  NIB_CHECK(bias.empty() || static_cast<std::int64_t>(bias.size()) == matrix.shape.at(0), "bias");
  const Problem problem = reduce(matrix, inputs);
  int bound = kUnbounded;
  if (options.depth_excess >= 0) {
    bound = options.depth_excess;
    int least = 0;
    for (const Row& row : problem.rows) least = std::max(least, ceil_log2(digit_count(row)));
    bound += least;
  }
  std::optional<AdderGraph> best;
  std::int64_t best_bits = 0;
  Trial best_trial;
  const auto attempt = [&](const Trial& trial) {
    auto candidate = solve_once(problem, trial, bound);
    if (!candidate) return;
    AdderGraph graph = finish(problem, std::move(*candidate), bias);
    const std::int64_t bits = adder_bits(graph);
    if (best && bits >= best_bits) return;
    best_bits = bits;
    best = std::move(graph);
    best_trial = trial;
  };
  for (const Trial& trial : portfolio(problem, bound)) attempt(trial);
  NIB_CHECK(best, "the trial without a tree has a result");
  Trial varied = best_trial;
  for (int restart = 0; restart < options.restarts; ++restart) {
    varied.noise_seed = noise_seed(options.seed, restart);
    attempt(varied);
  }
  NIB_CHECK(linear_forms(*best).data == matrix.data, "the adder graph computes another matrix");
  return std::move(*best);
}

}  // namespace nib::arith
