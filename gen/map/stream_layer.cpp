// Layers of a streaming design: units of the library, joined by streams.
#include "nib/map/stream_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/version.h"
#include "nib/map/layer_modules.h"
#include "nib/map/stream_nets.h"
#include "nib/map/words.h"

namespace nib::map {
namespace {

using plan::StreamLayer;
using plan::StreamPlan;
using plan::stream::Unit;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Channels that the units take from elsewhere, or make for elsewhere, in order of appearance.
std::vector<int> open_channels(const StreamPlan& plan, const StreamLayer& layer, bool inputs) {
  const auto ends = [&](const Unit& unit, bool in) { return in ? unit.inputs : unit.outputs; };
  std::vector<int> open;
  for (const int u : layer.units) {
    for (const int channel : ends(plan.design.units[at(u)], inputs)) {
      const bool inside = std::any_of(layer.units.begin(), layer.units.end(), [&](int other) {
        const auto list = ends(plan.design.units[at(other)], !inputs);
        return std::find(list.begin(), list.end(), channel) != list.end();
      });
      if (!inside) open.push_back(channel);
    }
  }
  return open;
}

std::vector<std::string> prefixes(std::size_t count, bool inputs) {
  if (count == 1) return {inputs ? "in" : "out"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back(inputs && count <= 8 ? std::string(1, static_cast<char>('a' + i))
                                         : fmt::format("{}{}", inputs ? "in" : "out", i));
  }
  return names;
}

/// A unit's name inside its layer: "fc1_mvu" of fc1 is "mvu".
std::string role_of(const Unit& unit, const StreamLayer& layer) {
  const std::string prefix = layer.name + "_";
  if (unit.name.starts_with(prefix) && unit.name.size() > prefix.size()) {
    return unit.name.substr(prefix.size());
  }
  return unit.name;
}

/// The tensor that a stream carries, where the plan says it, and what its lanes mean.
std::string tensor_of(const StreamPlan& plan, int channel) {
  for (const auto& probe : plan.probes) {
    if (probe.channel != channel) continue;
    std::string text =
        fmt::format("{}, shape {}, ", rtl::comment_text(probe.tensor), to_string(probe.shape));
    text += probe.scale ? fmt::format("scale {}", to_string(*probe.scale))
                        : std::string("scales per element (manifest)");
    if (probe.offset && *probe.offset != 0) {
      text += fmt::format(", offset {}", to_string(*probe.offset));
    }
    const plan::stream::Format& format = plan.design.formats[at(channel)];
    const bool bits = format.kind == plan::stream::Kind::kBipolar;
    if (probe.low != 0 || probe.span != 1) {
      text += fmt::format(", code {} + {} * {}", probe.low, probe.span, bits ? "bit" : "lane");
    }
    return text + "; ";
  }
  return {};
}

/// What goes to an array of constants, what comes from it, and that in lanes of one width.
struct ArrayNets {
  rtl::Expr digits;
  std::optional<rtl::Expr> products;
  rtl::Expr sums;
};

class LayerWriter {
 public:
  LayerWriter(const StreamPlan& plan, std::size_t index, const std::string& name,
              rtl::NameTable& modules)
      : plan_(plan),
        modules_(modules),
        layer_(plan.layers[index]),
        tables_(name, fmt::format("layer {} of network {}", layer_.name, plan.name), names_) {
    result_.module.name = name;
    nets_.resize(plan.design.formats.size());
  }

  StreamLayerModule run() {
    names_.claim("clk_i");
    names_.claim("rst_i");
    ports();
    name_streams();
    for (const int u : layer_.units) name_array(plan_.design.units[at(u)]);
    std::vector<rtl::Instance> instances;
    for (const int u : layer_.units) instances.push_back(instance(plan_.design.units[at(u)]));
    rtl::Module& m = result_.module;
    m.header = header();
    for (rtl::Localparam& p : tables_.localparams) {
      m.items.push_back(rtl::Section{});
      m.items.push_back(std::move(p));
    }
    if (!result_.nets.empty()) m.items.push_back(rtl::Section{});
    for (const auto& inner : result_.nets) {
      const int channel = inner.first;
      const StreamNet& net = inner.second;
      const auto fork = std::find_if(forks_.begin(), forks_.end(),
                                     [&](const auto& f) { return f.second.base == net.net; });
      if (fork == forks_.end()) {
        declare(m, net.net, width(channel));
      } else if (net.index == 0) {
        declare_fork(m, net.net, static_cast<int>(fork->second.nets.streams.size()),
                     width(channel));
      }
    }
    for (const auto& [unit, nets] : wired_) {
      const rtl::Expr* products = nets.products ? &*nets.products : nullptr;
      for (const rtl::Expr* e : {&nets.digits, products, &nets.sums}) {
        if (e == nullptr) continue;
        m.items.push_back(rtl::net(std::get<rtl::Ref>(e->node).name, e->type));
      }
    }
    for (rtl::Instance& i : instances) {
      m.items.push_back(rtl::Section{});
      m.items.push_back(std::move(i));
    }
    for (const auto& [unit, nets] : wired_) array(m, *unit, nets);
    result_.tables = std::move(tables_.files);
    return std::move(result_);
  }

 private:
  int width(int channel) const { return plan_.design.formats[at(channel)].width(); }

  void ports() {
    result_.inputs = open_channels(plan_, layer_, true);
    result_.outputs = open_channels(plan_, layer_, false);
    result_.input_ports = prefixes(result_.inputs.size(), true);
    result_.output_ports = prefixes(result_.outputs.size(), false);
    rtl::Module& m = result_.module;
    m.ports = {{rtl::Direction::kInput, "clk_i", kBit, {}},
               {rtl::Direction::kInput, "rst_i", kBit, {}}};
    const auto add = [&](const std::vector<int>& channels, const std::vector<std::string>& names,
                         bool inputs) {
      for (std::size_t i = 0; i < channels.size(); ++i) {
        add_ports(m, names[i], width(channels[i]), inputs);
        nets_[at(channels[i])] = ports_of(names[i], width(channels[i]), inputs);
      }
    };
    add(result_.inputs, result_.input_ports, true);
    add(result_.outputs, result_.output_ports, false);
    for (const rtl::Port& p : m.ports) static_cast<void>(names_.claim(p.name));
  }

  void name_streams() {
    for (const int u : layer_.units) {
      const Unit& unit = plan_.design.units[at(u)];
      if (std::holds_alternative<plan::stream::Fork>(unit.spec)) {
        name_fork(unit);
        continue;
      }
      const int channel = unit.outputs[0];
      if (std::find(result_.outputs.begin(), result_.outputs.end(), channel) !=
          result_.outputs.end()) {
        continue;
      }
      const std::string base = claim_stream(names_, role_of(unit, layer_));
      nets_[at(channel)] = nets_of(base, width(channel));
      result_.nets.emplace_back(channel, StreamNet{base, 0});
    }
  }

  /// A fork inside of the layer: its streams are slices of packed nets.
  void name_fork(const Unit& unit) {
    const auto count = static_cast<int>(unit.outputs.size());
    const std::string base = claim_stream(names_, role_of(unit, layer_));
    forks_.emplace_back(&unit, InnerFork{base, fork_nets(base, count, width(unit.outputs[0]))});
    for (int o = 0; o < count; ++o) {
      nets_[at(unit.outputs[at(o)])] = forks_.back().second.nets.streams[at(o)];
      result_.nets.emplace_back(unit.outputs[at(o)], StreamNet{base, o});
    }
  }

  /// Names of what goes to an array of constants and what comes from it.
  void name_array(const Unit& unit) {
    const auto* spec = std::get_if<plan::stream::ConstMvu>(&unit.spec);
    if (spec == nullptr) return;
    const bool whole = spec->digits() == 1;
    const auto claim = [&](const char* name, int width) {
      return rtl::ref(names_.claim(name), rtl::Type{width, false});
    };
    const int digit = whole ? spec->format.bits : spec->digit;
    ArrayNets nets{claim(whole ? "elements" : "digits", spec->format.lanes * digit),
                   {},
                   claim("sums", spec->rows * spec->sum_bits)};
    if (!spec->array->layers.empty()) {
      nets.products = claim("products", spec->array->layers[0].output.width);
    }
    wired_.emplace_back(&unit, std::move(nets));
  }

  /// The array of constants beside a unit: its instance, its sums in lanes of equal width. A matrix
  /// that only picks elements has no array.
  void array(rtl::Module& m, const Unit& unit, const ArrayNets& nets) {
    const auto& spec = std::get<plan::stream::ConstMvu>(unit.spec);
    const plan::Plan& plan = *spec.array;
    const int digit = nets.digits.type.width / spec.format.lanes;
    const auto element = [&](std::int64_t c) {
      return Field{nets.digits, static_cast<int>(c) * digit, digit};
    };
    std::vector<char> is_read(at(spec.format.lanes), 0);
    for (const plan::Source& s : plan.output_sources[0]) {
      if (s.word < 0) is_read[at(s.element)] = 1;
    }
    if (!plan.layers.empty()) {
      const plan::Layer& layer = plan.layers[0];
      std::vector<Field> fields;
      for (int c = 0; c < spec.format.lanes; ++c) {
        if (layer.operands[0].word.elements[at(c)].bits == 0) continue;
        is_read[at(c)] = 1;
        fields.push_back(element(c));
      }
      const std::string name = modules_.claim(result_.module.name + "_array");
      std::vector<rtl::Module> list = layer_modules(plan, 0, name, modules_);
      rtl::Instance i;
      i.module = name;
      i.name = names_.claim("u_array");
      const auto& ports = list.back().ports;
      const bool clocked = std::any_of(ports.begin(), ports.end(),
                                       [](const rtl::Port& p) { return p.name == "clk_i"; });
      if (clocked) i.connections.push_back({"clk_i", rtl::ref("clk_i", kBit), false});
      i.connections.push_back({layer.operands[0].name + "_i", gather(fields), false});
      i.connections.push_back({"y_o", *nets.products, true});
      i.comment = fmt::format("{} cycle{} from {} to products.", plan.latency_cycles,
                              plan.latency_cycles == 1 ? "" : "s",
                              spec.digits() == 1 ? "elements" : "digits");
      m.items.push_back(rtl::Section{});
      m.items.push_back(std::move(i));
      std::move(list.begin(), list.end(), std::back_inserter(result_.arrays));
    }
    std::vector<rtl::Expr> sums;
    for (std::size_t r = 0; r < plan.outputs[0].elements.size(); ++r) {
      const plan::Element& e = plan.outputs[0].elements[r];
      const plan::Source& s = plan.output_sources[0][r];
      if (e.bits == 0) {
        sums.push_back(rtl::literal(e.range.min, rtl::Type{spec.sum_bits, true}));
        continue;
      }
      const rtl::Expr sum =
          gather({s.word < 0 ? element(s.element) : Field{*nets.products, e.lsb, e.bits}});
      sums.push_back(rtl::cast(e.is_signed ? rtl::as_signed(sum) : sum, spec.sum_bits));
    }
    std::reverse(sums.begin(), sums.end());
    m.items.push_back(rtl::Section{});
    m.items.push_back(rtl::Assign{nets.sums, rtl::concat(std::move(sums)), {}});
    std::vector<Field> unused;
    for (int c = 0; c < spec.format.lanes; ++c) {
      if (is_read[at(c)] == 0) unused.push_back(element(c));
    }
    if (unused.empty()) return;
    const std::string name = names_.claim("unused_bits");
    m.items.push_back(rtl::Section{"Elements that no row reads."});
    m.items.push_back(rtl::net(name, kBit));
    m.items.push_back(rtl::Assign{
        rtl::ref(name, kBit), rtl::unary(rtl::UnaryOp::kReduceXor, gather(unused)), {}});
  }

  rtl::Instance instance(const Unit& unit) {
    const plan::stream::ModuleUse use = plan::stream::module_use(unit.spec);
    result_.library.insert(use.module);
    const std::string name = names_.claim("u_" + role_of(unit, layer_));
    rtl::Instance i = instance_of(unit, name, tables_);
    connect_clock(i);
    for (std::size_t k = 0; k < unit.inputs.size(); ++k) {
      connect(i, use.inputs[k], nets_[at(unit.inputs[k])], false);
    }
    const auto fork =
        std::find_if(forks_.begin(), forks_.end(), [&](const auto& f) { return f.first == &unit; });
    connect(i, use.output,
            fork != forks_.end() ? fork->second.nets.all : nets_[at(unit.outputs[0])], true);
    for (const auto& [wired, nets] : wired_) {
      if (wired != &unit) continue;
      i.connections.push_back({"core_in_data_o", nets.digits, true});
      i.connections.push_back({"core_out_data_i", nets.sums, false});
    }
    for (const int channel : unit.outputs) {
      i.comment += (i.comment.empty() ? "Queue of " : "\nQueue of ") + depth_text(plan_, channel);
    }
    const auto& channels = plan_.design.network.channels;
    for (std::size_t c = 0; c < channels.size(); ++c) {
      if (!channels[c].is_ring || channels[c].name != unit.name + "_ring") continue;
      i.comment = "Ring of " + depth_text(plan_, static_cast<int>(c)) + "\n" + i.comment;
    }
    return i;
  }

  std::string stream_line(const char* label, const std::string& port, int channel) const {
    return fmt::format("{:<11}{}: {}{}\n", label, port, tensor_of(plan_, channel),
                       format_text(plan_.design.formats[at(channel)]));
  }

  std::string header() const {
    std::string text =
        fmt::format("Layer {} of network {}, as a stream.\n\n", layer_.name, plan_.name);
    if (!layer_.formula.empty()) {
      text += fmt::format("Computes   {}\n", rtl::comment_text(layer_.formula));
    }
    if (!layer_.nodes.empty()) {
      text += fmt::format("Nodes      {}\n",
                          rtl::comment_text(fmt::format("{}", fmt::join(layer_.nodes, ", "))));
    }
    for (std::size_t i = 0; i < result_.inputs.size(); ++i) {
      text += stream_line("Input", result_.input_ports[i], result_.inputs[i]);
    }
    for (std::size_t i = 0; i < result_.outputs.size(); ++i) {
      text += stream_line("Output", result_.output_ports[i], result_.outputs[i]);
    }
    text += timing();
    text +=
        "Protocol   valid and ready; both hold until a word is taken, no path from one to the "
        "other\n"
        "Reset      synchronous, control only\n";
    text += fmt::format(
        "Cost       {} multiply-accumulates a frame; model: {:.0f} LUT, {:.0f} CARRY4, {:.0f} FF, "
        "{:.1f} BRAM36, {:.0f} DSP\n",
        layer_.macs, std::ceil(layer_.cost.lut), std::ceil(layer_.cost.carry4),
        std::ceil(layer_.cost.ff), layer_.cost.bram36, std::ceil(layer_.cost.dsp));
    return text + header_end(plan_);
  }

  /// Steps that the layer's busiest unit takes for a frame.
  std::string timing() const {
    const auto steps = plan::stream::steps_of_a_frame(plan_.design.network, plan_.frames);
    std::int64_t most = 0;
    std::string busiest;
    for (std::size_t p = 0; p < steps.size(); ++p) {
      for (const int u : layer_.units) {
        const Unit& unit = plan_.design.units[at(u)];
        if (plan_.design.network.processes[p].name != unit.name || steps[p] <= most) continue;
        most = steps[p];
        busiest = role_of(unit, layer_);
      }
    }
    return fmt::format("Interval   {} cycles a frame at full speed: the steps of {}\n", most,
                       busiest);
  }

  const StreamPlan& plan_;
  rtl::NameTable& modules_;
  const StreamLayer& layer_;
  rtl::NameTable names_;
  std::vector<std::pair<const Unit*, ArrayNets>> wired_;
  struct InnerFork {
    std::string base;
    ForkNets nets;
  };
  std::vector<std::pair<const Unit*, InnerFork>> forks_;
  TableWriter tables_;
  std::vector<StreamNets> nets_;  ///< by channel, those seen in the layer
  StreamLayerModule result_;
};

}  // namespace

StreamLayerModule stream_layer(const StreamPlan& plan, std::size_t layer, const std::string& name,
                               rtl::NameTable& modules) {
  return LayerWriter(plan, layer, name, modules).run();
}

std::string depth_text(const StreamPlan& plan, int channel) {
  const auto depth = plan.design.network.channels[at(channel)].depth;
  const std::string words = depth == 1 ? "1 word" : fmt::format("{} words", depth);
  if (at(channel) >= plan.sizing.tight.size()) return words + ".";
  const char* why = "";
  switch (plan.sizing.tight[at(channel)]) {
    case plan::stream::Tight::kFloor:
      why = "the least there is";
      break;
    case plan::stream::Tight::kDeadlock:
      why = "one less would stop it for ever";
      break;
    case plan::stream::Tight::kInterval:
      why = "one less would lengthen the interval";
      break;
    case plan::stream::Tight::kLatency:
      why = "one less would lengthen the latency";
      break;
  }
  return fmt::format("{}: {}.", words, why);
}

std::string format_text(const plan::stream::Format& format) {
  const char* kind = "";
  switch (format.kind) {
    case plan::stream::Kind::kUnsigned:
      kind = "u";
      break;
    case plan::stream::Kind::kSigned:
      kind = "s";
      break;
    case plan::stream::Kind::kBipolar:
      return fmt::format("{} lane{} of one bit, -1 or +1", format.lanes,
                         format.lanes == 1 ? "" : "s");
  }
  return fmt::format("{} lane{} of {}{}", format.lanes, format.lanes == 1 ? "" : "s", kind,
                     format.bits);
}

std::string header_end(const StreamPlan& plan) {
  std::string text;
  if (!plan.source_file.empty()) {
    text += fmt::format("Source     {}, sha256 {}\n", rtl::comment_text(plan.source_file),
                        plan.sha256.substr(0, 16));
  }
  return text + fmt::format("Generated by {}. Do not edit.", kGenerator);
}

}  // namespace nib::map
