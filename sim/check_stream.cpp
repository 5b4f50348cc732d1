// Streaming builds: the Verilated top against golden, its latency and interval, stalls and resets.
#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "nib/sim/checks.h"
#include "nib/sim/stream_compare.h"
#include "nib/sim/stream_probe.h"
#include "nib/sim/stream_stalls.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kCycles = 2'000'000;     ///< that the random vectors may take at full rate
constexpr std::int64_t kAlone = 4;              ///< frames one at a time
constexpr std::int64_t kStallCycles = 400'000;  ///< that each run with stalls may take, about
constexpr std::int64_t kSlack = 64;             ///< cycles

/// Cycles in which a frame that is alone comes out.
std::int64_t frame_cycles(const Manifest& m) { return m.latency + kSlack; }

/// Cycles in which `frames` frames come out at full rate, whatever happened before; with enough to
/// measure a design that is a little slower than it should be.
std::int64_t drain(const Manifest& m, std::int64_t frames) {
  return 2 * m.latency + (frames + m.streaming->frames) * (m.interval + m.interval / 8 + 1) +
         kSlack;
}

StreamSchedule one_at_a_time(const Manifest& m, std::uint64_t seed) {
  StreamSchedule schedule{"one at a time", seed, 0, {}};
  for (std::int64_t f = 1; f <= kAlone; ++f) schedule.run(frame_cycles(m), f);
  return schedule;
}

StreamSchedule back_to_back(const Manifest& m, std::int64_t frames, std::uint64_t seed) {
  StreamSchedule schedule{"back to back", seed, 0, {}};
  schedule.run(drain(m, frames), frames);
  return schedule;
}

/// Frames of a run with stalls.
std::int64_t stall_frames(const Manifest& m) {
  return std::clamp<std::int64_t>(kStallCycles / m.interval, 3, 24);
}

/// Random stalls at the ends whose bit is 1, then full rate until all is out; resets in between.
StreamSchedule stalled(const Manifest& m, const std::string& name, bool sources, bool sinks,
                       bool resets, std::uint64_t seed) {
  std::vector<Stalls> ends;
  for (std::uint64_t i = 0; i < 16; ++i) ends.emplace_back(seed * 16 + i);
  Random random(seed);
  const std::int64_t frames = stall_frames(m);
  StreamSchedule schedule{name, seed, frames, {}};
  const std::int64_t cycles = std::max<std::int64_t>(2000, frames * m.interval + 2 * m.latency);
  std::int64_t reset_left = 0;
  const auto chance = static_cast<std::uint64_t>(std::max<std::int64_t>(100, cycles / 10));
  for (std::int64_t t = 0; t < cycles; ++t) {
    StreamSchedule::Cycle cycle{false, 0xff, 0xff, frames};
    for (std::size_t i = 0; i < 8; ++i) {
      if (sources && !ends[i].next()) cycle.sources &= ~(1U << i);
      if (sinks && !ends[8 + i].next()) cycle.sinks &= ~(1U << i);
    }
    if (resets && random.next() % chance == 0) reset_left = random.in({1, 4});
    cycle.reset = reset_left > 0;
    if (reset_left > 0) --reset_left;
    schedule.cycles.push_back(cycle);
  }
  if (resets) {
    // The last thing before the drain: whatever is inside goes.
    for (int i = 0; i < 2; ++i) schedule.cycles.push_back({true, 0xff, 0xff, frames});
  }
  // A reset may have swept frames away that the sources had begun.
  schedule.run(drain(m, frames), frames);
  return schedule;
}

/// Shared by the runs of one bench.
struct StreamBench {
  Session& session;
  Oracle& oracle;
  const ProbedDut& probed;
  Bench& bench;
  Vectors vectors;
  std::vector<PackedRows> words;
  std::vector<std::string> runs;
  std::optional<StreamModel> model;  ///< --sc
  std::string differs;               ///< the first difference from it
  std::int64_t compared = 0;         ///< cycles

  /// Runs and compares; throws Fault with the layer that went wrong first.
  StreamReport run(const StreamSchedule& schedule) {
    const Manifest& m = session.manifest;
    session.say("simulating: " + schedule.name);
    const StreamLog log = run_stream(bench, schedule, words);
    session.result.cycles += log.cycles();
    StreamReport report = compare_stream(m, schedule, log, vectors);
    session.result.vectors += report.frames;
    if (!report.wrong.empty()) {
      session.say("looking for the layer that went wrong");
      const std::string where = locate_in_streams(session.folder, m, oracle, vectors, report.vector,
                                                  session.options.threads);
      throw Fault{schedule.name + ": " + report.wrong + (where.empty() ? "" : "; " + where)};
    }
    runs.push_back(schedule.name);
    if (model && differs.empty()) compare_with_model(schedule.name, log);
    return report;
  }

  void compare_with_model(const std::string& name, const StreamLog& log) {
    session.say("SystemC model: " + name);
    const std::vector<std::uint32_t> plan = model_plan(session.manifest, *model, log);
    differs = difference(session.manifest, probed, log, model->run(plan));
    if (!differs.empty()) differs = name + ": " + differs;
    compared += log.cycles();
  }
};

void check_latency(StreamBench& b) {
  Session& session = b.session;
  const StreamReport report = b.run(one_at_a_time(session.manifest, session.options.seed));
  const std::int64_t first = report.latencies.front();
  const std::int64_t most = *std::max_element(report.latencies.begin(), report.latencies.end());
  session.result.measured_latency = static_cast<int>(first);
  if (first != session.manifest.latency) {
    session.add("latency", false,
                fmt::format("the manifest says {} cycles, the RTL takes {}",
                            session.manifest.latency, first));
  } else if (most > first) {
    session.add("latency", false,
                fmt::format("{} cycles for the first frame, {} for a later one", first, most));
  } else {
    session.add("latency", true,
                fmt::format("{} cycles from the first beat in to the last beat out", first));
  }
}

void check_interval(StreamBench& b) {
  Session& session = b.session;
  const Manifest& m = session.manifest;
  const Streaming& s = *m.streaming;
  const StreamReport report = b.run(back_to_back(m, b.vectors.count, session.options.seed + 1));
  const auto& ends = report.ends;
  const auto first = static_cast<std::size_t>(s.first_state);
  const auto period = static_cast<std::size_t>(s.frames);
  if (ends.size() <= first + period) {
    session.add("interval", false,
                fmt::format("{} frames show no period that begins at frame {}: --random more",
                            ends.size(), first));
    return;
  }
  for (std::size_t n = first; n + period < ends.size(); ++n) {
    const std::int64_t cycles = ends[n + period] - ends[n];
    if (cycles == s.cycles) continue;
    session.add("interval", false,
                fmt::format("frames {} to {} took {} cycles, the manifest says {}", n, n + period,
                            cycles, s.cycles));
    return;
  }
  session.result.measured_interval = m.interval;
  session.add("interval", true,
              s.frames == 1 ? fmt::format("{} cycles, exact for {} frames", s.cycles, ends.size())
                            : fmt::format("{} cycles for every {} frames, exact for {}", s.cycles,
                                          s.frames, ends.size()));
}

void simulate(StreamBench& b) {
  Session& session = b.session;
  const Manifest& m = session.manifest;
  const std::uint64_t seed = session.options.seed;
  check_latency(b);
  check_interval(b);
  b.run(stalled(m, "stalls at the sources", true, false, false, seed + 2));
  b.run(stalled(m, "stalls at the sinks", false, true, false, seed + 3));
  b.run(stalled(m, "stalls at both ends", true, true, false, seed + 4));
  b.run(stalled(m, "resets in traffic", true, true, true, seed + 5));
  session.add("rtl == golden", true,
              fmt::format("{}; {} runs ({}): {} frames in order, none lost, every beat compared "
                          "on {} cycles",
                          b.vectors.summary, b.runs.size(), fmt::join(b.runs, ", "),
                          session.result.vectors, session.result.cycles));
}

/// As many vectors as there is time for where the user says nothing; enough to see a period.
VectorBudget budget_of(const Manifest& m) {
  const std::int64_t frames = kCycles / m.interval;
  const std::int64_t least = m.streaming->first_state + 2 * m.streaming->frames + 8;
  VectorBudget budget;
  budget.directed = std::min(budget.directed, std::max<std::int64_t>(8, frames / 2));
  budget.tie_candidates = std::min(budget.tie_candidates, frames / 2);
  budget.random = std::max(least, std::min(budget.random, frames / 2));
  return budget;
}

}  // namespace

void check_stream(Session& session, const graph::Graph& graph) {
  session.say("building the simulator and asking golden");
  Oracle oracle(graph, session.manifest, session.options.round_input);
  auto golden = std::async(std::launch::async, [&] {
    return make_vectors(oracle, session.manifest, session.options, budget_of(session.manifest));
  });
  session.guard("rtl == golden", [&] {
    const TempDir temp;
    const ProbedDut probed =
        probed_stream_dut(session.folder, session.manifest, temp.path() / "nib_probe.sv", {});
    Bench bench(probed.dut, BenchKind::kAxis, session.options.threads);
    bench.verilate();
    bench.compile();
    StreamBench b{session, oracle, probed, bench, golden.get(), {}, {}, {}, {}, 0};
    for (std::size_t i = 0; i < session.manifest.inputs.size(); ++i) {
      b.words.push_back(
          beats_of(session.manifest.inputs[i], b.vectors.inputs[i], session.options.seed + i + 1));
    }
    if (session.options.systemc) {
      session.say("building the SystemC model");
      b.model.emplace(session.folder, session.manifest.streaming->network);
      b.model->compile();
    }
    simulate(b);
    if (!b.model) return;
    session.add("systemc == rtl", b.differs.empty(),
                b.differs.empty()
                    ? fmt::format("{} streams and ends, every handshake on {} cycles the same",
                                  probed.seen.size() + b.words.size() + b.vectors.outputs.size(),
                                  b.compared)
                    : b.differs);
  });
}

}  // namespace nib::sim
