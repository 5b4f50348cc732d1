// --sc: the design under SystemC beside a cycle model of its contract; both logs must be the same.
#include <fmt/format.h>

#include <algorithm>

#include "nib/base/file.h"
#include "nib/sim/checks.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kScVectors = 2000;

/// Full rate, then gaps, then (with a reset) traffic with resets in it.
FlowPlan sc_plan(const Manifest& manifest, const Vectors& vectors, std::uint64_t seed) {
  FlowPlan plan{"SystemC", seed + 71, {}};
  Random random(plan.seed);
  const std::int64_t count = std::min(kScVectors, vectors.count);
  plan.idle(3);
  for (std::int64_t i = 0; i < count; ++i) plan.drive(i);
  for (std::int64_t i = 0; i < count; ++i) {
    if (random.chance(50)) plan.idle(random.in({1, 4}));
    plan.drive(random.in({0, vectors.count - 1}));
    if (!manifest.core_reset.empty() && random.chance(2)) plan.cycles.back().reset = true;
  }
  plan.idle(manifest.latency + 4);
  return plan;
}

std::vector<std::uint32_t> golden_words(const Vectors& vectors) {
  std::vector<std::uint32_t> pieces;
  for (std::int64_t i = 0; i < vectors.count; ++i) {
    for (const PackedRows& port : vectors.outputs) {
      const auto row = port.row(i);
      pieces.insert(pieces.end(), row.begin(), row.end());
    }
  }
  return pieces;
}

}  // namespace

void check_sc(Session& session, const Vectors& vectors) {
  const std::string name = "systemc == rtl";
  if (vectors.count == 0) return session.add(name, false, "there are no vectors");
  session.say("building the SystemC bench");
  session.guard(name, [&] {
    Bench bench(flow_dut(session.folder, session.manifest), BenchKind::kSystemC,
                session.options.threads);
    bench.verilate();
    bench.compile();
    const FlowPlan plan = sc_plan(session.manifest, vectors, session.options.seed);
    std::vector<std::uint32_t> tags;
    for (const FlowCycle& cycle : plan.cycles) {
      tags.push_back(static_cast<std::uint32_t>(std::max<std::int64_t>(cycle.vector, 0)));
    }
    write_pieces(bench.folder() / "stimulus.bin", stimulus_of(plan, vectors));
    write_pieces(bench.folder() / "tags.bin", tags);
    write_pieces(bench.folder() / "golden.bin", golden_words(vectors));
    bench.run({"stimulus.bin", "tags.bin", "golden.bin", std::to_string(session.manifest.latency),
               "rtl.bin", "model.bin"},
              plan.seed);
    const auto rtl = read_pieces(bench.folder() / "rtl.bin");
    const auto model = read_pieces(bench.folder() / "model.bin");
    const std::size_t record = 1 + static_cast<std::size_t>(pieces_of(bench.dut().outputs));
    if (rtl.size() != plan.cycles.size() * record || rtl.size() != model.size()) {
      throw Fault{"the SystemC run stopped early"};
    }
    const auto differ = std::mismatch(rtl.begin(), rtl.end(), model.begin());
    const auto cycle = static_cast<std::size_t>(differ.first - rtl.begin()) / record;
    if (differ.first != rtl.end()) throw Fault{fmt::format("the logs differ at cycle {}", cycle)};
    session.add(name, true,
                fmt::format("{} cycles with {} stages, logs identical", plan.cycles.size(),
                            session.manifest.latency));
  });
}

}  // namespace nib::sim
