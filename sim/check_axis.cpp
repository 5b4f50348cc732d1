// --wrap axis: the wrapped top under stalls and resets. Every accepted beat comes out once, in
// order, with golden's word and its own tlast; full rate when nobody stalls.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "nib/sim/checks.h"
#include "nib/sim/handshake.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kCycles = 6000;

int padded(int width) { return (width + 7) / 8 * 8; }

Dut axis_dut(const Session& session) {
  const Manifest& m = session.manifest;
  Dut dut;
  dut.folder = session.folder;
  dut.sources = design_sources(session.folder);
  dut.top = m.top;
  dut.clock = m.clock;
  dut.reset = m.reset;
  dut.in_valid = "s_axis_tvalid";
  dut.in_ready = "s_axis_tready";
  dut.out_valid = "m_axis_tvalid";
  dut.out_ready = "m_axis_tready";
  dut.inputs = {{"s_axis_tdata", padded(m.inputs[0].word.width)}, {"s_axis_tlast", 1}};
  dut.outputs = {{"m_axis_tdata", padded(m.outputs[0].word.width)}, {"m_axis_tlast", 1}};
  return dut;
}

/// A vector's word and its tlast, as the bench's ports take them.
PackedRows beats(const PackedRows& rows, int width, std::int64_t count,
                 const std::vector<bool>& last) {
  PackedRows result;
  result.pieces = pieces_of(padded(width)) + 1;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = rows.row(i % (static_cast<std::int64_t>(rows.data.size()) / rows.pieces));
    result.data.insert(result.data.end(), row.begin(), row.end());
    result.data.resize(result.data.size() +
                       static_cast<std::size_t>(pieces_of(padded(width)) - rows.pieces));
    result.data.push_back(last[static_cast<std::size_t>(i)] ? 1U : 0U);
  }
  return result;
}

struct AxisReport {
  std::string wrong;
  std::int64_t beats = 0;
  std::optional<std::int64_t> latency;  ///< of the first beat
  bool gaps = false;                    ///< between the first and the last beat out
};

AxisReport follow(const HandshakeLog& log, const PackedRows& golden) {
  AxisReport report;
  std::deque<std::pair<std::int64_t, std::uint32_t>> inside;
  std::int64_t last_out = -1;
  for (std::size_t i = 0; i < log.cycles.size(); ++i) {
    const auto t = static_cast<std::int64_t>(i);
    const HandshakeCycle& cycle = log.cycles[i];
    if (cycle.out_valid && !cycle.reset) {
      if (inside.empty()) {
        report.wrong = fmt::format("cycle {}: a beat comes out that never went in", t);
        return report;
      }
      const auto got = log.outputs.row(t), expected = golden.row(inside.front().second);
      if (!std::equal(got.begin(), got.end(), expected.begin())) {
        const auto at = std::mismatch(got.begin(), got.end(), expected.begin());
        report.wrong =
            fmt::format("cycle {}: not golden's word of beat {}: piece {} is {:#x}, not {:#x}", t,
                        inside.front().second, at.first - got.begin(), *at.first, *at.second);
        return report;
      }
    }
    if (cycle.reset) {
      inside.clear();
      continue;
    }
    if (cycle.pop()) {
      if (!report.latency) report.latency = t - inside.front().first;
      report.gaps |= last_out >= 0 && t != last_out + 1;
      last_out = t;
      inside.pop_front();
      ++report.beats;
    }
    if (cycle.push()) inside.emplace_back(t, cycle.word);
  }
  if (!inside.empty()) report.wrong = fmt::format("{} beats never came out", inside.size());
  return report;
}

void run_patterns(Session& session, Bench& bench, const Vectors& vectors) {
  const Manifest& m = session.manifest;
  Random random(session.options.seed + 3);
  std::vector<bool> last;
  for (std::int64_t i = 0; i < kCycles; ++i) last.push_back(random.chance(30));
  const PackedRows in = beats(vectors.inputs[0], m.inputs[0].word.width, kCycles, last);
  const PackedRows out = beats(vectors.outputs[0], m.outputs[0].word.width, kCycles, last);
  std::int64_t total = 0, latency = 0;
  for (const StallPattern& pattern : stall_patterns()) {
    const HandshakeLog log =
        run_handshake(bench, pattern, in, kCycles, 3LL * m.latency + 40, session.options.seed);
    session.result.cycles += kCycles;
    AxisReport report = follow(log, out);
    if (report.wrong.empty()) report.wrong = hold_violation(log);
    if (report.wrong.empty() && report.beats == 0) report.wrong = "no beat came out";
    if (pattern.name == "full rate" && report.wrong.empty()) {
      latency = report.latency.value_or(0);
      if (report.gaps) report.wrong = "gaps although nobody stalled";
    }
    if (!report.wrong.empty()) throw Fault{pattern.name + ": " + report.wrong};
    total += report.beats;
  }
  session.result.vectors += total;
  if (m.wrapped_latency && *m.wrapped_latency != latency) {
    throw Fault{
        fmt::format("a beat takes {} cycles, the manifest says {}", latency, *m.wrapped_latency)};
  }
  session.add("axis", true,
              fmt::format("{} patterns of stalls, resets under traffic: {} beats in order, none "
                          "lost, equal to golden; full rate, {} cycles",
                          stall_patterns().size(), total, latency));
}

}  // namespace

void check_axis(Session& session, const Vectors& vectors) {
  session.say("building the simulator of the AXI4-Stream top");
  session.guard("axis", [&] {
    const Manifest& m = session.manifest;
    if (m.inputs.size() != 1 || m.outputs.size() != 1) {
      throw Fault{"several inputs or outputs behind AXI4-Stream ends cannot be verified"};
    }
    if (vectors.count == 0) throw Fault{"there are no vectors"};
    Bench bench(axis_dut(session), BenchKind::kStream, session.options.threads);
    bench.verilate();
    bench.compile();
    run_patterns(session, bench, vectors);
  });
}

}  // namespace nib::sim
