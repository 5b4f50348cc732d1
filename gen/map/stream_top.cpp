// The top of a streaming design: AXI4-Stream ends, layers, forks.
#include "nib/map/stream_top.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "nib/base/check.h"
#include "nib/map/map_streaming.h"
#include "nib/map/stream_nets.h"
#include "nib/map/words.h"

namespace nib::map {
namespace {

using plan::StreamPlan;
using plan::StreamPort;
using plan::stream::Boundary;
using plan::stream::Unit;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

class TopWriter {
 public:
  TopWriter(const StreamPlan& plan, const std::vector<StreamLayerModule>& layers,
            const std::string& name)
      : plan_(plan), layers_(layers), tables_(name, "network " + plan.name, names_) {
    result_.module.name = name;
    nets_.resize(plan.design.formats.size());
    result_.streams.resize(plan.design.formats.size());
  }

  StreamTop run() {
    rtl::Module& m = result_.module;
    m.header = header();
    ports();
    name_streams();
    // Whole layers and single units in the order of the data.
    std::vector<std::pair<int, std::size_t>> order;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      order.emplace_back(plan_.layers[l].units.front(), l);
    }
    for (const int u : plan_.glue) order.emplace_back(u, layers_.size());
    std::sort(order.begin(), order.end());
    for (const auto& [unit, l] : order) {
      m.items.push_back(rtl::Section{});
      m.items.push_back(l < layers_.size() ? layer(l) : single(plan_.design.units[at(unit)]));
    }
    NIB_CHECK(tables_.localparams.empty() && tables_.files.empty(), "tables stand in layers");
    return std::move(result_);
  }

 private:
  int width(int channel) const { return plan_.design.formats[at(channel)].width(); }

  void port(rtl::Direction direction, const std::string& name, int width) {
    result_.module.ports.push_back({direction, name, rtl::Type{width, false}, {}});
    names_.claim(name);
  }

  void ports() {
    const auto in = rtl::Direction::kInput, out = rtl::Direction::kOutput;
    port(in, "clk_i", 1);
    port(in, "rst_i", 1);
    const auto stream = [&](const StreamPort& p, const std::string& prefix, bool is_input) {
      const auto there = is_input ? in : out, back = is_input ? out : in;
      port(there, prefix + "_tvalid", 1);
      port(back, prefix + "_tready", 1);
      port(there, prefix + "_tdata", beat_width(p.word.width));
      port(there, prefix + "_tlast", 1);
    };
    for (std::size_t k = 0; k < plan_.inputs.size(); ++k) {
      stream(plan_.inputs[k], axis_prefix(plan_, true, k), true);
    }
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      stream(plan_.outputs[k], axis_prefix(plan_, false, k), false);
    }
  }

  /// Declares a stream that a layer or unit makes.
  void name_stream(int channel, const std::string& wanted) {
    const std::string base = claim_stream(names_, wanted);
    nets_[at(channel)] = nets_of(base, width(channel));
    result_.streams[at(channel)] = {base, 0};
    declare(result_.module, base, width(channel));
  }

  /// The packed nets of a fork; its streams are slices of them.
  void name_fork(const Unit& unit) {
    const auto count = static_cast<int>(unit.outputs.size());
    const int w = width(unit.outputs[0]);
    const std::string base = claim_stream(names_, unit.name);
    declare_fork(result_.module, base, count, w);
    ForkNets nets = fork_nets(base, count, w);
    for (int o = 0; o < count; ++o) {
      nets_[at(unit.outputs[at(o)])] = nets.streams[at(o)];
      result_.streams[at(unit.outputs[at(o)])] = {base, o};
    }
    forks_.emplace_back(&unit, std::move(nets.all));
  }

  void name_streams() {
    result_.module.items.push_back(rtl::Section{});
    for (const Unit& unit : plan_.design.units) {
      const auto index = static_cast<int>(&unit - plan_.design.units.data());
      if (std::find(plan_.glue.begin(), plan_.glue.end(), index) == plan_.glue.end()) {
        layer_streams(unit);
      } else if (std::holds_alternative<plan::stream::Fork>(unit.spec)) {
        name_fork(unit);
      } else if (!is_end(unit, Boundary::End::kOutput)) {
        name_stream(unit.outputs[0], unit.name);
      }
    }
  }

  /// The stream of a layer's last unit has the layer's name.
  void layer_streams(const Unit& unit) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const StreamLayerModule& layer = layers_[l];
      for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
        if (layer.outputs[i] != unit.outputs[0]) continue;
        const bool only = layer.outputs.size() == 1;
        name_stream(unit.outputs[0], only ? plan_.layers[l].name
                                          : plan_.layers[l].name + "_" + layer.output_ports[i]);
      }
    }
  }

  static bool is_end(const Unit& unit, Boundary::End end) {
    const auto* boundary = std::get_if<Boundary>(&unit.spec);
    return boundary != nullptr && boundary->end == end;
  }

  rtl::Instance layer(std::size_t l) {
    const StreamLayerModule& layer = layers_[l];
    rtl::Instance i;
    i.module = layer.module.name;
    i.name = names_.claim("u_" + plan_.layers[l].name);
    connect_clock(i);
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      connect(i, layer.input_ports[k], nets_[at(layer.inputs[k])], false);
    }
    for (std::size_t k = 0; k < layer.outputs.size(); ++k) {
      connect(i, layer.output_ports[k], nets_[at(layer.outputs[k])], true);
    }
    for (const auto& [channel, net] : layer.nets) {
      result_.streams[at(channel)] = {i.name + "." + net.net, net.index};
    }
    return i;
  }

  rtl::Instance single(const Unit& unit) {
    const plan::stream::ModuleUse use = plan::stream::module_use(unit.spec);
    result_.library.insert(use.module);
    rtl::Instance i = instance_of(unit, names_.claim("u_" + unit.name), tables_);
    connect_clock(i);
    if (is_end(unit, Boundary::End::kInput)) {
      connect_axis(i, plan_.inputs, unit.inputs[0], true);
    } else {
      for (std::size_t k = 0; k < unit.inputs.size(); ++k) {
        connect(i, use.inputs[k], nets_[at(unit.inputs[k])], false);
      }
    }
    if (is_end(unit, Boundary::End::kOutput)) {
      connect_axis(i, plan_.outputs, unit.outputs[0], false);
      return i;
    }
    const auto fork =
        std::find_if(forks_.begin(), forks_.end(), [&](const auto& f) { return f.first == &unit; });
    connect(i, use.output, fork != forks_.end() ? fork->second : nets_[at(unit.outputs[0])], true);
    if (fork == forks_.end()) return i;
    for (const int channel : unit.outputs) {
      i.comment += (i.comment.empty() ? "Queue of " : "\nQueue of ") + depth_text(plan_, channel);
    }
    return i;
  }

  void connect_axis(rtl::Instance& i, const std::vector<StreamPort>& ports, int channel,
                    bool is_input) {
    const auto port = std::find_if(ports.begin(), ports.end(),
                                   [&](const StreamPort& p) { return p.channel == channel; });
    NIB_CHECK(port != ports.end(), "an end for every stream from or to the outside");
    const auto k = static_cast<std::size_t>(port - ports.begin());
    const std::string prefix = axis_prefix(plan_, is_input, k);
    const std::string own = is_input ? "s_axis" : "m_axis";
    const auto add = [&](const char* name, int width, bool out) {
      i.connections.push_back({own + name, rtl::ref(prefix + name, {width, false}), out});
    };
    add("_tvalid", 1, !is_input);
    add("_tready", 1, is_input);
    add("_tdata", beat_width(port->word.width), !is_input);
    add("_tlast", 1, !is_input);
    result_.streams[at(channel)] = {};
  }

  std::string port_line(const char* label, const std::string& prefix, const StreamPort& p) const {
    return fmt::format("{:<11}{}: {}, {}; {} beat{} of {} element{}\n", label, prefix,
                       rtl::comment_text(p.word.tensor), describe(p.word), p.beats,
                       p.beats == 1 ? "" : "s", p.elements_per_beat,
                       p.elements_per_beat == 1 ? "" : "s");
  }

  std::string header() const {
    std::string text = fmt::format("Network {}, as a stream of frames.\n\n", plan_.name);
    for (std::size_t k = 0; k < plan_.inputs.size(); ++k) {
      text += port_line("Input", axis_prefix(plan_, true, k), plan_.inputs[k]);
    }
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      text += port_line("Output", axis_prefix(plan_, false, k), plan_.outputs[k]);
    }
    const plan::stream::Timing& t = plan_.sizing.timing;
    text += "Beats      tlast with the last beat of a frame; tdata is padded to bytes at the top\n";
    text += fmt::format(
        "Timing     latency {} cycles from a frame's first beat to its own last, interval {}\n",
        t.latency,
        t.frames == 1 ? std::to_string(t.cycles)
                      : fmt::format("{} for {} frames", t.cycles, t.frames));
    text +=
        "Protocol   AXI4-Stream; every output comes from a flip-flop\n"
        "Reset      synchronous, control only\n";
    text +=
        fmt::format("Queues     {} bits in all; none can be a word shallower\n", plan_.sizing.bits);
    text += fmt::format("Clock      {:.1f} MHz on {}\n", plan_.clock_mhz, plan_.target.name);
    return text + header_end(plan_);
  }

  const StreamPlan& plan_;
  const std::vector<StreamLayerModule>& layers_;
  rtl::NameTable names_;
  TableWriter tables_;
  std::vector<StreamNets> nets_;  ///< by channel
  std::vector<std::pair<const Unit*, StreamNets>> forks_;
  StreamTop result_;
};

}  // namespace

StreamTop stream_top(const StreamPlan& plan, const std::vector<StreamLayerModule>& layers,
                     const std::string& name) {
  return TopWriter(plan, layers, name).run();
}

}  // namespace nib::map
