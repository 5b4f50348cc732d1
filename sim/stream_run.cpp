// Schedules, runs and logs of streaming designs.
#include "nib/sim/stream_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "nib/base/check.h"

namespace nib::sim {
namespace {

constexpr std::uint32_t kAll = 0xff;

int padded(int width) { return (width + 7) / 8 * 8; }

bool bit_of(std::span<const std::uint32_t> word, std::int64_t i) {
  return (word[static_cast<std::size_t>(i / 32)] >> (i % 32) & 1U) != 0;
}

/// Bits of each beat that carry an element, row by row.
PackedRows masks_of(const PortWord& port) {
  PackedRows masks;
  masks.pieces = pieces_of(padded(port.beat_width));
  masks.data.assign(static_cast<std::size_t>(port.beats * masks.pieces), 0);
  for (const Element& e : port.word.elements) {
    for (int b = 0; b < e.bits; ++b) {
      const int at = e.lsb + b;
      auto row = masks.row(at / port.beat_width);
      const int bit = at % port.beat_width;
      row[static_cast<std::size_t>(bit / 32)] |= 1U << (bit % 32);
    }
  }
  return masks;
}

/// The run's frames at one sink: what came, and what must come next.
class SinkCheck {
 public:
  SinkCheck(const PortWord& port, const PackedRows& golden)
      : port_(port), golden_(beats_of(port, golden, 0)), masks_(masks_of(port)) {}

  /// What is wrong with beat `n` of the run; empty: nothing.
  std::string wrong(std::int64_t n, std::span<const std::uint32_t> got, bool last) const {
    const std::int64_t vectors =
        static_cast<std::int64_t>(golden_.data.size()) / golden_.pieces / port_.beats;
    const std::int64_t vector = n / port_.beats % vectors, beat = n % port_.beats;
    if (last != (beat + 1 == port_.beats)) {
      return fmt::format("{} is {} with beat {} of {}", port_.last, last ? 1 : 0, beat,
                         port_.beats);
    }
    const auto expected = golden_.row(vector * port_.beats + beat);
    const auto mask = masks_.row(beat);
    for (std::size_t p = 0; p < mask.size(); ++p) {
      if (((got[p] ^ expected[p]) & mask[p]) == 0) continue;
      return element_text(beat, got, expected);
    }
    for (int b = port_.beat_width; b < padded(port_.beat_width); ++b) {
      if (bit_of(got, b)) return fmt::format("{} is not padded with zeros", port_.port);
    }
    return {};
  }

 private:
  std::string element_text(std::int64_t beat, std::span<const std::uint32_t> got,
                           std::span<const std::uint32_t> expected) const {
    for (std::size_t i = 0; i < port_.word.elements.size(); ++i) {
      Element e = port_.word.elements[i];
      if (e.lsb / port_.beat_width != beat) continue;
      e.lsb %= port_.beat_width;
      const std::int64_t g = get_code(got, e), x = get_code(expected, e);
      if (g != x) {
        return fmt::format("{} element {}: got code {}, expected {}", port_.name, i, g, x);
      }
    }
    return port_.name + " differs";
  }

  const PortWord& port_;
  PackedRows golden_, masks_;
};

}  // namespace

void StreamSchedule::run(std::int64_t count, std::int64_t frames_allowed) {
  cycles.resize(cycles.size() + static_cast<std::size_t>(count),
                {false, kAll, kAll, frames_allowed});
  frames = std::max(frames, frames_allowed);
}

int StreamLog::record() const {
  return 2 + sources + std::accumulate(sink_pieces.begin(), sink_pieces.end(), 0) + monitor_pieces;
}

std::span<const std::uint32_t> StreamLog::sink(std::int64_t t, int o) const {
  const std::uint32_t* first = at(t) + 2 + sources;
  for (int k = 0; k < o; ++k) first += sink_pieces[static_cast<std::size_t>(k)];
  return {first, static_cast<std::size_t>(sink_pieces[static_cast<std::size_t>(o)])};
}

std::span<const std::uint32_t> StreamLog::monitors(std::int64_t t) const {
  return {at(t) + record() - monitor_pieces, static_cast<std::size_t>(monitor_pieces)};
}

Dut stream_dut(const std::filesystem::path& folder, const Manifest& manifest) {
  Dut dut;
  dut.folder = folder;
  dut.sources = design_sources(folder);
  dut.top = manifest.top;
  dut.clock = manifest.clock;
  dut.reset = manifest.reset;
  const auto end = [](const PortWord& p) {
    return DutEnd{p.valid, p.ready, p.port, p.last, padded(p.beat_width), p.beats};
  };
  for (const PortWord& p : manifest.inputs) dut.sources_of_beats.push_back(end(p));
  for (const PortWord& p : manifest.outputs) dut.sinks_of_beats.push_back(end(p));
  return dut;
}

PackedRows beats_of(const PortWord& port, const PackedRows& frames, std::uint64_t seed) {
  Random random(seed);
  PackedRows beats;
  beats.pieces = pieces_of(padded(port.beat_width));
  const PackedRows masks = masks_of(port);
  const std::int64_t count = static_cast<std::int64_t>(frames.data.size()) / frames.pieces;
  beats.data.assign(static_cast<std::size_t>(count * port.beats * beats.pieces), 0);
  for (std::int64_t f = 0; f < count; ++f) {
    const auto frame = frames.row(f);
    for (std::int64_t b = 0; b < port.beats; ++b) {
      auto row = beats.row(f * port.beats + b);
      const auto mask = masks.row(b);
      for (int i = 0; i < port.beat_width; ++i) {
        if (bit_of(frame, b * port.beat_width + i)) {
          row[static_cast<std::size_t>(i / 32)] |= 1U << (i % 32);
        }
      }
      if (seed == 0) continue;
      for (std::size_t p = 0; p < row.size(); ++p) {
        row[p] |= static_cast<std::uint32_t>(random.next()) & ~mask[p];
      }
    }
  }
  return beats;
}

StreamLog run_stream(Bench& bench, const StreamSchedule& schedule,
                     const std::vector<PackedRows>& words) {
  const Dut& dut = bench.dut();
  std::vector<std::uint32_t> plan;
  for (const StreamSchedule::Cycle& c : schedule.cycles) {
    plan.push_back((c.reset ? 1U : 0U) | c.sources << 1 | c.sinks << 9);
    for (const DutEnd& end : dut.sources_of_beats) {
      plan.push_back(static_cast<std::uint32_t>(c.frames * end.beats));
    }
  }
  write_pieces(bench.folder() / "plan.bin", plan);
  for (std::size_t i = 0; i < words.size(); ++i) {
    write_pieces(bench.folder() / fmt::format("words{}.bin", i), words[i].data);
  }
  bench.run({"plan.bin", "log.bin"}, schedule.seed);
  StreamLog log;
  log.sources = static_cast<int>(dut.sources_of_beats.size());
  log.sinks = static_cast<int>(dut.sinks_of_beats.size());
  for (const DutEnd& end : dut.sinks_of_beats) log.sink_pieces.push_back(pieces_of(end.width));
  log.monitor_pieces = pieces_of(dut.monitors);
  log.pieces = read_pieces(bench.folder() / "log.bin");
  if (log.pieces.size() != schedule.cycles.size() * static_cast<std::size_t>(log.record())) {
    throw Fault{"the simulation stopped early"};
  }
  return log;
}

namespace {

/// Follows a log from power-up, sink by sink.
class Follower {
 public:
  Follower(const Manifest& manifest, const StreamLog& log, const Vectors& vectors)
      : manifest_(manifest), log_(log) {
    for (std::size_t o = 0; o < manifest.outputs.size(); ++o) {
      sinks_.emplace_back(manifest.outputs[o], vectors.outputs[o]);
    }
    next_.assign(sinks_.size(), 0);
    vectors_ = vectors.count;
  }

  StreamReport run() {
    for (std::int64_t t = 0; t < log_.cycles() && report_.wrong.empty(); ++t) {
      if (log_.reset(t)) {
        sweep(t);
        continue;
      }
      for (int i = 0; i < log_.sources; ++i) source(t, i);
      for (int o = 0; o < log_.sinks; ++o) sink(t, o);
    }
    return std::move(report_);
  }

  /// Frame of the run that is the next to come out whole.
  [[nodiscard]] std::int64_t frames_out() const {
    std::int64_t frames = next_.empty() ? 0 : INT64_MAX;
    for (std::size_t o = 0; o < next_.size(); ++o) {
      frames = std::min(frames, next_[o] / manifest_.outputs[o].beats);
    }
    return frames;
  }

 private:
  /// Behind a reset the frames go on with the one that the sources begin.
  void sweep(std::int64_t t) {
    if (t + 1 >= log_.cycles() || log_.reset(t + 1)) return;
    base_ = log_.beat(t + 1, 0) / manifest_.inputs[0].beats;
    for (std::size_t o = 0; o < next_.size(); ++o) next_[o] = base_ * manifest_.outputs[o].beats;
    starts_.clear();
    report_.latencies.clear();
    report_.ends.clear();
  }

  /// Cycle of each frame's first input beat.
  void source(std::int64_t t, int i) {
    if (!log_.source_valid(t, i) || !log_.source_ready(t, i)) return;
    const auto frame = static_cast<std::size_t>(
        log_.beat(t, i) / manifest_.inputs[static_cast<std::size_t>(i)].beats - base_);
    if (starts_.size() <= frame) starts_.resize(frame + 1, t);
  }

  void sink(std::int64_t t, int o) {
    const auto k = static_cast<std::size_t>(o);
    const PortWord& port = manifest_.outputs[k];
    const bool held =
        t > 0 && !log_.reset(t - 1) && log_.sink_valid(t - 1, o) && !log_.sink_ready(t - 1, o);
    if (held) {
      const auto before = log_.sink(t - 1, o), now = log_.sink(t, o);
      if (!log_.sink_valid(t, o)) return wrong(t, port.valid + " fell before the beat was taken");
      if (!std::equal(before.begin(), before.end(), now.begin())) {
        return wrong(t, port.port + " changed before the beat was taken");
      }
    }
    if (!log_.sink_valid(t, o) || !log_.sink_ready(t, o)) return;
    const std::int64_t frame = next_[k] / port.beats;
    if (frame - base_ >= static_cast<std::int64_t>(starts_.size())) {
      return wrong(t, "a beat comes out before its frame went in");
    }
    const std::string text = sinks_[k].wrong(next_[k], log_.sink(t, o), log_.sink_last(t, o));
    if (!text.empty()) {
      report_.vector = frame % vectors_;
      return wrong(t, fmt::format("vector {}: {}", report_.vector, text));
    }
    const std::int64_t before = frames_out();
    ++next_[k];
    if (frames_out() == before) return;
    report_.latencies.push_back(t - starts_[static_cast<std::size_t>(before - base_)]);
    report_.ends.push_back(t);
    ++report_.frames;
  }

  void wrong(std::int64_t t, const std::string& text) {
    if (report_.wrong.empty()) report_.wrong = fmt::format("cycle {}: {}", t, text);
  }

  const Manifest& manifest_;
  const StreamLog& log_;
  std::vector<SinkCheck> sinks_;
  std::vector<std::int64_t> next_;    ///< beat of the run at each sink
  std::vector<std::int64_t> starts_;  ///< of the frames from base_ on
  std::int64_t base_ = 0, vectors_ = 1;
  StreamReport report_;
};

}  // namespace

StreamReport compare_stream(const Manifest& manifest, const StreamSchedule& schedule,
                            const StreamLog& log, const Vectors& vectors) {
  Follower follower(manifest, log, vectors);
  StreamReport report = follower.run();
  if (report.wrong.empty() && follower.frames_out() < schedule.frames) {
    report.wrong =
        fmt::format("frame {} of {} never came out", follower.frames_out(), schedule.frames);
    report.vector = follower.frames_out() % vectors.count;
  }
  return report;
}

}  // namespace nib::sim
