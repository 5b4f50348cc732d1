// nib make stream-fifo: the RTL against an exact cycle model of a credited queue.
//
// The model (timing.md): a word that is taken at cycle t shows at t + Latency; at most Depth words
// are inside; room freed at t is usable at t + 1; reset leads to the empty queue.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "nib/sim/checks.h"
#include "nib/sim/handshake.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kCycles = 4000;

class QueueModel {
 public:
  QueueModel(int depth, int latency) : depth_(depth), latency_(latency) {}
  [[nodiscard]] bool ready() const { return static_cast<int>(words_.size()) < depth_; }
  [[nodiscard]] bool valid(std::int64_t t) const {
    return !words_.empty() && t >= words_.front().first + latency_;
  }
  [[nodiscard]] std::uint32_t front() const { return words_.front().second; }
  /// The rising edge at the end of cycle t.
  void edge(std::int64_t t, const HandshakeCycle& cycle) {
    if (cycle.reset) return words_.clear();
    if (cycle.pop()) words_.pop_front();
    if (cycle.push()) words_.emplace_back(t, cycle.word);
  }

 private:
  int depth_, latency_;
  std::deque<std::pair<std::int64_t, std::uint32_t>> words_;
};

/// The first cycle where RTL and model differ, in words; empty where none does.
std::string difference(const HandshakeLog& log, const PackedRows& words, QueueModel model) {
  for (std::size_t i = 0; i < log.cycles.size(); ++i) {
    const auto t = static_cast<std::int64_t>(i);
    const HandshakeCycle& cycle = log.cycles[i];
    // Before the first reset edge nothing is promised but what power-up leaves: an empty queue.
    if (cycle.out_valid != model.valid(t)) {
      return fmt::format("cycle {}: out_valid is {}, the model's {}", t, cycle.out_valid,
                         model.valid(t));
    }
    if (cycle.in_ready != model.ready()) {
      return fmt::format("cycle {}: in_ready is {}, the model's {}", t, cycle.in_ready,
                         model.ready());
    }
    if (cycle.out_valid) {
      const auto got = log.outputs.row(t), expected = words.row(model.front());
      if (!std::equal(got.begin(), got.end(), expected.begin())) {
        return fmt::format("cycle {}: not word {}", t, model.front());
      }
    }
    model.edge(t, cycle);
  }
  return {};
}

}  // namespace

void check_fifo(Session& session) {
  const Manifest& m = session.manifest;
  Dut dut;
  dut.folder = session.folder;
  dut.sources = design_sources(session.folder);
  dut.top = m.top;
  dut.clock = m.clock;
  dut.reset = m.reset;
  dut.in_valid = "in_valid_i";
  dut.in_ready = "in_ready_o";
  dut.out_valid = "out_valid_o";
  dut.out_ready = "out_ready_i";
  dut.inputs = {{"in_data_i", m.stream->width}};
  dut.outputs = {{"out_data_o", m.stream->width}};
  session.say("building the simulator");
  const std::string name = "rtl == cycle model";
  session.guard(name, [&] {
    Bench bench(dut, BenchKind::kStream, session.options.threads);
    bench.verilate();
    bench.compile();
    Random random(session.options.seed);
    const std::int64_t cycles = kCycles + 6LL * m.stream->depth;
    PackedRows words;
    words.pieces = pieces_of(m.stream->width);
    for (std::int64_t i = 0; i < cycles; ++i) {
      for (int left = m.stream->width; left > 0; left -= 32) {
        const auto piece = static_cast<std::uint32_t>(random.next());
        words.data.push_back(left >= 32 ? piece : piece & ((1U << left) - 1));
      }
    }
    std::int64_t taken = 0;
    for (const StallPattern& pattern : stall_patterns()) {
      const HandshakeLog log =
          run_handshake(bench, pattern, words, cycles, m.stream->depth + 8LL, session.options.seed);
      session.result.cycles += cycles;
      std::string wrong = difference(log, words, QueueModel(m.stream->depth, m.latency));
      if (wrong.empty()) wrong = hold_violation(log);
      if (!wrong.empty()) throw Fault{pattern.name + ": " + wrong};
      for (const HandshakeCycle& cycle : log.cycles) taken += cycle.pop() ? 1 : 0;
    }
    session.result.vectors += taken;
    session.add(name, true,
                fmt::format("{} patterns of stalls, resets under traffic: {} words in order, none "
                            "lost; ready and valid as the model says on {} cycles",
                            stall_patterns().size(), taken, session.result.cycles));
  });
}

}  // namespace nib::sim
