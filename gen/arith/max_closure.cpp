// Maximum closure by Dinic's maximum flow.
#include "nib/arith/max_closure.h"

#include <algorithm>
#include <limits>
#include <queue>

namespace nib::arith {
namespace {

constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max() / 4;

class Flow {
 public:
  explicit Flow(std::size_t nodes) : heads_(nodes), level_(nodes), next_(nodes) {}

  void add(std::size_t from, std::size_t to, std::int64_t capacity) {
    heads_[from].push_back(arcs_.size());
    arcs_.push_back({to, capacity});
    heads_[to].push_back(arcs_.size());
    arcs_.push_back({from, 0});
  }

  void run(std::size_t source, std::size_t sink) {
    while (levels(source, sink)) {
      std::fill(next_.begin(), next_.end(), 0);
      while (augment(source, sink) > 0) {
      }
    }
  }

  /// Nodes that the residual graph still reaches from the source; valid after run().
  [[nodiscard]] bool reached(std::size_t node) const { return level_[node] >= 0; }

 private:
  struct Arc {
    std::size_t to = 0;
    std::int64_t room = 0;
  };

  bool levels(std::size_t source, std::size_t sink) {
    std::fill(level_.begin(), level_.end(), -1);
    std::queue<std::size_t> queue;
    queue.push(source);
    level_[source] = 0;
    while (!queue.empty()) {
      const std::size_t at = queue.front();
      queue.pop();
      for (const std::size_t arc : heads_[at]) {
        if (arcs_[arc].room == 0 || level_[arcs_[arc].to] >= 0) continue;
        level_[arcs_[arc].to] = level_[at] + 1;
        queue.push(arcs_[arc].to);
      }
    }
    return level_[sink] >= 0;
  }

  // One augmenting path, walked with an explicit stack: depth may be large.
  std::int64_t augment(std::size_t source, std::size_t sink) {
    std::vector<std::size_t> path;
    std::size_t at = source;
    while (at != sink) {
      if (next_[at] == heads_[at].size()) {
        if (path.empty()) return 0;
        level_[at] = -1;
        at = arcs_[path.back() ^ 1].to;
        path.pop_back();
        ++next_[at];
        continue;
      }
      const std::size_t arc = heads_[at][next_[at]];
      if (arcs_[arc].room > 0 && level_[arcs_[arc].to] == level_[at] + 1) {
        path.push_back(arc);
        at = arcs_[arc].to;
      } else {
        ++next_[at];
      }
    }
    std::int64_t amount = kInfinite;
    for (const std::size_t arc : path) amount = std::min(amount, arcs_[arc].room);
    for (const std::size_t arc : path) {
      arcs_[arc].room -= amount;
      arcs_[arc ^ 1].room += amount;
    }
    return amount;
  }

  std::vector<Arc> arcs_;
  std::vector<std::vector<std::size_t>> heads_;
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace

std::vector<char> max_closure(const std::vector<std::int64_t>& weights,
                              const std::vector<std::pair<std::int32_t, std::int32_t>>& edges,
                              const std::vector<char>& forbidden) {
  const std::size_t nodes = weights.size(), source = nodes, sink = nodes + 1;
  Flow flow(nodes + 2);
  for (std::size_t v = 0; v < nodes; ++v) {
    if (weights[v] > 0) flow.add(source, v, weights[v]);
    if (forbidden[v]) {
      flow.add(v, sink, kInfinite);
    } else if (weights[v] < 0) {
      flow.add(v, sink, -weights[v]);
    }
  }
  for (const auto& [from, to] : edges) {
    flow.add(static_cast<std::size_t>(from), static_cast<std::size_t>(to), kInfinite);
  }
  flow.run(source, sink);
  std::vector<char> inside(nodes, 0);
  for (std::size_t v = 0; v < nodes; ++v) inside[v] = flow.reached(v) ? 1 : 0;
  return inside;
}

}  // namespace nib::arith
