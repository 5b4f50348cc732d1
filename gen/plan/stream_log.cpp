// Handshake logs: valid stands from a word's arrival to its pop, ready from the last of a step's
// other terms to its firing.
#include "nib/plan/stream_log.h"

#include <algorithm>

#include "nib/base/check.h"
#include "nib/plan/stream_engine.h"

namespace nib::plan::stream {
namespace {

/// For every cycle the next one in which the pattern takes part.
std::vector<std::int64_t> next_table(const std::vector<std::uint8_t>& pattern) {
  std::vector<std::int64_t> next(pattern.size());
  std::int64_t at = kNever;
  for (std::size_t t = pattern.size(); t-- > 0;) {
    if (pattern[t] != 0) at = static_cast<std::int64_t>(t);
    next[t] = at;
  }
  return next;
}

std::int64_t look_up(const std::vector<std::int64_t>& next, std::int64_t t) {
  return t < static_cast<std::int64_t>(next.size()) ? next[static_cast<std::size_t>(t)] : kNever;
}

/// The recorded stimulus, as the engine asks for it.
class Patterns final : public Ends {
 public:
  explicit Patterns(const Stimulus& stimulus) {
    for (auto pattern : stimulus.sources) {
      for (std::size_t t = 0; t < pattern.size(); ++t) {
        if (stimulus.reset[t] != 0) pattern[t] = 0;
      }
      sources_.push_back(next_table(pattern));
    }
    for (const auto& pattern : stimulus.sinks) sinks_.push_back(next_table(pattern));
  }
  std::int64_t offer(std::size_t source, std::int64_t, std::int64_t earliest) override {
    return look_up(sources_[source], earliest);
  }
  std::int64_t accept(std::size_t sink, std::int64_t earliest) override {
    return look_up(sinks_[sink], earliest);
  }

 private:
  std::vector<std::vector<std::int64_t>> sources_, sinks_;
};

/// Marks the cycles [from, last] of one stretch between resets; the engine starts at `live`.
class Writer final : public Recorder {
 public:
  Writer(const Network& network, HandshakeLog& log) : network_(network), log_(log) {}

  void fired(std::size_t process, Step step, const Firing& firing) override {
    const Process& p = network_.processes[process];
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
      if ((step.takes >> i & 1) == 0) continue;
      const auto channel = static_cast<std::size_t>(p.inputs[i]);
      std::int64_t ready = early(process, firing.room);
      for (std::size_t j = 0; j < p.inputs.size(); ++j) {
        if (j != i && (step.takes >> j & 1) != 0) ready = std::max(ready, firing.arrival[j]);
      }
      mark(channel, firing.arrival[i], firing.when, kValid);
      mark(channel, ready, firing.when, kReady);
    }
  }
  void popped(std::size_t sink, std::int64_t shown, std::int64_t when) override {
    mark(static_cast<std::size_t>(network_.sinks[sink]), shown, when, kValid);
  }

  /// One stretch: reset in [from, live), then live up to `last`, whose state is still shown.
  void stretch(Engine& engine, const Stimulus& stimulus, std::int64_t from, std::int64_t live,
               std::int64_t last) {
    from_ = from;
    live_ = live;
    last_ = last;
    engine.start(live);
    // What would fire in the last cycle fires in it if that is no reset: then nothing follows.
    engine.run(last);
    for (std::size_t p = 0; p < network_.processes.size(); ++p) {
      fired(p, engine.next_step(p), engine.pending(p));
    }
    for (std::size_t c = 0; c < network_.channels.size(); ++c) {
      if (!network_.channels[c].is_ring) mark(c, engine.head_shown(c), last, kValid);
    }
    for (std::size_t s = 0; s < network_.sinks.size(); ++s) {
      auto& row = log_[static_cast<std::size_t>(network_.sinks[s])];
      for (std::int64_t t = from; t <= last; ++t) {
        const auto at = static_cast<std::size_t>(t);
        if (stimulus.sinks[s][at] != 0) row[at] |= kReady;
      }
    }
  }

 private:
  /// In reset the power-up state is shown: what is ready in the first live cycle is ready there,
  /// except for a process that holds back.
  [[nodiscard]] std::int64_t early(std::size_t process, std::int64_t room) const {
    return room == live_ && network_.processes[process].hold == 0 ? from_ : room;
  }
  void mark(std::size_t channel, std::int64_t a, std::int64_t b, std::uint8_t bit) {
    auto& row = log_[channel];
    for (std::int64_t t = std::max(a, from_); t <= std::min(b, last_); ++t) {
      row[static_cast<std::size_t>(t)] |= bit;
    }
  }

  const Network& network_;
  HandshakeLog& log_;
  std::int64_t from_ = 0, live_ = 0, last_ = 0;
};

}  // namespace

HandshakeLog token_log(const Network& network, const Stimulus& stimulus) {
  NIB_CHECK(stimulus.sources.size() == network.sources.size() &&
                stimulus.sinks.size() == network.sinks.size(),
            "a pattern for every end");
  const std::vector<std::uint8_t>& reset = stimulus.reset;
  const auto cycles = static_cast<std::int64_t>(reset.size());
  HandshakeLog log(network.channels.size(), std::vector<std::uint8_t>(reset.size()));
  Patterns patterns(stimulus);
  Writer writer(network, log);
  Engine engine(network, patterns, &writer);
  for (std::int64_t from = 0; from < cycles;) {
    std::int64_t live = from;
    while (live < cycles && reset[static_cast<std::size_t>(live)] != 0) ++live;
    std::int64_t last = live;
    while (last < cycles && reset[static_cast<std::size_t>(last)] == 0) ++last;
    last = std::min(last, cycles - 1);
    writer.stretch(engine, stimulus, from, live, last);
    from = last + 1;
  }
  return log;
}

}  // namespace nib::plan::stream
