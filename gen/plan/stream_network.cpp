// Streaming networks: checks, text, unrolled programs.
#include "nib/plan/stream_network.h"

#include <fmt/format.h>

#include "nib/base/check.h"

namespace nib::plan::stream {
namespace {

void check_masks(const Loop& loop, const Process& process) {
  if (loop.body.empty()) {
    NIB_CHECK(loop.step.takes >> process.inputs.size() == 0 &&
                  loop.step.makes >> process.outputs.size() == 0,
              "a step of " + process.name + " names a port that is not there");
  }
  for (const Loop& inner : loop.body) check_masks(inner, process);
}

std::string numbers(const std::vector<int>& list) {
  return fmt::format("{}", fmt::join(list, " "));
}

std::string to_text(const Axis& a) {
  return fmt::format("{} {} {} {} {} {}", a.size, a.kernel, a.stride, a.dilation, a.before,
                     a.after);
}

}  // namespace

void check(const Network& network) {
  std::vector<int> producers(network.channels.size()), consumers(network.channels.size());
  const auto count = [&](std::vector<int>& where, int channel) {
    NIB_CHECK(channel >= 0 && static_cast<std::size_t>(channel) < where.size(),
              "a channel of " + network.name + " is not there");
    ++where[static_cast<std::size_t>(channel)];
  };
  for (const int channel : network.sources) count(producers, channel);
  for (const int channel : network.sinks) count(consumers, channel);
  for (const Process& process : network.processes) {
    NIB_CHECK(process.inputs.size() <= 8 && process.outputs.size() <= 8, "a port too many");
    for (const int channel : process.inputs) count(consumers, channel);
    for (const int channel : process.outputs) count(producers, channel);
    for (const Reader& reader : process.reader) {
      count(consumers, reader.ring);
      NIB_CHECK(steps(process.program) == reader.window.steps(), "a step for every read");
    }
    NIB_CHECK(steps(process.program) > 0, process.name + " has no step");
    check_masks(process.program, process);
  }
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    const Channel& channel = network.channels[c];
    NIB_CHECK(producers[c] == 1 && consumers[c] == 1,
              channel.name + " has one producer and one consumer");
    NIB_CHECK(channel.depth >= 1 && channel.lat >= 0 && (channel.b == 1 || channel.b == 2),
              channel.name + " has a depth and delays");
  }
}

std::string to_text(const Network& network) {
  std::string text = fmt::format("network {}\n", network.name);
  for (const Channel& c : network.channels) {
    text += fmt::format("channel {} depth {} lat {} b {} bits {} {}\n", c.name, c.depth, c.lat, c.b,
                        c.bits, c.is_ring ? "ring" : "stream");
  }
  for (const int channel : network.sources) text += fmt::format("source {}\n", channel);
  for (const int channel : network.sinks) text += fmt::format("sink {}\n", channel);
  for (const Process& p : network.processes) {
    text += fmt::format("process {} hold {} in {} out {} program {} end\n", p.name, p.hold,
                        numbers(p.inputs), numbers(p.outputs), to_text(p.program));
    for (const Reader& r : p.reader) {
      text += fmt::format("reader {} rows {} columns {} fold {} channel_outer {} release_rows {}\n",
                          r.ring, to_text(r.window.rows), to_text(r.window.columns), r.window.fold,
                          int{r.window.channel_outer}, int{r.window.release_rows});
    }
  }
  return text;
}

std::vector<Steps> unroll(const Network& network) {
  std::vector<Steps> all;
  for (const Process& process : network.processes) {
    Steps steps;
    for (const Step& step : unroll(process.program)) steps.list.push_back({step});
    for (const Reader& reader : process.reader) {
      const WindowTable table = window_table(reader.window);
      for (std::size_t i = 0; i < steps.list.size(); ++i) {
        steps.list[i].need = table.need[i];
        steps.list[i].release = table.release[i];
      }
      steps.ring_frame = reader.window.frame_words();
    }
    std::int32_t run = 0;
    for (std::size_t i = steps.list.size(); process.reader.empty() && i-- > 0;) {
      run = steps.list[i].step == Step{} ? run + 1 : 0;
      steps.list[i].idle = run;
    }
    all.push_back(std::move(steps));
  }
  return all;
}

}  // namespace nib::plan::stream
