// Schedules, runs and comparison of free-running designs.
#include "nib/sim/flow.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::sim {
namespace {

constexpr std::int64_t kGapVectors = 3000;
constexpr std::int64_t kPowerUpVectors = 64;
constexpr int kPowerUpSeeds = 3;

/// Vectors first .. first + count - 1 (around the end) with gaps of up to `longest` cycles.
void drive_with_gaps(FlowPlan& plan, std::int64_t first, std::int64_t count, std::int64_t total,
                     Random& random, int longest) {
  for (std::int64_t i = 0; i < count; ++i) {
    plan.drive((first + i) % total);
    if (random.chance(50)) plan.idle(random.in({1, longest}));
  }
}

FlowPlan power_up(int k, int latency, std::int64_t total, std::uint64_t seed) {
  FlowPlan plan{fmt::format("power-up {}", k + 1), seed + static_cast<std::uint64_t>(k) * 7919, {}};
  Random random(plan.seed + 5);
  const std::int64_t count = std::min(kPowerUpVectors, total);
  const std::int64_t first = random.in({0, total - 1});
  if (k == 0) {  // alone in the pipeline: the latency is measured here
    plan.idle(latency + 8);
    plan.drive(first);
    plan.idle(2 * latency + 8);
  } else if (k == 1) {  // valid in the very first cycle
    for (std::int64_t i = 0; i < count; ++i) plan.drive((first + i) % total);
  } else {
    plan.idle(3 * latency + 16);
  }
  drive_with_gaps(plan, first, count, total, random, 2 * latency + 2);
  plan.idle(latency + 4);
  return plan;
}

FlowPlan reset_run(int latency, std::int64_t total, std::uint64_t seed) {
  FlowPlan plan{"reset", seed + 104729, {}};
  Random random(plan.seed);
  for (int burst = 0; burst < 20; ++burst) {
    drive_with_gaps(plan, random.in({0, total - 1}), random.in({1, 3 * latency + 8}), total, random,
                    3);
    const std::int64_t length = random.in({1, latency + 2});
    for (std::int64_t i = 0; i < length; ++i) {  // traffic goes on while reset is high
      const bool valid = random.chance(60);
      plan.cycles.push_back({valid ? random.in({0, total - 1}) : -1, valid, true});
    }
  }
  plan.idle(latency + 4);
  return plan;
}

/// in_valid delayed by `latency` registers that reset clears.
std::vector<std::int64_t> expected_inputs(const FlowPlan& plan, int latency) {
  std::vector<std::int64_t> source(plan.cycles.size(), -1);
  std::int64_t last_reset = -1;
  for (std::size_t t = 0; t < plan.cycles.size(); ++t) {
    const auto from = static_cast<std::int64_t>(t) - latency;
    // A word that stood in any register at a reset edge is gone: edges from `from` to t - 1.
    if (from >= 0 && plan.cycles[static_cast<std::size_t>(from)].valid && last_reset < from) {
      source[t] = from;
    }
    if (plan.cycles[t].reset) last_reset = static_cast<std::int64_t>(t);
  }
  return source;
}

/// The first output element that differs, in words; empty where all agree.
std::string value_difference(const Manifest& manifest, const FlowLog& log, const Vectors& vectors,
                             std::int64_t cycle, std::int64_t vector) {
  int at = 0;
  for (std::size_t k = 0; k < manifest.outputs.size(); ++k) {
    const PortWord& port = manifest.outputs[k];
    const PackedRows& rows = vectors.outputs[k];
    const auto got = log.words(cycle, at, rows.pieces);
    const auto expected = rows.row(vector);
    at += rows.pieces;
    if (std::equal(got.begin(), got.end(), expected.begin())) continue;
    for (std::size_t e = 0; e < port.word.elements.size(); ++e) {
      const BigInt a = get_code(got, port.word.elements[e]);
      const BigInt b = get_code(expected, port.word.elements[e]);
      if (a != b)
        return fmt::format("{}[{}] got {}, expected {}", port.name, e, to_string(a), to_string(b));
    }
    return fmt::format("{}: bits outside its elements are not 0", port.name);
  }
  return {};
}

bool row_equal(const FlowLog& log, const Vectors& vectors, std::int64_t cycle,
               std::int64_t vector) {
  int at = 0;
  for (const PackedRows& rows : vectors.outputs) {
    const auto got = log.words(cycle, at, rows.pieces);
    const auto expected = rows.row(vector);
    if (!std::equal(got.begin(), got.end(), expected.begin())) return false;
    at += rows.pieces;
  }
  return true;
}

}  // namespace

void FlowPlan::idle(std::int64_t count) {
  cycles.resize(cycles.size() + static_cast<std::size_t>(count));
}

Dut flow_dut(const std::filesystem::path& folder, const Manifest& manifest) {
  Dut dut;
  dut.folder = folder;
  dut.sources = design_sources(folder);
  dut.top = manifest.core;
  dut.clock = manifest.clock;
  dut.reset = manifest.core_reset;
  dut.in_valid = manifest.inputs[0].valid;
  dut.out_valid = manifest.outputs[0].valid;
  for (const PortWord& port : manifest.inputs) dut.inputs.push_back({port.port, port.word.width});
  for (const PortWord& port : manifest.outputs) dut.outputs.push_back({port.port, port.word.width});
  dut.reset_optional = manifest.axis;
  return dut;
}

std::vector<std::uint32_t> stimulus_of(const FlowPlan& plan, const Vectors& vectors) {
  Random random(plan.seed ^ 0x5DEECE66DU);
  std::vector<std::uint32_t> pieces;
  std::size_t record = 1;
  for (const PackedRows& port : vectors.inputs) record += static_cast<std::size_t>(port.pieces);
  pieces.reserve(plan.cycles.size() * record);
  for (const FlowCycle& cycle : plan.cycles) {
    pieces.push_back((cycle.valid ? 1U : 0U) | (cycle.reset ? 2U : 0U));
    for (const PackedRows& port : vectors.inputs) {
      if (cycle.vector >= 0) {
        const auto row = port.row(cycle.vector);
        pieces.insert(pieces.end(), row.begin(), row.end());
      } else {
        for (int i = 0; i < port.pieces; ++i) {
          pieces.push_back(static_cast<std::uint32_t>(random.next()));
        }
      }
    }
  }
  return pieces;
}

std::vector<FlowPlan> flow_plans(const Manifest& manifest, const Vectors& vectors,
                                 std::uint64_t seed) {
  std::vector<FlowPlan> plans;
  const int latency = manifest.latency;
  for (int k = 0; k < kPowerUpSeeds; ++k) {
    plans.push_back(power_up(k, latency, vectors.count, seed));
  }
  FlowPlan full{"full rate", seed, {}};
  for (std::int64_t i = 0; i < vectors.count; ++i) full.drive(i);
  full.idle(latency + 4);
  plans.push_back(std::move(full));
  FlowPlan gaps{"gaps", seed + 31, {}};
  Random random(seed + 37);
  drive_with_gaps(gaps, 0, std::min(kGapVectors, vectors.count), vectors.count, random, 3);
  gaps.idle(latency + 4);
  plans.push_back(std::move(gaps));
  if (!manifest.core_reset.empty()) plans.push_back(reset_run(latency, vectors.count, seed));
  return plans;
}

FlowLog run_flow(Bench& bench, const FlowPlan& plan, const Vectors& vectors) {
  const auto stimulus = bench.folder() / "stimulus.bin";
  const auto output = bench.folder() / "log.bin";
  write_pieces(stimulus, stimulus_of(plan, vectors));
  bench.run({"stimulus.bin", "log.bin"}, plan.seed);
  FlowLog log;
  log.record = 1 + pieces_of(bench.dut().outputs);
  log.pieces = read_pieces(output);
  if (log.cycles() != static_cast<std::int64_t>(plan.cycles.size())) {
    throw Fault{fmt::format("{}: the simulation logged {} of {} cycles", plan.name, log.cycles(),
                            plan.cycles.size())};
  }
  return log;
}

std::optional<int> measured_latency(const FlowPlan& plan, const FlowLog& log) {
  const auto first = std::find_if(plan.cycles.begin(), plan.cycles.end(),
                                  [](const FlowCycle& c) { return c.valid; });
  const std::int64_t start = first - plan.cycles.begin();
  for (std::int64_t t = start; t < log.cycles(); ++t) {
    if (log.valid(t)) return static_cast<int>(t - start);
  }
  return std::nullopt;
}

std::optional<int> measured_interval(const FlowLog& log) {
  std::optional<int> best;
  std::int64_t last = -1;
  for (std::int64_t t = 0; t < log.cycles(); ++t) {
    if (!log.valid(t)) continue;
    if (last >= 0) best = std::min(best.value_or(INT32_MAX), static_cast<int>(t - last));
    last = t;
  }
  return best;
}

FlowReport compare_flow(const Manifest& manifest, const FlowPlan& plan, const FlowLog& log,
                        const Vectors& vectors, int latency) {
  FlowReport report;
  report.cycles = log.cycles();
  const std::vector<std::int64_t> source = expected_inputs(plan, latency);
  for (std::int64_t t = 0; t < log.cycles(); ++t) {
    const std::int64_t from = source[static_cast<std::size_t>(t)];
    const std::int64_t vector = from < 0 ? -1 : plan.cycles[static_cast<std::size_t>(from)].vector;
    if (from >= 0) ++report.vectors;
    std::string text;
    if (log.valid(t) != (from >= 0)) {
      text = from >= 0 ? fmt::format("out_valid is 0, vector {} was due", vector)
                       : "out_valid is 1 with nothing due";
    } else if (from >= 0 && !row_equal(log, vectors, t, vector)) {
      text = value_difference(manifest, log, vectors, t, vector);
    }
    if (text.empty()) continue;
    ++report.wrong;
    if (!report.first) report.first = FlowMismatch{t, from, vector, text};
  }
  return report;
}

}  // namespace nib::sim
