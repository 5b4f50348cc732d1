// The next pair to build: a queue of candidates in buckets by score.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

namespace nib::arith {

/// A pair that could be built next, with the score that it had when it was offered.
struct PairCandidate {
  double score = 0;  ///< > 0, or the pair is of no use
  int depth = 0;
  std::uint64_t key = 0;
  bool operator<(const PairCandidate& other) const {
    // The largest score first, then the shallower sum, then the smaller key.
    return std::tie(score, other.depth, other.key) < std::tie(other.score, depth, key);
  }
};

/// A lazy priority queue. Scores fall between a push and the pop, and most candidates die with a
/// small score: a bucket is looked through and ordered only when it becomes the highest.
class PairQueue {
 public:
  void push(const PairCandidate& candidate) {
    if (!(candidate.score > 0)) return;
    const std::size_t index = bucket_of(candidate.score);
    if (index >= buckets_.size()) buckets_.resize(index + 1);
    Bucket& bucket = buckets_[index];
    bucket.items.push_back(candidate);
    if (bucket.ordered) std::push_heap(bucket.items.begin(), bucket.items.end());
    highest_ = std::max(highest_, index + 1);
  }

  /// The best candidate at its present score: refresh(candidate) gives it as it is now, with a
  /// score of at most 0 where it has died. False where none is left.
  template <class F>
  bool pop(PairCandidate& best, F&& refresh) {
    while (highest_ > 0) {
      const std::size_t index = highest_ - 1;
      if (!buckets_[index].ordered) order(index, refresh);
      std::vector<PairCandidate>& items = buckets_[index].items;
      if (items.empty()) {
        buckets_[index].ordered = false;
        --highest_;
        continue;
      }
      std::pop_heap(items.begin(), items.end());
      const PairCandidate top = items.back();
      items.pop_back();
      best = refresh(top);
      if (best.score >= top.score) return true;
      push(best);
    }
    return false;
  }

 private:
  struct Bucket {
    std::vector<PairCandidate> items;
    bool ordered = false;  // items is a heap
  };

  static constexpr double kMostBuckets = 1 << 20;

  static std::size_t bucket_of(double score) {
    return static_cast<std::size_t>(std::min(score, kMostBuckets));
  }

  template <class F>
  void order(std::size_t index, F&& refresh) {
    std::vector<PairCandidate> items;
    items.swap(buckets_[index].items);
    std::size_t kept = 0;
    for (const PairCandidate& item : items) {
      const PairCandidate now = refresh(item);
      if (now.score >= item.score) {
        items[kept++] = now;
      } else {
        push(now);  // into this bucket or a lower one
      }
    }
    items.resize(kept);
    std::vector<PairCandidate>& bucket = buckets_[index].items;
    bucket.insert(bucket.end(), items.begin(), items.end());
    std::make_heap(bucket.begin(), bucket.end());
    buckets_[index].ordered = true;
  }

  std::vector<Bucket> buckets_;
  std::size_t highest_ = 0;  // one above the highest bucket that may hold a candidate
};

}  // namespace nib::arith
