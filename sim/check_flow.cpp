// Unrolled builds: the Verilated core against golden, cycle by cycle.
#include <fmt/format.h>

#include <future>
#include <set>

#include "nib/sim/checks.h"

namespace nib::sim {
namespace {

/// Compares one run and adds what it shows; false where something differs.
bool check_plan(Session& session, Oracle& oracle, Bench& bench, const FlowPlan& plan,
                const Vectors& vectors, int latency, std::set<std::string>& failed) {
  const FlowLog log = run_flow(bench, plan, vectors);
  const FlowReport report = compare_flow(session.manifest, plan, log, vectors, latency);
  session.result.cycles += report.cycles;
  session.result.vectors += report.vectors;
  if (plan.name == "full rate") session.result.measured_interval = measured_interval(log);
  if (!report.first) return true;
  std::string text = fmt::format("{}: cycle {}, vector {}: {} ({} cycles of {} differ)", plan.name,
                                 report.first->cycle, report.first->vector, report.first->text,
                                 report.wrong, report.cycles);
  if (failed.empty()) {
    session.say("looking for the layer that went wrong");
    const std::string where = locate(session.folder, session.manifest, oracle, plan, vectors,
                                     *report.first, session.options.threads);
    if (!where.empty()) text += "; " + where;
  }
  failed.insert(plan.name);
  session.add("rtl == golden", false, text);
  return false;
}

void check_latency(Session& session, Bench& bench, const FlowPlan& plan, const Vectors& vectors) {
  const FlowLog log = run_flow(bench, plan, vectors);
  const auto latency = measured_latency(plan, log);
  session.result.measured_latency = latency;
  if (!latency) {
    session.add("latency", false, "in_valid went up, out_valid never did");
  } else if (*latency != session.manifest.latency) {
    session.add("latency", false,
                fmt::format("the manifest says {} cycles, the RTL takes {}",
                            session.manifest.latency, *latency));
  } else {
    session.add("latency", true, fmt::format("{} cycles, exact for every vector", *latency));
  }
}

void check_interval(Session& session) {
  const auto interval = session.result.measured_interval;
  if (!interval) {
    session.add("interval", false, "fewer than two results came out");
  } else {
    session.add(
        "interval", *interval == session.manifest.interval,
        fmt::format("{} measured, {} in the manifest", *interval, session.manifest.interval));
  }
}

void simulate(Session& session, Oracle& oracle, Bench& bench, const Vectors& vectors) {
  const auto plans = flow_plans(session.manifest, vectors, session.options.seed);
  session.say(fmt::format("simulating {} vectors", vectors.count));
  check_latency(session, bench, plans.front(), vectors);
  const int latency = session.result.measured_latency.value_or(session.manifest.latency);
  std::set<std::string> failed;
  for (const FlowPlan& plan : plans) {
    check_plan(session, oracle, bench, plan, vectors, latency, failed);
  }
  check_interval(session);
  if (!failed.empty()) return;
  session.add(
      "rtl == golden", true,
      fmt::format("{}; power-up from 3 random states, full rate, gaps{}: {} results on {} "
                  "cycles, every cycle compared",
                  vectors.summary, session.manifest.core_reset.empty() ? "" : ", reset in traffic",
                  session.result.vectors, session.result.cycles));
}

}  // namespace

void Session::guard(const std::string& name, const std::function<void()>& part) {
  try {
    part();
  } catch (const Fault& fault) {
    add(name, false, fault.text);
  }
}

void check_flow(Session& session, const graph::Graph& graph, Oracle& oracle, Vectors& vectors) {
  (void)graph;
  session.say("building the simulator and asking golden");
  auto golden = std::async(std::launch::async,
                           [&] { return make_vectors(oracle, session.manifest, session.options); });
  Bench bench(flow_dut(session.folder, session.manifest), BenchKind::kFlow,
              session.options.threads);
  session.guard("rtl == golden", [&] {
    bench.verilate();
    session.manifest.core_reset = bench.dut().reset;
    bench.compile();
    vectors = golden.get();
    simulate(session, oracle, bench, vectors);
  });
}

}  // namespace nib::sim
