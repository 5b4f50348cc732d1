// The whole streaming design: library modules, layers, the top.
#include "nib/map/map_streaming.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "nib/map/library.h"
#include "nib/map/stream_layer.h"
#include "nib/map/stream_top.h"
#include "nib/rtl/check.h"
#include "nib/rtl/names.h"
#include "nib/rtl/print.h"

namespace nib::map {
namespace {

void add_module(Design& design, const rtl::Module& module,
                const std::vector<const rtl::Module*>& known) {
  rtl::verify(module, known);
  design.files.push_back({fmt::format("rtl/{}.sv", module.name), rtl::print(module)});
}

}  // namespace

std::string axis_prefix(const plan::StreamPlan& plan, bool is_input, std::size_t port) {
  const char* side = is_input ? "s_axis" : "m_axis";
  const auto& ports = is_input ? plan.inputs : plan.outputs;
  if (ports.size() == 1) return side;
  // The same names in the same order as ever: a later clash does not rename an earlier port.
  rtl::NameTable names;
  std::string name;
  for (std::size_t k = 0; k <= port; ++k) {
    name = names.claim(rtl::legal_name(ports[k].word.tensor, is_input ? "input" : "output", 32));
  }
  return fmt::format("{}_{}", side, name);
}

Design map_streaming(const plan::StreamPlan& plan) {
  Design design;
  rtl::NameTable modules;
  design.top = modules.claim(plan.name + "_top");
  std::vector<StreamLayerModule> layers;
  for (std::size_t l = 0; l < plan.layers.size(); ++l) {
    design.modules.push_back(modules.claim(fmt::format("{}_{}", plan.name, plan.layers[l].name)));
    layers.push_back(stream_layer(plan, l, design.modules.back(), modules));
  }
  StreamTop top = stream_top(plan, layers, design.top);
  std::set<std::string> library = top.library;
  for (const StreamLayerModule& layer : layers) {
    library.insert(layer.library.begin(), layer.library.end());
  }
  design.files = library_files(library);
  std::vector<const rtl::Module*> known;
  for (StreamLayerModule& layer : layers) {
    std::vector<const rtl::Module*> arrays;
    for (const rtl::Module& array : layer.arrays) arrays.push_back(&array);
    for (const rtl::Module& array : layer.arrays) add_module(design, array, arrays);
    add_module(design, layer.module, arrays);
    for (SourceFile& table : layer.tables) design.files.push_back(std::move(table));
    known.push_back(&layer.module);
  }
  add_module(design, top.module, known);
  design.streams = std::move(top.streams);
  return design;
}

}  // namespace nib::map
