// The whole design: library modules, layers, the top.
#include "nib/map/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "nib/base/file.h"
#include "nib/map/axis.h"
#include "nib/map/headers.h"
#include "nib/map/layer_modules.h"
#include "nib/map/words.h"
#include "nib/rtl/check.h"
#include "nib/rtl/names.h"
#include "nib/rtl/print.h"

namespace nib::map {
namespace {

constexpr rtl::Type kBit{1, false};

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

int port_width(const plan::Word& word) { return std::max(1, word.width); }

std::string port_name(const char* side, const char* end, std::size_t count, std::size_t k) {
  return count == 1 ? fmt::format("{}_data_{}", side, end)
                    : fmt::format("{}{}_data_{}", side, k, end);
}

class TopWriter {
 public:
  TopWriter(const plan::Plan& plan, const std::vector<rtl::Module>& layers,
            std::vector<std::string> nets)
      : plan_(plan), layers_(layers), nets_(std::move(nets)) {
    for (const plan::Word& word : plan.inputs) {
      used_.emplace_back(at(port_width(word)), false);
    }
  }

  rtl::Module run(const std::string& name) {
    m_.name = name;
    header();
    m_.header_parameters.push_back(
        rtl::Localparam{"Latency",
                        rtl::Type{0, false},
                        rtl::literal(plan_.latency_cycles, rtl::Type{0, false}),
                        {}});
    ports();
    for (std::size_t l = 0; l < plan_.layers.size(); ++l) layer(l);
    valid();
    outputs();
    unused();
    assertion();
    return std::move(m_);
  }

 private:
  void add(rtl::Item item) { m_.items.push_back(std::move(item)); }

  void header() {
    std::string text =
        fmt::format("Network {}, fully unrolled: one result per cycle.\n\n", plan_.name);
    for (std::size_t k = 0; k < plan_.inputs.size(); ++k) {
      text += fmt::format("Input      {}: {}, {}\n", port_name("in", "i", plan_.inputs.size(), k),
                          rtl::comment_text(plan_.inputs[k].tensor), describe(plan_.inputs[k]));
    }
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      text += fmt::format("Output     {}: {}, {}\n", port_name("out", "o", plan_.outputs.size(), k),
                          rtl::comment_text(plan_.outputs[k].tensor), describe(plan_.outputs[k]));
    }
    text += fmt::format("Timing     latency {}, interval 1, no backpressure, {}\n",
                        plan_.latency_cycles,
                        plan_.goal.reset ? "synchronous reset on valid alone" : "no reset");
    double lut = 0, ff = plan_.latency_cycles;
    std::int64_t adders = 0;
    for (const plan::Layer& l : plan_.layers) {
      lut += l.cost.lut;
      ff += l.cost.ff;
      adders += l.adders;
    }
    text += fmt::format("Cost       {} adders, no multipliers; model: {:.0f} LUT, {:.0f} FF\n",
                        adders, lut, ff);
    text += fmt::format("Clock      {:.1f} MHz on {}; model: {:.3f} ns\n", plan_.clock_mhz,
                        plan_.target.name, plan_.period_model_ns);
    m_.header = text + header_end(plan_);
  }

  void port(rtl::Direction direction, std::string name, int width) {
    m_.ports.push_back(rtl::Port{direction, std::move(name), rtl::Type{width, false}, {}});
  }
  void ports() {
    port(rtl::Direction::kInput, "clk_i", 1);
    if (plan_.goal.reset) port(rtl::Direction::kInput, "rst_i", 1);
    port(rtl::Direction::kInput, "in_valid_i", 1);
    for (std::size_t k = 0; k < plan_.inputs.size(); ++k) {
      port(rtl::Direction::kInput, port_name("in", "i", plan_.inputs.size(), k),
           port_width(plan_.inputs[k]));
    }
    port(rtl::Direction::kOutput, "out_valid_o", 1);
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      port(rtl::Direction::kOutput, port_name("out", "o", plan_.outputs.size(), k),
           port_width(plan_.outputs[k]));
    }
  }

  rtl::Expr input_port(std::size_t k) const {
    return rtl::ref(port_name("in", "i", plan_.inputs.size(), k),
                    rtl::Type{port_width(plan_.inputs[k]), false});
  }
  // The bits of a source; bits of input ports are noted as used.
  Field field(const plan::Source& s) {
    if (s.word >= 0) {
      const plan::Word& word = plan_.layers[at(s.word)].output;
      const plan::Element& e = word.elements[at(s.element)];
      return Field{rtl::ref(nets_[at(s.word)], rtl::Type{word.width, false}), e.lsb, e.bits};
    }
    const std::size_t k = at(-1 - s.word);
    const plan::Element& e = plan_.inputs[k].elements[at(s.element)];
    std::fill_n(used_[k].begin() + e.lsb, e.bits, true);
    return Field{input_port(k), e.lsb, e.bits};
  }

  void layer(std::size_t l) {
    const plan::Layer& layer = plan_.layers[l];
    const rtl::Module& module = layers_[l];
    const rtl::Type type{layer.output.width, false};
    rtl::Instance u;
    u.module = module.name;
    u.name = "u_" + layer.name;
    const bool clocked = std::any_of(module.ports.begin(), module.ports.end(),
                                     [](const rtl::Port& p) { return p.name == "clk_i"; });
    if (clocked) u.connections.push_back(rtl::Connection{"clk_i", rtl::ref("clk_i", kBit), false});
    for (const plan::Operand& operand : layer.operands) {
      std::vector<Field> fields;
      for (std::size_t e = 0; e < operand.sources.size(); ++e) {
        if (operand.word.elements[e].bits > 0) fields.push_back(field(operand.sources[e]));
      }
      if (fields.empty()) continue;
      u.connections.push_back(rtl::Connection{operand.name + "_i", gather(fields), false});
    }
    u.connections.push_back(rtl::Connection{"y_o", rtl::ref(nets_[l], type), true});
    add(rtl::Section{});
    add(rtl::net(nets_[l], type));
    add(std::move(u));
  }

  void valid() {
    const rtl::Expr reset = plan_.goal.reset ? rtl::ref("rst_i", kBit) : rtl::literal(0, kBit);
    rtl::Instance u;
    u.module = "nib_valid_pipe";
    u.name = "u_valid";
    u.parameters.emplace_back("Latency", rtl::ref("Latency", rtl::Type{0, false}));
    u.parameters.emplace_back("Reset", rtl::literal(plan_.goal.reset ? 1 : 0, kBit));
    u.connections.push_back(rtl::Connection{"clk_i", rtl::ref("clk_i", kBit), false});
    u.connections.push_back(rtl::Connection{"rst_i", reset, false});
    u.connections.push_back(rtl::Connection{"in_valid_i", rtl::ref("in_valid_i", kBit), false});
    u.connections.push_back(rtl::Connection{"out_valid_o", rtl::ref("out_valid_o", kBit), true});
    add(rtl::Section{});
    add(std::move(u));
  }

  void outputs() {
    add(rtl::Section{});
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      const rtl::Type type{port_width(plan_.outputs[k]), false};
      std::vector<Field> fields;
      for (std::size_t e = 0; e < plan_.outputs[k].elements.size(); ++e) {
        if (plan_.outputs[k].elements[e].bits > 0) {
          fields.push_back(field(plan_.output_sources[k][e]));
        }
      }
      rtl::Expr value = fields.empty() ? rtl::literal(0, type) : gather(fields);
      add(rtl::Assign{
          rtl::ref(port_name("out", "o", plan_.outputs.size(), k), type), std::move(value), {}});
    }
  }

  void unused() {
    std::vector<Field> fields;
    for (std::size_t k = 0; k < used_.size(); ++k) {
      for (std::size_t bit = 0; bit < used_[k].size(); ++bit) {
        if (!used_[k][bit]) fields.push_back(Field{input_port(k), static_cast<int>(bit), 1});
      }
    }
    if (fields.empty()) return;
    add(rtl::Section{"Bits that no output depends on."});
    add(rtl::net("unused_bits", kBit));
    add(rtl::Assign{
        rtl::ref("unused_bits", kBit), rtl::unary(rtl::UnaryOp::kReduceXor, gather(fields)), {}});
  }

  void assertion() {
    const rtl::Type number{0, false};
    const rtl::Expr latency = rtl::ref("Latency", number);
    const rtl::Expr in = rtl::ref("in_valid_i", kBit);
    rtl::Assertion a;
    a.name = "Latency_A";
    a.clock = "clk_i";
    a.antecedent = rtl::ref("out_valid_o", kBit);
    if (plan_.latency_cycles == 0) {
      rtl::Expr none = rtl::binary(rtl::BinaryOp::kEq, latency, rtl::literal(0, number));
      a.consequent = rtl::binary(rtl::BinaryOp::kLogicalAnd, in, std::move(none));
    } else {
      // Verilator warns of more than 10 cycles at a time.
      constexpr int kStride = 10;
      const int strides = (plan_.latency_cycles - 1) / kStride;
      rtl::Expr past = in;
      for (int k = 0; k < strides; ++k) {
        past = rtl::call("$past", {std::move(past), rtl::literal(kStride, number)}, kBit);
      }
      rtl::Expr rest = strides == 0 ? latency
                                    : rtl::binary(rtl::BinaryOp::kSub, latency,
                                                  rtl::literal(kStride * strides, number));
      a.consequent = rtl::call("$past", {std::move(past), std::move(rest)}, kBit);
    }
    add(rtl::Section{});
    add(std::move(a));
  }

  const plan::Plan& plan_;
  const std::vector<rtl::Module>& layers_;
  std::vector<std::string> nets_;
  std::vector<std::vector<bool>> used_;
  rtl::Module m_;
};

// A module of the library, as it stands.
void add_library(Design& design, std::string_view name) {
  design.files.push_back(
      SourceFile{fmt::format("rtl/{}.sv", name),
                 std::string(resource(fmt::format("rtl_templates/{}.sv", name)))});
}

void add_file(Design& design, const rtl::Module& module,
              const std::vector<const rtl::Module*>& known) {
  rtl::verify(module, known);
  design.files.push_back(SourceFile{fmt::format("rtl/{}.sv", module.name), rtl::print(module)});
}

}  // namespace

Design map_unrolled(const plan::Plan& plan) {
  Design design;
  rtl::NameTable modules, nets;
  if (plan.goal.wrap_axis) {
    add_library(design, "nib_outq");
    add_library(design, "nib_credit_wrap");
  }
  add_library(design, "nib_valid_pipe");
  design.top = modules.claim(plan.name + "_top");
  static_cast<void>(modules.claim(plan.name + "_axis"));
  for (const char* port :
       {"clk_i", "rst_i", "in_valid_i", "out_valid_o", "unused_bits", "Latency"}) {
    nets.claim(port);
  }
  for (const plan::Layer& layer : plan.layers) {
    design.modules.push_back(modules.claim(fmt::format("{}_{}", plan.name, layer.name)));
    design.probe_nets.push_back(nets.claim(layer.name + "_y"));
  }
  std::vector<rtl::Module> layers;
  for (std::size_t l = 0; l < plan.layers.size(); ++l) {
    std::vector<rtl::Module> list = layer_modules(plan, l, design.modules[l], modules);
    std::vector<const rtl::Module*> known;
    for (const rtl::Module& m : list) known.push_back(&m);
    for (const rtl::Module& m : list) add_file(design, m, known);
    list.back().items.clear();  // the top needs the ports alone
    layers.push_back(std::move(list.back()));
  }
  std::vector<const rtl::Module*> known;
  for (const rtl::Module& m : layers) known.push_back(&m);
  const rtl::Module top = TopWriter(plan, layers, design.probe_nets).run(design.top);
  add_file(design, top, known);
  if (plan.goal.wrap_axis) {
    const rtl::Module axis = wrap_axis(plan, top);
    add_file(design, axis, {&top});
    design.top = axis.name;
  }
  return design;
}

}  // namespace nib::map
