// The SystemC model at full rate, and what its log says.
#include "nib/sim/simulate.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/error.h"
#include "nib/sim/manifest.h"
#include "nib/sim/stream_model.h"
#include "nib/sim/words.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kMostCycles = 20'000'000;

/// Cycles of the handshakes that end (or begin) frames on a channel.
std::vector<std::int64_t> frame_edges(const ModelRun& run, int channel, std::int64_t beats,
                                      bool ends) {
  std::vector<std::int64_t> cycles;
  std::int64_t words = 0;
  for (std::int64_t t = 0; t < run.cycles(); ++t) {
    if (run.handshake(t, static_cast<std::size_t>(channel)) != 3) continue;
    if (words % beats == (ends ? beats - 1 : 0)) cycles.push_back(t);
    ++words;
  }
  return cycles;
}

StreamUse use_of(const StreamModel& model, const ModelRun& run, std::size_t c) {
  StreamUse use{model.names()[c],
                model.rings()[c] != 0,
                model.depths()[c],
                run.peak[c],
                static_cast<double>(run.total[c]) / static_cast<double>(run.cycles()),
                0,
                0,
                0};
  for (std::int64_t t = 0; t < run.cycles(); ++t) {
    const unsigned bits = run.handshake(t, c);
    use.words += bits == 3 ? 1 : 0;
    use.blocked += bits == 1 ? 1 : 0;
    use.empty += (bits & 1U) == 0 ? 1 : 0;
  }
  return use;
}

}  // namespace

SimulateResult simulate(const std::filesystem::path& folder, const SimulateOptions& options) {
  const auto say = [&](const char* text) {
    if (options.progress) options.progress(text);
  };
  const Manifest manifest = read_manifest(folder);
  if (!manifest.streaming) {
    fail(ErrorCode::E806, fmt::format("simulating a build of style {}", manifest.style), {},
         "nib simulate runs the model of streaming builds; nib verify --sc that of others");
  }
  const Streaming& s = *manifest.streaming;
  StreamModel model(folder, s.network);
  say("building the SystemC model");
  model.compile();
  SimulateResult result;
  result.planned_latency = manifest.latency;
  result.planned_cycles = s.cycles;
  result.period_frames = s.frames;
  const std::int64_t frames =
      std::max(options.frames, options.frames > 0 ? 1 : s.first_state + 2 * s.frames + 2);
  result.cycles = std::min(kMostCycles, 2 * manifest.latency + (frames + 1) * manifest.interval);
  say("running the SystemC model");
  const ModelRun run =
      model.run(std::vector<std::uint32_t>(static_cast<std::size_t>(result.cycles), 0x1fffeU));
  std::int64_t first_in = run.cycles();
  for (const PortWord& port : manifest.inputs) {
    const auto starts = frame_edges(run, port.channel, port.beats, false);
    if (!starts.empty()) first_in = std::min(first_in, starts.front());
  }
  std::vector<std::int64_t> ends;  // of whole frames
  for (const PortWord& port : manifest.outputs) {
    const auto own = frame_edges(run, port.channel, port.beats, true);
    if (&port == &manifest.outputs.front()) ends = own;
    ends.resize(std::min(ends.size(), own.size()));
    for (std::size_t f = 0; f < ends.size(); ++f) ends[f] = std::max(ends[f], own[f]);
  }
  if (ends.empty()) fail(ErrorCode::E906, "no frame came out of the SystemC model");
  result.frames = static_cast<std::int64_t>(ends.size());
  result.latency = ends.front() - first_in;
  if (result.frames > s.frames) {
    result.period_cycles =
        ends.back() - ends[static_cast<std::size_t>(result.frames - 1 - s.frames)];
  }
  result.as_planned =
      result.latency == manifest.latency &&
      (result.frames <= s.first_state + s.frames || result.period_cycles == s.cycles);
  for (std::size_t c = 0; c < model.channels(); ++c) {
    result.streams.push_back(use_of(model, run, c));
  }
  return result;
}

}  // namespace nib::sim
