// The ends of a streaming design, and where probes find values.
#include <algorithm>
#include <numeric>

#include "nib/base/check.h"
#include "nib/plan/stream_lower.h"

namespace nib::plan {
namespace {

using lower::ValueId;
using stream::Boundary;
using stream::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Bits of a beat where nothing asks for more or less.
constexpr std::int64_t kPlainBeat = 64;

/// For each element its place: word of the frame * lanes + lane.
std::vector<std::int64_t> places(const Carried& x) {
  std::vector<std::int64_t> place(x.order.size());
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    place[at(x.order[at(i)])] = i / x.channels * x.words() * x.format.lanes + i % x.channels;
  }
  return place;
}

}  // namespace

StreamPort StreamLowering::port_of(const Carried& x, ValueId id, const std::string& tensor,
                                   int channel) const {
  const lower::Value& value = graph_.value(id);
  StreamPort port;
  port.word.tensor = tensor;
  port.word.shape = value.shape;
  if (graph_.batched && !port.word.shape.empty()) {
    port.word.shape.erase(port.word.shape.begin());
  }
  port.word.width = x.format.lanes * x.format.bits;
  port.elements_per_beat = x.format.lanes;
  port.beats = x.pixels * x.words();
  port.channel = channel;
  const std::vector<std::int64_t> place = places(x);
  for (std::int64_t e = 0; e < value.elements(); ++e) {
    Element element;
    element.lsb = static_cast<int>(place[at(e)] % x.format.lanes) * x.format.bits;
    element.bits = x.format.bits;
    element.is_signed = x.format.kind == Kind::kSigned;
    element.scale = value.scale_of(e);
    element.offset = value.offset_of(e);
    element.range = value.range_of(e);
    port.word.elements.push_back(std::move(element));
    port.beat.push_back(static_cast<std::int32_t>(place[at(e)] / x.format.lanes));
  }
  return port;
}

void StreamLowering::probe(ValueId id, const Carried& x) {
  const lower::Value& value = graph_.value(id);
  if (!value.is_graph_tensor) return;
  StreamPlan::Probe probe{value.name, x.channel, places(x), x.low, x.span, value.shape, {}, {}};
  if (graph_.batched && !probe.shape.empty()) probe.shape.erase(probe.shape.begin());
  const auto one = [](const std::vector<Rational>& list) {
    return std::equal(list.begin() + 1, list.end(), list.begin());
  };
  if (one(value.scale) && one(value.offset)) {
    probe.scale = value.scale[0];
    probe.offset = value.offset[0];
  }
  plan_.probes.push_back(std::move(probe));
}

void StreamLowering::place(const lower::Input&, std::size_t n) { input(n); }

void StreamLowering::input(std::size_t n) {
  const ValueId id = graph_.nodes[n].output;
  const lower::Value& value = graph_.value(id);
  const auto k = at(std::get<lower::Input>(graph_.nodes[n].op).index);
  const Wish& wish = layout_.wish[at(id)];
  Carried x;
  if (wish.pixels > 0) {
    x.pixels = wish.pixels;
    x.channels = wish.channels;
    x.order = wish.order;
  } else {
    x.channels = value.elements();
    x.order.resize(at(x.channels));
    std::iota(x.order.begin(), x.order.end(), 0);
  }
  Range range = value.range[0];
  for (const Range& r : value.range) range = hull(range, r);
  x.format = format_of(1, range);
  const std::int64_t plain = std::max<std::int64_t>(1, kPlainBeat / x.format.bits);
  x.format.lanes = static_cast<int>(std::min(x.channels, wish.lanes > 0 ? wish.lanes : plain));
  x.range = x.full() ? range : full_range(x.format.bits, x.format.kind == Kind::kSigned);
  if (layout_.bipolar[at(id)] != 0 && range == Range{0, 1}) {
    x.format.kind = Kind::kBipolar;
    x.range = {-1, 1};
  }
  const std::string name = rtl::legal_name(graph_.input_names[k], "input");
  stream::Format source = x.format;
  source.last = true;
  const int channel = add_source(builder_.design(), "s_axis_" + name, source);
  const auto beats = static_cast<int>(x.pixels * x.words());
  const Boundary end{x.format, Boundary::End::kInput, beats};
  x.channel = builder_.unit(name + "_in", end, {channel})[0];
  if (plan_.inputs.size() <= k) plan_.inputs.resize(graph_.inputs.size());
  plan_.inputs[k] = port_of(x, id, graph_.input_names[k], channel);
  plan_.frames.source_words.push_back(beats);
  publish(id, std::move(x));
}

void StreamLowering::output(std::size_t k) {
  const ValueId id = graph_.outputs[k];
  const Carried x = take(id);
  NIB_CHECK(!x.bipolar() && x.low == 0 && x.span == 1, "codes at an output");
  const auto beats = static_cast<int>(x.pixels * x.words());
  const std::string name = rtl::legal_name(graph_.output_names[k], "output");
  const Boundary end{x.format, Boundary::End::kOutput, beats};
  const int channel = builder_.unit(name + "_out", end, {x.channel})[0];
  add_sink(builder_.design(), channel);
  plan_.outputs.push_back(port_of(x, id, graph_.output_names[k], channel));
  plan_.frames.sink_words.push_back(beats);
}

}  // namespace nib::plan
