// Inside map: one streaming layer as a module.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "nib/map/map.h"
#include "nib/plan/stream_plan.h"
#include "nib/rtl/module.h"
#include "nib/rtl/names.h"

namespace nib::map {

/// A layer's module, with what belongs to it.
struct StreamLayerModule {
  rtl::Module module;
  std::vector<int> inputs, outputs;                    ///< channels, in the order of the ports
  std::vector<std::string> input_ports, output_ports;  ///< prefixes
  std::vector<std::pair<int, StreamNet>> nets;         ///< channels inside, and their nets
  std::vector<SourceFile> tables;
  std::set<std::string> library;    ///< modules that it instantiates
  std::vector<rtl::Module> arrays;  ///< of wired-in constants, in dependency order
};
/// `modules`: the names that modules have so far.
[[nodiscard]] StreamLayerModule stream_layer(const plan::StreamPlan& plan, std::size_t layer,
                                             const std::string& name, rtl::NameTable& modules);

/// A depth and what it is for: "3 words: one less would lengthen the interval."
[[nodiscard]] std::string depth_text(const plan::StreamPlan& plan, int channel);
/// "8 lanes of u4": what the words of a stream hold.
[[nodiscard]] std::string format_text(const plan::stream::Format& format);
/// The lines that close every header: source hash and generator.
[[nodiscard]] std::string header_end(const plan::StreamPlan& plan);

}  // namespace nib::map
