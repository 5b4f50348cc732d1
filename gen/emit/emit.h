// Files of a build: RTL, constraints, manifest, bench, emulator header, vectors; written
// atomically.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nib/graph/graph.h"
#include "nib/lower/integer_graph.h"
#include "nib/map/generators.h"
#include "nib/map/map.h"
#include "nib/num/tensor.h"
#include "nib/plan/plan.h"

namespace nib::emit {

/// A set of files, complete in memory before anything is written.
using Files = std::vector<map::SourceFile>;

/// Codes on the ports: one tensor per input and per output, rows x elements.
struct Vectors {
  std::vector<Tensor<BigInt>> inputs, outputs;
};

/// What a build writes besides what `design` holds already.
struct Package {
  const plan::Plan& plan;
  const map::Design& design;
  const lower::IntegerGraph* integer_graph = nullptr;  ///< none: no emulator header
  std::string model_file = {};   ///< file name of the source below sim/ ("jets.onnx")
  std::string model_bytes = {};  ///< the source itself, for verify; may be empty
  std::string config_json = {};  ///< effective configuration, a JSON object
  bool argmax = false;           ///< how the source was read: an ArgMax was appended
  /// How the source was read: as importer::Options::input_types.
  std::vector<std::pair<std::string, graph::InputType>> input_types = {};
  /// Golden vectors: with them the folder gets sim/*.npy, *.mem and a bench that runs them.
  std::optional<Vectors> vectors = {};
};

/// All files of the build folder, in order of their paths as written.
[[nodiscard]] Files package(const Package& what);

/// What a build of nib::stream_fifo writes: RTL, constraints and a manifest of style "stream-fifo".
[[nodiscard]] Files package_stream_fifo(const Block& fifo, int width, int depth,
                                        const std::string& config_json);

/// One self-contained C++17 header: integers only, weights inside, inline namespace of its own, no
/// allocation, with a self-test (`nib_<name>::self_test()`).
[[nodiscard]] std::string emulator_header(const lower::IntegerGraph& graph,
                                          const std::string& name);

/// Writes `files` to a temporary sibling of `folder` and renames it into place. A folder that
/// exists is replaced only if nib wrote it (its manifest says so), if it is empty, or with `force`;
/// a file, the root, and the current folder or one above it are never replaced. Errors E0102,
/// E0103; on any error nothing is left behind and an old folder stands as it was.
void write_folder(const std::filesystem::path& folder, const Files& files, bool force);

}  // namespace nib::emit
