// Batches: designs, stimuli, packed words.
#include "batch.h"

#include <fmt/format.h>

#include "nib/plan/stream_size.h"
#include "nib/sim/stream_stalls.h"

namespace nib::test {

using namespace plan::stream;

namespace {

/// Gives the design the depths that sizing finds, if it finds any.
void size(RandomDesign& random) {
  const Frames frames = frames_of(random);
  const Network& network = random.design.network;
  // Rings and queues that deadlock are made deep enough by the unlimited run.
  SizeGoal goal{least_interval(network, frames), 0, 2, 80, fixed_channels(random.design)};
  if (network.sources.size() > 1) return;  // ends of their own pace may never settle
  const Sizing sizing = size_channels(network, frames, goal);
  if (sizing.reached) set_depths(random.design, sizing.depths);
}

}  // namespace

Frames frames_of(const RandomDesign& random) {
  const Design& design = random.design;
  std::vector<Lanes> sources;
  for (std::size_t s = 0; s < random.frame_words.size(); ++s) {
    sources.push_back(source_lanes(random, s, 1, 0));
  }
  const std::vector<Lanes> all = values(design, sources);
  Frames frames{random.frame_words, {}};
  for (const int sink : design.network.sinks) {
    const auto c = static_cast<std::size_t>(sink);
    frames.sink_words.push_back(static_cast<std::int64_t>(pack(design.formats[c], all[c]).size()));
  }
  return frames;
}

std::vector<RandomDesign> batch(std::uint64_t seed, std::size_t designs, const std::string& mode) {
  std::vector<RandomDesign> all;
  for (std::size_t d = 0; d < designs; ++d) {
    all.push_back(random_design(sim::mix(seed, d), fmt::format("d{}", d), mode == "large"));
    if (mode == "sized") size(all.back());
  }
  return all;
}

Stimulus stimulus(const Network& network, std::uint64_t seed, std::size_t round,
                  std::size_t cycles) {
  Draw draw(sim::mix(seed, round));
  Stimulus s;
  s.reset.assign(cycles, 0);
  // Mean cycles between resets; 0: none.
  const int habits[] = {0, 900, 300, 0, 100, 1500};
  const int mean = habits[round % 6];
  for (std::size_t t = 0; mean > 0 && t < cycles; ++t) {
    if (draw.number(1, mean) != 1) continue;
    for (std::int64_t n = draw.in(1, 4); n > 0 && t < cycles; --n) s.reset[t++] = 1;
  }
  const auto pattern = [&](bool always) {
    sim::Stalls stalls(draw.next());
    std::vector<std::uint8_t> cyclewise;
    for (std::size_t t = 0; t < cycles; ++t) cyclewise.push_back(always || stalls.next() ? 1 : 0);
    return cyclewise;
  };
  const std::size_t style = round % 4;  // both free, source stalls, sink stalls, both stall
  for (std::size_t i = 0; i < network.sources.size(); ++i) {
    s.sources.push_back(pattern(style == 0 || style == 2));
  }
  for (std::size_t i = 0; i < network.sinks.size(); ++i) {
    s.sinks.push_back(pattern(style == 0 || style == 1));
  }
  return s;
}

Lanes source_lanes(const RandomDesign& random, std::size_t source, std::int64_t frames,
                   std::uint64_t seed) {
  const int channel = random.design.network.sources[source];
  const Format f = random.design.formats[static_cast<std::size_t>(channel)];
  Draw draw(sim::mix(seed, source + 77));
  const std::int64_t words = random.frame_words[source];
  Lanes lanes;
  for (std::int64_t w = 0; w < frames * words; ++w) {
    for (int l = 0; l < f.lanes; ++l) {
      const std::int64_t top = std::int64_t{1} << f.bits;
      switch (f.kind) {
        case Kind::kUnsigned:
          lanes.push_back(draw.in(0, top - 1));
          break;
        case Kind::kSigned:
          lanes.push_back(draw.in(-top / 2, top / 2 - 1));
          break;
        case Kind::kBipolar:
          lanes.push_back(draw.chance(50) ? 1 : -1);
          break;
      }
    }
    if (f.last) lanes.push_back(w % words == words - 1 ? 1 : 0);
  }
  return lanes;
}

PackedWords pack(const Format& format, const Lanes& lanes) {
  PackedWords packed;
  packed.stride = static_cast<std::size_t>((format.width() + 31) / 32);
  const auto per_word = static_cast<std::size_t>(format.lanes + (format.last ? 1 : 0));
  for (std::size_t w = 0; w + per_word <= lanes.size(); w += per_word) {
    Bits bits;
    for (std::size_t l = 0; l < per_word; ++l) {
      const bool flag = l == static_cast<std::size_t>(format.lanes);
      const std::int64_t v = lanes[w + l];
      bits.append(!flag && format.kind == Kind::kBipolar ? (v > 0 ? 1 : 0) : v,
                  flag ? 1 : format.bits);
    }
    for (std::size_t p = 0; p < packed.stride; ++p) {
      std::uint32_t piece = 0;
      for (std::size_t b = 0; b < 32 && p * 32 + b < static_cast<std::size_t>(bits.size()); ++b) {
        if (bits[static_cast<std::int64_t>(p * 32 + b)]) piece |= std::uint32_t{1} << b;
      }
      packed.pieces.push_back(piece);
    }
  }
  return packed;
}

}  // namespace nib::test
