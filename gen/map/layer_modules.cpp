// A layer as one module, as blocks under a module of instances, or as kernels at many places.
#include "nib/map/layer_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "nib/map/headers.h"
#include "nib/map/kernels.h"
#include "nib/map/part_ports.h"
#include "nib/map/part_writer.h"
#include "nib/map/parts.h"
#include "nib/map/signals.h"
#include "nib/map/words.h"

namespace nib::map {
namespace {

constexpr rtl::Type kBit{1, false};

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// The ports of a module that holds a whole layer.
std::vector<rtl::Port> layer_ports(const plan::Layer& layer, bool clocked) {
  using rtl::Direction;
  std::vector<rtl::Port> ports;
  if (clocked) ports.push_back(rtl::Port{Direction::kInput, "clk_i", kBit, {}});
  for (const plan::Operand& operand : layer.operands) {
    if (operand.word.width == 0) continue;
    ports.push_back(rtl::Port{
        Direction::kInput, operand.name + "_i", rtl::Type{operand.word.width, false}, {}});
  }
  ports.push_back(rtl::Port{Direction::kOutput, "y_o", rtl::Type{layer.output.width, false}, {}});
  return ports;
}

Field field_of(const std::string& port, const plan::Word& word, std::int64_t element) {
  const plan::Element& e = word.elements[at(element)];
  return Field{rtl::ref(port, rtl::Type{word.width, false}), e.lsb, e.bits};
}

// y_o of a module, from elements that several instances drive in any order.
class OutputWord {
 public:
  explicit OutputWord(const plan::Word& word) : word_(word), fields_(word.elements.size()) {}

  /// A net that carries the elements `outputs`, the first one lowest.
  void drive(rtl::Module& module, const std::string& net,
             const std::vector<std::int64_t>& outputs) {
    int width = 0;
    for (const std::int64_t e : outputs) width += word_.elements[at(e)].bits;
    const rtl::Type type{width, false};
    module.items.push_back(rtl::net(net, type));
    int lsb = 0;
    for (const std::int64_t e : outputs) {
      fields_[at(e)] = Field{rtl::ref(net, type), lsb, word_.elements[at(e)].bits};
      lsb += word_.elements[at(e)].bits;
    }
  }
  void assign(rtl::Module& module) const {
    std::vector<Field> present;
    for (const Field& f : fields_) {
      if (f.bits > 0) present.push_back(f);
    }
    module.items.push_back(rtl::Section{});
    module.items.push_back(
        rtl::Assign{rtl::ref("y_o", rtl::Type{word_.width, false}), gather(present), {}});
  }

 private:
  const plan::Word& word_;
  std::vector<Field> fields_;
};

bool has_clock(const rtl::Module& module) {
  return std::any_of(module.ports.begin(), module.ports.end(),
                     [](const rtl::Port& p) { return p.name == "clk_i"; });
}

// The layer of several parts: instances and the wires between them.
class WrapperWriter {
 public:
  WrapperWriter(const LayerSignals& signals, const std::vector<Part>& parts,
                const std::vector<std::string>& names)
      : signals_(signals),
        parts_(parts),
        names_(names),
        in_order_(in_order(parts)),
        word_(signals.layer().output) {}

  rtl::Module run(std::string name, std::string header) {
    module_.name = std::move(name);
    module_.header = std::move(header);
    module_.ports = layer_ports(
        layer(), std::any_of(parts_.begin(), parts_.end(),
                             [&](const Part& p) { return has_registers(signals_, p); }));
    nets();
    for (std::size_t p = 0; p < parts_.size(); ++p) instance(p);
    if (!in_order_) word_.assign(module_);
    return std::move(module_);
  }

 private:
  const plan::Layer& layer() const { return signals_.layer(); }

  void nets() {
    bool first = true;
    for (const Part& part : parts_) {
      const int width = width_of(signals_, part.exports);
      int lsb = 0;
      for (const Tap& tap : part.exports) {
        const int bits = type_of(signals_.op(tap.first)).width;
        taps_[tap] = Field{rtl::ref(part.suffix, rtl::Type{width, false}), lsb, bits};
        lsb += bits;
      }
      if (width == 0) continue;
      if (first) module_.items.push_back(rtl::Section{"Shared terms between the modules."});
      first = false;
      module_.items.push_back(rtl::net(part.suffix, rtl::Type{width, false}));
    }
  }

  void instance(std::size_t p) {
    const Part& part = parts_[p];
    rtl::Instance u;
    u.module = names_[p];
    u.name = "u_" + part.suffix;
    if (has_registers(signals_, part)) {
      u.connections.push_back(rtl::Connection{"clk_i", rtl::ref("clk_i", kBit), false});
    }
    for (std::size_t k = 0; k < layer().operands.size(); ++k) {
      const plan::Operand& operand = layer().operands[k];
      const PortWord word = port_word(signals_, part, k);
      if (word.width == 0) continue;
      const rtl::Expr port = rtl::ref(operand.name + "_i", rtl::Type{operand.word.width, false});
      std::vector<Field> fields;
      for (const std::int32_t i : word.operations) {
        const plan::Element& e = operand.word.elements[at(signals_.op(i).index)];
        fields.push_back(Field{port, e.lsb, e.bits});
      }
      u.connections.push_back(rtl::Connection{operand.name + "_i", gather(fields), false});
    }
    if (!part.imports.empty()) {
      std::vector<Field> fields;
      for (const Tap& tap : part.imports) fields.push_back(taps_.at(tap));
      u.connections.push_back(rtl::Connection{"s_i", gather(fields), false});
    }
    if (!part.outputs.empty()) {
      rtl::Expr y;
      if (in_order_) {
        std::vector<Field> fields;
        for (const std::int64_t e : part.outputs) {
          fields.push_back(field_of("y_o", layer().output, e));
        }
        y = gather(fields);
      } else {
        y = rtl::ref("y_" + part.suffix, rtl::Type{output_width(layer(), part.outputs), false});
      }
      u.connections.push_back(rtl::Connection{"y_o", std::move(y), true});
    }
    if (!part.exports.empty()) {
      const rtl::Type type{width_of(signals_, part.exports), false};
      u.connections.push_back(rtl::Connection{"s_o", rtl::ref(part.suffix, type), true});
    }
    module_.items.push_back(rtl::Section{});
    if (!part.outputs.empty() && !in_order_) {
      word_.drive(module_, "y_" + part.suffix, part.outputs);
    }
    module_.items.push_back(std::move(u));
  }
  // True where every part's outputs are a slice of y_o.
  static bool in_order(const std::vector<Part>& parts) {
    std::int64_t last = -1;
    for (const Part& part : parts) {
      for (const std::int64_t e : part.outputs) {
        if (e < last) return false;
        last = e;
      }
    }
    return true;
  }

  const LayerSignals& signals_;
  const std::vector<Part>& parts_;
  const std::vector<std::string>& names_;
  const bool in_order_;
  OutputWord word_;
  std::map<Tap, Field> taps_;
  rtl::Module module_;
};

// "y0_x0, y0_x1, ... (9)".
std::string places_text(const plan::Layer& layer, const Kernel& kernel) {
  std::string text;
  for (std::size_t i = 0; i < kernel.blocks.size() && i < 4; ++i) {
    text += (text.empty() ? "" : ", ") + layer.blocks[kernel.blocks[i]].name;
  }
  const std::size_t count = kernel.blocks.size();
  return count > 4 ? fmt::format("{}, ... ({})", text, count) : text;
}

// The layer of kernels: an instance of one of them at every place. `names`: their modules.
rtl::Module write_places(const plan::Layer& layer, const std::vector<Kernel>& kernels,
                         const std::vector<std::string>& names, const std::vector<bool>& clocked,
                         std::string name, std::string header) {
  rtl::Module module;
  module.name = std::move(name);
  module.header = std::move(header);
  module.ports =
      layer_ports(layer, std::find(clocked.begin(), clocked.end(), true) != clocked.end());
  std::map<std::size_t, std::size_t> kernel_at;  // of each block
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    for (const std::size_t b : kernels[k].blocks) kernel_at[b] = k;
  }
  const plan::Operand& operand = layer.operands[0];
  OutputWord y(layer.output);
  for (const auto& [b, k] : kernel_at) {
    const plan::Block& block = layer.blocks[b];
    rtl::Instance u;
    u.module = names[k];
    u.name = "u_" + block.name;
    if (clocked[k]) {
      u.connections.push_back(rtl::Connection{"clk_i", rtl::ref("clk_i", kBit), false});
    }
    const plan::Word& x = kernels[k].layer.operands[0].word;
    std::vector<Field> fields;
    for (std::size_t i = 0; i < block.inputs.size(); ++i) {
      if (x.elements[i].bits == 0) continue;
      fields.push_back(field_of(operand.name + "_i", operand.word, block.inputs[i]));
    }
    u.connections.push_back(rtl::Connection{operand.name + "_i", gather(fields), false});
    std::vector<std::int64_t> outputs;
    for (const std::int32_t e : block.outputs) {
      if (layer.output.elements[at(e)].bits > 0) outputs.push_back(e);
    }
    module.items.push_back(rtl::Section{});
    y.drive(module, block.name, outputs);
    u.connections.push_back(rtl::Connection{
        "y_o", rtl::ref(block.name, rtl::Type{kernels[k].layer.output.width, false}), true});
    module.items.push_back(std::move(u));
  }
  y.assign(module);
  return module;
}

/// What stands at the top of a layer's module, and of its parts.
struct Headers {
  std::string layer;
  std::function<std::string(const Part&)> part;
};

// A layer, or a kernel as one, as a module or several.
std::vector<rtl::Module> whole_layer(const plan::Layer& layer, const std::string& module,
                                     const Headers& headers, rtl::NameTable& module_names) {
  const LayerSignals signals(layer);
  const std::vector<Part> parts = cut(signals);
  std::vector<rtl::Module> result;
  if (parts.size() == 1) {
    result.push_back(write_part(signals, parts[0], module, headers.layer));
    return result;
  }
  std::vector<std::string> names;
  for (const Part& part : parts) {
    names.push_back(module_names.claim(fmt::format("{}_{}", module, part.suffix)));
    result.push_back(write_part(signals, part, names.back(), headers.part(part)));
  }
  result.push_back(WrapperWriter(signals, parts, names).run(module, headers.layer));
  return result;
}

}  // namespace

std::vector<rtl::Module> layer_modules(const plan::Plan& plan, std::size_t index,
                                       const std::string& module, rtl::NameTable& module_names) {
  const plan::Layer& layer = plan.layers[index];
  const std::vector<Kernel> kernels = find_kernels(layer);
  if (kernels.empty()) {
    const Headers headers{layer_header(plan, layer, ""),
                          [&](const Part& part) { return part_header(plan, layer, part); }};
    return whole_layer(layer, module, headers, module_names);
  }
  std::vector<rtl::Module> result;
  std::vector<std::string> names;
  std::vector<bool> clocked;
  std::string places;
  for (const Kernel& kernel : kernels) {
    names.push_back(module_names.claim(fmt::format("{}_k{}", module, names.size())));
    const Headers headers{kernel_header(plan, kernel.layer, kernel.blocks.size()),
                          [&](const Part& part) { return part_header(plan, kernel.layer, part); }};
    std::vector<rtl::Module> list = whole_layer(kernel.layer, names.back(), headers, module_names);
    clocked.push_back(has_clock(list.back()));
    std::move(list.begin(), list.end(), std::back_inserter(result));
    places += fmt::format("Kernel     {} at {}\n", names.back(), places_text(layer, kernel));
  }
  result.push_back(
      write_places(layer, kernels, names, clocked, module, layer_header(plan, layer, places)));
  return result;
}

}  // namespace nib::map
