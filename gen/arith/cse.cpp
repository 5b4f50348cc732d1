// Greedy two-term sharing with incremental pair counts and a lazy queue.
//
// A pair of digits of one row is (i << s) +- (j << t). Its key is (i, j, t - s, signs differ) with
// i <= j: all rows in which the pair occurs, shifted or negated as a whole, meet in one key.
#include "nib/arith/cse.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <queue>
#include <tuple>

#include "nib/arith/pair_queue.h"
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

double kraft(int depth) { return std::ldexp(1.0, depth); }

constexpr double kNoise = 0.3;  // of the score, in restarts

/// A number in [-0.5, 0.5) from the bits of x (the finaliser of splitmix64).
double noise(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return std::ldexp(static_cast<double>(x >> 11), -53) - 0.5;
}

/// Counts pairs with one digit by a flat array over (other node, shift, sign); cleared by what was
/// touched.
class LocalCounts {
 public:
  void add(const Term& one, const Term& other) {
    int shift = other.shift - one.shift;
    if (one.node == other.node) shift = std::abs(shift);
    const std::size_t index = (static_cast<std::size_t>(other.node) << 8) |
                              (static_cast<std::size_t>(shift + kShiftBias) << 1) |
                              (one.negative != other.negative ? 1u : 0u);
    if (index >= counts_.size()) counts_.resize(2 * index + 256);
    if (counts_[index]++ == 0) touched_.emplace_back(index, pack(pair_of(one, other)));
  }
  /// Calls f(key, count) for every key, in the order of their first occurrence, and forgets them.
  template <class F>
  void drain(F&& f) {
    for (const auto& [index, key] : touched_) {
      f(key, counts_[index]);
      counts_[index] = 0;
    }
    touched_.clear();
  }

 private:
  std::vector<std::int32_t> counts_;
  std::vector<std::pair<std::size_t, std::uint64_t>> touched_;
};

bool before(const Term& a, const Term& b) {
  return std::tie(a.node, a.shift, a.negative) < std::tie(b.node, b.shift, b.negative);
}

/// The pairs of all rows. Only pairs that occur at least twice stand in the table: a pair gets its
/// occurrences when the younger of its nodes appears, and loses them one by one.
class Sharing {
 public:
  Sharing(AdderBuilder& builder, std::vector<std::vector<Term>> rows, const CseOptions& options)
      : builder_(builder), rows_(std::move(rows)), options_(options), counts_(1024) {
    weight_.reserve(rows_.size());
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::sort(rows_[r].begin(), rows_[r].end(), before);
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
    const auto now = [this](const PairCandidate& c) {
      return candidate(c.key, counts_.wanted(c.key));
    };
    PairCandidate best;
    while (queue_.pop(best, now)) substitute(best.key);
  }

  std::vector<std::optional<Term>> finish() {
    std::vector<std::optional<Term>> results;
    for (std::vector<Term>& row : rows_) results.push_back(merge(row));
    return results;
  }

 private:
  using Occurrence = std::pair<Term, Term>;

  void note_use(std::int32_t node, std::size_t row) {
    const auto index = static_cast<std::size_t>(node);
    if (index >= used_in_.size()) used_in_.resize(index + 1);
    auto& rows = used_in_[index];
    if (rows.empty() || rows.back() != row) rows.push_back(static_cast<std::uint32_t>(row));
  }

  [[nodiscard]] std::pair<std::size_t, std::size_t> terms_of(const std::vector<Term>& row,
                                                             std::int32_t node) const {
    const auto first =
        std::lower_bound(row.begin(), row.end(), node,
                         [](const Term& term, std::int32_t n) { return term.node < n; });
    auto last = first;
    while (last != row.end() && last->node == node) ++last;
    return {static_cast<std::size_t>(first - row.begin()),
            static_cast<std::size_t>(last - row.begin())};
  }

  void count_all() {
    for (std::size_t node = 0; node < used_in_.size(); ++node) {
      for (const std::uint32_t r : used_in_[node]) {
        const std::vector<Term>& row = rows_[r];
        const auto [first, last] = terms_of(row, static_cast<std::int32_t>(node));
        for (std::size_t a = first; a < last; ++a) {
          for (std::size_t b = a + 1; b < row.size(); ++b) local_.add(row[a], row[b]);
        }
      }
      local_.drain([&](std::uint64_t key, std::int32_t count) {
        if (count >= 2) queue_.push(candidate(key, counts_.add(key, count)));
      });
    }
  }

  [[nodiscard]] PairCandidate candidate(std::uint64_t key, std::int32_t count) const {
    if (count < 2) return {0, 0, key};
    const Pair pair = unpack(key);
    const int di = builder_.depth(pair.i), dj = builder_.depth(pair.j);
    double score = count;
    if (options_.score == PairScore::kOverlapBits) score *= overlap_bits(pair);
    score -= options_.depth_skew_penalty * std::abs(di - dj);
    if (options_.noise_seed != 0) score *= 1 + kNoise * noise(key ^ options_.noise_seed);
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

  // Replaces every non-overlapping occurrence that the depth bounds allow.
  void substitute(std::uint64_t key) {
    const Pair pair = unpack(key);
    const int di = builder_.depth(pair.i), dj = builder_.depth(pair.j);
    const double growth = kraft(std::max(di, dj) + 1) - kraft(di) - kraft(dj);
    std::vector<std::pair<std::size_t, std::vector<Occurrence>>> places;
    std::size_t found = 0;
    auto& rows_i = used_in_[static_cast<std::size_t>(pair.i)];
    auto& rows_j = used_in_[static_cast<std::size_t>(pair.j)];
    auto& rows = rows_i.size() <= rows_j.size() ? rows_i : rows_j;
    if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const std::uint32_t row : rows) {
      if (!fits(row, growth)) continue;
      auto here = occurrences(rows_[row], pair);
      double room = growth;
      std::size_t fit = 0;
      while (fit < here.size() && fits(row, room)) ++fit, room += growth;
      here.resize(fit);
      if (fit == 0) continue;
      found += fit;
      places.emplace_back(row, std::move(here));
    }
    if (found < 2) {
      counts_.refuse(key);
      return;
    }
    for (auto& [row, here] : places) {
      for (const auto& [a, b] : here) replace(row, a, b, growth);
    }
    local_.drain([&](std::uint64_t fresh, std::int32_t count) {
      if (count < 2 && counts_.count(fresh) == 0) return;
      queue_.push(candidate(fresh, counts_.add(fresh, count)));
    });
  }

  [[nodiscard]] std::vector<Occurrence> occurrences(const std::vector<Term>& row,
                                                    const Pair& pair) const {
    std::vector<Occurrence> out;
    const auto [first_i, last_i] = terms_of(row, pair.i);
    if (first_i == last_i) return out;
    const auto [first_j, last_j] = terms_of(row, pair.j);
    std::vector<char> taken(last_j - first_j, 0);
    for (std::size_t a = first_i; a < last_i; ++a) {
      if (pair.i == pair.j && taken[a - first_j]) continue;
      for (std::size_t b = first_j; b < last_j; ++b) {
        if (b == a || taken[b - first_j]) continue;
        if (row[b].shift - row[a].shift != pair.shift) continue;
        if ((row[b].negative != row[a].negative) != pair.differ) continue;
        taken[b - first_j] = 1;
        if (pair.i == pair.j) taken[a - first_j] = 1;
        out.emplace_back(row[a], row[b]);
        break;
      }
    }
    return out;
  }

  void replace(std::size_t row_index, const Term& a, const Term& b, double growth) {
    std::vector<Term>& row = rows_[row_index];
    for (const Term& term : {a, b}) {
      const auto it = std::lower_bound(row.begin(), row.end(), term, before);
      NIB_CHECK(it != row.end() && *it == term, "a digit of the row");
      row.erase(it);
    }
    keys_.clear();
    keys_.push_back(pack(pair_of(a, b)));
    for (const Term& other : row) {
      keys_.push_back(pack(pair_of(a, other)));
      keys_.push_back(pack(pair_of(b, other)));
    }
    counts_.decrement(keys_);
    const Term sum = builder_.add(a, b);
    NIB_CHECK(builder_.size() < (1 << kNodeBits), "nodes of one matrix");
    for (const Term& other : row) local_.add(sum, other);
    row.insert(std::upper_bound(row.begin(), row.end(), sum, before), sum);
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
  LocalCounts local_;
  std::vector<std::uint64_t> keys_;                  // of one replacement
  std::vector<double> weight_;                       // Kraft sum of each row
  std::vector<std::vector<std::uint32_t>> used_in_;  // by node: rows that have held it
  PairQueue queue_;
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
