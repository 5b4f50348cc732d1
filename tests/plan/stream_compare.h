// A streaming plan's values against the integer graph, on every output and every probe.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/plan/stream_plan.h"
#include "nib/plan/stream_values.h"

namespace nib::testing {

using Codes = Tensor<std::int64_t>;

/// Random codes of every input, `rows` rows; the first two rows are the least and greatest codes.
inline std::vector<Codes> random_codes(const lower::IntegerGraph& graph, std::int64_t rows,
                                       unsigned seed) {
  std::mt19937_64 engine(seed);
  std::vector<Codes> all;
  for (const lower::ValueId id : graph.inputs) {
    const lower::Value& value = graph.value(id);
    Codes codes({rows, value.elements()});
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const Range& range = value.range_of(i % value.elements());
      const std::int64_t low = range.min, high = range.max;
      const std::int64_t row = i / value.elements();
      codes[i] = row == 0   ? low
                 : row == 1 ? high
                            : std::uniform_int_distribution<std::int64_t>(low, high)(engine);
    }
    all.push_back(std::move(codes));
  }
  return all;
}

/// The lanes of a source: codes at their places, anything where nothing stands; `last` at the end
/// of each frame.
inline plan::stream::Lanes lanes_of(const plan::StreamPlan& plan, const plan::StreamPort& port,
                                    const Codes& codes) {
  const plan::stream::Format& f = plan.design.formats[static_cast<std::size_t>(port.channel)];
  const bool bipolar = f.kind == plan::stream::Kind::kBipolar;
  const auto elements = static_cast<std::int64_t>(port.beat.size());
  const Range all = full_range(f.bits, f.kind == plan::stream::Kind::kSigned);
  std::mt19937_64 engine(7);
  plan::stream::Lanes lanes;
  for (std::int64_t row = 0; row < codes.size() / elements; ++row) {
    const std::size_t first = lanes.size();
    const auto word = static_cast<std::size_t>(f.lanes + 1);
    for (std::size_t i = 0; i < static_cast<std::size_t>(port.beats) * word; ++i) {
      const auto any = std::uniform_int_distribution<std::int64_t>(all.min, all.max)(engine);
      lanes.push_back(bipolar ? 2 * (any & 1) - 1 : any);
    }
    for (std::size_t e = 0; e < port.beat.size(); ++e) {
      const std::int64_t code = codes[row * elements + static_cast<std::int64_t>(e)];
      const auto beat = static_cast<std::size_t>(port.beat[e]);
      const auto lane = static_cast<std::size_t>(port.word.elements[e].lsb / f.bits);
      lanes[first + beat * word + lane] = bipolar ? 2 * code - 1 : code;
    }
    for (std::int64_t b = 0; b < port.beats; ++b) {
      lanes[first + static_cast<std::size_t>(b + 1) * word - 1] = b + 1 == port.beats ? 1 : 0;
    }
  }
  return lanes;
}

/// Checks outputs and probes of `rows` random rows; the number of codes compared.
inline std::int64_t compare(const lower::IntegerGraph& graph, const plan::StreamPlan& plan,
                            std::int64_t rows, unsigned seed) {
  const std::vector<Codes> inputs = random_codes(graph, rows, seed);
  std::vector<plan::stream::Lanes> sources;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    sources.push_back(lanes_of(plan, plan.inputs[k], inputs[k]));
  }
  const auto all = plan::stream::values(plan.design, sources);
  // Every lane is a number of its stream's format: so the RTL carries it.
  for (std::size_t c = 0; c < all.size(); ++c) {
    const plan::stream::Format& f = plan.design.formats[c];
    if (f.last) continue;
    const bool bipolar = f.kind == plan::stream::Kind::kBipolar;
    const Range range = full_range(f.bits, f.kind == plan::stream::Kind::kSigned);
    std::int64_t bad = 0;
    for (const std::int64_t v : all[c]) {
      bad += bipolar ? (v != 1 && v != -1) : !range.contains(v);
    }
    CHECK_MESSAGE(bad == 0, plan.design.network.channels[c].name << " holds others than its own");
  }
  std::int64_t compared = 0;
  const auto executed = lower::execute(graph, inputs, graph.outputs);
  for (std::size_t k = 0; k < executed.size(); ++k) {
    const plan::StreamPort& port = plan.outputs[k];
    const auto channel = static_cast<std::size_t>(port.channel);
    const plan::stream::Format& f = plan.design.formats[channel];
    const auto elements = static_cast<std::int64_t>(port.beat.size());
    std::int64_t wrong = 0;
    REQUIRE(static_cast<std::int64_t>(all[channel].size()) == rows * port.beats * (f.lanes + 1));
    for (std::int64_t i = 0; i < executed[k].size(); ++i) {
      const auto e = static_cast<std::size_t>(i % elements);
      const std::int64_t word = i / elements * port.beats + port.beat[e];
      const std::int64_t lane = port.word.elements[e].lsb / f.bits;
      wrong +=
          all[channel][static_cast<std::size_t>(word * (f.lanes + 1) + lane)] != executed[k][i];
    }
    CHECK_MESSAGE(wrong == 0, port.word.tensor << ": " << wrong << " of " << executed[k].size());
    compared += executed[k].size();
  }
  std::vector<lower::ValueId> ids;
  for (const auto& probe : plan.probes) {
    for (std::size_t v = 0; v < graph.values.size(); ++v) {
      if (graph.values[v].name == probe.tensor) ids.push_back(static_cast<lower::ValueId>(v));
    }
  }
  REQUIRE(ids.size() == plan.probes.size());
  const auto probed = lower::execute(graph, inputs, ids);
  for (std::size_t k = 0; k < probed.size(); ++k) {
    const auto& probe = plan.probes[k];
    const auto channel = static_cast<std::size_t>(probe.channel);
    const bool bipolar = plan.design.formats[channel].kind == plan::stream::Kind::kBipolar;
    const auto elements = static_cast<std::int64_t>(probe.place.size());
    const auto frame = static_cast<std::int64_t>(all[channel].size()) / rows;
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < probed[k].size(); ++i) {
      const std::int64_t at =
          i / elements * frame + probe.place[static_cast<std::size_t>(i % elements)];
      std::int64_t lane = all[channel][static_cast<std::size_t>(at)];
      if (bipolar) lane = (lane + 1) / 2;
      wrong += probe.low + probe.span * lane != probed[k][i];
    }
    CHECK_MESSAGE(wrong == 0,
                  "probe " << probe.tensor << ": " << wrong << " of " << probed[k].size());
    compared += probed[k].size();
  }
  return compared;
}

/// True if the constants of a layer are few enough to be wired in.
inline bool is_small_matrix(const plan::StreamPlan& plan, const plan::StreamLayer& layer) {
  constexpr std::size_t kWeights = 3000;
  const auto small = [&](int u) {
    const auto& spec = plan.design.units[static_cast<std::size_t>(u)].spec;
    const auto* mvu = std::get_if<plan::stream::Mvu>(&spec);
    return mvu != nullptr && mvu->weights.size() <= kWeights && mvu->columns <= plan::kMostLanes &&
           mvu->rows <= plan::kMostLanes &&
           std::any_of(mvu->weights.begin(), mvu->weights.end(), [](auto w) { return w != 0; });
  };
  return std::any_of(layer.units.begin(), layer.units.end(), small);
}

/// Random folds for all layers of a plan: small, large, whole, over the top, wired in.
inline plan::Folding random_folding(const plan::StreamPlan& plan, unsigned seed) {
  std::mt19937 engine(seed);
  plan::Folding folding;
  const auto draw = [&] {
    const int most[] = {3, 8, 20, 70, 1000};
    return std::uniform_int_distribution<int>(1, most[engine() % 5])(engine);
  };
  for (const plan::StreamLayer& layer : plan.layers) {
    if (engine() % 8 == 0) continue;
    const int simd = draw(), pe = draw();
    folding[layer.name] = {simd, pe, engine() % 3 == 0};
    if (is_small_matrix(plan, layer) && engine() % 4 == 0) {
      folding[layer.name].digit = 1 + static_cast<int>(engine() % 9);
    }
  }
  return folding;
}

}  // namespace nib::testing
