// Files of a build: RTL, constraints, manifest, bench, emulator header, vectors; written
// atomically.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nib/lower/integer_graph.h"
#include "nib/map/map.h"
#include "nib/plan/plan.h"

namespace nib::emit {

/// A set of files, complete in memory before anything is written.
using Files = std::vector<map::SourceFile>;

/// What a build writes besides what `design` holds already.
struct Package {
  const plan::Plan& plan;
  const map::Design& design;
  const lower::IntegerGraph* integer_graph = nullptr;  ///< none: no emulator header
  std::string model_file;   ///< file name of the source below sim/ ("jets.onnx")
  std::string model_bytes;  ///< the source itself, for verify; may be empty
  std::string config_json;  ///< effective configuration, a JSON object
};

/// All files of the build folder.
[[nodiscard]] Files package(const Package& what);

/// One self-contained C++17 header: integers only, weights inside, inline namespace of its own, no
/// allocation, with a self-test (`nib_<name>::self_test()`).
[[nodiscard]] std::string emulator_header(const lower::IntegerGraph& graph,
                                          const std::string& name);

/// Writes `files` to a temporary sibling of `folder` and renames it into place. A folder that
/// exists is replaced only if nib wrote it (its manifest says so) or `force`. Errors E0102, E0103;
/// on any error nothing is left behind and an old folder stands as it was.
void write_folder(const std::filesystem::path& folder, const Files& files, bool force);

}  // namespace nib::emit
