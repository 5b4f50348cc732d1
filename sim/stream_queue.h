// Cycle model of a channel: a credited output queue, told by time stamps instead of counters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

namespace nib::sim {

/// The contract of a channel, in cycles and words. A word issued at t is valid at t + lat + b at
/// the earliest, and one cycle after its predecessor left; room that a pop frees at t is usable at
/// t + release; nothing is issued before cycle `hold` after reset or power-up.
struct Channel {
  int depth = 1;
  int lat = 0;
  int b = 1;
  int release = 1;
  int hold = 0;
};

/// One queue from power-up on. Ask space(), valid() and head() for what a cycle shows, then end the
/// cycle with step() or reset(). Words are known by their serial number.
class StreamQueue {
 public:
  explicit StreamQueue(const Channel& channel) : channel_(channel) {}

  [[nodiscard]] bool space() const {
    const auto held = std::count_if(releases_.begin(), releases_.end(),
                                    [this](std::int64_t at) { return at > now_; });
    return now_ >= channel_.hold &&
           static_cast<int>(words_.size()) + static_cast<int>(held) < channel_.depth;
  }
  [[nodiscard]] bool valid() const { return !words_.empty() && now_ >= words_.front().shown; }
  [[nodiscard]] std::uint64_t head() const { return words_.front().serial; }

  /// Ends a cycle in which the word `serial` was issued, if any, and the head was popped, if so.
  void step(bool issue, std::uint64_t serial, bool pop) {
    if (issue) words_.push_back({now_ + channel_.lat + channel_.b, serial});
    if (pop) {
      words_.pop_front();
      releases_.push_back(now_ + channel_.release);
      if (!words_.empty()) words_.front().shown = std::max(words_.front().shown, now_ + 1);
    }
    ++now_;
    while (!releases_.empty() && releases_.front() <= now_) releases_.pop_front();
  }

  /// Ends a cycle of reset: nothing is left, and time starts again.
  void reset() {
    words_.clear();
    releases_.clear();
    now_ = 0;
  }

 private:
  struct Word {
    std::int64_t shown;
    std::uint64_t serial;
  };

  Channel channel_;
  std::deque<Word> words_;
  std::deque<std::int64_t> releases_;
  std::int64_t now_ = 0;
};

}  // namespace nib::sim
