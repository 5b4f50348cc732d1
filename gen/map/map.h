// plan -> SystemVerilog modules, as text by file name.
#pragma once

#include <string>
#include <vector>

#include "nib/plan/plan.h"

namespace nib::map {

/// One file of rtl/ or tables/.
struct SourceFile {
  std::string path;  ///< relative to the build folder: "rtl/jets_fc1.sv"
  std::string text;
};

/// Where a stream of a streaming design is seen: bit `index` of <net>_valid and <net>_ready, word
/// `index` of <net>_data. `net` is a path from the top; empty for the ends of the design.
struct StreamNet {
  std::string net;
  int index = 0;
};

/// All modules of a design.
struct Design {
  std::string top;                ///< module name: "jets_top"
  std::vector<SourceFile> files;  ///< in dependency order, library modules first
  std::vector<std::string>
      modules;  ///< module of each plan layer ("jets_fc1"; first of its blocks)
  /// Per plan layer: the net in `top` that carries its output word, for probes, and its stage.
  std::vector<std::string> probe_nets;
  std::vector<StreamNet> streams;  ///< of a streaming plan, by channel
};

/// Writes every module of an unrolled plan, the top, and the library modules that they use.
[[nodiscard]] Design map_unrolled(const plan::Plan& plan);

}  // namespace nib::map
