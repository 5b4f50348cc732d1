// Frames one by one through the token model until a state comes back.
#include "nib/plan/stream_measure.h"

#include <algorithm>
#include <map>

#include "nib/base/check.h"
#include "nib/plan/stream_engine.h"

namespace nib::plan::stream {
namespace {

/// Offers one frame more at a time.
class PacedEnds final : public Ends {
 public:
  PacedEnds(const Frames& frames, std::int64_t pace) : frames_(frames), pace_(pace) {}
  void allow(std::int64_t frames) { allowed_ = frames; }

  std::int64_t offer(std::size_t source, std::int64_t word, std::int64_t earliest) override {
    const std::int64_t frame = word / frames_.source_words[source];
    if (frame >= allowed_) return kNever;
    held_back_ += frame * pace_ > earliest ? 1 : 0;
    return std::max(earliest, frame * pace_);
  }
  /// How often the pace has held a source back so far.
  [[nodiscard]] std::int64_t held_back() const { return held_back_; }

  std::int64_t accept(std::size_t, std::int64_t earliest) override { return earliest; }

 private:
  const Frames& frames_;
  std::int64_t pace_, allowed_ = 0, held_back_ = 0;
};

/// First input and last output of every frame.
class FrameTimes final : public Recorder {
 public:
  FrameTimes(const Network& network, const Frames& frames) : network_(network), frames_(frames) {
    source_of_.assign(network.channels.size(), -1);
    for (std::size_t s = 0; s < network.sources.size(); ++s) {
      source_of_[static_cast<std::size_t>(network.sources[s])] = static_cast<int>(s);
    }
    taken_.assign(network.sources.size(), 0);
    popped_.assign(network.sinks.size(), 0);
  }

  void fired(std::size_t process, Step step, const Firing& firing) override {
    const std::vector<int>& inputs = network_.processes[process].inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if ((step.takes >> i & 1) != 0) take(inputs[i], firing.when);
    }
  }
  [[nodiscard]] bool sees_idle_steps() const override { return false; }
  void popped(std::size_t sink, std::int64_t, std::int64_t when) override {
    take(network_.sinks[sink], when);  // a stream may go straight through
    note(last_, popped_[sink]++, frames_.sink_words[sink], when, true);
  }

  /// Cycles from the frame's first input word to its last output word.
  [[nodiscard]] std::int64_t latency(std::int64_t frame) const {
    return last(frame) - first_[static_cast<std::size_t>(frame)];
  }
  [[nodiscard]] std::int64_t last(std::int64_t frame) const {
    return last_[static_cast<std::size_t>(frame)];
  }
  /// True if all sinks have taken the frame.
  [[nodiscard]] bool complete(std::int64_t frame) const {
    for (std::size_t s = 0; s < popped_.size(); ++s) {
      if (popped_[s] < (frame + 1) * frames_.sink_words[s]) return false;
    }
    return true;
  }

 private:
  /// A word of `channel` is taken: an input, if that comes from outside.
  void take(int channel, std::int64_t when) {
    const int source = source_of_[static_cast<std::size_t>(channel)];
    if (source < 0) return;
    const auto s = static_cast<std::size_t>(source);
    note(first_, taken_[s]++, frames_.source_words[s], when, false);
  }
  static void note(std::vector<std::int64_t>& times, std::int64_t word, std::int64_t words,
                   std::int64_t when, bool latest) {
    const auto frame = static_cast<std::size_t>(word / words);
    if (frame >= times.size()) times.resize(frame + 1, latest ? when : kNever);
    times[frame] = latest ? std::max(times[frame], when) : std::min(times[frame], when);
  }

  const Network& network_;
  const Frames& frames_;
  std::vector<int> source_of_;
  std::vector<std::int64_t> taken_, popped_, first_, last_;
};

/// A frame's end: how late it is against the pace of the next, how often the pace has held back.
struct Moment {
  std::int64_t frame = 0, last = 0, late = 0, held_back = 0;
};

/// Two equal states go on alike: the pace stands alike, or it did not hold back in between and is
/// further away now.
bool repeats(const Moment& older, const Moment& now) {
  return now.late == older.late || (now.held_back == older.held_back && now.late > older.late);
}

/// Times of issue and of release of the words of every channel, in order.
class Occupancy final : public Recorder {
 public:
  explicit Occupancy(const Network& network) : network_(network) {
    issued_.resize(network.channels.size());
    freed_.resize(network.channels.size());
    for (const Process& process : network.processes) {
      tables_.push_back(process.reader.empty() ? WindowTable{}
                                               : window_table(process.reader[0].window));
    }
    steps_.assign(network.processes.size(), 0);
  }

  void fired(std::size_t p, Step step, const Firing& firing) override {
    const Process& process = network_.processes[p];
    for (std::size_t i = 0; i < process.inputs.size(); ++i) {
      if ((step.takes >> i & 1) != 0) freed(process.inputs[i]).push_back(firing.when);
    }
    for (std::size_t o = 0; o < process.outputs.size(); ++o) {
      if ((step.makes >> o & 1) == 0) continue;
      issued_[static_cast<std::size_t>(process.outputs[o])].push_back(firing.when);
    }
    if (process.reader.empty()) return;
    const std::vector<std::int32_t>& release = tables_[p].release;
    const auto steps = static_cast<std::int64_t>(release.size());
    const std::int64_t base = steps_[p] / steps * process.reader[0].window.frame_words();
    const auto to =
        static_cast<std::size_t>(base + release[static_cast<std::size_t>(steps_[p]++ % steps)]);
    auto& times = freed(process.reader[0].ring);
    if (to > times.size()) times.resize(to, firing.when);
  }
  [[nodiscard]] bool sees_idle_steps() const override { return false; }
  void popped(std::size_t sink, std::int64_t, std::int64_t when) override {
    freed(network_.sinks[sink]).push_back(when);
  }

  /// A step at t sees the room of words that were freed before t.
  [[nodiscard]] std::int64_t peak(std::size_t channel) const {
    const std::vector<std::int64_t>& freed = freed_[channel];
    std::int64_t most = 1;
    std::size_t gone = 0;
    for (std::size_t k = 0; k < issued_[channel].size(); ++k) {
      while (gone < freed.size() && freed[gone] < issued_[channel][k]) ++gone;
      most = std::max(most, static_cast<std::int64_t>(k + 1) - static_cast<std::int64_t>(gone));
    }
    return most;
  }

 private:
  std::vector<std::int64_t>& freed(int channel) {
    return freed_[static_cast<std::size_t>(channel)];
  }

  const Network& network_;
  std::vector<WindowTable> tables_;
  std::vector<std::int64_t> steps_;
  std::vector<std::vector<std::int64_t>> issued_, freed_;
};

}  // namespace

Timing measure(const Network& network, const Frames& frames, const Drive& drive,
               const SharedSteps& steps) {
  NIB_CHECK(frames.source_words.size() == network.sources.size() &&
                frames.sink_words.size() == network.sinks.size(),
            "words of a frame for every end");
  PacedEnds ends(frames, drive.pace);
  FrameTimes times(network, frames);
  Engine engine(network, ends, &times, steps);
  std::map<std::vector<std::int64_t>, Moment> seen;
  Timing timing;
  for (std::int64_t frame = 0; frame < drive.most_frames; ++frame) {
    ends.allow(frame + 1);
    engine.run(kNever - 1);
    timing.events = engine.events();
    if (!times.complete(frame)) return timing;
    timing.complete_frames = frame + 1;
    if (frame == 0) {
      timing.latency = times.latency(0);
      timing.live = drive.most_latency > 0 && timing.latency > drive.most_latency;
      if (timing.live) return timing;
    }
    timing.worst_latency = std::max(timing.worst_latency, times.latency(frame));
    const std::int64_t last = times.last(frame);
    const Moment now{frame, last, last - (frame + 1) * drive.pace, ends.held_back()};
    const auto [older, is_new] = seen.emplace(engine.state(last), now);
    if (is_new) continue;
    if (!repeats(older->second, now)) {
      older->second = now;
      continue;
    }
    timing.live = timing.settled = true;
    timing.frames = frame - older->second.frame;
    timing.cycles = last - older->second.last;
    timing.first_state = older->second.frame + 1;
    return timing;
  }
  timing.live = true;
  return timing;
}

std::vector<std::int64_t> steps_of_a_frame(const Network& network, const Frames& frames) {
  struct Count final : Recorder {
    std::vector<std::int64_t> steps;
    void fired(std::size_t process, Step, const Firing&) override { ++steps[process]; }
    void popped(std::size_t, std::int64_t, std::int64_t) override {}
  } count;
  count.steps.assign(network.processes.size(), 0);
  Network open = network;
  for (Channel& channel : open.channels) channel.depth = kUnbounded;
  PacedEnds ends(frames, 0);
  Engine engine(open, ends, &count);
  // The first frame may set off some steps of the next.
  ends.allow(1);
  engine.run(kNever - 1);
  const std::vector<std::int64_t> first = count.steps;
  ends.allow(2);
  engine.run(kNever - 1);
  for (std::size_t p = 0; p < first.size(); ++p) count.steps[p] -= first[p];
  return count.steps;
}

std::vector<std::int64_t> peaks(const Network& network, const Frames& frames, const Drive& drive) {
  Network open = network;
  for (Channel& channel : open.channels) channel.depth = kUnbounded;
  const Timing timing = measure(open, frames, drive);
  NIB_CHECK(timing.settled, "a network without limits settles at its pace");
  PacedEnds ends(frames, drive.pace);
  Occupancy occupancy(open);
  Engine engine(open, ends, &occupancy);
  ends.allow(timing.first_state + timing.frames);
  engine.run(kNever - 1);
  std::vector<std::int64_t> most;
  for (std::size_t c = 0; c < open.channels.size(); ++c) most.push_back(occupancy.peak(c));
  return most;
}

}  // namespace nib::plan::stream
