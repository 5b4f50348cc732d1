// All files of a build folder.
#include <algorithm>

#include "nib/base/check.h"
#include "nib/base/version.h"
#include "nib/emit/bench.h"
#include "nib/emit/constraints.h"
#include "nib/emit/emit.h"
#include "nib/emit/manifest.h"
#include "nib/emit/package_files.h"
#include "nib/emit/ports.h"
#include "nib/emit/text_template.h"

namespace nib::emit {
namespace {

/// rtl/files.f: the sources in dependency order, relative to the build folder.
std::string file_list(const map::Design& design) {
  std::string text = "// Sources of " + design.top + " in order, relative to the build folder.\n";
  for (const map::SourceFile& file : design.files) {
    if (file.path.ends_with(".sv")) text += file.path + '\n';
  }
  return text;
}

}  // namespace

void add_design(const map::Design& design, Files& files) {
  for (const map::SourceFile& file : design.files) files.push_back(file);
  files.push_back({"rtl/files.f", file_list(design)});
}

void add_constraints(const Subject& subject, Files& files) {
  files.push_back({"constraints/timing.xdc", timing_xdc(subject)});
  files.push_back({"vivado/ooc.tcl", ooc_tcl(subject)});
}

Files package(const Package& what) {
  const plan::Plan& plan = what.plan;
  Files files;
  add_design(what.design, files);
  add_constraints(
      {what.design.top, plan.source_file, clock_port(plan), plan.clock_mhz, plan.target}, files);
  if (!what.model_bytes.empty()) {
    NIB_CHECK(what.model_file == tcl_word(what.model_file), "an odd file name below sim/");
    files.push_back({"sim/" + what.model_file, what.model_bytes});
  }
  if (what.integer_graph != nullptr) {
    files.push_back(
        {"sim/nib_" + plan.name + ".h", emulator_header(*what.integer_graph, plan.name)});
  }
  if (what.vectors.has_value()) {
    for (map::SourceFile& file : bench(what)) files.push_back(std::move(file));
  }
  files.push_back({"manifest.json", manifest(what)});
  return files;
}

Files package_stream_fifo(const Block& fifo, int width, int depth, const std::string& config_json) {
  const plan::Plan& plan = fifo.plan;
  Files files;
  add_design(fifo.design, files);
  add_constraints({fifo.design.top, "make stream-fifo", "clk_i", plan.clock_mhz, plan.target},
                  files);
  files.push_back({"manifest.json", stream_fifo_manifest(fifo, width, depth, config_json)});
  return files;
}

}  // namespace nib::emit
