// Drives a streaming design: sources that hold their beats until they are taken, sinks that stall.
//
// Usage: bench PLAN LOG [+verilator...]. PLAN, per cycle: flags (bit 0 reset, 1 + i source i may
// offer, 9 + o sink o is ready), then for each source how many beats it may have offered since the
// start. words<i>.bin: the beats of source i, again and again. LOG, per cycle, as it stands before
// the rising edge: flags (bit 0 reset, 1 + i source valid, 9 + i source ready), flags (bit o sink
// valid, 8 + o sink ready, 16 + o sink last), the number of each source's present beat, the sinks'
// beats, the monitors.
//
// In the first cycle of reset the sources still show what they showed, then they are quiet. Behind
// a reset all sources begin with the frame that none of them had begun.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "nib_dut.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

namespace {

using Pieces = std::vector<std::uint32_t>;

Pieces read_all(const char* path) {
  Pieces data;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return data;
  std::fseek(file, 0, SEEK_END);
  data.resize(static_cast<std::size_t>(std::ftell(file)) / 4);
  std::rewind(file);
  if (std::fread(data.data(), 4, data.size(), file) != data.size()) data.clear();
  std::fclose(file);
  return data;
}

struct Source {
  Pieces words;
  std::uint32_t next = 0;  ///< beats taken, or skipped by a reset
  bool holds = false;
};

class Bench {
 public:
  Bench(Vdut& dut, std::FILE* out) : dut_(dut), out_(out) {
    for (int i = 0; i < nib_dut::kSources; ++i) {
      sources_[i].words = read_all(("words" + std::to_string(i) + ".bin").c_str());
    }
  }

  /// One cycle; false where the log cannot be written.
  bool cycle(const std::uint32_t* plan) {
    const bool reset = (plan[0] & 1U) != 0;
    nib_dut::reset(dut_, reset);
    for (int i = 0; i < nib_dut::kSources; ++i) offer(i, plan, reset);
    for (int o = 0; o < nib_dut::kSinks; ++o)
      nib_dut::accept(dut_, o, (plan[0] >> (9 + o) & 1U) != 0);
    nib_dut::clock(dut_, false);
    dut_.eval();
    log_.assign(2, 0);
    log_[0] = reset ? 1U : 0U;
    for (int i = 0; i < nib_dut::kSources; ++i) {
      Source& s = sources_[i];
      const bool ready = nib_dut::source_ready(dut_, i);
      log_[0] |= (s.holds ? 1U : 0U) << (1 + i) | (ready ? 1U : 0U) << (9 + i);
      log_.push_back(s.next);
      if (!s.holds || !ready || reset) continue;
      s.holds = false;
      ++s.next;
    }
    for (int o = 0; o < nib_dut::kSinks; ++o) {
      const std::size_t at = log_.size();
      log_.resize(at + static_cast<std::size_t>(nib_dut::kSinkPieces[o]));
      const std::uint32_t flags = nib_dut::sink(dut_, o, log_.data() + at);
      log_[1] |=
          (flags & 1U) << o | (plan[0] >> (9 + o) & 1U) << (8 + o) | (flags >> 1) << (16 + o);
    }
    const std::size_t at = log_.size();
    log_.resize(at + nib_dut::kMonitorPieces);
    nib_dut::monitor(dut_, log_.data() + at);
    if (reset) restart();
    nib_dut::clock(dut_, true);
    dut_.eval();
    return std::fwrite(log_.data(), 4, log_.size(), out_) == log_.size();
  }

 private:
  void offer(int i, const std::uint32_t* plan, bool reset) {
    Source& s = sources_[i];
    const int pieces = nib_dut::kSourcePieces[i];
    if (!reset && (plan[0] >> (1 + i) & 1U) != 0 && s.next < plan[1 + i]) s.holds = true;
    noise_.resize(static_cast<std::size_t>(pieces));
    for (std::uint32_t& piece : noise_) piece = state_ = state_ * 1664525U + 1013904223U;
    const std::size_t count = s.words.size() / static_cast<std::size_t>(pieces);
    const std::uint32_t* word =
        s.holds ? s.words.data() + s.next % count * static_cast<std::size_t>(pieces)
                : noise_.data();
    const auto beats = static_cast<std::uint32_t>(nib_dut::kSourceBeats[i]);
    nib_dut::offer(dut_, i, s.holds, s.next % beats == beats - 1, word);
  }

  void restart() {
    std::uint32_t frame = 0;
    for (int i = 0; i < nib_dut::kSources; ++i) {
      const auto beats = static_cast<std::uint32_t>(nib_dut::kSourceBeats[i]);
      // A beat on offer is not offered again with another: its frame has begun.
      const std::uint32_t begun = sources_[i].next + (sources_[i].holds ? 1U : 0U);
      frame = std::max(frame, (begun + beats - 1) / beats);
    }
    for (int i = 0; i < nib_dut::kSources; ++i) {
      sources_[i].next = frame * static_cast<std::uint32_t>(nib_dut::kSourceBeats[i]);
      sources_[i].holds = false;
    }
  }

  Vdut& dut_;
  std::FILE* out_;
  std::array<Source, nib_dut::kSources> sources_;
  Pieces log_, noise_;
  std::uint32_t state_ = 0x2545F491U;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  VerilatedContext context;
  context.commandArgs(argc, argv);
  const Pieces plan = read_all(argv[1]);
  std::FILE* out = std::fopen(argv[2], "wb");
  if (plan.empty() || out == nullptr) return 2;
  Vdut dut(&context);
  Bench bench(dut, out);
  for (std::size_t at = 0; at < plan.size(); at += 1 + nib_dut::kSources) {
    if (!bench.cycle(plan.data() + at)) return 2;
    context.timeInc(1);
    if (context.gotFinish()) return 3;
  }
  dut.final();
  return std::fclose(out) == 0 ? 0 : 2;
}
