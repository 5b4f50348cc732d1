// Both logs side by side.
#include "nib/sim/stream_compare.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::sim {
namespace {

/// The model's number of a port's end.
int end_of(const std::vector<int>& ends, const PortWord& port) {
  const auto found = std::find(ends.begin(), ends.end(), port.channel);
  if (found == ends.end()) throw Fault{"the network has no end at " + port.port};
  return static_cast<int>(found - ends.begin());
}

std::string handshake_text(unsigned bits) {
  return fmt::format("valid {} ready {}", bits & 1U, bits >> 1);
}

}  // namespace

std::vector<std::uint32_t> model_plan(const Manifest& manifest, const StreamModel& model,
                                      const StreamLog& log) {
  std::vector<int> sources, sinks;
  for (const PortWord& port : manifest.inputs) sources.push_back(end_of(model.sources(), port));
  for (const PortWord& port : manifest.outputs) sinks.push_back(end_of(model.sinks(), port));
  std::vector<std::uint32_t> plan;
  for (std::int64_t t = 0; t < log.cycles(); ++t) {
    std::uint32_t word = log.reset(t) ? 1U : 0U;
    for (int i = 0; i < log.sources; ++i) {
      word |= (log.source_valid(t, i) ? 1U : 0U) << (1 + sources[static_cast<std::size_t>(i)]);
    }
    for (int o = 0; o < log.sinks; ++o) {
      word |= (log.sink_ready(t, o) ? 1U : 0U) << (9 + sinks[static_cast<std::size_t>(o)]);
    }
    plan.push_back(word);
  }
  return plan;
}

std::string difference(const Manifest& manifest, const ProbedDut& probed, const StreamLog& log,
                       const ModelRun& model) {
  const auto& streams = manifest.streaming->streams;
  if (streams.size() != model.channels) return "the network has other streams than the manifest";
  for (std::int64_t t = 0; t < log.cycles(); ++t) {
    const auto wrong = [&](std::size_t channel, unsigned got) -> std::string {
      const unsigned expected = model.handshake(t, channel);
      if (got == expected) return {};
      return fmt::format("cycle {}, stream {}: the RTL shows {}, the model {}", t,
                         streams[channel].name, handshake_text(got), handshake_text(expected));
    };
    std::string text;
    for (std::size_t k = 0; k < probed.seen.size() && text.empty(); ++k) {
      text = wrong(static_cast<std::size_t>(probed.seen[k]), handshake(probed, log, t, k));
    }
    for (int i = 0; i < log.sources && text.empty(); ++i) {
      const PortWord& port = manifest.inputs[static_cast<std::size_t>(i)];
      text = wrong(static_cast<std::size_t>(port.channel),
                   (log.source_valid(t, i) ? 1U : 0U) | (log.source_ready(t, i) ? 2U : 0U));
    }
    for (int o = 0; o < log.sinks && text.empty(); ++o) {
      const PortWord& port = manifest.outputs[static_cast<std::size_t>(o)];
      text = wrong(static_cast<std::size_t>(port.channel),
                   (log.sink_valid(t, o) ? 1U : 0U) | (log.sink_ready(t, o) ? 2U : 0U));
    }
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace nib::sim
