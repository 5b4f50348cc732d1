// Greedy two-term sharing with incremental pair counts and a lazy heap.
//
// A pair of digits of one row is (i << s) +- (j << t). Its key is (i, j, t - s, signs differ) with
// i <= j: all rows in which the pair occurs, shifted or negated as a whole, meet in one key.
#include "nib/arith/cse.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <tuple>

#include "nib/arith/pair_table.h"
#include "nib/base/check.h"

namespace nib::arith {
namespace {

constexpr int kNodeBits = 24;
constexpr int kShiftBias = 64;

struct Pair {
  std::int32_t i = 0, j = 0;
  int shift = 0;  // of j, relative to i's
  bool differ = false;
};

std::uint64_t pack(const Pair& pair) {
  return 1 | (pair.differ ? 2u : 0u) | (static_cast<std::uint64_t>(pair.shift + kShiftBias) << 2) |
         (static_cast<std::uint64_t>(pair.j) << 10) |
         (static_cast<std::uint64_t>(pair.i) << (10 + kNodeBits));
}

Pair unpack(std::uint64_t key) {
  Pair pair;
  pair.differ = (key & 2) != 0;
  pair.shift = static_cast<int>((key >> 2) & 0xff) - kShiftBias;
  pair.j = static_cast<std::int32_t>((key >> 10) & ((1u << kNodeBits) - 1));
  pair.i = static_cast<std::int32_t>(key >> (10 + kNodeBits));
  return pair;
}

Pair pair_of(const Term& a, const Term& b) {
  const bool ordered = std::pair(a.node, a.shift) <= std::pair(b.node, b.shift);
  const Term& low = ordered ? a : b;
  const Term& high = ordered ? b : a;
  return {low.node, high.node, high.shift - low.shift, low.negative != high.negative};
}

struct Candidate {
  double score = 0;
  int depth = 0;
  std::uint64_t key = 0;
  bool operator<(const Candidate& other) const {
    // The largest score first, then the shallower sum, then the smaller key.
    return std::tie(score, other.depth, other.key) < std::tie(other.score, depth, key);
  }
};

double kraft(int depth) { return std::ldexp(1.0, depth); }

class Sharing {
 public:
  Sharing(AdderBuilder& builder, std::vector<std::vector<Term>> rows, const CseOptions& options)
      : builder_(builder), rows_(std::move(rows)), options_(options), counts_(pairs_expected()) {
    weight_.reserve(rows_.size());
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      double weight = 0;
      for (const Term& term : rows_[r]) {
        weight += kraft(builder_.depth(term.node));
        note_use(term.node, r);
      }
      weight_.push_back(weight);
    }
  }

  void run() {
    count_all();
    while (!heap_.empty()) {
      const Candidate top = heap_.top();
      heap_.pop();
      const Candidate now = candidate(top.key, counts_.count(top.key));
      if (now.score < top.score) {
        if (now.score > 0) heap_.push(now);
        continue;
      }
      substitute(top.key);
    }
  }

  std::vector<std::optional<Term>> finish() {
    std::vector<std::optional<Term>> results;
    for (std::vector<Term>& row : rows_) results.push_back(merge(row));
    return results;
  }

 private:
  [[nodiscard]] std::size_t pairs_expected() const {
    std::size_t pairs = 0;
    for (const auto& row : rows_) pairs += row.size() * row.size() / 2;
    return std::min<std::size_t>(pairs, std::size_t{1} << 22);
  }

  void note_use(std::int32_t node, std::size_t row) {
    const auto index = static_cast<std::size_t>(node);
    if (index >= used_in_.size()) used_in_.resize(index + 1);
    auto& rows = used_in_[index];
    if (rows.empty() || rows.back() != row) rows.push_back(static_cast<std::uint32_t>(row));
  }

  void count_all() {
    for (const auto& row : rows_) {
      for (std::size_t a = 0; a < row.size(); ++a) {
        for (std::size_t b = a + 1; b < row.size(); ++b)
          counts_.add(pack(pair_of(row[a], row[b])), 1);
      }
    }
    std::vector<Candidate> start;
    counts_.for_each([&](std::uint64_t key, std::int32_t count) {
      const Candidate c = candidate(key, count);
      if (c.score > 0) start.push_back(c);
    });
    heap_ = std::priority_queue<Candidate>(std::less<Candidate>{}, std::move(start));
  }

  [[nodiscard]] Candidate candidate(std::uint64_t key, std::int32_t count) const {
    if (count < 2) return {0, 0, key};
    const Pair pair = unpack(key);
    const int di = builder_.depth(pair.i), dj = builder_.depth(pair.j);
    double score = count;
    if (options_.score == PairScore::kOverlapBits) score *= overlap_bits(pair);
    score -= options_.depth_skew_penalty * std::abs(di - dj);
    return {std::max(score, 1e-3), std::max(di, dj), key};
  }

  // Bit positions in which both operands have bits: what an adder must really add.
  [[nodiscard]] int overlap_bits(const Pair& pair) const {
    const int top_i = bits_for(builder_.node(pair.i).range);
    const int top_j = bits_for(builder_.node(pair.j).range) + pair.shift;
    return std::max(1, std::min(top_i, top_j) - std::max(0, pair.shift) + 1);
  }

  [[nodiscard]] bool fits(std::size_t row, double growth) const {
    const int bound = options_.depth_bound.empty() ? kUnbounded : options_.depth_bound[row];
    return bound >= kUnbounded || weight_[row] + growth <= kraft(bound);
  }

  void change(const std::vector<Term>& row, const Term& term, std::int32_t delta,
              std::size_t skip) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (k == skip) continue;
      const std::uint64_t key = pack(pair_of(term, row[k]));
      const std::int32_t count = counts_.add(key, delta);
      if (delta > 0 && count >= 2) heap_.push(candidate(key, count));
    }
  }

  void remove_at(std::vector<Term>& row, std::size_t at) {
    const Term gone = row[at];
    change(row, gone, -1, at);
    row.erase(row.begin() + static_cast<std::ptrdiff_t>(at));
  }

  // Replaces every non-overlapping occurrence that the depth bounds allow.
  void substitute(std::uint64_t key) {
    const Pair pair = unpack(key);
    const int di = builder_.depth(pair.i), dj = builder_.depth(pair.j);
    const double growth = kraft(std::max(di, dj) + 1) - kraft(di) - kraft(dj);
    std::vector<std::pair<std::size_t, std::vector<std::pair<Term, Term>>>> places;
    std::size_t found = 0;
    auto& rows = used_in_[static_cast<std::size_t>(pair.i)];
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const std::uint32_t row : rows) {
      auto here = occurrences(row, pair);
      double room = growth;
      std::size_t fit = 0;
      while (fit < here.size() && fits(row, room)) ++fit, room += growth;
      here.resize(fit);
      if (fit == 0) continue;
      found += fit;
      places.emplace_back(row, std::move(here));
    }
    if (found < 2) return;
    for (auto& [row, here] : places) {
      for (const auto& [a, b] : here) replace(row, a, b, growth);
    }
  }

  [[nodiscard]] std::vector<std::pair<Term, Term>> occurrences(std::size_t row_index,
                                                               const Pair& pair) const {
    const std::vector<Term>& row = rows_[row_index];
    std::vector<char> taken(row.size(), 0);
    std::vector<std::pair<Term, Term>> out;
    for (std::size_t a = 0; a < row.size(); ++a) {
      if (row[a].node != pair.i || taken[a]) continue;
      for (std::size_t b = 0; b < row.size(); ++b) {
        if (b == a || taken[b] || row[b].node != pair.j) continue;
        if (row[b].shift - row[a].shift != pair.shift) continue;
        if ((row[b].negative != row[a].negative) != pair.differ) continue;
        taken[a] = taken[b] = 1;
        out.emplace_back(row[a], row[b]);
        break;
      }
    }
    return out;
  }

  void replace(std::size_t row_index, const Term& a, const Term& b, double growth) {
    std::vector<Term>& row = rows_[row_index];
    const auto at = [&](const Term& term) {
      const auto it = std::find(row.begin(), row.end(), term);
      NIB_CHECK(it != row.end(), "a digit of the row");
      return static_cast<std::size_t>(it - row.begin());
    };
    remove_at(row, at(a));
    remove_at(row, at(b));
    const Term sum = builder_.add(a, b);
    NIB_CHECK(builder_.size() < (1 << kNodeBits), "nodes of one matrix");
    change(row, sum, 1, row.size());
    row.push_back(sum);
    weight_[row_index] += growth;
    note_use(sum.node, row_index);
  }

  // The two shallowest, then narrowest, terms first: least depth (Kraft), few bits.
  std::optional<Term> merge(std::vector<Term>& row) {
    const auto later = [&](const Term& x, const Term& y) {
      const auto rank = [&](const Term& t) {
        return std::tuple(builder_.depth(t.node), bits_for(builder_.node(t.node).range) + t.shift,
                          t.shift, t.node, t.negative);
      };
      return rank(y) < rank(x);
    };
    if (row.empty()) return std::nullopt;
    std::priority_queue<Term, std::vector<Term>, decltype(later)> queue(later, std::move(row));
    while (queue.size() > 1) {
      const Term a = queue.top();
      queue.pop();
      const Term b = queue.top();
      queue.pop();
      queue.push(builder_.add(a, b, queue.empty()));
    }
    return queue.top();
  }

  AdderBuilder& builder_;
  std::vector<std::vector<Term>> rows_;
  const CseOptions& options_;
  PairTable counts_;
  std::vector<double> weight_;                       // Kraft sum of each row
  std::vector<std::vector<std::uint32_t>> used_in_;  // by node: rows that have held it
  std::priority_queue<Candidate> heap_;
};

}  // namespace

std::vector<std::optional<Term>> reduce_rows(AdderBuilder& builder,
                                             std::vector<std::vector<Term>> rows,
                                             const CseOptions& options) {
  Sharing sharing(builder, std::move(rows), options);
  sharing.run();
  return sharing.finish();
}

int least_depth(const AdderBuilder& builder, const std::vector<Term>& terms) {
  double weight = 0;
  for (const Term& term : terms) weight += kraft(builder.depth(term.node));
  int depth = 0;
  while (kraft(depth) < weight) ++depth;
  return depth;
}

}  // namespace nib::arith
