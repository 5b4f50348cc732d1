// Sizing: binary search for each channel, several orders, then branch and bound.
#include "nib/plan/stream_size.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "nib/base/check.h"
#include "nib/plan/stream_engine.h"

namespace nib::plan::stream {
namespace {

/// Widest queue that is not block RAM.
constexpr std::int64_t kMostLutWords = 64;
/// Frames of the first runs: paced, then with free sources.
constexpr int kPacedFrames = 6, kFreeFrames = 12;
/// Frames in which a network without limits settles at its pace.
constexpr int kPeakFrames = 200;

class Sizer {
 public:
  Sizer(const Network& network, const Frames& frames, const SizeGoal& goal)
      : network_(network),
        frames_(frames),
        goal_(goal),
        steps_(std::make_shared<const std::vector<Steps>>(unroll(network))) {
    latency_ = goal.latency;
    reachable_ = goal.interval >= least_interval(network, frames);
  }

  Sizing run() {
    if (!reachable_) return {};
    start_ = peaks(network_, frames_, {goal_.interval, std::max(goal_.most_frames, kPeakFrames)});
    for (std::size_t c = 0; c < start_.size(); ++c) {
      if (is_fixed(c)) start_[c] = network_.channels[c].depth;
      if (start_[c] > kMostLutWords) ++start_[c];  // the cycle of a block RAM
    }
    // What block RAM's cycle costs may need room elsewhere.
    for (int i = 0; i < 8 && broken(start_) != Tight::kFloor; ++i) {
      for (std::size_t c = 0; c < start_.size(); ++c) start_[c] += is_fixed(c) ? 0 : 1 + i;
    }
    Sizing best;
    best.reached = broken(start_) == Tight::kFloor;
    if (!best.reached) return best;
    if (goal_.keep_latency) latency_ = last_latency_;
    alone_ = floors();
    std::vector<std::size_t> shallow_first = channels_in(2);
    std::stable_sort(shallow_first.begin(), shallow_first.end(), [&](std::size_t a, std::size_t b) {
      return start_[a] - alone_[a] < start_[b] - alone_[b];
    });
    const auto find_alone = [&] {
      for_groups(shallow_first, start_, [&](std::size_t c, bool settled) {
        if (!settled) alone_[c] = least(start_, c);
      });
    };
    // What the first frame alone needs, first: mostly that is enough for all.
    first_alone_ = true;
    find_alone();
    first_alone_ = false;
    if (!all_least(start_, shallow_first)) find_alone();
    for (int order = 0; order < goal_.orders; ++order) {
      const std::vector<std::int64_t> depths = shrink(channels_in(order));
      const std::int64_t sum = bits(depths);
      if (best.depths.empty() || sum < best.bits) {
        best.depths = depths;
        best.bits = sum;
      }
    }
    branch(best);
    finish(best);
    return best;
  }

 private:
  bool is_fixed(std::size_t c) const { return !goal_.fixed.empty() && goal_.fixed[c] != 0; }
  bool is_source(std::size_t c) const {
    return std::find(network_.sources.begin(), network_.sources.end(), static_cast<int>(c)) !=
           network_.sources.end();
  }

  std::int64_t bits(const std::vector<std::int64_t>& depths) const {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < depths.size(); ++c) {
      if (!is_source(c)) sum += depths[c] * network_.channels[c].bits;
    }
    return sum;
  }

  /// What these depths break; kFloor: nothing.
  Tight broken(const std::vector<std::int64_t>& depths) {
    ++probes_;
    const Network sized = with_depths(network_, depths);
    // The first frame shows most of what is too shallow.
    const int most = first_alone_ ? 1 : kPacedFrames;
    Timing t = measure(sized, frames_, {goal_.interval, most, latency_}, steps_);
    if (t.live && latency_ > 0 && t.latency > latency_) return Tight::kLatency;
    if (first_alone_) return t.live ? Tight::kFloor : Tight::kDeadlock;
    // Most settle soon at the goal's pace; shallow queues that drift, with free sources.
    if (t.live && !t.settled) t = measure(sized, frames_, {0, kFreeFrames}, steps_);
    if (t.live && !t.settled && goal_.most_frames > kFreeFrames) {
      t = measure(sized, frames_, {goal_.interval, goal_.most_frames}, steps_);
    }
    if (!t.live) return Tight::kDeadlock;
    if (!t.settled || t.cycles > goal_.interval * t.frames) return Tight::kInterval;
    last_latency_ = t.latency;
    return latency_ > 0 && t.latency > latency_ ? Tight::kLatency : Tight::kFloor;
  }

  /// Most bits first, fewest bits first, along the network, against it, then at random.
  std::vector<std::size_t> channels_in(int order) const {
    std::vector<std::size_t> list;
    for (std::size_t c = 0; c < start_.size(); ++c) {
      if (!is_fixed(c) && !is_source(c)) list.push_back(c);
    }
    const auto weight = [&](std::size_t c) { return start_[c] * network_.channels[c].bits; };
    if (order == 3) std::reverse(list.begin(), list.end());
    if (order < 2) {
      std::stable_sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) {
        return order == 0 ? weight(a) > weight(b) : weight(a) < weight(b);
      });
    }
    std::uint64_t random = static_cast<std::uint64_t>(order) * 0x9e3779b97f4a7c15ULL;
    for (std::size_t i = list.size(); order > 3 && i > 1; --i) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      std::swap(list[i - 1], list[(random >> 33) % i]);
    }
    return list;
  }

  /// By channel: depths that are surely not too great, 1 or what a ring must hold.
  std::vector<std::int64_t> floors() const {
    std::vector<std::int64_t> floor = start_;
    for (const std::size_t c : channels_in(2)) floor[c] = 1;
    for (const Process& process : network_.processes) {
      for (const Reader& reader : process.reader) {
        const auto ring = static_cast<std::size_t>(reader.ring);
        if (!is_fixed(ring)) floor[ring] = std::min(start_[ring], least_ring(reader.window));
      }
    }
    return floor;
  }

  /// Smallest depth of channel `c` from alone_[c] on that breaks nothing, the others as they are.
  std::int64_t least(std::vector<std::int64_t> depths, std::size_t c) {
    std::int64_t good = depths[c], bad = alone_[c] - 1;
    if (good - bad > 2) {  // many hold, at their peak, what they need
      --depths[c];
      if (broken(depths) != Tight::kFloor) return good;
      good = depths[c];
    }
    for (std::int64_t step = 1; bad + step < good; step *= 2) {  // most channels end up shallow
      depths[c] = bad + step;
      if (broken(depths) == Tight::kFloor) {
        good = depths[c];
      } else {
        bad = depths[c];
      }
    }
    while (good - bad > 1) {
      depths[c] = bad + (good - bad) / 2;
      (broken(depths) == Tight::kFloor ? good : bad) = depths[c];
    }
    return good;
  }

  /// What one word less breaks; kFloor: nothing, or there is no word less.
  Tight why_tight(std::vector<std::int64_t> depths, std::size_t c) {
    if (depths[c] == 1) return Tight::kFloor;
    --depths[c];
    return broken(depths);
  }

  /// True if all channels of the group at once may be as shallow as they are alone.
  bool all_least(std::vector<std::int64_t> depths, std::span<const std::size_t> group) {
    for (const std::size_t c : group) depths[c] = alone_[c];
    return broken(depths) == Tight::kFloor;
  }

  /// Calls one(c) for every channel, in order, but for groups that all_least() settles at once:
  /// what each of them may be, so much the more may each alone. `depths`: while the group is seen.
  template <class One>
  void for_groups(std::span<const std::size_t> order, const std::vector<std::int64_t>& depths,
                  const One& one) {
    constexpr std::size_t kLargest = 16;
    if (order.empty()) return;
    if (order.size() > kLargest) {
      for (std::size_t i = 0; i < order.size(); i += kLargest) {
        for_groups(order.subspan(i, std::min(kLargest, order.size() - i)), depths, one);
      }
      return;
    }
    const bool settled = order.size() > 1 && all_least(depths, order);
    if (settled || order.size() == 1) {
      for (const std::size_t c : order) one(c, settled);
      return;
    }
    for_groups(order.first(order.size() / 2), depths, one);
    for_groups(order.subspan(order.size() / 2), depths, one);
  }

  std::vector<std::int64_t> shrink(const std::vector<std::size_t>& order) {
    std::vector<std::int64_t> depths = start_;
    if (all_least(depths, order)) return alone_;
    for_groups(order, depths, [&](std::size_t c, bool settled) {
      depths[c] = settled ? alone_[c] : least(depths, c);
    });
    return depths;
  }

  /// Shrinks once more where a word less breaks nothing after all: a queue that is no block RAM
  /// any more is a cycle faster.
  void tighten(std::vector<std::int64_t>& depths, std::vector<Tight>& tight) {
    for (bool again = true; again;) {
      again = false;
      tight.assign(depths.size(), Tight::kFloor);
      for (const std::size_t c : channels_in(2)) {
        tight[c] = why_tight(depths, c);
        if (tight[c] != Tight::kFloor || depths[c] == 1) continue;
        alone_[c] = 1;
        depths[c] = least(depths, c);
        again = true;
      }
    }
  }

  /// Branch and bound: depths of fewer bits than the best so far, or the proof that there are none.
  void branch(Sizing& best) {
    order_ = channels_in(2);
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return network_.channels[a].bits > network_.channels[b].bits;
    });
    last_probe_ = probes_ + goal_.branches;
    proven_ = best.bits == bits(alone_) || descend(0, start_, bits(alone_), false, best);
  }
  /// The channels of order_ from `i` on are still as deep as they like, and have at least the
  /// depths alone_, which make `least` bits in all. `known`: those depths break something. False
  /// where the runs are used up.
  bool descend(std::size_t i, std::vector<std::int64_t> depths, std::int64_t least, bool known,
               Sizing& best) {
    if (least >= best.bits) return true;
    if (probes_ >= last_probe_) return false;
    const std::span<const std::size_t> rest(order_.begin() + static_cast<std::ptrdiff_t>(i),
                                            order_.end());
    if (!known && all_least(depths, rest)) {
      for (const std::size_t c : rest) depths[c] = alone_[c];
      best.depths = depths;
      best.bits = least;
      return true;
    }
    // A word more of a wide one would be too many already.
    while (i < order_.size() && least + network_.channels[order_[i]].bits >= best.bits) {
      depths[order_[i]] = alone_[order_[i]];
      ++i;
    }
    if (i == order_.size() || broken(depths) != Tight::kFloor) return true;
    const std::size_t c = order_[i];
    for (std::int64_t depth = alone_[c]; depth <= start_[c]; ++depth) {
      depths[c] = depth;
      const std::int64_t now = least + (depth - alone_[c]) * network_.channels[c].bits;
      if (!descend(i + 1, depths, now, depth == alone_[c], best)) return false;
    }
    return true;
  }

  void finish(Sizing& sizing) {
    sizing.least_bits = bits(alone_);
    tighten(sizing.depths, sizing.tight);
    sizing.bits = bits(sizing.depths);
    if (proven_ || sizing.bits < sizing.least_bits) sizing.least_bits = sizing.bits;
    sizing.timing = measure(with_depths(network_, sizing.depths), frames_,
                            {goal_.interval, goal_.most_frames}, steps_);
    sizing.probes = probes_;
  }

  const Network& network_;
  const Frames& frames_;
  const SizeGoal& goal_;
  SharedSteps steps_;
  std::vector<std::int64_t> start_, alone_;
  bool reachable_ = false;
  bool first_alone_ = false;                     // broken() runs the first frame alone
  std::int64_t latency_ = 0, last_latency_ = 0;  // at most; of the last run that kept the interval
  int probes_ = 0, last_probe_ = 0;
  std::vector<std::size_t> order_;  // of branch(): the widest first
  bool proven_ = false;             // no depths have fewer bits
};

}  // namespace

Sizing size_channels(const Network& network, const Frames& frames, const SizeGoal& goal) {
  return Sizer(network, frames, goal).run();
}

Network with_depths(Network network, const std::vector<std::int64_t>& depths) {
  for (std::size_t c = 0; c < depths.size(); ++c) {
    Channel& channel = network.channels[c];
    if (channel.depth == depths[c]) continue;
    channel.depth = depths[c];
    if (!channel.is_ring) channel.b = depths[c] > kMostLutWords ? 2 : 1;
  }
  return network;
}

std::int64_t least_interval(const Network& network, const Frames& frames) {
  return least_interval(steps_of_a_frame(network, frames), frames);
}

std::int64_t least_interval(const std::vector<std::int64_t>& steps, const Frames& frames) {
  std::int64_t most = 1;
  for (const auto& list : {frames.source_words, frames.sink_words, steps}) {
    for (const std::int64_t count : list) most = std::max(most, count);
  }
  return most;
}

}  // namespace nib::plan::stream
