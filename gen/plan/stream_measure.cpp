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
  explicit FrameTimes(const Frames& frames) : frames_(frames) {
    taken_.assign(frames.source_words.size(), 0);
    popped_.assign(frames.sink_words.size(), 0);
  }

  [[nodiscard]] Interest interest() const override { return Interest::kEnds; }
  void took(std::size_t source, std::int64_t when) override {
    note(first_, taken_[source]++, frames_.source_words[source], when, false);
  }
  void popped(std::size_t sink, std::int64_t, std::int64_t when) override {
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
  static void note(std::vector<std::int64_t>& times, std::int64_t word, std::int64_t words,
                   std::int64_t when, bool latest) {
    const auto frame = static_cast<std::size_t>(word / words);
    if (frame >= times.size()) times.resize(frame + 1, latest ? when : kNever);
    times[frame] = latest ? std::max(times[frame], when) : std::min(times[frame], when);
  }

  const Frames& frames_;
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
  [[nodiscard]] Interest interest() const override { return Interest::kWork; }
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

/// A port of a process and the words through it in one pass.
struct Port {
  int channel = 0;
  std::int64_t words = 0;
};

std::vector<Port> ports_of(const Process& process) {
  std::vector<Port> ports;
  for (std::size_t i = 0; i < process.inputs.size(); ++i) {
    ports.push_back({process.inputs[i], words_of_a_pass(process.program, 1U << i, 0)});
  }
  for (std::size_t o = 0; o < process.outputs.size(); ++o) {
    ports.push_back({process.outputs[o], words_of_a_pass(process.program, 0, 1U << o)});
  }
  for (const Reader& reader : process.reader) {
    ports.push_back({reader.ring, reader.window.frame_words()});
  }
  return ports;
}

}  // namespace

Timing measure(const Network& network, const Frames& frames, const Drive& drive,
               const SharedSteps& steps) {
  NIB_CHECK(frames.source_words.size() == network.sources.size() &&
                frames.sink_words.size() == network.sinks.size(),
            "words of a frame for every end");
  PacedEnds ends(frames, drive.pace);
  FrameTimes times(frames);
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
  constexpr std::int64_t kUnknown = -1;
  std::vector<std::int64_t> words(network.channels.size(), kUnknown);
  const auto words_of = [&](int channel) -> std::int64_t& {
    return words[static_cast<std::size_t>(channel)];
  };
  for (std::size_t s = 0; s < network.sources.size(); ++s) {
    words_of(network.sources[s]) = frames.source_words[s];
  }
  for (std::size_t s = 0; s < network.sinks.size(); ++s) {
    words_of(network.sinks[s]) = frames.sink_words[s];
  }
  // Words of one port give a process' passes, and those the words of all its ports.
  std::vector<std::int64_t> result(network.processes.size(), kUnknown);
  for (bool found = true; found;) {
    found = false;
    for (std::size_t p = 0; p < result.size(); ++p) {
      if (result[p] != kUnknown) continue;
      const std::vector<Port> ports = ports_of(network.processes[p]);
      const auto known = std::find_if(ports.begin(), ports.end(), [&](const Port& port) {
        return port.words > 0 && words_of(port.channel) != kUnknown;
      });
      if (known == ports.end()) continue;
      const std::int64_t total = words_of(known->channel);
      for (const Port& port : ports) {
        NIB_CHECK(total * port.words % known->words == 0, "frames end with words");
        words_of(port.channel) = total * port.words / known->words;
      }
      const std::int64_t of_a_pass = steps(network.processes[p].program);
      NIB_CHECK(total * of_a_pass % known->words == 0, "frames end with steps");
      result[p] = total * of_a_pass / known->words;
      found = true;
    }
  }
  NIB_CHECK(std::count(result.begin(), result.end(), kUnknown) == 0, "streams join all processes");
  return result;
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
