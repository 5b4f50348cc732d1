// Runs a batch of random streaming designs three ways and compares every cycle of every stream:
// the Verilated RTL, the token model, the SystemC model; and every word with the untimed values,
// and the first latency and the interval with those that measure() certifies.
//
//   stream_run TOP.so SEED DESIGNS ROUNDS CYCLES [MODE]
//
// A case is one design under one stimulus. In the mode "mutants", token models of wrong contracts
// are compared with the RTL as well: each must be noticed.
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>

#include "batch.h"
#include "mutants.h"
#include "nib/plan/stream_log.h"
#include "nib/plan/stream_measure.h"
#include "nib/sim/stream_stalls.h"
#include "rtl_top.h"
#include "sc_stream.h"
#include "top_text.h"

namespace nib::test {
namespace {

using namespace plan::stream;

using Pieces = std::vector<std::uint32_t>;

void set_bit(Pieces& port, std::size_t bit, bool value) {
  const std::uint32_t mask = std::uint32_t{1} << (bit % 32);
  port[bit / 32] = value ? port[bit / 32] | mask : port[bit / 32] & ~mask;
}
bool bit_of(const Pieces& port, std::size_t bit) { return (port[bit / 32] >> (bit % 32) & 1) != 0; }

/// One design: stimuli and logs of all rounds, expected words.
struct Case {
  const RandomDesign* random = nullptr;
  std::vector<Stimulus> stimuli;
  std::vector<HandshakeLog> token, rtl;
  std::vector<PackedWords> words;  ///< by channel
  std::int64_t data_faults = 0, data_words = 0;
};

/// Words that leave a channel between two resets: the most of all stretches of a log.
std::int64_t most_taken(const std::vector<std::uint8_t>& log, const Stimulus& s) {
  std::int64_t most = 0, count = 0;
  for (std::size_t t = 0; t < log.size(); ++t) {
    if (s.reset[t] != 0) {
      count = 0;
    } else if (log[t] == (kValid | kReady)) {
      most = std::max(most, ++count);
    }
  }
  return most;
}

void expect_words(Case& c, std::uint64_t seed) {
  const Design& design = c.random->design;
  std::vector<Lanes> sources;
  std::int64_t frames = 2;
  for (std::size_t s = 0; s < design.network.sources.size(); ++s) {
    const auto channel = static_cast<std::size_t>(design.network.sources[s]);
    for (std::size_t r = 0; r < c.token.size(); ++r) {
      frames = std::max(
          frames, most_taken(c.token[r][channel], c.stimuli[r]) / c.random->frame_words[s] + 2);
    }
  }
  for (std::size_t s = 0; s < design.network.sources.size(); ++s) {
    sources.push_back(source_lanes(*c.random, s, frames, seed));
  }
  const std::vector<Lanes> all = values(design, sources);
  for (std::size_t ch = 0; ch < all.size(); ++ch) {
    c.words.push_back(design.network.channels[ch].is_ring ? PackedWords{}
                                                          : pack(design.formats[ch], all[ch]));
  }
}

/// The RTL of one round, all designs side by side.
class RtlRound {
 public:
  RtlRound(std::vector<Case>& cases, const Layout& places, std::size_t round, RtlTop& top)
      : cases_(cases), places_(places), round_(round), top_(top) {
    for (const Case& c : cases) {
      taken_.emplace_back(c.words.size(), 0);
      pending_.emplace_back(c.random->design.network.sources.size(), 0);
    }
  }

  /// False if an assertion of the RTL failed.
  bool run(std::size_t cycles) {
    for (Case& c : cases_) {
      c.rtl.emplace_back(c.words.size(), std::vector<std::uint8_t>(cycles));
    }
    for (std::size_t t = 0; t < cycles; ++t) {
      for (std::size_t d = 0; d < cases_.size(); ++d) drive(d, t);
      top_.settle();
      for (std::size_t d = 0; d < cases_.size(); ++d) sample(d, t);
      top_.tick();
    }
    return !top_.failed();
  }

 private:
  void drive(std::size_t d, std::size_t t) {
    const Case& c = cases_[d];
    const Stimulus& s = c.stimuli[round_];
    set_bit(top_.reset, d, s.reset[t] != 0);
    for (std::size_t i = 0; i < s.sinks.size(); ++i) {
      set_bit(top_.sink_ready, places_.sinks[d][i], s.sinks[i][t] != 0);
    }
    for (std::size_t i = 0; i < s.sources.size(); ++i) {
      const Layout::Place& place = places_.sources[d][i];
      const auto channel = static_cast<std::size_t>(c.random->design.network.sources[i]);
      const bool valid = pending_[d][i] != 0 || (s.reset[t] == 0 && s.sources[i][t] != 0);
      pending_[d][i] = valid ? 1 : 0;
      set_bit(top_.source_valid, place.index, valid);
      const PackedWords& words = c.words[channel];
      const auto at = static_cast<std::size_t>(taken_[d][channel]);
      for (std::size_t p = 0; p < words.stride; ++p) {
        // Without valid the data is rubbish, and must not be kept.
        const std::uint32_t piece = valid && at < words.size()
                                        ? words.pieces[at * words.stride + p]
                                        : static_cast<std::uint32_t>(t * 0x9e3779b9U);
        top_.source_data[place.word + p] = piece;
      }
    }
  }

  void sample(std::size_t d, std::size_t t) {
    Case& c = cases_[d];
    const bool reset = c.stimuli[round_].reset[t] != 0;
    HandshakeLog& log = c.rtl.back();
    for (std::size_t ch = 0; ch < log.size(); ++ch) {
      const Layout::Place& place = places_.streams[d][ch];
      if (place.bits == 0) continue;
      const bool valid = bit_of(top_.valid, place.index);
      const bool ready = bit_of(top_.ready, place.index);
      log[ch][t] = static_cast<std::uint8_t>((valid ? kValid : 0) | (ready ? kReady : 0));
      if (valid) check_word(c, ch, place, taken_[d][ch]);
      if (reset) {
        taken_[d][ch] = 0;
      } else if (valid && ready) {
        ++taken_[d][ch];
      }
    }
    for (std::size_t i = 0; i < pending_[d].size(); ++i) {
      const auto channel = static_cast<std::size_t>(c.random->design.network.sources[i]);
      if (reset || log[channel][t] == (kValid | kReady)) pending_[d][i] = 0;
    }
  }

  void check_word(Case& c, std::size_t ch, const Layout::Place& place, std::int64_t at) {
    const PackedWords& words = c.words[ch];
    ++c.data_words;
    bool same = static_cast<std::size_t>(at) < words.size();
    for (std::size_t p = 0; same && p < words.stride; ++p) {
      same = top_.data[place.word + p] ==
             words.pieces[static_cast<std::size_t>(at) * words.stride + p];
    }
    if (!same && c.data_faults++ == 0) {
      fmt::print("  {}: word {} of {} differs from its value\n", c.random->design.network.name, at,
                 c.random->design.network.channels[ch].name);
    }
  }

  std::vector<Case>& cases_;
  const Layout& places_;
  std::size_t round_;
  RtlTop& top_;
  std::vector<std::vector<std::int64_t>> taken_;
  std::vector<std::vector<char>> pending_;
};

/// SystemC runs all rounds one after the other, with a cycle of reset between two.
std::vector<nib_bench::ScRun> run_systemc(const std::vector<Case>& cases) {
  std::vector<nib_bench::ScRun> runs(cases.size());
  sc_core::sc_clock clock("clk", 2, sc_core::SC_NS);
  std::vector<std::unique_ptr<nib_bench::ScModel>> models;
  std::size_t cycles = 0;
  for (std::size_t d = 0; d < cases.size(); ++d) {
    nib_bench::ScRun& run = runs[d];
    run.sources.resize(cases[d].random->design.network.sources.size());
    run.sinks.resize(cases[d].random->design.network.sinks.size());
    const auto append = [](std::vector<std::uint8_t>& to, const std::vector<std::uint8_t>& from,
                           std::uint8_t between) {
      to.insert(to.end(), from.begin(), from.end());
      to.push_back(between);
    };
    for (const Stimulus& s : cases[d].stimuli) {
      append(run.reset, s.reset, 1);
      for (std::size_t i = 0; i < s.sources.size(); ++i) append(run.sources[i], s.sources[i], 0);
      for (std::size_t i = 0; i < s.sinks.size(); ++i) append(run.sinks[i], s.sinks[i], 0);
    }
    cycles = run.reset.size();
    std::istringstream text(to_text(cases[d].random->design.network));
    models.push_back(std::make_unique<nib_bench::ScModel>(
        cases[d].random->design.network.name, nib_bench::ScReader(text).take(), run, clock));
  }
  sc_core::sc_start(2 * static_cast<double>(cycles), sc_core::SC_NS);
  return runs;
}

/// Says where two logs differ first; true where they do not.
bool same_logs(const Network& network, const HandshakeLog& log, const HandshakeLog& rtl,
               const char* what, std::size_t round, bool quiet) {
  for (std::size_t t = 0; t < rtl[0].size(); ++t) {
    for (std::size_t c = 0; c < rtl.size(); ++c) {
      if (network.channels[c].is_ring || log[c][t] == rtl[c][t]) continue;
      if (!quiet) {
        fmt::print("  {} round {} cycle {} stream {}: {} says {}, RTL {} (1 valid, 2 ready)\n",
                   network.name, round, t, network.channels[c].name, what, log[c][t], rtl[c][t]);
      }
      return false;
    }
  }
  return true;
}

/// Last output word of each frame that all sinks have taken, from the log of round 0, which runs
/// at full rate without reset.
std::vector<std::int64_t> frame_ends(const Network& network, const Frames& frames,
                                     const HandshakeLog& log) {
  std::vector<std::int64_t> ends;
  for (std::size_t s = 0; s < network.sinks.size(); ++s) {
    std::vector<std::int64_t> own;
    std::int64_t words = 0;
    const auto& row = log[static_cast<std::size_t>(network.sinks[s])];
    for (std::size_t t = 0; t < row.size(); ++t) {
      if (row[t] != (kValid | kReady)) continue;
      if (++words % frames.sink_words[s] == 0) own.push_back(static_cast<std::int64_t>(t));
    }
    if (s == 0) ends = own;
    ends.resize(std::min(ends.size(), own.size()));
    for (std::size_t f = 0; f < ends.size(); ++f) ends[f] = std::max(ends[f], own[f]);
  }
  return ends;
}

struct Certificates {
  int latencies = 0, intervals = 0, deadlocks = 0, wrong = 0;
};

/// measure() against the RTL: latency of the first frame, interval, deadlock.
void check_certificate(const Case& c, Certificates& sum) {
  const Design& design = c.random->design;
  const Network& network = design.network;
  const Frames frames = frames_of(*c.random);
  const Timing timing = measure(network, frames, {0, 60});
  const std::vector<std::int64_t> ends = frame_ends(network, frames, c.rtl[0]);
  if (!timing.live) {
    ++sum.deadlocks;
    sum.wrong += static_cast<std::int64_t>(ends.size()) > timing.complete_frames ? 1 : 0;
    return;
  }
  if (ends.empty()) return;
  std::int64_t first = static_cast<std::int64_t>(c.rtl[0][0].size());
  for (const int source : network.sources) {
    const auto& row = c.rtl[0][static_cast<std::size_t>(source)];
    const auto at = std::find(row.begin(), row.end(), kValid | kReady) - row.begin();
    first = std::min<std::int64_t>(first, at);
  }
  ++sum.latencies;
  sum.wrong += ends[0] - first == timing.latency ? 0 : 1;
  if (!timing.settled) return;
  const auto from = static_cast<std::size_t>(timing.first_state - 1);
  const auto period = static_cast<std::size_t>(timing.frames);
  if (from + period < ends.size()) ++sum.intervals;
  for (std::size_t f = from; f + period < ends.size(); ++f) {
    sum.wrong += ends[f + period] - ends[f] == timing.cycles ? 0 : 1;
  }
}

/// Every mutant of every design against the RTL: in how many cases it was noticed.
int run_mutants(const std::vector<Case>& cases) {
  int missed = 0;
  for (const Mutant& mutant : mutants()) {
    int applied = 0, noticed = 0;
    for (const Case& c : cases) {
      Network network = c.random->design.network;
      if (!mutant.apply(network)) continue;
      for (std::size_t r = 0; r < c.rtl.size(); ++r) {
        ++applied;
        const HandshakeLog log = token_log(network, c.stimuli[r]);
        noticed += same_logs(network, log, c.rtl[r], "mutant", r, true) ? 0 : 1;
      }
    }
    fmt::print("mutant {:40} noticed in {} of {} cases\n", mutant.name, noticed, applied);
    missed += noticed == 0 ? 1 : 0;
  }
  return missed;
}

int run(MakeRtlTop* make_top, std::uint64_t seed, std::size_t count, std::size_t rounds,
        std::size_t cycles, const std::string& mode) {
  const std::vector<RandomDesign> designs = batch(seed, count, mode);
  const Layout places = layout(designs);
  std::vector<Case> cases(count);
  for (std::size_t d = 0; d < count; ++d) {
    cases[d].random = &designs[d];
    const std::uint64_t design_seed = sim::mix(seed, 1000 + d);
    for (std::size_t r = 0; r < rounds; ++r) {
      cases[d].stimuli.push_back(stimulus(designs[d].design.network, design_seed, r, cycles));
      cases[d].token.push_back(token_log(designs[d].design.network, cases[d].stimuli[r]));
    }
    expect_words(cases[d], design_seed);
  }
  int faults = 0;
  for (std::size_t r = 0; r < rounds; ++r) {
    const std::unique_ptr<RtlTop> top(make_top(static_cast<int>(seed % 10000 + r + 1)));
    RtlRound round(cases, places, r, *top);
    if (!round.run(cycles)) {
      fmt::print("  an assertion of the RTL failed in round {}\n", r);
      ++faults;
    }
  }
  const std::vector<nib_bench::ScRun> systemc = run_systemc(cases);
  std::int64_t transfers = 0, stream_cycles = 0, words = 0, silent = 0;
  for (std::size_t d = 0; d < count; ++d) {
    const Network& network = designs[d].design.network;
    int wrong = 0;
    for (std::size_t r = 0; r < rounds; ++r) {
      HandshakeLog sc;
      for (const auto& row : systemc[d].log) {
        const auto first = row.begin() + static_cast<std::ptrdiff_t>(r * (cycles + 1));
        sc.emplace_back(first, first + static_cast<std::ptrdiff_t>(cycles));
      }
      const HandshakeLog& rtl = cases[d].rtl[r];
      wrong += same_logs(network, cases[d].token[r], rtl, "token model", r, wrong > 0) ? 0 : 1;
      wrong += same_logs(network, sc, rtl, "SystemC", r, wrong > 0) ? 0 : 1;
      std::int64_t out = 0;
      for (std::size_t c = 0; c < rtl.size(); ++c) {
        if (network.channels[c].is_ring) continue;
        stream_cycles += static_cast<std::int64_t>(cycles);
        const auto moved = std::count(rtl[c].begin(), rtl[c].end(), kValid | kReady);
        transfers += moved;
        for (const int sink : network.sinks) out += sink == static_cast<int>(c) ? moved : 0;
      }
      silent += out == 0 ? 1 : 0;
    }
    words += cases[d].data_words;
    if (wrong > 0 || cases[d].data_faults > 0) {
      ++faults;
      fmt::print("design {} of seed {}: {} logs differ, {} words differ\n{}", d, seed, wrong,
                 cases[d].data_faults, to_text(network));
    }
  }
  Certificates certificates;
  for (const Case& c : cases) check_certificate(c, certificates);
  fmt::print("{} latencies, {} intervals and {} deadlocks as certified, {} otherwise\n",
             certificates.latencies, certificates.intervals, certificates.deadlocks,
             certificates.wrong);
  faults += certificates.wrong;
  const int missed = mode == "mutants" ? run_mutants(cases) : 0;
  fmt::print(
      "seed {}: {} cases ({} designs x {} stimuli of {} cycles), {} stream-cycles, {} transfers, "
      "{} "
      "words compared, {} cases without output, {} faults, {} mutants missed\n",
      seed, count * rounds, count, rounds, cycles, stream_cycles, transfers, words, silent, faults,
      missed);
  return faults == 0 && missed == 0 && transfers > 0 && words > 0 ? 0 : 1;
}

}  // namespace
}  // namespace nib::test

int sc_main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr, "usage: stream_run TOP.so SEED DESIGNS ROUNDS CYCLES [MODE]\n");
    return 2;
  }
  void* library = dlopen(argv[1], RTLD_NOW);
  void* symbol = library == nullptr ? nullptr : dlsym(library, nib::test::kMakeRtlTop);
  if (symbol == nullptr) {
    fmt::print(stderr, "stream_run: {}\n", dlerror());
    return 2;
  }
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  return nib::test::run(reinterpret_cast<nib::test::MakeRtlTop*>(symbol), number(2), number(3),
                        number(4), number(5), argc > 6 ? argv[6] : "rtl");
}
