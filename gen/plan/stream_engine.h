// Token model: the time of every step of a streaming network, by max-plus recurrences.
//
// Control never depends on data, so step n of a process fires at
//   T(n) = max(T(n - 1) + 1, arrivals of the words it takes or needs, room for the words it makes)
// where a word issued at t arrives at t + lat + b and a word popped at t leaves room at t + 1. Each
// term is the time of an earlier step, so all times follow in one pass over the tokens.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "nib/plan/stream_network.h"

namespace nib::plan::stream {

/// A time that does not come.
inline constexpr std::int64_t kNever = std::int64_t{1} << 60;

/// When the outside takes part; both return kNever where it does not any more.
class Ends {
 public:
  virtual ~Ends() = default;
  /// Cycle from `earliest` on in which source `source` offers its word number `word`.
  virtual std::int64_t offer(std::size_t source, std::int64_t word, std::int64_t earliest) = 0;
  /// Cycle from `earliest` on in which sink `sink` is ready.
  virtual std::int64_t accept(std::size_t sink, std::int64_t earliest) = 0;
};

/// One firing, or (when == kNever) what is known of a step that does not fire.
struct Firing {
  std::int64_t when = 0;
  std::int64_t room = 0;  ///< latest of all terms but the arrivals of the inputs taken
  std::array<std::int64_t, 8> arrival{};  ///< of the inputs taken: first cycle of valid
};

/// What a recorder is told of.
enum class Interest {
  kEnds,   ///< words that sources give and sinks take
  kWork,   ///< also every step that takes or makes, with its time alone
  kSteps,  ///< also idle steps, and what held each step back
};

/// Is told what happens, in the order of each process' steps.
class Recorder {
 public:
  virtual ~Recorder() = default;
  [[nodiscard]] virtual Interest interest() const { return Interest::kSteps; }
  virtual void fired(std::size_t /*process*/, Step /*step*/, const Firing& /*firing*/) {}
  /// A word of a source was taken, by a process or a sink.
  virtual void took(std::size_t /*source*/, std::int64_t /*when*/) {}
  /// A word was valid from `shown` on and was popped at `when`.
  virtual void popped(std::size_t /*sink*/, std::int64_t /*shown*/, std::int64_t /*when*/) {}
};

class Engine {
 public:
  /// `network` and `ends` must outlive the engine; `recorder` may be null. `steps`: of
  /// unroll(network), whatever its depths, where it is known already.
  Engine(const Network& network, Ends& ends, Recorder* recorder = nullptr,
         SharedSteps steps = nullptr);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Starts in the power-up state, with `first` as the first live cycle.
  void start(std::int64_t first);
  /// Fires everything that fires up to cycle `last`.
  void run(std::int64_t last);

  /// What holds back the process' next step, after run().
  [[nodiscard]] Firing pending(std::size_t process) const { return firing_of(actors_[process]); }
  [[nodiscard]] Step next_step(std::size_t process) const;
  /// First cycle in which the channel's head is valid, kNever where it holds none.
  [[nodiscard]] std::int64_t head_shown(std::size_t channel) const {
    return head_shown(queues_[channel]);
  }
  [[nodiscard]] std::int64_t words_taken(std::size_t channel) const {
    return queues_[channel].taken;
  }
  [[nodiscard]] std::int64_t words_issued(std::size_t channel) const {
    return queues_[channel].issued;
  }
  /// All that the future depends on, relative to the cycle `reference`: positions, words held,
  /// times. Times that cannot hold anything back any more are cut off.
  [[nodiscard]] std::vector<std::int64_t> state(std::int64_t reference) const;
  /// Steps fired since start().
  [[nodiscard]] std::int64_t events() const { return events_; }

 private:
  /// Times of words: that of word k at k modulo the size, a power of two.
  class Times {
   public:
    void resize(std::int64_t words);
    [[nodiscard]] std::size_t size() const { return list_.size(); }
    [[nodiscard]] std::int64_t operator[](std::int64_t k) const { return list_[slot(k)]; }
    [[nodiscard]] std::int64_t& operator[](std::int64_t k) { return list_[slot(k)]; }

   private:
    [[nodiscard]] std::size_t slot(std::int64_t k) const {
      return static_cast<std::size_t>(k) & mask_;
    }
    std::vector<std::int64_t> list_;
    std::size_t mask_ = 0;
  };
  /// The words of a channel.
  struct Queue {
    std::int64_t depth = 1, delay = 1;
    std::int64_t issued = 0, taken = 0, last_pop = 0;
    int source = -1;
    int producer = -1, consumer = -1;  ///< process, or processes + sink; -1: the outside
    Times arrived;
    Times popped;                                                ///< of a queue with an end
    std::deque<std::pair<std::int64_t, std::int64_t>> released;  ///< of a ring: words in all, time
  };
  /// A process with its queues, and how far it is.
  struct Actor {
    const Steps* steps = nullptr;
    std::array<Queue*, 8> inputs{}, outputs{};
    Queue* ring = nullptr;  ///< of a reader
    std::size_t step = 0;
    std::int64_t last = 0;  ///< cycle of the last firing
    std::int64_t ring_base = 0;
    [[nodiscard]] const UnrolledStep& now() const { return steps->list[step]; }
  };

  [[nodiscard]] Firing firing_of(const Actor& actor) const;
  [[nodiscard]] std::int64_t head_shown(const Queue& queue) const;
  [[nodiscard]] static std::int64_t room(const Queue& queue);
  [[nodiscard]] static std::int64_t room_of(const Actor& actor, Step step);
  [[nodiscard]] std::int64_t time_of(const Actor& actor, Step step) const;
  static void issue(Queue& queue, std::int64_t when);
  void pop(Queue& queue, std::int64_t when);
  void fire(Actor& actor, Step step, std::int64_t when);
  void run_process(std::size_t process, std::int64_t last);
  void run_watched(std::size_t process, std::int64_t last);
  void leap(Actor& actor, std::int64_t last);
  void run_sink(std::size_t sink, std::int64_t last);
  void wake(int actor);

  const Network& network_;
  Ends& ends_;
  Recorder* recorder_;
  SharedSteps steps_;
  Interest interest_ = Interest::kEnds;
  std::vector<Queue> queues_;
  std::vector<Actor> actors_;  // by process
  std::vector<int> waiting_;   // processes and sinks to look at
  std::vector<char> is_waiting_;
  std::int64_t events_ = 0;
};

}  // namespace nib::plan::stream
