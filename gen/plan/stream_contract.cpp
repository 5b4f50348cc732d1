// The contract of each unit: programs, latencies from issue to push, queues.
#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

/// The one input and one output of most units.
Contract simple(Loop program, const Format& in, const Format& out, const Queue& queue, int lat) {
  return {std::move(program), {in}, {{out, queue, lat}}, std::nullopt, 0, 0};
}

/// take and make in every step.
Loop through() { return once(1, 1); }

/// `takes` in all steps of the body's first pass, none in the others.
Loop pass(int count, unsigned takes, unsigned makes) { return repeat(count, {once(takes, makes)}); }

Contract of(const Fifo& u) { return simple(through(), u.format, u.format, u.queue, 0); }

Contract of(const Boundary& u) {
  Format in = u.format, out = u.format;
  in.last = u.end == Boundary::End::kInput;
  out.last = u.end == Boundary::End::kOutput;
  Contract c = simple(through(), in, out, {2, 1}, 0);
  c.hold = 1;
  return c;
}

Contract of(const Fork& u) {
  Contract c{once(1, (1U << u.queues.size()) - 1), {u.format}, {}, std::nullopt, 0, 0};
  for (const Queue& queue : u.queues) c.outputs.push_back({u.format, queue, 0});
  return c;
}

Contract of(const Add& u) {
  return {once(3, 1), {u.a, u.b}, {{{u.a.lanes, u.bits, u.kind}, u.queue, 1}}, std::nullopt, 0, 0};
}

Contract of(const Concat& u) {
  return {sequence({pass(u.words_a, 1, 1), pass(u.words_b, 2, 1)}),
          {u.format, u.format},
          {{u.format, u.queue, 0}},
          std::nullopt,
          0,
          0};
}

/// A step takes if the lanes at hand do not fill the next output word, and makes if they then do.
Loop width_program(int in, int out, int frame) {
  std::vector<Step> steps;
  int held = 0, to_take = frame, to_make = frame;
  while (to_make > 0) {
    const int needed = std::min(out, to_make);
    const bool takes = held < needed;
    if (takes) {
      held += std::min(in, to_take);
      to_take -= std::min(in, to_take);
    }
    const bool makes = held >= needed;
    if (makes) {
      held -= needed;
      to_make -= needed;
    }
    steps.push_back({static_cast<std::uint8_t>(takes), static_cast<std::uint8_t>(makes)});
  }
  return sequence_of(steps);
}

Contract of(const Width& u) {
  return simple(width_program(u.format.lanes, u.lanes, u.frame), u.format,
                {u.lanes, u.format.bits, u.format.kind}, u.queue, 0);
}

Contract of(const WindowUnit& u) {
  NIB_CHECK(u.window.rows.touches() && u.window.columns.touches(), "a window that reads pixels");
  for (const Axis* axis : {&u.window.rows, &u.window.columns}) {
    NIB_CHECK(std::max(axis->before, axis->after) < axis->extent(), "padding within the kernel");
  }
  Contract c = simple(repeat(u.window.steps(), {once(0, 1)}), u.format, u.format, u.queue, 1);
  c.window = u.window;
  c.ring_words = u.words;
  return c;
}

/// Steps for the places of an axis: bit 0 where a pixel stands, bit 1 where a window ends.
std::vector<std::uint8_t> places(const Axis& axis) {
  std::vector<std::uint8_t> list;
  for (int i = 0; i < axis.size + axis.before + axis.after; ++i) {
    const bool pixel = i >= axis.before && i < axis.before + axis.size;
    const int beyond = i - (axis.extent() - 1);
    const bool ends = beyond >= 0 && beyond % axis.stride == 0;
    list.push_back(static_cast<std::uint8_t>((pixel ? 1 : 0) | (ends ? 2 : 0)));
  }
  return list;
}

Contract of(const Patch& u) {
  NIB_CHECK(u.lanes >= 1 && u.lanes <= u.elements(), "words of a window");
  const std::vector<std::uint8_t> across = places(u.columns);
  std::vector<Loop> lines;
  std::vector<std::uint8_t> kinds;
  for (const std::uint8_t down : places(u.rows)) {
    if (!kinds.empty() && kinds.back() == down) {
      ++lines.back().count;
      continue;
    }
    std::vector<Step> steps;
    for (const std::uint8_t place : across) {
      const auto both = static_cast<std::uint8_t>(place & down);
      const auto makes = static_cast<std::uint8_t>(both >> 1);
      steps.push_back({static_cast<std::uint8_t>(both & 1), makes});
      for (int part = 1; makes != 0 && part < u.fold(); ++part) steps.push_back({0, 1});
    }
    lines.push_back(repeat(1, {sequence_of(steps)}));
    kinds.push_back(down);
  }
  return simple(sequence(std::move(lines)), u.format, {u.lanes, u.format.bits, u.format.kind},
                u.queue, 2);
}

Contract of(const Mvu& u) {
  const int sf = u.sf(), nf = u.nf();
  const Loop program =
      u.input_stationary ? sequence({repeat(sf - 1, {sequence({once(1, 0), pass(nf - 1, 0, 0)})}),
                                     once(1, 1), pass(nf - 1, 0, 1)})
                         : sequence({pass(sf - 1, 1, 0), once(1, 1),
                                     repeat(nf - 1, {sequence({pass(sf - 1, 0, 0), once(0, 1)})})});
  return simple(program, u.format, {u.pe, u.acc_bits, Kind::kSigned}, u.queue,
                3 + (u.product_register ? 1 : 0) + u.tree_registers);
}

Contract of(const ConstMvu& u) {
  const int digits = u.digits();
  const Loop program =
      digits == 1 ? through() : sequence({once(1, 0), pass(digits - 2, 0, 0), once(0, 1)});
  return simple(program, u.format, {u.rows, u.acc_bits, Kind::kSigned}, u.queue,
                u.latency + (digits > 1 ? 2 : 1));
}

Contract of(const Vvu& u) {
  return simple(sequence({pass(u.taps - 1, 1, 0), once(1, 1)}), u.format,
                {u.format.lanes, u.acc_bits, Kind::kSigned}, u.queue,
                3 + (u.product_register ? 1 : 0));
}

Contract of(const Pool& u) {
  NIB_CHECK(!u.sum || u.format.kind != Kind::kBipolar, "a sum of bipolar values is not bipolar");
  const int kept_x = u.columns / u.kernel_x, kept_y = u.rows / u.kernel_y;
  const Loop quiet = pass(u.columns * u.fold, 1, 0);
  const Loop making = sequence(
      {repeat(kept_x, {sequence({pass((u.kernel_x - 1) * u.fold, 1, 0), pass(u.fold, 1, 1)})}),
       pass(u.columns % u.kernel_x * u.fold, 1, 0)});
  const Loop program =
      sequence({repeat(kept_y, {sequence({repeat(u.kernel_y - 1, {quiet}), making})}),
                repeat(u.rows % u.kernel_y, {quiet})});
  return simple(program, u.format, {u.format.lanes, u.bits, u.format.kind}, u.queue, 1);
}

Contract of(const Threshold& u) {
  NIB_CHECK(!u.bipolar || (u.levels == 1 && u.bits == 1 && u.offset == 0), "one bipolar level");
  const Kind kind = u.bipolar ? Kind::kBipolar : u.offset < 0 ? Kind::kSigned : Kind::kUnsigned;
  return simple(through(), u.format, {u.format.lanes, u.bits, kind}, u.queue,
                2 + (u.hit_register ? 1 : 0));
}

Contract of(const Scale& u) {
  NIB_CHECK(!u.half_even || u.shift > 0, "ties have a fraction");
  return simple(through(), u.format, {u.format.lanes, u.bits, u.kind}, u.queue,
                u.factor_bits > 0 ? 4 : 3);
}

Contract of(const Table& u) {
  return simple(through(), u.format, {u.format.lanes, u.bits, u.kind}, u.queue, 2);
}

Contract of(const Upsample& u) {
  const auto line = [&](unsigned takes) {
    return repeat(u.columns,
                  {sequence({pass(u.fold, takes, 1), pass((u.factor_x - 1) * u.fold, 0, 1)})});
  };
  return simple(sequence({line(1), repeat(u.factor_y - 1, {line(0)})}), u.format, u.format, u.queue,
                1);
}

Contract of(const Argmax& u) {
  const int words = (u.classes + u.format.lanes - 1) / u.format.lanes;
  int bits = 1;
  while ((1 << bits) < u.classes) ++bits;
  return simple(sequence({pass(words - 1, 1, 0), once(1, 1)}), u.format, {1, bits, Kind::kUnsigned},
                u.queue, 1);
}

Contract of(const Reorder& u) {
  const auto made = static_cast<int>(u.source.size());
  return simple(sequence({pass(u.words, 1, 0), pass(made, 0, 1)}), u.format, u.format, u.queue, 2);
}

int new_channel(Design& design, Channel channel, const Format& format) {
  channel.bits = format.width();
  design.network.channels.push_back(std::move(channel));
  design.formats.push_back(format);
  return static_cast<int>(design.formats.size()) - 1;
}

}  // namespace

Contract contract(const Spec& spec) {
  return std::visit([](const auto& unit) { return of(unit); }, spec);
}

int add_source(Design& design, const std::string& name, const Format& format) {
  const int channel = new_channel(design, {name, 1, 0, 1, 0, false}, format);
  design.network.sources.push_back(channel);
  return channel;
}

std::vector<int> add_unit(Design& design, const std::string& name, const Spec& spec,
                          const std::vector<int>& inputs) {
  const Contract c = contract(spec);
  NIB_CHECK(inputs.size() == c.inputs.size(), name + " has other inputs");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    NIB_CHECK(design.formats[static_cast<std::size_t>(inputs[i])] == c.inputs[i],
              name + " takes words of another format");
  }
  Process process{name, inputs, {}, c.program, {}, c.hold};
  if (c.window) {
    const int ring =
        new_channel(design, {name + "_ring", c.ring_words, 0, 1, 0, true}, c.inputs[0]);
    design.network.processes.push_back({name + "_writer", inputs, {ring}, through(), {}, 0});
    process.inputs.clear();
    process.reader.push_back({ring, *c.window});
  }
  std::vector<int> outputs;
  for (std::size_t o = 0; o < c.outputs.size(); ++o) {
    const auto& out = c.outputs[o];
    std::string stream = name;
    if (c.outputs.size() > 1) stream += fmt::format("_{}", o);
    outputs.push_back(new_channel(
        design, {stream, out.queue.depth, out.lat, out.queue.b(), 0, false}, out.format));
  }
  process.outputs = outputs;
  design.network.processes.push_back(std::move(process));
  design.units.push_back({name, spec, inputs, outputs});
  return outputs;
}

void add_sink(Design& design, int channel) { design.network.sinks.push_back(channel); }

}  // namespace nib::plan::stream
