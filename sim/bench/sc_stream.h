// SystemC model of streaming networks: one process for each actor, registered signals only.
//
// Written from the timing contract and the published programs alone. A channel is three counters
// of words since reset: issued by the producer, shown to the consumer (issued, lat + b - 1
// registers later) and taken by the consumer. What a cycle shows follows from them: a head is valid
// if shown > taken, there is room if issued - taken < depth. No sc_fifo, no timed waits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <istream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <systemc>
#include <vector>

namespace nib_bench {

struct ScStep {
  unsigned takes = 0, makes = 0;
  std::int64_t need = -1, release = 0;  ///< of a ring's reader, in words of the frame
};

struct ScChannel {
  std::int64_t depth = 1;
  int delay = 1;  ///< lat + b
  bool is_ring = false;
};

struct ScProcess {
  int hold = 0;
  std::vector<int> inputs, outputs;
  std::vector<ScStep> program;
  int ring = -1;
  std::int64_t ring_frame = 0;
};

/// A network as nib::plan::stream::to_text() publishes it.
struct ScNetwork {
  std::vector<ScChannel> channels;
  std::vector<ScProcess> processes;
  std::vector<int> sources, sinks;
};

/// Reads the text form; throws std::runtime_error on what it does not know.
class ScReader {
 public:
  explicit ScReader(std::istream& in) {
    for (std::string line; std::getline(in, line);) {
      words_ = std::istringstream(line);
      const std::string what = word();
      if (what == "channel") {
        read_channel();
      } else if (what == "source") {
        network_.sources.push_back(number());
      } else if (what == "sink") {
        network_.sinks.push_back(number());
      } else if (what == "process") {
        read_process();
      } else if (what == "reader") {
        read_window();
      } else if (what != "network") {
        throw std::runtime_error("stream network: unknown line " + line);
      }
    }
  }
  [[nodiscard]] ScNetwork take() { return std::move(network_); }

 private:
  struct Axis {
    int size, kernel, stride, dilation, before, after;
    [[nodiscard]] int count() const {
      return (size + before + after - (kernel - 1) * dilation - 1) / stride + 1;
    }
  };

  std::string word() {
    std::string text;
    words_ >> text;
    return text;
  }
  int number() { return std::stoi(word()); }
  int named(const char* name) {
    if (word() != name) throw std::runtime_error(std::string("stream network: no ") + name);
    return number();
  }

  void read_channel() {
    ScChannel channel;
    word();
    channel.depth = named("depth");
    channel.delay = named("lat");
    channel.delay += named("b");
    named("bits");
    channel.is_ring = word() == "ring";
    network_.channels.push_back(channel);
  }

  void read_process() {
    ScProcess process;
    word();
    process.hold = named("hold");
    std::string text = word();
    for (text = word(); text != "out"; text = word()) process.inputs.push_back(std::stoi(text));
    for (text = word(); text != "program"; text = word()) {
      process.outputs.push_back(std::stoi(text));
    }
    read_body(process.program, "end");
    network_.processes.push_back(std::move(process));
  }

  /// Steps "takes/makes" and loops "count ( ... )" up to `end`; "count ( takes/makes )" as well.
  void read_body(std::vector<ScStep>& steps, const std::string& end) {
    for (std::string text = word(); text != end; text = word()) {
      if (text.empty()) throw std::runtime_error("stream network: a program without an end");
      const std::size_t slash = text.find('/');
      if (slash != std::string::npos) {
        steps.push_back({static_cast<unsigned>(std::stoi(text.substr(0, slash))),
                         static_cast<unsigned>(std::stoi(text.substr(slash + 1))), -1, 0});
        continue;
      }
      const std::int64_t count = std::stoll(text);
      if (word() != "(") throw std::runtime_error("stream network: a loop without a body");
      std::vector<ScStep> body;
      read_body(body, ")");
      for (std::int64_t i = 0; i < count; ++i) steps.insert(steps.end(), body.begin(), body.end());
    }
  }

  Axis read_axis(const char* name) {
    Axis axis{};
    axis.size = named(name);
    axis.kernel = number();
    axis.stride = number();
    axis.dilation = number();
    axis.before = number();
    axis.after = number();
    return axis;
  }

  /// Loops over the window as the contract tells them; releases at the ends of windows.
  void read_window() {
    ScProcess& p = network_.processes.back();
    p.ring = number();
    const Axis rows = read_axis("rows"), columns = read_axis("columns");
    const int fold = named("fold");
    const bool channel_outer = named("channel_outer") != 0;
    const bool release_rows = named("release_rows") != 0;
    p.ring_frame = std::int64_t{rows.size} * columns.size * fold;
    const int loops[3] = {channel_outer ? fold : rows.kernel,
                          channel_outer ? rows.kernel : columns.kernel,
                          channel_outer ? columns.kernel : fold};
    std::size_t n = 0;
    std::int64_t released = 0;
    for (int oy = 0; oy < rows.count(); ++oy) {
      const int top = oy * rows.stride - rows.before;
      for (int ox = 0; ox < columns.count(); ++ox) {
        const int left = ox * columns.stride - columns.before;
        for (int i = 0; i < loops[0] * loops[1] * loops[2]; ++i) {
          const int a = i / (loops[1] * loops[2]), b = i / loops[2] % loops[1], c = i % loops[2];
          const int y = top + (channel_outer ? b : a) * rows.dilation;
          const int x = left + (channel_outer ? c : b) * columns.dilation;
          const int channel = channel_outer ? a : c;
          ScStep& step = p.program.at(n++);
          const bool in_frame = y >= 0 && y < rows.size && x >= 0 && x < columns.size;
          if (in_frame) step.need = (std::int64_t{y} * columns.size + x) * fold + channel;
          step.release = released;
        }
        // The corner of the next window of this row, and that of the next row.
        const int row = std::max(top, 0), next_row = std::max(top + rows.stride, 0);
        const bool last_row = oy + 1 == rows.count(), last = ox + 1 == columns.count();
        if (last) {
          released = last_row ? p.ring_frame : std::int64_t{next_row} * columns.size * fold;
        } else if (!release_rows && (last_row || next_row > row)) {
          const int next = std::max(left + columns.stride, 0);
          released = (std::int64_t{row} * columns.size + next) * fold;
        }
        p.program.at(n - 1).release = released;
      }
    }
  }

  std::istringstream words_;
  ScNetwork network_;
};

/// What the outside does, by cycle; and what was seen: bit 0 valid, bit 1 ready, by channel.
struct ScRun {
  std::vector<std::uint8_t> reset;
  std::vector<std::vector<std::uint8_t>> sources, sinks, log;
};

/// The counters of a channel.
struct ScWires {
  sc_core::sc_signal<std::uint64_t> issued, delayed, taken;
  bool is_source = false;
  int delay = 1;
  std::int64_t depth = 1;
  std::vector<std::uint8_t>* will = nullptr;  ///< of a source
  std::vector<std::uint8_t>* log = nullptr;

  [[nodiscard]] std::uint64_t shown() const { return delay == 1 ? issued.read() : delayed.read(); }
  [[nodiscard]] bool valid(std::size_t cycle, bool reset) const {
    return shown() > taken.read() || (is_source && !reset && (*will)[cycle] != 0);
  }
  /// A ring's reader may have released more than was written.
  [[nodiscard]] bool room() const {
    const auto held = static_cast<std::int64_t>(issued.read() - taken.read());
    return held < depth;
  }
};

/// What all actors share: the clock, the cycle's number and whether it is one of reset.
struct ScActor : sc_core::sc_module {
  sc_core::sc_in<bool> clk;
  ScRun& run;

  SC_HAS_PROCESS(ScActor);
  ScActor(const sc_core::sc_module_name& name, ScRun& r) : sc_module(name), run(r) {
    SC_METHOD(edge);
    sensitive << clk.pos();
    dont_initialize();
  }
  void edge() {
    if (cycle_ >= run.reset.size()) return;
    step(cycle_, run.reset[cycle_] != 0);
    ++cycle_;
  }
  virtual void step(std::size_t cycle, bool reset) = 0;

 private:
  std::size_t cycle_ = 0;
};

/// The registers between issue and valid.
struct ScDelay : ScActor {
  ScWires& wires;
  std::vector<std::uint64_t> line;

  ScDelay(const sc_core::sc_module_name& name, ScRun& r, ScWires& w)
      : ScActor(name, r), wires(w), line(static_cast<std::size_t>(w.delay - 2)) {}
  void step(std::size_t, bool reset) override {
    if (reset) std::fill(line.begin(), line.end(), 0);
    line.push_back(reset ? 0 : wires.issued.read());
    wires.delayed.write(line.front());
    line.erase(line.begin());
  }
};

/// Words that a channel holds: issued and not yet taken.
struct ScOccupancy {
  std::int64_t peak = 0, sum = 0;
};

struct ScMeter : ScActor {
  ScWires& wires;
  ScOccupancy seen;

  ScMeter(const sc_core::sc_module_name& name, ScRun& r, ScWires& w) : ScActor(name, r), wires(w) {}
  void step(std::size_t, bool) override {
    // A ring's reader may have released more than was written.
    const auto held = static_cast<std::int64_t>(wires.issued.read() - wires.taken.read());
    seen.peak = std::max(seen.peak, held);
    seen.sum += std::max<std::int64_t>(held, 0);
  }
};

struct ScSource : ScActor {
  ScWires& wires;

  ScSource(const sc_core::sc_module_name& name, ScRun& r, ScWires& w)
      : ScActor(name, r), wires(w) {}
  void step(std::size_t cycle, bool reset) override {
    if (reset) {
      wires.issued.write(0);
    } else if (wires.valid(cycle, reset)) {
      wires.issued.write(wires.taken.read() + 1);
    }
  }
};

struct ScSink : ScActor {
  ScWires& wires;
  std::vector<std::uint8_t>& will;

  ScSink(const sc_core::sc_module_name& name, ScRun& r, ScWires& w, std::vector<std::uint8_t>& s)
      : ScActor(name, r), wires(w), will(s) {}
  void step(std::size_t cycle, bool reset) override {
    const bool valid = wires.valid(cycle, reset), ready = will[cycle] != 0;
    (*wires.log)[cycle] = static_cast<std::uint8_t>((valid ? 1 : 0) | (ready ? 2 : 0));
    if (reset) {
      wires.taken.write(0);
    } else if (valid && ready) {
      wires.taken.write(wires.taken.read() + 1);
    }
  }
};

struct ScUnit : ScActor {
  const ScProcess& process;
  std::vector<ScWires*> inputs, outputs;
  ScWires* ring = nullptr;

  ScUnit(const sc_core::sc_module_name& name, ScRun& r, const ScProcess& p)
      : ScActor(name, r), process(p) {}

  void step(std::size_t cycle, bool reset) override {
    const ScStep& now = process.program[at_];
    bool others = live_ >= process.hold;
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (now.makes >> o & 1) others = others && outputs[o]->room();
    }
    if (ring != nullptr && now.need >= 0) {
      others = others && ring->shown() > base_ + static_cast<std::uint64_t>(now.need);
    }
    bool fires = others;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool valid = inputs[i]->valid(cycle, reset);
      bool ready = others && (now.takes >> i & 1) != 0;
      for (std::size_t j = 0; j < inputs.size(); ++j) {
        if (j != i && (now.takes >> j & 1)) ready = ready && inputs[j]->valid(cycle, reset);
      }
      if (now.takes >> i & 1) fires = fires && valid;
      (*inputs[i]->log)[cycle] = static_cast<std::uint8_t>((valid ? 1 : 0) | (ready ? 2 : 0));
    }
    if (reset) {
      restart();
    } else {
      ++live_;
      if (fires) fire(now);
    }
  }

 private:
  void restart() {
    at_ = 0;
    base_ = 0;
    live_ = 0;
    for (ScWires* wires : inputs) wires->taken.write(0);
    for (ScWires* wires : outputs) wires->issued.write(0);
    if (ring != nullptr) ring->taken.write(0);
  }
  void fire(const ScStep& now) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (now.takes >> i & 1) inputs[i]->taken.write(inputs[i]->taken.read() + 1);
    }
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (now.makes >> o & 1) outputs[o]->issued.write(outputs[o]->issued.read() + 1);
    }
    if (ring != nullptr) ring->taken.write(base_ + static_cast<std::uint64_t>(now.release));
    if (++at_ == process.program.size()) {
      at_ = 0;
      base_ += static_cast<std::uint64_t>(process.ring_frame);
    }
  }

  std::size_t at_ = 0;
  std::uint64_t base_ = 0;
  std::int64_t live_ = 0;
};

/// All actors of a network on one clock.
class ScModel {
 public:
  ScModel(const std::string& name, ScNetwork network, ScRun& run, sc_core::sc_clock& clock)
      : network_(std::move(network)) {
    run.log.assign(network_.channels.size(), std::vector<std::uint8_t>(run.reset.size()));
    for (std::size_t c = 0; c < network_.channels.size(); ++c) {
      wires_.push_back(std::make_unique<ScWires>());
      wires_[c]->delay = network_.channels[c].delay;
      wires_[c]->depth = network_.channels[c].depth;
      wires_[c]->log = &run.log[c];
    }
    const auto id = [&](const char* what, std::size_t i) {
      return name + "_" + what + std::to_string(i);
    };
    for (std::size_t s = 0; s < network_.sources.size(); ++s) {
      ScWires& wires = at(network_.sources[s]);
      wires.is_source = true;
      wires.delay = 1;
      wires.will = &run.sources[s];
      add(std::make_unique<ScSource>(id("source", s).c_str(), run, wires), clock);
    }
    for (std::size_t s = 0; s < network_.sinks.size(); ++s) {
      ScWires& wires = at(network_.sinks[s]);
      add(std::make_unique<ScSink>(id("sink", s).c_str(), run, wires, run.sinks[s]), clock);
    }
    for (std::size_t c = 0; c < wires_.size(); ++c) {
      if (wires_[c]->delay == 1) continue;
      add(std::make_unique<ScDelay>(id("delay", c).c_str(), run, *wires_[c]), clock);
    }
    for (std::size_t c = 0; c < wires_.size(); ++c) {
      auto meter = std::make_unique<ScMeter>(id("meter", c).c_str(), run, *wires_[c]);
      meters_.push_back(meter.get());
      add(std::move(meter), clock);
    }
    for (std::size_t p = 0; p < network_.processes.size(); ++p) {
      auto unit = std::make_unique<ScUnit>(id("unit", p).c_str(), run, network_.processes[p]);
      for (const int c : network_.processes[p].inputs) unit->inputs.push_back(&at(c));
      for (const int c : network_.processes[p].outputs) unit->outputs.push_back(&at(c));
      if (network_.processes[p].ring >= 0) unit->ring = &at(network_.processes[p].ring);
      add(std::move(unit), clock);
    }
  }

  /// By channel, over the whole run.
  [[nodiscard]] std::vector<ScOccupancy> occupancy() const {
    std::vector<ScOccupancy> list;
    for (const ScMeter* meter : meters_) list.push_back(meter->seen);
    return list;
  }

 private:
  ScWires& at(int channel) { return *wires_.at(static_cast<std::size_t>(channel)); }
  void add(std::unique_ptr<ScActor> actor, sc_core::sc_clock& clock) {
    actor->clk(clock);
    actors_.push_back(std::move(actor));
  }

  ScNetwork network_;
  std::vector<std::unique_ptr<ScWires>> wires_;
  std::vector<std::unique_ptr<ScActor>> actors_;
  std::vector<const ScMeter*> meters_;
};

}  // namespace nib_bench
